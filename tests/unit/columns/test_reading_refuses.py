"""Whoever the bedside refuses, the cohort refuses, and nobody else; what is said of them names no value."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from rules.check import Checker
from rules.columns.reading import problems, raw_of
from rules.columns.reading.fields import FIELDS
from rules.columns.reading.tables import EMPTY
from schemas.errors import InputError
from schemas.pathway import Pathway
from tests.conftest import ON
from tests.properties.conftest import generator
from tests.properties.patients import Generator
from tests.unit.columns.cohorts import connected, raw_tables, tables

__all__ = ["generator"]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
DAYS = (
    "2026-02-30", "2026-13", "2025-02-29", "2024-02-29", "2100-02-29", "2026-04-31", "20260101", "2026-1-1",
    "1899-12-31", "2027", "2026", "2026-03", "2026-03-02", "2200-01-01", "2026-03-01\n", "", "2026-00", "2026-01-00",
)  # fmt: skip
NUMBERS = (
    0,
    -1,
    10**9,
    3.14159265,
    2.5,
    37.8,
    1e300,
    -101,
    101,
    5001,
    0.123,
    Decimal("0.12345"),
    10**14,
)
WORDS = (
    "",
    "none",
    "nonsense",
    "stable",
    "active",
    "x" * 81,
    "ä" * 80,
    "a<b",
    "a\u202eb",
    "a\u2003b",
    "a\nb",
)
WHY = ("not-asked", "stale", "because")


def _spoiled(generator: Generator, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield random inputs with up to two things of the right type, but perhaps of the wrong value."""
    rng = random.Random(seed)
    of_type: dict[type, tuple[Any, ...]] = {int: NUMBERS[:3], float: NUMBERS, str: (*WORDS, *DAYS)}
    for _ in range(count):
        data = generator.patient(rng)
        data.pop("settings", None)
        for _ in range(rng.choice([0, 1, 1, 2])):
            _spoil(data, rng, generator, of_type)
        yield data


def _spoil(data: Any, rng: random.Random, generator: Generator, of_type: Any) -> None:
    facts, lists = data["facts"], [n for n in FIELDS if data.get(n)]
    choice = rng.random()
    if choice < 0.4:
        definition = rng.choice(list(generator.pathway.facts.values()))
        kind = {"boolean": bool, "integer": int, "decimal": float}.get(definition.kind.value, str)
        value = rng.choice([True, False] if kind is bool else of_type[kind])
        entry = {"value": value, "date": rng.choice(DAYS)}
        reason = {"value": rng.choice([value, None]), "unknown": rng.choice(WHY)}
        facts[definition.name] = rng.choice([value, entry, reason])
    elif choice < 0.9 and lists:
        name = rng.choice(lists)
        field = rng.choice(FIELDS[name])
        kind = EMPTY[name][field.name]
        if not kind.is_boolean():
            like = float if kind.is_floating() else int if kind.is_integer() else str
            rng.choice(data[name])[field.name] = rng.choice(of_type[like])
    elif choice < 0.95:
        facts |= {"age": rng.choice([1, 50]), "pain_duration_months": rng.choice([24, 25, 612.5])}
    else:
        data["on"] = rng.choice(["1999-12-31", "2000-01-01", "2026-02-01"])


def _refused(checker: Checker, data: dict[str, Any]) -> set[tuple[str, str]]:
    try:
        checker.check(data, ON)
    except InputError as error:
        return {(problem.code, problem.where.split("[")[0]) for problem in error.problems}
    return set()


def _told(backend: str, found: dict[str, pa.Table], pathway: Pathway) -> dict[str, set[Any]]:
    with connected(backend) as engine:
        rows = engine.to_pyarrow(problems(raw_tables(found), pathway)).to_pylist()
    told: dict[str, set[Any]] = {}
    for row in [*rows, *found["problems"].to_pylist()]:
        told.setdefault(row["patient"], set()).add((row["code"], row["where"].split("[")[0]))
    return told


@pytest.mark.parametrize(
    ("backend", "count"), [("polars", 500), pytest.param("duckdb", 2_000, marks=pytest.mark.slow)]
)
def test_whom_the_bedside_refuses_is_refused_and_nobody_else(
    backend: str, count: int, pathway: Pathway, checker: Checker, generator: Generator
) -> None:
    inputs = [(f"p{at}", data) for at, data in enumerate(_spoiled(generator, count, 7))]
    refused = {patient: _refused(checker, data) for patient, data in inputs}
    told = _told(backend, tables(inputs, pathway), pathway)
    assert sum(map(bool, refused.values())) > count / 10
    assert {patient for patient, codes in refused.items() if codes} == set(told)
    for patient, said in told.items():
        # The bedside looks at contradictions only where nothing else is wrong; columns look everywhere.
        assert said & refused[patient]


def _named(found: dict[str, pa.Table], pathway: Pathway) -> set[tuple[str, str, str]]:
    with connected("polars") as engine:
        rows = engine.to_pyarrow(problems(raw_tables(found), pathway)).to_pylist()
    return {(row["patient"], row["code"], row["where"]) for row in rows}


