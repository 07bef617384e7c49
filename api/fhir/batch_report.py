"""The batch as a command: which arguments can be used at all, and what is said of the run at its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from api.fhir.batch import ENDING, Keep, decide_folder
from api.library import get_pathway
from schemas.errors import InputError, Problem, SettingsError


def batch_report(
    pathway: str,
    folder: str,
    out: str,
    errors: str,
    on: dt.date,
    settings: str = "default",
    changed: Mapping[str, Decimal] | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[list[str], str, bool]:
    """Decide the folder; return no lines, the counts in one sentence, and whether no line failed.

    *environment* names the decision log that every decision is kept in as well; None: in none.
    Raises InputError for arguments that cannot be used, SettingsError for a log that cannot; nothing is written then.
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
    with _kept_in(environment) as keep:
        try:
            with target.open("w", encoding="utf-8") as to, faults.open("w", encoding="utf-8") as of:
                counts = decide_folder(
                    source,
                    to,
                    of,
                    pathway=pathway,
                    on=on,
                    settings=settings,
                    changed=changed,
                    keep=keep,
                )
        except OSError as error:
            raise _refused("cannot-write", "a file cannot be read or written", "FOLDER") from error
    return [], counts.result, counts.holds


@contextmanager
def _kept_in(environment: Mapping[str, str] | None) -> Iterator[Keep | None]:
    """Open the decision log that *environment* names, and close it at the end; None: nothing is kept."""
    if environment is None:
        yield None
        return
    # The database's library stays away from a run that keeps nothing.
    from api.records.keeper import LogKeeper
    from api.records.routes import open_keeper
    from api.records.settings import RECORD, read_records

    keeper = open_keeper(read_records(environment))
    if not isinstance(keeper, LogKeeper):
        problem = Problem(
            code="bad-setting",
            message="there is no decision log to keep anything in",
            help="set STEPPEDCARE_RECORD and the key, see api/records/README.md",
            where=RECORD,
        )
        raise SettingsError(problem)
    try:
        yield lambda text, patient: keeper.keep(text, patient=patient).recorded != "no"
    finally:
        keeper.recorder.close()


def _refused(code: str, message: str, where: str) -> InputError:
    help = "see `steppedcare batch --help`"
    return InputError(Problem(code=code, message=message, help=help, where=where))
