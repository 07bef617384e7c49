"""The printed CQL, translated and run by an engine that is not ours, concludes what the evaluator concludes."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from rules.check import Checker
from rules.cql import print_library
from rules.decide import Decider
from rules.derive import read_patient
from rules.evaluator import Evaluator
from rules.truth import FALSE, TRUE, UNKNOWN
from schemas.errors import InputError
from schemas.facts import parse_partial_date
from tests.conftest import ON
from tests.cql.engine import Answers, ask
from tests.properties.differential import readings
from tests.properties.patients import Generator

PATIENTS = 2_000
TRIES = 60
"""How often a patient is made anew for whom a rule should hold."""


class Asked:
    """Random patients, each under one of the settings profiles, with what the evaluator says of them."""

    def __init__(self, decider: Decider, checker: Checker, generator: Generator) -> None:
        self.decider, self.checker, self.generator = decider, checker, generator
        profiles = sorted(decider.pathway.profiles)
        self.settings = [decider.voices.settings(name) for name in profiles]
        self.evaluators = [Evaluator(decider.network, each) for each in self.settings]
        self.patients: list[tuple[str, dict[str, Any]]] = []
        self.truths: list[dict[str, int]] = []

    def add_one_for_every_rule(self, rng: random.Random) -> None:
        """Add a patient for whom each rule holds, under the settings the maker of patients knows."""
        default = sorted(self.decider.pathway.profiles).index("default")
        for rule in self.decider.pathway.rules:
            for _ in range(TRIES):
                try:
                    patient = self.checker.check(self.generator.for_rule(rule, rng), ON)
                except InputError:
                    continue
                values = read_patient(self.decider.pathway, patient, self.settings[default]).values
                truths = self._truths(values, patient.on, default)
                if truths[f"rule:{rule}"] == TRUE:
                    self._add(values, patient.on, default, truths)
                    break
            else:
                pytest.fail(f"no patient was found for rule {rule}")

    def add(self, values: Mapping[str, Any], on: dt.date, which: int = 0) -> None:
        """Add one reading, under the profile at *which*."""
        # A number with a point is a Decimal behind every door; the maker of variants leaves floats.
        exact = {name: _exact(value) for name, value in values.items()}
        self._add(exact, on, which, self._truths(exact, on, which))

    def add_up_to(self, count: int, rng: random.Random) -> None:
        """Add random readings, under each profile in turn, until there are *count*."""
        found = readings(self.decider, self.checker, self.generator, rng)
        for values, on in islice(found, count - len(self.patients)):
            self.add(values, on, len(self.patients) % len(self.settings))

    def _truths(self, values: Mapping[str, Any], on: dt.date, which: int) -> dict[str, int]:
        evaluator = self.evaluators[which]
        truths = evaluator.nodes(evaluator.leaves(values, on))
        return dict(zip(self.decider.network.index, truths, strict=True))

    def _add(
        self, values: Mapping[str, Any], on: dt.date, which: int, truths: dict[str, int]
    ) -> None:
        known = {n: values[n] for n in self.evaluators[which].fact_names if n in values}
        self.patients.append((on.isoformat(), {**self.settings[which], **known}))
        self.truths.append(truths)

    def differences(self, answers: Answers) -> Counter[str]:
        """Count by name the conclusions on which the outside engine says something else."""
        found: Counter[str] = Counter()
        assert len(answers.truths) == len(self.truths)
        for row, ours in zip(answers.truths, self.truths, strict=True):
            theirs = dict(zip(answers.names, row, strict=True))
            found.update(name for name, truth in ours.items() if theirs[name] != truth)
        return found


def _exact(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, float) else value


@pytest.fixture(scope="module")
def library(decider: Decider) -> str:
    return print_library(decider.pathway, decider.network)


def test_an_outside_engine_running_the_printed_cql_agrees_on_every_conclusion_of_two_thousand_patients(
    decider: Decider, checker: Checker, generator: Generator, library: str, tmp_path: Path
) -> None:
    asked, rng = Asked(decider, checker, generator), random.Random("cql")
    asked.add_one_for_every_rule(rng)
    asked.add_up_to(PATIENTS, rng)

    answers = ask(library, asked.patients, tmp_path)

    assert asked.differences(answers) == {}
    seen = Counter(truth for row in answers.truths for truth in row)
    assert min(seen[each] for each in (FALSE, UNKNOWN, TRUE)) > PATIENTS
    # An engine that kept its first answers would give every patient the same.
    assert len(set(answers.truths)) > PATIENTS * 0.8
    held = {name for ours in asked.truths for name, truth in ours.items() if truth == TRUE}
    assert {f"rule:{rule}" for rule in decider.pathway.rules} <= held


@pytest.mark.parametrize(
    ("printed", "planted"),
    [
        ('"pain_back_nrs" >= "pain_severe_nrs"', '"pain_back_nrs" > "pain_severe_nrs"'),
        ('when "last_lumbar_surgery" is null then null', 'when "last_lumbar_surgery" is null then false'),
        ('Truncate("early_postoperative_weeks" * 7)', 'Truncate("early_postoperative_weeks" * 6)'),
    ],
    ids=["a border moved by one", "unknown read as no", "a week of six days"],
)  # fmt: skip
def test_the_comparison_with_the_outside_engine_notices_a_planted_difference(
    printed: str,
    planted: str,
    decider: Decider,
    checker: Checker,
    generator: Generator,
    library: str,
    tmp_path: Path,
) -> None:
    assert printed in library
    asked = Asked(decider, checker, generator)
    severe = {"pain_back_nrs": 7, "last_lumbar_surgery": parse_partial_date("2025-12-13")}
    for values in (severe, {}):
        asked.add(values, ON)

    answers = ask(library.replace(printed, planted), asked.patients, tmp_path)

    assert asked.differences(answers) != {}