def test_doubled_ids_and_rows_of_nobody_and_endless_lists_are_named(pathway: Pathway) -> None:
    surgery = {"procedure": "fusion"}
    many = [{**surgery, "level": f"{at}"} for at in range(1_000)]
    found = tables(
        [("a", {"facts": {}}), ("a", {"facts": {}}), ("b", {"facts": {}, "surgeries": many})],
        pathway,
    )
    stranger = [*([None] * 1_000), "c"]
    more = pa.array(["b" if each is None else each for each in stranger], pa.string())
    surgeries = pa.concat_tables([found["surgeries"], found["surgeries"].slice(0, 1)])
    found["surgeries"] = surgeries.set_column(0, "patient", more)
    assert _named(found, pathway) == {
        ("a", "duplicate-id", "patient"),
        ("c", "unknown-patient", "surgeries[0].patient"),
    }
    found["surgeries"] = surgeries
    assert _named(found, pathway) == {
        ("a", "duplicate-id", "patient"),
        ("b", "too-many-items", "surgeries"),
    }


def test_a_patient_without_an_id_or_a_day_is_named(pathway: Pathway) -> None:
    empty = {name: schema.to_pyarrow().empty_table() for name, schema in EMPTY.items()}
    patients = pa.table(
        {"patient": [None, "b"], "on": pa.array([20_000, None], pa.date32()), "trials__list": ["whole", "some"]}
    )  # fmt: skip
    found = _named({**empty, "patients": patients}, pathway)
    assert {(code, where) for _, code, where in found} == {
        ("missing-id", "patient"),
        ("not-a-date", "on"),
    }


WRONG: dict[str, tuple[Any, str, str]] = {
    "not an object": ([], "wrong-type", "$"),
    "an unknown key": ({"facts": {}, "fact": {}}, "unknown-field", "$"),
    "no facts": ({}, "missing-field", "facts"),
    "facts that are none": ({"facts": []}, "wrong-type", "facts"),
    "an unknown fact": ({"facts": {"agee": 5}}, "unknown-field", "facts"),
    "a text for a number": ({"facts": {"age": "5"}}, "wrong-type", "facts.age"),
    "a yes for a number": ({"facts": {"age": True}}, "wrong-type", "facts.age"),
    "a number for a yes": ({"facts": {"diabetes": 1}}, "wrong-type", "facts.diabetes"),
    "an endless number": ({"facts": {"age": 10**40}}, "wrong-type", "facts.age"),
    "a text nobody can write": ({"facts": {"sex": "\ud800"}}, "wrong-type", "facts.sex"),
    "an entry too many": ({"facts": {"age": {"value": 5, "when": 1}}}, "unknown-field", "facts.age"),
    "a wrong value in an entry": ({"facts": {"age": {"value": "5"}}}, "wrong-type", "facts.age.value"),
    "a date that is a number": ({"facts": {"age": {"value": 5, "date": 1}}}, "wrong-type", "facts.age.date"),
    "a day that is none": ({"facts": {}, "on": "2026-W01-1"}, "not-a-date", "on"),
    "a month for a day": ({"facts": {}, "on": "2026-03"}, "not-a-date", "on"),
    "a list that is none": ({"facts": {}, "trials": {}}, "wrong-type", "trials"),
    "a row that is none": ({"facts": {}, "trials": ["nsaid"]}, "wrong-type", "trials[0]"),
    "an unknown field": ({"facts": {}, "trials": [{"treatment": "nsaid", "week": 1}]}, "unknown-field", "trials[0]"),
    "a wrong field": ({"facts": {}, "trials": [{"treatment": "nsaid", "weeks": "1"}]}, "wrong-type", "trials[0].weeks"),
    "a list too long": ({"facts": {}, "trials": [{"treatment": "nsaid"}] * 1_001}, "too-many-items", "trials"),
    "an incomplete nothing": ({"facts": {}, "incomplete": ["facts"]}, "not-a-choice", "incomplete[0]"),
    "an incomplete that is no list": ({"facts": {}, "incomplete": "trials"}, "wrong-type", "incomplete"),
    "other settings": ({"facts": {}, "settings": "payer"}, "other-settings", "settings"),
}  # fmt: skip


@pytest.mark.parametrize("title", WRONG)
def test_what_no_column_can_hold_is_named_and_the_others_stay(title: str, pathway: Pathway) -> None:
    data, code, where = WRONG[title]
    good = {"facts": {"age": 50, "temperature_c": Decimal("37.8")}, "surgeries": []}
    found = raw_of([("good", good), ("bad", data), ("also", good)], pathway, ON)
    assert found["problems"].to_pylist() == [{"patient": "bad", "code": code, "where": where}]
    assert found["patients"]["patient"].to_pylist() == ["good", "also"]
    assert found["patients"]["age"].to_pylist() == [50, 50]
    assert found["patients"]["surgeries__list"].to_pylist() == ["whole", "whole"]
    assert "bad" not in found["trials"]["patient"].to_pylist()


def test_the_bedside_refuses_what_no_column_can_hold(checker: Checker) -> None:
    for title, (data, _, _) in WRONG.items():
        if title != "other settings":
            assert _refused(checker, data), title
