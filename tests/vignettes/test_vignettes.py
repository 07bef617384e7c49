"""Every built-in patient comes out as expected, and none may say "no red signs" when one was not asked."""

from __future__ import annotations

import copy

import pytest

from api.library import get_vignettes
from rules.check import Checker
from rules.decide import Decider
from rules.expectations import differences
from schemas.decision import OFFERS
from tests.conftest import ON

DETAILS = {
    "acute_foot_drop": "leg_weakness",
    "weakness_rapid": "leg_weakness",
    "weakness_surgeon_assessed": "leg_weakness",
    "upper_motor_neuron_rapid": "upper_motor_neuron_signs",
    "sphincter_cause_documented": "bladder_disturbance",
    "new_confusion": "fever_or_chills",
    "inflammatory_markers_raised": "wound_infection_signs",
    "spine_unstable": "hardware_failure_signs",
    "weakness_mrc": "leg_weakness",
    "phq9_item9": "suicidal_thoughts",
    "stimulator_implanted": "stimulator_site_infection",
    "stimulator_site_infection": "stimulator_implanted",
    "cauda_equina_recorded": "saddle_sensation_change",
    "vertebral_fracture_recorded": "spine_trauma",
    "haematoma_recorded": "severe_pain_after_procedure",
    "known_aaa": "back_pain_much_worse",
    "back_pain_much_worse": "known_aaa",
}
"""Details, measurements and diagnoses on record, each with the question that, answered no, makes it idle."""

LOOKS = [(v.id, look) for v in get_vignettes("fbss") for look in v.looks]


@pytest.mark.parametrize(
    "look", [look for _, look in LOOKS], ids=[f"{i}: {k.name}" for i, k in LOOKS]
)
def test_a_vignette_comes_out_as_the_source_book_says(
    look: object, decider: Decider, checker: Checker
) -> None:
    decision = decider.decide(checker.check(look.input, ON))  # type: ignore[attr-defined]

    assert differences(decision, look.expect) == ()  # type: ignore[attr-defined]
    assert not decision.incomplete


def test_there_are_eighteen_patients_and_each_expectation_says_something() -> None:
    vignettes = get_vignettes("fbss")

    assert [v.id for v in vignettes] == [f"V{n:02}" for n in range(1, 19)]
    for vignette in vignettes:
        first = vignette.looks[0].expect
        assert None not in (first.urgency, first.state, first.red_signs)
        assert len(first.verdicts) == 10


@pytest.mark.hazard("H-01")
@pytest.mark.parametrize("vignette", get_vignettes("fbss"), ids=lambda v: v.id)
def test_a_vignette_with_a_red_sign_question_unanswered_never_says_there_is_none(
    vignette: object, decider: Decider, checker: Checker
) -> None:
    base = vignette.looks[0].input  # type: ignore[attr-defined]
    asked = sorted(decider.red_sign_facts & base["facts"].keys())
    assert len(asked) > 25
    full = decider.decide(checker.check(base, ON))
    for fact in asked:
        data = copy.deepcopy(base)
        del data["facts"][fact]
        decision = decider.decide(checker.check(data, ON))
        open_signs = bool(decision.red_signs)
        settled = decision.screen_complete and not open_signs
        if settled:
            # A detail may stay open only where the question it belongs to was answered with no.
            assert fact in DETAILS, fact
            assert base["facts"][DETAILS[fact]] in ("none", False), fact
            assert full.screen_complete
            assert not full.red_signs
        else:
            offers = [t for t in decision.treatments if t.verdict in OFFERS]
            assert not offers
