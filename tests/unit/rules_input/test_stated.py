"""Stated facts: how long an answer keeps, and which of two contradicting statements is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from api.library import get_vignettes
from schemas.decision import Decision
from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Pathway
from tests.conftest import ON
from tests.unit.rules_input.conftest import Reader


def some_value(definition: FactDefinition) -> Any:
    """Return a value this fact may have."""
    match definition.kind:
        case FactKind.BOOLEAN:
            return True
        case FactKind.INTEGER | FactKind.DECIMAL:
            return int(definition.maximum or 0)
        case FactKind.DATE:
            return "2025-01-01"
        case _:
            return definition.choices[0]


def aging(pathway: Pathway) -> list[tuple[FactDefinition, int]]:
    """Return the facts with a shelf life, in days."""
    return [(d, d.shelf_days) for d in pathway.facts.values() if d.shelf_days is not None]


@pytest.mark.hazard("H-05")
@pytest.mark.parametrize(
    ("extra", "keeps"), [(-1, True), (0, True), (1, False)], ids=["the day before", "the last day", "the day after"]
)  # fmt: skip
def test_an_answer_is_used_until_the_last_day_of_its_shelf_life_and_not_after(
    extra: int, keeps: bool, pathway: Pathway, read: Reader
) -> None:
    assert len(aging(pathway)) > 80
    for definition, shelf in aging(pathway):
        day = (ON - dt.timedelta(days=shelf + extra)).isoformat()
        entry = {"value": some_value(definition), "date": day}
        reading = read({definition.name: entry})

        assert (definition.name in reading.values) is keeps, definition.name
        named = [(item.fact, item.date, item.shelf_days) for item in reading.stale]
        assert named == ([] if keeps else [(definition.name, day, shelf)])


@pytest.mark.hazard("H-05")
@pytest.mark.hazard("H-09")
def test_of_a_month_the_first_day_counts_so_that_an_answer_is_never_taken_for_younger(
    pathway: Pathway, read: Reader
) -> None:
    shelf = pathway.facts["odi_percent"].shelf_days or 0
    last = ON - dt.timedelta(days=shelf)
    assert last.day > 1
    month = f"{last:%Y-%m}"

    assert read({"odi_percent": {"value": 5, "date": month}}).stale[0].date == month
    assert not read({"odi_percent": {"value": 5, "date": last.isoformat()}}).stale


def test_an_answer_without_a_date_and_a_fact_without_a_shelf_life_do_not_age(
    pathway: Pathway, read: Reader
) -> None:
    assert pathway.facts["diabetes"].shelf_days is None
    reading = read({"diabetes": {"value": True, "date": "1990"}, "pain_back_nrs": 5})

    assert (reading.values["diabetes"], reading.values["pain_back_nrs"]) == (True, 5)
    assert reading.stale == []


def test_an_answer_that_does_not_count_hides_none_that_comes_after_it(read: Reader) -> None:
    unknown = {"age": {"unknown": "not-asked"}, "smoker": True}
    stale = {"bladder_disturbance": {"value": "none", "date": "2020-01-01"}, "smoker": True}

    for facts in (unknown, stale):
        assert read(facts).values["smoker"] is True


@pytest.mark.hazard("H-05")
@pytest.mark.hazard("H-01")
def test_a_stale_red_sign_answer_opens_the_screen_again_and_is_asked_as_stale(
    decide: Callable[[dict[str, Any]], Decision],
) -> None:
    settled = next(
        vignette.input
        for vignette in get_vignettes("fbss")
        if decide(vignette.input).screen_complete and not decide(vignette.input).red_signs
    )
    entry = {"value": settled["facts"]["saddle_sensation_change"], "date": "2025-01"}
    decision = decide({**settled, "facts": {**settled["facts"], "saddle_sensation_change": entry}})
    asked = {item.fact: item.why_unknown for item in decision.missing}

    assert not decision.screen_complete
    assert asked["saddle_sensation_change"] == "stale"
    assert [item.fact for item in decision.stale] == ["saddle_sensation_change"]


WEAK, SAD, EXPECTING = "weakness-contradicts", "suicidality-contradicts", "pregnancy-contradicts"


@pytest.mark.hazard("H-11")
@pytest.mark.parametrize(
    ("said", "value", "against", "read_as", "code"),
    [
        ("leg_weakness", "none", {"acute_foot_drop": True}, "onset-unknown", WEAK),
        ("leg_weakness", "none", {"weakness_mrc": 4}, "onset-unknown", WEAK),
        ("leg_weakness", "none", {"weakness_mrc": 0}, "onset-unknown", WEAK),
        ("suicidal_thoughts", "none", {"phq9_item9": 1}, "thoughts", SAD),
        ("pregnant", False, {"gestation_weeks": 8}, True, EXPECTING),
    ],
    ids=["foot drop", "grade 4", "grade 0", "item 9 at 1", "week 8"],
)
def test_of_two_contradicting_statements_the_safer_is_read_and_the_conflict_named(
    said: str, value: object, against: dict[str, Any], read_as: object, code: str, read: Reader
) -> None:
    reading = read({said: value, **against})

    assert reading.values[said] == read_as
    assert [conflict.code for conflict in reading.conflicts] == [code]
    assert said in reading.conflicts[0].facts


@pytest.mark.parametrize(
    ("said", "value", "beside"),
    [
        ("leg_weakness", "none", {"weakness_mrc": 5, "acute_foot_drop": False}),
        ("leg_weakness", "stable", {"acute_foot_drop": True}),
        ("suicidal_thoughts", "none", {"phq9_item9": 0}),
        ("suicidal_thoughts", "plan-or-intent", {"phq9_item9": 3}),
        ("pregnant", False, {"gestation_weeks": 0}),
    ],
    ids=["full strength", "an old foot drop", "item 9 at 0", "a plan", "week 0"],
)
def test_statements_that_agree_are_left_as_they_are(
    said: str, value: object, beside: dict[str, Any], read: Reader
) -> None:
    reading = read({said: value, **beside})

    assert reading.values[said] == value
    assert reading.conflicts == []


@pytest.mark.hazard("H-05")
def test_a_stale_measurement_contradicts_nothing(read: Reader) -> None:
    reading = read({"leg_weakness": "none", "weakness_mrc": {"value": 3, "date": "2024"}})

    assert reading.values["leg_weakness"] == "none"
    assert reading.conflicts == []


@pytest.mark.hazard("H-11")
def test_a_contradicted_red_sign_is_raised_and_the_conflict_stands_in_the_decision(
    decide: Callable[[dict[str, Any]], Decision],
) -> None:
    decision = decide({"facts": {"leg_weakness": "none", "acute_foot_drop": True}})

    assert [sign.id for sign in decision.red_signs] == ["R2"]
    assert [conflict.code for conflict in decision.conflicts] == ["weakness-contradicts"]
