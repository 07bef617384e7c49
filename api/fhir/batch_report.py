"""The batch as a command: which arguments can be used at all, and what is said of the run at its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from api.fhir.batch import ENDING, decide_folder
from api.library import get_pathway
from schemas.errors import InputError, Problem


def batch_report(
    pathway: str,
    folder: str,
    out: str,
    errors: str,
    on: dt.date,
    settings: str = "default",
    changed: Mapping[str, Decimal] | None = None,
) -> tuple[list[str], str, bool]:
    """Decide the folder; return no lines, the counts in one sentence, and whether no line failed.

    Raises InputError for arguments that cannot be used; nothing is written then.
    """
    source, target, faults = Path(folder), Path(out), Path(errors)
    if not source.is_dir():
        raise _refused("cannot-read", "there is no such folder", "FOLDER")
    if target.resolve() == faults.resolve():
        raise _refused("not-a-choice", "decisions and faults cannot go to one file", "--errors")
    if settings not in get_pathway(pathway).profiles:
        raise _refused("unknown-profile", "there is no settings profile of that name", "--settings")
    for file, where in ((target, "--out"), (faults, "--errors")):
        if not file.resolve().parent.is_dir() or file.is_dir():
            raise _refused("cannot-write", "the file cannot be written", where)
        if file.resolve().parent == source.resolve() and file.name.endswith(ENDING):
            raise _refused("not-a-choice", "the file would be read as a record next time", where)
    try:
        with target.open("w", encoding="utf-8") as to, faults.open("w", encoding="utf-8") as of:
            counts = decide_folder(
                source, to, of, pathway=pathway, on=on, settings=settings, changed=changed
            )
    except OSError as error:
        raise _refused("cannot-write", "a file cannot be read or written", "FOLDER") from error
    return [], counts.result, counts.failed == 0


def _refused(code: str, message: str, where: str) -> InputError:
    help = "see `steppedcare batch --help`"
    return InputError(Problem(code=code, message=message, help=help, where=where))
