"""A list that may lack something: what stands in it is so, what does not is unknown, never no."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from api.library import get_vignettes
from rules.canonical import canonical_json, patient_input
from rules.check import Checker
from rules.derive import EARLIEST
from schemas.decision import OFFERS, Decision
from schemas.errors import InputError
from tests.conftest import ON
from tests.unit.rules_input.conftest import Reader

Decide = Callable[[dict[str, Any]], Decision]
MEDICATIONS, TRIALS, SURGERIES = ["medications"], ["trials"], ["surgeries"]
LUMBAR = {"procedure": "discectomy", "region": "lumbar", "for_pain": True}
EPIDURAL = {"treatment": "epidural-steroid-injection", "relief_percent": 60, "still_helping": True}
ROWS: dict[str, list[dict[str, Any]]] = {
    "medications": [{"agent": "metformin"}],
    "trials": [{"treatment": "other", "agent": "mud packs", "relief_percent": 0}],
}
FAILED = {
    "treatment": "nsaid",
    "agent": "naproxen",
    "full_dose": True,
    "weeks": 6,
    "relief_percent": 0,
}


def span(date: Any) -> tuple[str, str]:
    return str(date.earliest), str(date.latest)


def vignette(name: str) -> dict[str, Any]:
    return dict(next(each.input for each in get_vignettes("fbss") if each.id == name))


# medicines


@pytest.mark.hazard("H-13")
def test_a_medicine_on_an_incomplete_list_is_taken_and_one_that_is_not_is_unknown(
    read: Reader,
) -> None:
    values = read(medications=[{"agent": "apixaban"}], incomplete=MEDICATIONS).values

    assert values["taking_anticoagulant"] is True
    assert not {"taking_opioid", "nsaids_taken", "cns_active_medicines"} & values.keys()
    assert not {"medications_listed", "medication_mme_per_day", "mme_per_day"} & values.keys()


@pytest.mark.hazard("H-13")
def test_a_known_anticoagulant_warns_before_the_list_is_complete(decide: Decide) -> None:
    data = {**vignette("V07"), "medications": [{"agent": "apixaban"}], "incomplete": MEDICATIONS}
    part = {item.treatment: item for item in decide(data).treatments}
    whole = {item.treatment: item for item in decide({**data, "incomplete": []}).treatments}

    assert part["nsaid"].verdict == whole["nsaid"].verdict == "block-unless-justified"
    for name in ("epidural-steroid-injection", "spinal-cord-stimulation"):
        assert part[name].cautions == whole[name].cautions != ()


@pytest.mark.hazard("H-13")
def test_a_medicine_may_have_been_started_before_the_first_that_is_listed(read: Reader) -> None:
    rows = [{"agent": "oxycodone", "started": "2026-02-20"}]
    part = read(medications=rows, incomplete=MEDICATIONS).values
    whole = read(medications=rows).values

    assert span(part["opioid_started"]) == (str(EARLIEST), "2026-02-20")
    assert span(whole["opioid_started"]) == ("2026-02-20", "2026-02-20")
    assert "muscle_relaxant_started" not in part


@pytest.mark.hazard("H-11")
@pytest.mark.parametrize(
    ("stated", "used", "conflict"),
    [(20, 90, True), (90, 90, False), (120, 120, False), (None, None, False)],
    ids=["the list already says more", "just as much", "the list may lack the rest", "nothing stated"],
)  # fmt: skip
def test_a_stated_opioid_dose_is_at_least_what_an_incomplete_list_adds_up_to(
    stated: int | None, used: int | None, conflict: bool, read: Reader
) -> None:
    facts = {} if stated is None else {"mme_per_day": stated}
    rows = [{"agent": "morphine", "dose_mg_per_day": 90}, {"agent": "oxycodone"}]
    for more in ({"incomplete": MEDICATIONS}, {}):
        reading = read(facts, medications=rows, **more)

        assert reading.values.get("mme_per_day") == used
        assert [each.code for each in reading.conflicts] == ["opioid-dose-differs"] * conflict


# trials


@pytest.mark.hazard("H-16")
@pytest.mark.parametrize(
    ("row", "outcome"),
    [(FAILED, None), ({**FAILED, "relief_percent": 70, "still_helping": True}, "responder")],
    ids=["failed", "helped"],
)
def test_of_an_incomplete_list_of_trials_only_help_is_certain(
    row: dict[str, Any], outcome: str | None, read: Reader
) -> None:
    values = read(trials=[row], incomplete=TRIALS).values

    assert values.get("tried_nsaid") == outcome
    assert "tried_opioid" not in values
    assert "trials_listed" not in values


@pytest.mark.hazard("H-16")
def test_a_session_that_is_not_listed_may_be_later_and_the_count_is_open(read: Reader) -> None:
    rows = [{**EPIDURAL, "ended": "2026-01-10", "sessions": 2}]
    values = read(trials=rows, surgeries=[], incomplete=TRIALS).values

    assert span(values["last_epidural_injection"]) == ("2026-01-10", str(ON))
    assert span(values["last_spine_procedure"]) == ("2026-01-10", str(ON))
    assert "epidural_sessions_12_months" not in values
    assert "last_trigger_point_injection" not in values


# operations


@pytest.mark.hazard("H-16")
def test_an_operation_on_an_incomplete_list_was_and_a_later_one_may_have_been(
    read: Reader,
) -> None:
    rows = [{**LUMBAR, "date": "2025-07-01", "result": "worse"}]
    values = read(surgeries=rows, trials=[], incomplete=SURGERIES).values

    assert values["lumbar_surgery_for_pain"] is True
    assert span(values["last_lumbar_surgery"]) == ("2025-07-01", str(ON))
    assert span(values["last_spine_procedure"]) == ("2025-07-01", str(ON))
    assert not {"lumbar_fusion", "last_lumbar_fusion", "last_surgery_result"} & values.keys()


@pytest.mark.hazard("H-16")
def test_an_operation_on_the_neck_does_not_deny_one_on_the_back(read: Reader) -> None:
    rows = [{"procedure": "fusion", "region": "cervical", "date": "2020"}]
    values = read(surgeries=rows, incomplete=SURGERIES).values

    assert not {"lumbar_surgery", "lumbar_fusion", "last_lumbar_surgery"} & values.keys()


# the answer


@pytest.mark.hazard("H-01")
@pytest.mark.hazard("H-16")
@pytest.mark.parametrize("name", ["medications", "trials", "surgeries"])
def test_nothing_is_offered_on_an_incomplete_list_and_the_list_is_asked_for(
    name: str, decide: Decide
) -> None:
    data = vignette("V07")
    rows = data[name] or ROWS[name]
    assert any(item.verdict in OFFERS for item in decide({**data, name: rows}).treatments)

    decision = decide({**data, name: rows, "incomplete": [name]})

    assert not any(item.verdict in OFFERS for item in decision.treatments)
    asked = {item.fact: item.ask for item in decision.missing}
    assert "is that all?" in asked[name]
    assert any(f"list of {name} may lack something" in each for each in decision.caveats)


@pytest.mark.parametrize("name", ["medications", "trials", "surgeries"])
@pytest.mark.parametrize(
    "given", [{}, {"rows": None}, {"rows": []}], ids=["left out", "null", "empty"]
)
def test_an_incomplete_list_that_holds_nothing_is_a_list_that_was_not_given(
    name: str, given: dict[str, Any], decide: Decide
) -> None:
    data = {key: each for key, each in vignette("V07").items() if key != name}
    if given:
        data[name] = given["rows"]

    decision = decide({**data, "incomplete": [name]})

    left_out = {key: each for key, each in data.items() if key != name}
    assert decision == decide(left_out)
    assert not any(name in each and "may lack" in each for each in decision.caveats)


# the input


@pytest.mark.parametrize("nothing", [None, []], ids=["null", "no list"])
def test_naming_no_list_says_that_the_lists_are_complete(nothing: Any, decide: Decide) -> None:
    data = vignette("V07")

    assert decide({**data, "incomplete": nothing}) == decide(data)


def test_incomplete_lists_are_understood_each_once_in_one_order(checker: Checker) -> None:
    rows = {"medications": [{"agent": "metformin"}], "trials": [FAILED]}
    data = {"facts": {}, **rows, "incomplete": ["medications", "trials", "medications"]}
    once = patient_input(checker.check(data, ON))

    assert once["incomplete"] == ["trials", "medications"]
    again = patient_input(checker.check(json.loads(json.dumps(once)), ON))
    assert canonical_json(again) == canonical_json(once)


def test_a_complete_and_an_incomplete_list_have_different_receipts(decide: Decide) -> None:
    data = {"facts": {}, "medications": [{"agent": "metformin"}]}

    assert decide({**data, "incomplete": MEDICATIONS}).receipt.facts != decide(data).receipt.facts


@pytest.mark.parametrize(
    ("value", "code", "where"),
    [
        ("medications", "wrong-type", "incomplete"),
        ({"medications": True}, "wrong-type", "incomplete"),
        (True, "wrong-type", "incomplete"),
        (["overrides"], "not-a-choice", "incomplete[0]"),
        (["trials", "Patient Smith"], "not-a-choice", "incomplete[1]"),
        ([["trials"]], "not-a-choice", "incomplete[0]"),
        ([None], "not-a-choice", "incomplete[0]"),
    ],
    ids=["a word", "an object", "yes", "no such list", "a name", "a list in a list", "null inside"],
)  # fmt: skip
def test_what_names_no_list_is_refused_without_being_repeated(
    value: Any, code: str, where: str, checker: Checker
) -> None:
    with pytest.raises(InputError) as refused:
        checker.check({"facts": {}, "incomplete": value}, ON)

    (problem,) = refused.value.problems
    assert (problem.code, problem.where) == (code, where)
    assert "Smith" not in problem.model_dump_json()
