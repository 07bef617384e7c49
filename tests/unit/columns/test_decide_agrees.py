"""Columns and bedside give the same answer for the same patient: every conclusion, verdict, rule and question."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest

from rules.check import Checker
from rules.columns import decide, truths
from rules.decide import Decider
from schemas.decision import State, Verdict
from tests.properties.budget import BUDGET, COMMIT, QUICK, RELEASE
from tests.properties.differential import readings
from tests.properties.patients import Generator, generator_of
from tests.unit.columns.bedside import (
    decision_of,
    differences,
    node_differences,
    outline_of,
    reasons_of,
    unsettled,
)
from tests.unit.columns.engines import BUNDLED, SPARK, engine_of
from tests.unit.columns.readings import Patient, reading_table

MANY = {QUICK: 20_000, COMMIT: 20_000, RELEASE: 1_000_000}[BUDGET]
ONE_IN = {QUICK: 17, COMMIT: 2, RELEASE: 1}[BUDGET]
"""For one in so many the full decision is written, which takes 4 ms; by 17, so that it is not always the first of
the variants made of one patient."""
AT_ONCE = 20_000
ALL_ENGINES = [
    pytest.param("polars", id="Polars"),
    pytest.param("duckdb", id="DuckDB", marks=pytest.mark.slow),
    SPARK,
]


@pytest.fixture(scope="module")
def generator() -> Generator:
    return generator_of("fbss")


@pytest.fixture(scope="module")
def few(decider: Decider, checker: Checker, generator: Generator) -> list[Patient]:
    """Patients that every engine is asked about."""
    source = readings(decider, checker, generator, random.Random("columns"))
    of_overrides = [
        name for name, d in decider.pathway.derivations.items() if d.fact.from_list == "overrides"
    ]
    # The list of overrides is never unknown: without an override there is none.
    return [
        ({**dict.fromkeys(of_overrides, False), **values}, on)
        for values, on in itertools.islice(source, 2_000)
    ]


Answers = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def answers(decider: Decider, few: list[Patient]) -> Answers:
    """Return what gives the answers of an engine under a profile of settings, each asked for once."""

    @cache
    def found(engine: str, profile: str = "default") -> list[dict[str, Any]]:
        return asked(engine, decider, few, profile)

    return found


def asked(
    engine: str, decider: Decider, patients: Sequence[Patient], profile: str = "default"
) -> list[dict[str, Any]]:
    """Return the answers of *engine* in the order of *patients*."""
    table = reading_table(decider.pathway, patients)
    settings = decider.voices.settings(profile)
    with engine_of(engine)({"reading": table}) as (given, run):
        rows: list[dict[str, Any]] = run(
            decide(given["reading"], decider.pathway, decider.network, settings, engine in BUNDLED)
        )
    return _in_order(rows)


def _in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: int(row["patient"][1:]))


@pytest.mark.parametrize("engine", ALL_ENGINES)
def test_every_conclusion_has_the_truth_that_the_compiled_evaluator_gives_it(
    engine: str, decider: Decider, few: list[Patient]
) -> None:
    settings = decider.voices.settings("default")
    few = few[:300]
    table = reading_table(decider.pathway, few)

    with engine_of(engine)({"reading": table}) as (given, run):
        conclusions = truths(
            given["reading"], decider.pathway, decider.network, settings, None, engine in BUNDLED
        )
        rows = run(conclusions)

    evaluator, _ = decider.voices.compiled(settings)
    assert node_differences(evaluator, few, _in_order(rows)) == {}
    assert len(rows) == len(few)
    assert unsettled(rows) > 100 * len(rows)


@pytest.mark.parametrize("engine", ALL_ENGINES)
@pytest.mark.parametrize("profile", ["default", pytest.param("payer", marks=pytest.mark.slow)])
def test_the_answer_table_says_what_the_decision_says(
    engine: str, profile: str, decider: Decider, few: list[Patient], answers: Answers
) -> None:
    settings = decider.voices.settings(profile)

    rows = answers(engine, profile)

    assert differences([outline_of(decider, settings, each) for each in few], rows) == {}
    step = ONE_IN if profile == "default" else 3 * ONE_IN
    whole = [reasons_of(decision_of(decider, settings, each)) for each in few[::step]]
    assert differences(whole, rows[::step]) == {}


def test_the_patients_compared_meet_every_verdict_and_every_state_and_open_questions(
    answers: Answers,
) -> None:
    rows = answers("polars", "default")

    verdicts = {v for row in rows for name, v in row.items() if name.startswith("verdict_")}
    assert verdicts == {verdict.value for verdict in Verdict}
    assert {row["state"] for row in rows} >= {
        state.value for state in State if state is not State.SPECIALIST_REVIEW
    }
    assert {row["urgency"] for row in rows} == {"U0", "U1", "U2", "U3"}
    assert sum(row["missing"] != "" for row in rows) > len(rows) / 5
    assert sum(row["red_signs"] == "" for row in rows) > len(rows) / 5


@pytest.mark.slow
def test_many_patients_are_answered_alike_in_columns_and_one_by_one(
    decider: Decider, checker: Checker, generator: Generator
) -> None:
    settings = decider.voices.settings("default")
    source = readings(decider, checker, generator, random.Random("many columns"))
    compared = 0
    while compared < MANY:
        patients = list(itertools.islice(source, min(AT_ONCE, MANY - compared)))
        rows = asked("polars", decider, patients)
        assert differences([outline_of(decider, settings, each) for each in patients], rows) == {}
        compared += len(rows)
    assert compared == MANY
