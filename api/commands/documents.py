"""The commands about the pathway itself: its documents checked, compared, accounted for, drawn."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from api.terminal import PATHWAY, On, finish, read_day, read_patient, tell, tell_aside
from schemas.errors import InputError, Problem

EVERY = 100.0
"""Percent of the changes that `verify --mutation` tries unless told otherwise."""


def ledger(
    source: Annotated[
        str | None, typer.Option("--source", help="The founding document, to check against.")
    ] = None,
) -> None:
    """Account for every statement of the founding document."""
    from api.reports import ledger_report

    finish(lambda: ledger_report(PATHWAY, source))


def verify(
    coverage: Annotated[bool, typer.Option("--coverage", help="What no patient reaches.")] = False,
    hazards: Annotated[
        bool, typer.Option("--hazards", help="The hazard log with its tests.")
    ] = False,
    mutation: Annotated[
        bool, typer.Option("--mutation", help="Change the documents: which changes are noticed?")
    ] = False,
    sample: Annotated[
        float, typer.Option("--sample", min=1, max=100, help="With --mutation: percent tried.")
    ] = EVERY,
    prove: Annotated[
        bool, typer.Option("--prove", help="Prove the safety statements over all patients.")
    ] = False,
    certificate: Annotated[
        str | None, typer.Option("--certificate", help="With --prove: a file for the certificate.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=1, help="With --prove: the time it may take.")
    ] = None,
) -> None:
    """Check the pathway itself: its documents, what its patients reach, its hazards, its proofs, its tests."""
    if coverage + hazards + mutation + prove > 1:
        where = "steppedcare verify"
        raise _at_odds(
            "one check at a time", "give one option and run it again for the other", where
        )
    if not prove and (certificate is not None or seconds is not None):
        where = "--seconds" if certificate is None else "--certificate"
        raise _at_odds("it belongs to --prove", "add --prove", where)
    if not mutation and sample != EVERY:
        raise _at_odds("it belongs to --mutation", "add --mutation", "--sample")
    if prove:
        from api.proof_report import proof_report

        finish(lambda: proof_report(PATHWAY, certificate, seconds, tell))
    elif mutation:
        from api.mutation_report import mutation_report

        finish(lambda: mutation_report(PATHWAY, sample, tell_aside))
    elif hazards:
        from api.hazard_report import find_tests, hazard_report

        finish(lambda: hazard_report(find_tests()))
    elif coverage:
        from api.verify import coverage_report

        finish(lambda: coverage_report(PATHWAY))
    else:
        from api.verify import verify_report

        finish(lambda: verify_report(PATHWAY))


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A folder of pathway documents.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Another one.")],
    cohort: Annotated[
        str | None, typer.Option("--cohort", help="One input of `decide` a line.")
    ] = None,
    report: Annotated[
        str | None, typer.Option("--report", help="Keep the comparison here, for the Author page.")
    ] = None,
) -> None:
    """Compare two versions of a pathway: what they say, and whose answer changes."""
    from api.documents_report import diff_report

    finish(lambda: diff_report(old, new, cohort, dt.date.today(), report))


def card(on: On = None) -> None:
    """Print the transparency card: what the pathway reads, cites, and has not been shown to do."""
    from api.documents_report import card_report

    day = None if on is None else read_day(on)
    finish(lambda: card_report(PATHWAY, day or dt.date.today()))


def diagram(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE|-]", help="A patient, for the position.")
    ] = None,
    format: Annotated[str, typer.Option("--format", help="svg, mmd, dot or text.")] = "text",
) -> None:
    """Draw the pathway, with the patient's position when one is given."""
    from api.diagrams import draw

    data = None if file is None else read_patient(file, None, None)[0]
    print(draw(PATHWAY, data, format, dt.date.today()), end="")


def _at_odds(message: str, help: str, where: str) -> InputError:
    return InputError(Problem(code="bad-usage", message=message, help=help, where=where))
