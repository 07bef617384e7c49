"""A red sign is never lost for want of a date, and a calm answer never gains anything by having none."""

from __future__ import annotations

from typing import Any

import pytest

from api.fhir.reading.chart import RED_UNDATED
from api.library import get_pathway
from api.service import decide_input
from tests.red_answers import red_answers
from tests.unit.fhir.charts import (
    LOCAL,
    ON,
    answer,
    condition,
    facts,
    form,
    not_used,
    observation,
    read,
)

PATHWAY = get_pathway("fbss")
ANSWERS = red_answers(PATHWAY)
SAID = f"1 {RED_UNDATED}"
UNDATED = {"no date": None, "no day": "2026-02-30", "ahead": "2026-03-05"}
CAUDA = "G83.4"


def choice(fact: str, word: Any) -> dict[str, Any]:
    kind = {bool: "valueBoolean", int: "valueInteger", str: "valueCoding"}[type(word)]
    return answer(fact, **{kind: {"code": word} if isinstance(word, str) else word})


@pytest.mark.hazard("H-01")
@pytest.mark.parametrize("authored", UNDATED.values(), ids=UNDATED)
@pytest.mark.parametrize(("fact", "grave", "calm"), ANSWERS, ids=[fact for fact, *_ in ANSWERS])
def test_a_form_of_no_known_day_opens_every_red_sign_and_closes_none(
    fact: str, grave: Any, calm: Any, authored: str | None
) -> None:
    opened = form(choice(fact, grave), authored=authored)

    assert facts(opened) == {fact: grave}
    assert ("QuestionnaireResponse", SAID) in not_used(opened)
    assert facts(form(choice(fact, calm), authored=authored)) == {}


@pytest.mark.hazard("H-01")
@pytest.mark.parametrize("day", UNDATED.values(), ids=UNDATED)
@pytest.mark.parametrize(("fact", "grave", "calm"), ANSWERS, ids=[fact for fact, *_ in ANSWERS])
def test_a_finding_of_no_known_day_opens_every_red_sign_and_closes_none(
    fact: str, grave: Any, calm: Any, day: str | None
) -> None:
    def found(value: Any) -> dict[str, Any]:
        kind = {bool: "valueBoolean", int: "valueInteger", str: "valueCodeableConcept"}[type(value)]
        said = {"coding": [{"system": LOCAL, "code": value}]} if isinstance(value, str) else value
        written = {"valueQuantity": None, "effectiveDateTime": day, kind: said}
        return observation(code=fact, system=LOCAL, **written)

    assert facts(found(grave)) == {fact: grave}
    assert facts(found(calm)) == {}


@pytest.mark.hazard("H-01")
@pytest.mark.parametrize("day", ["2026-02-30", "2026-03-05"], ids=["no day", "ahead"])
def test_a_red_diagnosis_with_an_impossible_date_is_still_a_red_sign(day: str) -> None:
    assert facts(condition(CAUDA, recordedDate=day)) == {"cauda_equina_recorded": "onset-unknown"}
    assert facts(condition(CAUDA, onsetDateTime=day)) == {"cauda_equina_recorded": "onset-unknown"}
    resolved = {"coding": [{"code": "resolved"}]}
    assert facts(condition(CAUDA, recordedDate=day, clinicalStatus=resolved)) == {}


@pytest.mark.hazard("H-01")
def test_a_new_bladder_disturbance_in_a_form_without_a_date_is_decided_as_a_red_sign() -> None:
    found = read(form(choice("bladder_disturbance", "new"), authored=None))
    decision = decide_input("fbss", found.input, ON)

    assert found.input["facts"]["bladder_disturbance"] == {
        "value": "new",
        "source": "QuestionnaireResponse",
    }
    assert [sign.id for sign in decision.red_signs]
    assert any(each.why == SAID for each in decision.not_used)


@pytest.mark.hazard("H-05")
def test_a_stable_sign_of_no_known_day_is_no_answer_because_it_would_calm_for_ever() -> None:
    assert facts(form(choice("leg_weakness", "stable"), authored=None)) == {}


