"""The commands about one patient: decide, explain, compare, follow, decide again."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Annotated

import typer

from api.terminal import (
    PATHWAY,
    File,
    Format,
    On,
    Settings,
    check_format,
    finish,
    read_input,
    read_patient,
)


def decide(file: File, on: On = None, settings: Settings = None, format: Format = "text") -> None:
    """Suggest the next steps for one patient."""
    from api.service import decide_input

    check_format(format)
    data, changed = read_patient(file, on, settings)
    decision = decide_input(PATHWAY, data, dt.date.today(), changed)
    if format == "json":
        print(decision.model_dump_json())
    else:
        from api.text import decision_text

        print(decision_text(decision), end="")
    print(f"decided: {decision.urgency.value}, {decision.state.value}", file=sys.stderr)


def explain(file: File, on: On = None, settings: Settings = None, format: Format = "text") -> None:
    """Explain a decision: why, why not, what to ask next, what would change it."""
    from api.companion import get_companion
    from api.service import read_checked

    check_format(format)
    data, changed = read_patient(file, on, settings)
    patient = read_checked(PATHWAY, data, dt.date.today())
    explanation = get_companion(PATHWAY, changed).explain(patient)
    if format == "json":
        print(explanation.model_dump_json())
    else:
        from api.explain_text import explanation_text

        print(explanation_text(explanation), end="")
    tried = sum(len(each.ways) for each in explanation.counterfactuals)
    print(f"explained: 10 verdicts, {tried} ways to change them", file=sys.stderr)


def what_if(
    before: File,
    after: Annotated[str, typer.Argument(metavar="B", help="The same patient with a difference.")],
    on: On = None,
    settings: Settings = None,
    format: Format = "text",
) -> None:
    """Compare the answers for two inputs."""
    from api.companion import get_companion
    from api.service import read_checked

    check_format(format)
    patients = []
    for file in (before, after):
        data, changed = read_patient(file, on, settings)
        patients.append(read_checked(PATHWAY, data, dt.date.today()))
    found = get_companion(PATHWAY, changed).what_if(*patients)
    if format == "json":
        print(found.model_dump_json())
    else:
        from api.explain_text import what_if_text

        print(what_if_text(found), end="")
    print(f"compared: {len(found.verdicts)} verdicts differ", file=sys.stderr)


def journey(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="One input per visit, in order.")
    ],
    settings: Settings = None,
    format: Format = "text",
) -> None:
    """Follow one patient over several visits."""
    from api.companion import decide_journey

    check_format(format)
    read = [read_patient(file, None, settings) for file in files]
    changed = next((changed for _, changed in read if changed is not None), None)
    found = decide_journey(PATHWAY, [visit for visit, _ in read], dt.date.today(), changed)
    if format == "json":
        print(found.model_dump_json())
    else:
        from api.explain_text import journey_text

        print(journey_text(found), end="")
    print(f"followed: {len(found.visits)} visits", file=sys.stderr)


def replay(file: File) -> None:
    """Decide a printed decision again and compare it byte for byte."""
    from api.reports import replay_report
    from api.strict_json import read_json

    data = read_json(read_input(file), limit=4 * 1024 * 1024)
    finish(lambda: replay_report(PATHWAY, data))
