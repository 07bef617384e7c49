"""Diagnoses on record that are red signs by themselves."""

from __future__ import annotations

import pytest

from api.library import get_vignettes
from api.service import decide_input
from schemas.decision import OFFERS
from tests.unit.fhir.charts import ON, SNOMED, condition, facts, patient, read

ON_RECORD = ("cauda_equina_recorded", "vertebral_fracture_recorded", "haematoma_recorded")


@pytest.mark.hazard("H-01")
@pytest.mark.hazard("H-07")
@pytest.mark.parametrize(
    ("code", "fact", "sign", "urgency"),
    [
        ("G83.4", "cauda_equina_recorded", "R1", "U0"),
        ("M48.56XA", "vertebral_fracture_recorded", "R4", "U1"),
        ("M80.08XA", "vertebral_fracture_recorded", "R4", "U1"),
        ("M84.58XA", "vertebral_fracture_recorded", "R4", "U1"),
        ("M96.840", "haematoma_recorded", "R6", "U0"),
        ("G97.51", "haematoma_recorded", "R6", "U0"),
    ],
    ids=[
        "cauda equina syndrome", "collapsed vertebra", "osteoporotic fracture", "fracture in cancer",
        "haematoma", "bleeding",
    ],
)  # fmt: skip
def test_a_coded_diagnosis_of_unknown_onset_opens_its_red_sign(
    code: str, fact: str, sign: str, urgency: str
) -> None:
    found = read(patient(), condition(code)).input
    decision = decide_input("fbss", found, ON)

    assert found["facts"][fact]["value"] == "onset-unknown"
    assert sign in {each.id for each in decision.red_signs}
    assert decision.urgency == urgency


@pytest.mark.parametrize(
    ("code", "more"), [("M80.08XA", {"osteoporosis": True}), ("M84.58XA", {"cancer_history": True})]
)
def test_a_fracture_code_still_says_why_the_bone_is_weak(code: str, more: dict[str, bool]) -> None:
    assert facts(condition(code)) == {"vertebral_fracture_recorded": "onset-unknown", **more}


@pytest.mark.hazard("H-01")
def test_a_suspected_fracture_is_a_red_sign_and_says_nothing_of_the_bone() -> None:
    suspected = {"coding": [{"code": "provisional"}]}

    assert facts(condition("M80.08XA", verificationStatus=suspected)) == {
        "vertebral_fracture_recorded": "onset-unknown"
    }


def test_a_diagnosis_that_is_over_opens_nothing() -> None:
    resolved = {"coding": [{"code": "resolved"}]}

    for code in ("G83.4", "M48.56XA", "M96.840"):
        assert facts(condition(code, clinicalStatus=resolved)) == {}


@pytest.mark.hazard("H-01")
@pytest.mark.parametrize("fact", ON_RECORD)
@pytest.mark.parametrize(
    ("word", "held"),
    [("new", True), ("worsening", True), ("onset-unknown", True), ("stable", False), ("none", False)],
)  # fmt: skip
def test_a_diagnosis_on_record_holds_everything_until_somebody_says_that_it_is_old(
    fact: str, word: str, held: bool
) -> None:
    data = next(each.input for each in get_vignettes("fbss") if each.id == "V07")
    decision = decide_input("fbss", {**data, "facts": {**data["facts"], fact: word}}, ON)

    assert bool(decision.red_signs) is held
    assert any(item.verdict in OFFERS for item in decision.treatments) is not held


@pytest.mark.parametrize("fact", ON_RECORD)
def test_nobody_is_asked_for_a_diagnosis_on_record(fact: str) -> None:
    data = next(each.input for each in get_vignettes("fbss") if each.id == "V07")
    without = {name: value for name, value in data["facts"].items() if name != fact}
    decision = decide_input("fbss", {**data, "facts": without}, ON)

    assert decision.screen_complete
    assert fact not in {each.fact for each in decision.missing}


@pytest.mark.parametrize("code", ["N18.30", "N18.31", "N18.32", "N18.4", "N18.5", "N18.6"])
def test_a_coded_kidney_disease_from_stage_3_is_a_kidney_disease(code: str) -> None:
    assert facts(condition(code)) == {"kidney_disease": True}


def test_the_code_of_another_system_says_the_same() -> None:
    assert facts(condition("433144002", SNOMED)) == {"kidney_disease": True}
