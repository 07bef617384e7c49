"""The printed judging of a treatment trial, run by an engine that is not ours, comes out as ours does."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from rules.check import Checker
from rules.cql import print_trials
from rules.decide import Decider
from rules.trials import judge
from rules.truth import TRUE, UNKNOWN
from tests.conftest import ON
from tests.cql.engine import ask
from tests.properties.patients import Generator

TRIALS = 1_500
FIELDS = (
    "weeks", "sessions", "full_dose", "relief_percent", "odi_points_better", "goal_met", "technique_sound",
    "still_helping", "stopped_because",
)  # fmt: skip


def test_an_outside_engine_running_the_printed_cql_judges_fifteen_hundred_trials_as_we_do(
    decider: Decider, checker: Checker, generator: Generator, tmp_path: Path
) -> None:
    rng = random.Random("trials")
    library = print_trials(decider.pathway)
    profiles = [decider.voices.settings(name) for name in sorted(decider.pathway.profiles)]
    asked: list[tuple[str, dict[str, Any]]] = []
    ours: list[str | None] = []
    for at in range(TRIALS):
        settings = profiles[at % len(profiles)]
        row = generator.trial(ON, rng)
        row["sessions"] = rng.choice([0, 1, 5, 6, 7])
        row["odi_points_better"] = rng.choice([0, 9, 10, 11])
        for field in rng.sample(["sessions", "odi_points_better", "weeks", "full_dose"], 2):
            row.pop(field, None)
        (trial,) = checker.check({"facts": {}, "trials": [row]}, ON).trials or ()
        told = {name: getattr(trial, name) for name in FIELDS}
        known = {name: value for name, value in told.items() if value is not None}
        numbers = {name: value for name, value in settings.items() if f'"{name}"' in library}
        asked.append((ON.isoformat(), {"treatment": trial.treatment, **known, **numbers}))
        ours.append(judge(decider.pathway, trial, settings, ON))

    answers = ask(library, asked, tmp_path)

    outcomes = [name for name in answers.names if name.startswith("outcome is ")]
    differences = Counter[tuple[str | None, tuple[int, ...]]]()
    for row, outcome in zip(answers.truths, ours, strict=True):
        found = dict(zip(answers.names, row, strict=True))
        said = tuple(found[name] for name in outcomes)
        if outcome is None:
            right = set(said) == {UNKNOWN}
        else:
            right = [n for n in outcomes if found[n] == TRUE] == [f"outcome is {outcome}"]
        differences[(outcome, said)] += not right
    assert +differences == {}
    assert set(ours) == {None, *(row.outcome for row in decider.pathway.outcomes)}


def test_every_number_of_a_trial_is_handed_over_exactly() -> None:
    from tests.cql.engine import parameter

    assert [parameter(Decimal(text)) for text in ("3.5", "12", "29.99")] == [3.5, 12.0, 29.99]
