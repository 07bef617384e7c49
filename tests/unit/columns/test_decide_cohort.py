"""A whole cohort from inputs to answers, beside the same inputs decided one by one at the bedside."""

from __future__ import annotations

import random
from typing import Any

import pytest

from rules.check import Checker
from rules.columns import cohort
from rules.columns.reading import RawTables, raw_of
from rules.decide import Decider
from schemas.errors import InputError
from schemas.vignette import Vignette
from tests.conftest import ON
from tests.properties.budget import BUDGET, COMMIT, QUICK, RELEASE
from tests.properties.patients import generator_of
from tests.unit.columns.bedside import differences, reasons_of, said_of
from tests.unit.columns.engines import polars

TABLES = ("patients", "trials", "medications", "surgeries", "overrides")
PATIENTS = {QUICK: 8, COMMIT: 2_000, RELEASE: 20_000}[BUDGET]


@pytest.fixture(scope="module")
def inputs(decider: Decider, checker: Checker, vignettes: tuple[Vignette, ...]) -> list[Any]:
    """Return the built-in patients and random ones, as clients send them, all under one profile of settings."""
    rng, generator = random.Random("cohort"), generator_of("fbss")
    found = [dict(case.input) for case in vignettes]
    while len(found) < PATIENTS + len(vignettes):
        data = generator.patient(rng)
        try:
            checker.check(data, ON)
        except InputError:
            continue
        found.append(data)
    return [{**data, "settings": "default"} for data in found]


def test_a_cohort_is_answered_as_each_patient_is_at_the_bedside(
    inputs: list[Any], decider: Decider, checker: Checker
) -> None:
    named = [(f"p{at}", data) for at, data in enumerate(inputs)]
    tables = raw_of(named, decider.pathway, ON)
    assert tables["problems"].num_rows == 0
    settings = decider.voices.settings("default")

    with polars({name: tables[name] for name in TABLES}) as (given, run):
        raw = RawTables(**given)
        rows = run(cohort(raw, decider.pathway, decider.network, settings))

    rows.sort(key=lambda row: int(row["patient"][1:]))
    decisions = [decider.decide(checker.check(data, ON)) for data in inputs]
    assert not any(decision.incomplete for decision in decisions)
    assert differences([said_of(each) for each in decisions], rows) == {}
    assert differences([reasons_of(each) for each in decisions], rows) == {}
    assert [row["on"].isoformat() for row in rows] == [each.on for each in decisions]