@pytest.mark.hazard("H-05")
def test_a_number_of_no_known_day_counts_only_past_its_border_in_every_profile() -> None:
    """A residual volume that only one profile calls high would be a calm answer to another."""
    own = PATHWAY.settings["pvr_high_ml"].value
    highest = int(max(own, *(p.get("pvr_high_ml", own) for p in PATHWAY.profiles.values())))

    assert facts(form(choice("pvr_ml", highest), authored=None)) == {"pvr_ml": highest}
    assert facts(form(choice("pvr_ml", highest - 1), authored=None)) == {}


@pytest.mark.hazard("H-01")
@pytest.mark.hazard("H-05")
@pytest.mark.parametrize(
    ("authored", "day", "opens"),
    [
        ("2026-02", "2026-02-28", True), ("2026", "2026-03-01", True),
        ("2026-03", "2026-03-01", True), ("2025-12", "2025-12-31", False),
    ],
)  # fmt: skip
def test_an_open_red_sign_of_a_month_or_a_year_is_of_the_last_day_it_can_be_of(
    authored: str, day: str, opens: bool
) -> None:
    found = read(form(choice("bladder_disturbance", "new"), authored=authored)).input
    calm = read(form(choice("bladder_disturbance", "none"), authored=authored)).input

    assert found["facts"]["bladder_disturbance"]["date"] == day
    assert bool(decide_input("fbss", found, ON).red_signs) is opens
    assert calm["facts"]["bladder_disturbance"]["date"] == authored
    asked = {item.fact for item in decide_input("fbss", calm, ON).missing}
    assert ("bladder_disturbance" in asked) is (authored != "2026-03")


@pytest.mark.hazard("H-11")
@pytest.mark.parametrize("older", ["new", "worsening", "stable"])
@pytest.mark.parametrize("authored", ["2026-02", "2026"])
def test_no_older_answer_passes_an_open_one_that_may_be_of_yesterday(
    authored: str, older: str
) -> None:
    opened = form(choice("bladder_disturbance", "new"), authored=authored)
    stale = form(choice("bladder_disturbance", older), authored="2026-02-10")

    for given in (read(opened, stale).input, read(stale, opened).input):
        assert decide_input("fbss", given, ON).red_signs


@pytest.mark.hazard("H-11")
@pytest.mark.parametrize("authored", ["2026-02", "2026"])
def test_beside_a_calm_answer_an_open_one_that_may_be_later_stands(authored: str) -> None:
    opened = form(choice("bladder_disturbance", "new"), authored=authored)
    calm = form(choice("bladder_disturbance", "none"), authored="2026-02-20")

    for given in (read(opened, calm).input, read(calm, opened).input):
        assert decide_input("fbss", given, ON).red_signs


@pytest.mark.hazard("H-11")
def test_beside_a_calm_answer_with_a_date_an_open_one_without_stands_and_it_is_said() -> None:
    undated = form(choice("bladder_disturbance", "new"), authored=None)
    calm = form(choice("bladder_disturbance", "none"))

    assert facts(undated, calm) == facts(calm, undated) == {"bladder_disturbance": "new"}
    assert any("the graver answer is used" in why for _, why in not_used(undated, calm))


@pytest.mark.hazard("H-05")
@pytest.mark.parametrize("authored", ["2026-02-30", "2026-03-05"])
def test_nothing_else_is_read_of_a_form_with_an_impossible_date(authored: str) -> None:
    row = {"linkId": "medications", "item": [answer("medications.agent", valueString="apixaban")]}
    whole = form(
        answer("diabetes", valueBoolean=True), answer("medications_listed", valueBoolean=True), row,
        answer("surgeries_listed", valueBoolean=True), authored=authored,
    )  # fmt: skip
    given = read(whole).input

    assert given["facts"] == {}
    assert "medications" not in given
    assert "surgeries" not in given
