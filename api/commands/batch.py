"""The command `steppedcare batch`: everybody in a FHIR Bulk Data folder, one after the other."""

from __future__ import annotations

import datetime as dt
import os
from typing import Annotated

import typer

from api.terminal import PATHWAY, On, Settings, choose_settings, finish, read_day


def batch(
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="A Bulk Data export: Patient.000.ndjson, ...")
    ],
    out: Annotated[str, typer.Option("--out", help="One decision a line goes here.")],
    errors: Annotated[str, typer.Option("--errors", help="What could not be used goes here.")],
    on: On = None,
    settings: Settings = None,
    record: Annotated[
        bool, typer.Option("--record", help="Keep every decision in the decision log as well.")
    ] = False,
) -> None:
    """Decide every patient of a FHIR Bulk Data folder."""
    from api.fhir.batch_report import batch_report

    day = None if on is None else read_day(on)
    profile, changed = choose_settings(settings)
    finish(
        lambda: batch_report(
            PATHWAY,
            folder,
            out,
            errors,
            day or dt.date.today(),
            profile or "default",
            changed,
            os.environ if record else None,
        )
    )
