"""An answer dated by its month or its year: it may open a red sign, and never closes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api.library import get_pathway
from schemas.decision import Decision, Urgency
from schemas.facts import FactKind
from schemas.pathway import Pathway
from tests.conftest import ON
from tests.red_answers import red_answers
from tests.unit.rules_input.conftest import Reader

VAGUE = ("2026-02", "2026")
"""ON is the first of March: an answer of February may be of yesterday, and may be too old."""
ANSWERS = red_answers(get_pathway("fbss"))


@pytest.mark.hazard("H-01")
@pytest.mark.hazard("H-09")
@pytest.mark.parametrize("date", VAGUE)
@pytest.mark.parametrize(("fact", "grave", "calm"), ANSWERS, ids=[fact for fact, *_ in ANSWERS])
def test_an_answer_that_may_be_fresh_counts_where_it_leaves_a_red_sign_open(
    fact: str, grave: Any, calm: Any, date: str, read: Reader
) -> None:
    opened = read({fact: {"value": grave, "date": date}})
    closed = read({fact: {"value": calm, "date": date}})

    assert (opened.values[fact], opened.stale) == (grave, [])
    assert [note.where for note in opened.not_used] == [f"the date of {fact}"]
    assert fact not in closed.values
    assert [item.fact for item in closed.stale] == [fact]
    assert closed.not_used == []


@pytest.mark.hazard("H-05")
@pytest.mark.parametrize(("fact", "grave", "calm"), ANSWERS, ids=[fact for fact, *_ in ANSWERS])
def test_an_answer_that_is_too_old_on_every_day_of_its_month_is_too_old(
    fact: str, grave: Any, calm: Any, read: Reader
) -> None:
    for value in (grave, calm):
        for date in ("2026-01", "2025"):
            reading = read({fact: {"value": value, "date": date}})
            assert fact not in reading.values
            assert [item.date for item in reading.stale] == [date]


@pytest.mark.parametrize(("fact", "grave", "calm"), ANSWERS, ids=[fact for fact, *_ in ANSWERS])
def test_an_answer_that_is_fresh_on_every_day_of_its_month_is_fresh(
    fact: str, grave: Any, calm: Any, read: Reader
) -> None:
    assert ON.day == 1
    for value in (grave, calm):
        reading = read({fact: {"value": value, "date": f"{ON:%Y-%m}"}})
        assert (reading.values[fact], reading.stale, reading.not_used) == (value, [], [])


@pytest.mark.hazard("H-01")
def test_a_number_counts_only_past_its_border_in_every_profile_that_is_shipped(
    pathway: Pathway, read: Reader
) -> None:
    own = pathway.settings["pvr_high_ml"].value
    highest = int(max(own, *(p.get("pvr_high_ml", own) for p in pathway.profiles.values())))

    for value, counts in ((highest, True), (highest - 1, False)):
        reading = read({"pvr_ml": {"value": value, "date": "2026"}})
        assert ("pvr_ml" in reading.values) is counts


@pytest.mark.hazard("H-05")
def test_other_answers_still_age_from_the_first_day_of_their_month(
    pathway: Pathway, read: Reader
) -> None:
    others = [
        name
        for name, fact in pathway.facts.items()
        if (fact.section, fact.shelf_days, fact.kind) == ("medical-history", 14, FactKind.BOOLEAN)
    ]
    assert others
    for name in others:
        assert read({name: {"value": True, "date": "2026-02"}}).stale


@pytest.mark.hazard("H-01")
@pytest.mark.parametrize("date", VAGUE)
def test_new_trouble_with_the_bladder_told_by_its_year_is_an_emergency_and_the_date_is_said(
    date: str, decide: Callable[[dict[str, Any]], Decision]
) -> None:
    decision = decide({"facts": {"bladder_disturbance": {"value": "new", "date": date}}})

    assert decision.urgency is Urgency.U0
    assert {note.where: note.why for note in decision.not_used} == {
        "the date of bladder_disturbance": "a month or a year does not tell whether the answer is older than "
        "14 days; it may be of a red sign, so it counts"
    }
