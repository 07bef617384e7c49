"""Two answers side by side, a patient over time, and an answer made again."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from api.companion import decide_journey, get_companion
from api.library import get_vignettes
from api.reports import replay_report
from rules.check import Checker
from rules.decide import Decider
from schemas.errors import InputError
from tests.conftest import ON

CASES = {case.id: case.input for case in get_vignettes("fbss")}


def _with(case: str, **parts: Any) -> dict[str, Any]:
    data = copy.deepcopy(CASES[case])
    data["facts"].update(parts.pop("facts", {}))
    data.update(parts)
    return data


def test_one_changed_fact_is_told_with_its_direction(checker: Checker) -> None:
    before = checker.check(CASES["V07"], ON)
    after = checker.check(_with("V07", facts={"bladder_disturbance": "new"}), ON)

    found = get_companion("fbss").what_if(before, after)

    assert found.facts_changed == ("bladder_disturbance",)
    assert found.urgency == ("U3", "U0")
    assert "R1" in found.red_signs_gained
    assert {c.direction for c in found.verdicts if c.treatment == "nsaid"} == {"lost"}
    assert any(text.startswith("more urgent") for text in found.text)


def test_the_same_input_twice_differs_in_nothing(checker: Checker) -> None:
    patient = checker.check(CASES["V10"], ON)

    found = get_companion("fbss").what_if(patient, patient)

    assert found.text == ("nothing differs",)
    assert found.verdicts == ()


def test_flip_points_name_the_border_at_which_the_answer_changes(
    checker: Checker, decider: Decider
) -> None:
    patient = checker.check(CASES["V12"], ON)
    flips = get_companion("fbss").what_if(patient, patient).flip_points
    hold = decider.pathway.settings["a1c_hold_esi_percent"].value

    at = {flip.fact: flip for flip in flips}
    assert "hba1c_percent" in at
    assert float(at["hba1c_percent"].at) < float(hold)
    assert "Epidural" in at["hba1c_percent"].says


def test_a_journey_tells_what_changed_what_was_not_done_and_what_is_overdue() -> None:
    first = _with("V07")
    second = _with(
        "V07",
        on="2026-06-01",
        trials=[
            {
                "treatment": "nsaid", "agent": "naproxen", "full_dose": True, "weeks": 4,
                "relief_percent": 10, "ended": "2026-04-01",
            }
        ],
    )  # fmt: skip

    found = decide_journey("fbss", [first, second], ON)

    later = found.visits[1]
    assert any("NSAID" in text for text in later.changed)
    assert any(
        text.startswith("Physical therapy: offered on 2026-03-01") for text in later.not_done
    )
    assert not any("NSAID" in text for text in later.not_done)
    assert any("overdue" in text for text in later.due)


@pytest.mark.parametrize(
    ("visits", "code"),
    [
        pytest.param([], "no-visits", id="no visit"),
        pytest.param([_with("V07"), _with("V07")], "out-of-order", id="two visits on one day"),
        pytest.param(
            [_with("V07"), _with("V07", on="2026-02-01")], "out-of-order", id="the later one first"
        ),
        pytest.param(
            [_with("V07"), _with("V07", on="2026-04-01", facts={"sex": "male"})],
            "contradiction",
            id="another sex",
        ),
        pytest.param(
            [_with("V07"), _with("V07", on="2026-04-01", surgeries=[])],
            "contradiction",
            id="an operation has gone",
        ),
    ],
)
def test_a_journey_that_cannot_be_one_patient_is_refused(
    visits: list[dict[str, Any]], code: str
) -> None:
    with pytest.raises(InputError) as caught:
        decide_journey("fbss", visits, ON)

    assert caught.value.code == code
    assert caught.value.problems[0].help


@pytest.mark.parametrize("case", list(CASES))
def test_a_printed_decision_replays_to_the_same_bytes(
    case: str, decider: Decider, checker: Checker
) -> None:
    printed = json.loads(decider.decide(checker.check(CASES[case], ON)).model_dump_json())

    lines, result, holds = replay_report("fbss", printed)

    assert (lines, holds) == ([], True)
    assert result == "replayed: the same bytes"


def test_a_replay_names_every_place_that_differs(decider: Decider, checker: Checker) -> None:
    printed = json.loads(decider.decide(checker.check(CASES["V07"], ON)).model_dump_json())
    printed["treatments"][0]["verdict"] = "block"
    printed["urgency"] = "U1"

    lines, _, holds = replay_report("fbss", printed)

    assert not holds
    assert lines == ["$.treatments[0].verdict differs", "$.urgency differs"]


@pytest.mark.parametrize("part", ["content", "program"])
def test_a_receipt_of_another_version_says_which_hash_is_missing(
    part: str, decider: Decider, checker: Checker
) -> None:
    printed = json.loads(decider.decide(checker.check(CASES["V07"], ON)).model_dump_json())
    printed["receipt"][part] = "0" * 64

    with pytest.raises(InputError) as caught:
        replay_report("fbss", printed)

    assert caught.value.code == "other-version"
    assert caught.value.problems[0].where == f"receipt.{part}"


def test_what_is_not_a_decision_cannot_be_replayed() -> None:
    with pytest.raises(InputError) as caught:
        replay_report("fbss", {"facts": {}})

    assert caught.value.code == "not-a-decision"
