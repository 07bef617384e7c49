"""How an answer is arranged: at most three reasons, and every treatment in exactly one place."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from api.library import get_pathway, get_vignettes
from api.page.answer import arrange, because, name_of
from api.page.form import field_named, fields_of
from api.page.words import VERDICTS, value_words
from api.service import decide_input, read_checked
from schemas.decision import State, Verdict
from schemas.pathway import Pathway

TODAY = dt.date(2026, 3, 1)
LOOKS = [
    pytest.param(look.input, id=f"{case.id}/{at}")
    for case in get_vignettes("fbss")
    for at, look in enumerate(case.looks, start=1)
]


@pytest.mark.parametrize("data", LOOKS)
def test_every_treatment_stands_in_exactly_one_place(data: Any) -> None:
    pathway = get_pathway("fbss")
    decision = decide_input("fbss", data, TODAY)
    found = arrange(decision, read_checked("fbss", data, TODAY), pathway, fields_of(decision.input))
    placed = [*found.offers, *found.kept, *(each.item for each in found.not_now)]
    assert sorted(item.treatment for item in placed) == sorted(pathway.treatments)
    asked = [each.missing for each in (*found.questions, *found.later_questions)]
    assert tuple(asked) == decision.missing


@pytest.mark.parametrize("data", LOOKS)
def test_one_to_three_reasons_stand_behind_every_step_but_a_question(data: Any) -> None:
    decision = decide_input("fbss", data, TODAY)
    reasons = because(decision)
    assert len(reasons) <= 3
    if decision.state not in (State.NEEDS_ASSESSMENT, State.SPECIALIST_REVIEW):
        assert reasons
    assert all(reason.holds == "true" for reason in reasons)


def test_every_verdict_has_a_word_and_a_shape_of_its_own() -> None:
    assert set(VERDICTS) == {verdict.value for verdict in Verdict}
    words = [word for _, word in VERDICTS.values()]
    assert len(set(words)) == len(words)


def test_what_is_not_known_is_never_shown_as_no() -> None:
    assert value_words(None) == "not known"
    assert value_words(False) == "no"
    assert value_words(0) == "0"


def test_things_are_called_by_their_names(pathway: Pathway) -> None:
    assert name_of(pathway, "a caution for nsaid") == "a caution for Anti-inflammatory medicine"
    assert name_of(pathway, "red sign R1").startswith("red sign Suspected")
    assert name_of(pathway, "urgency") == "urgency"


@pytest.mark.parametrize(
    ("where", "field"),
    [("facts.age", "f.age"), ("facts.age.date", "f.age"), ("trials[2].weeks", "t.2.weeks"), ("trials", "part.trials"),
     ("on", "on"), ("$", ""), ("facts.[key 3]", "f.[key 3]")],
)  # fmt: skip
def test_an_error_leads_to_its_field(where: str, field: str) -> None:
    assert field_named(where) == field
