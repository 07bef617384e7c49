"""Reports about documents rather than patients: two versions compared, the transparency card, the diagram."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.library import get_decider, get_pathway, pathway_files, program_version, read_files
from api.reports import Report
from api.strict_json import read_json
from pathways.account import read_ledger
from pathways.loader import load_pathway
from pathways.vignettes import load_vignettes
from rules.card_text import card_text
from rules.check import Checker
from rules.comparing.impact import Pair
from rules.decide import Decider
from rules.transparency import transparency_card
from rules.versions import compare_versions, version_text
from schemas.errors import InputError, Problem
from schemas.pathway import Pathway
from schemas.patient import Patient
from schemas.transparency import TransparencyCard

VIGNETTES = "vignettes/"


def load_folder(folder: str) -> tuple[Pathway, dict[str, str]]:
    """Load the pathway whose documents lie in *folder*; raise InputError where there is none."""
    path = Path(folder)
    if not (path / "pathway.md").is_file():
        raise InputError(
            Problem(
                code="cannot-read",
                message="there is no pathway in this folder",
                help="give a folder that holds `pathway.md`",
                where="OLD or NEW",
            )
        )
    files = read_files(path)
    return load_pathway({n: t for n, t in files.items() if not n.startswith(VIGNETTES)}), files


def diff_report(
    old: str, new: str, cohort: str | None, today: dt.date, file: str | None = None
) -> Report:
    """Compare two folders of documents; *cohort* is a file with one input of `decide` a line.

    *file*: where the comparison is kept as JSON, for the author's page to read.

    Raises InputError where a folder or the cohort cannot be read, or *file* cannot be written.
    """
    if file is not None and not Path(file).absolute().parent.is_dir():
        # Known before the work, not after it.
        raise _unwritable()
    before, _ = load_folder(old)
    after, files = load_folder(new)
    cases = load_vignettes({n: t for n, t in files.items() if n.startswith(VIGNETTES)}, after)
    program = program_version()
    deciders = Decider(before, program), Decider(after, program)
    pairs = None if cohort is None else _pairs(Path(cohort), Checker(before), Checker(after), today)
    report = compare_versions(before, after, *deciders, cases, pairs)
    if file is not None:
        try:
            Path(file).write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise _unwritable() from error
    lines = version_text(report).rstrip("\n").split("\n")
    return lines[:-1], lines[-1], True


def _unwritable() -> InputError:
    return InputError(
        Problem(
            code="cannot-write",
            message="the comparison cannot be written",
            help="name a file in a folder that exists and that you may write to",
            where="--report",
        )
    )


def _pairs(file: Path, old: Checker, new: Checker, today: dt.date) -> Iterator[Pair]:
    def read(checker: Checker, data: Any) -> Patient | None:
        try:
            return checker.check(data, today)
        except InputError:
            return None

    try:
        with file.open("rb") as lines:
            for line in lines:
                if line.strip():
                    data = read_json(line)
                    yield read(old, data), read(new, data)
    except OSError as error:
        raise InputError(
            Problem(
                code="cannot-read",
                message="the cohort cannot be read",
                help="give a file with one input of `decide` a line",
                where="--cohort",
            )
        ) from error


def get_card(id: str, on: dt.date) -> TransparencyCard:
    """Return the transparency card of the pathway *id* as it stands on the date *on*."""
    title = read_ledger(pathway_files(id)["ledger.yaml"]).document.title
    return transparency_card(get_pathway(id), get_decider(id).network, on, founding_document=title)


def card_report(id: str, on: dt.date) -> Report:
    """Print the transparency card."""
    card = get_card(id, on)
    lines = card_text(card).rstrip("\n").split("\n")
    return lines, f"card of {card.pathway} {card.version}", True
