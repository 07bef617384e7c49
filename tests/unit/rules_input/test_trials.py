"""Judging a tried treatment: the outcome table on each side of its borders, and several trials taken together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest

from api.library import get_vignettes
from rules.check import Checker
from rules.trials import judge, together
from schemas.decision import Decision
from schemas.pathway import Pathway
from tests.conftest import ON
from tests.unit.rules_input.conftest import Reader

Numbers = Mapping[str, Decimal]
Judge = Callable[[dict[str, Any]], str | None]

ENOUGH: dict[str, Callable[[Numbers], dict[str, Any]]] = {
    "nsaid": lambda n: {"weeks": n["nsaid_trial_weeks"], "full_dose": True},
    "muscle-relaxant": lambda n: {"weeks": n["relaxant_trial_weeks"], "full_dose": True},
    "neuropathic-agent": lambda n: {"weeks": n["neuropathic_trial_weeks"], "full_dose": True},
    "physical-therapy": lambda n: {"weeks": n["pt_trial_weeks"], "sessions": int(n["pt_trial_sessions"])},
    "epidural-steroid-injection": lambda n: {"sessions": 1, "technique_sound": True},
    "trigger-point-injection": lambda n: {"sessions": 1},
    "radiofrequency-ablation": lambda n: {"sessions": 1, "technique_sound": True},
    "spinal-cord-stimulation": lambda n: {"sessions": 1, "technique_sound": True},
}  # fmt: skip
"""The least that makes a trial of a treatment adequate."""


@pytest.fixture
def judged(pathway: Pathway, checker: Checker, settings: Numbers) -> Judge:
    def run(trial: dict[str, Any]) -> str | None:
        (row,) = checker.check({"facts": {}, "trials": [trial]}, ON).trials or ()
        return judge(pathway, row, settings, ON)

    return run


def no_effect(settings: Numbers, treatment: str = "nsaid", **fields: Any) -> dict[str, Any]:
    """Return an adequate trial whose relief stayed just below the moderate mark, with *fields* changed."""
    relief = settings["relief_moderate_percent"] - 1
    return {
        "treatment": treatment,
        **ENOUGH[treatment](settings),
        "relief_percent": relief,
    } | fields


@pytest.mark.hazard("H-19")
@pytest.mark.parametrize("treatment", ENOUGH)
def test_a_trial_just_long_and_strong_enough_that_did_not_help_has_failed(
    treatment: str, judged: Judge, settings: Numbers
) -> None:
    assert judged(no_effect(settings, treatment)) == "failed"


@pytest.mark.hazard("H-19")
@pytest.mark.hazard("H-21")
@pytest.mark.parametrize(
    ("treatment", "field"), [(t, f) for t in ENOUGH for f in ("weeks", "sessions", "full_dose", "technique_sound")]
)  # fmt: skip
def test_a_trial_that_falls_short_does_not_count_and_one_of_unknown_strength_is_left_open(
    treatment: str, field: str, judged: Judge, settings: Numbers
) -> None:
    enough = ENOUGH[treatment](settings)
    if field not in enough:
        # What the treatment does not ask for changes nothing.
        assert judged(no_effect(settings, treatment, **{field: None})) == "failed"
        return
    less = {"weeks": lambda v: v - Decimal("0.01"), "sessions": lambda v: v - 1}
    short = less.get(field, lambda v: False)(enough[field])

    assert judged(no_effect(settings, treatment, **{field: short})) == "inadequate"
    assert judged(no_effect(settings, treatment, **{field: None})) is None


def test_a_trial_certainly_too_short_is_inadequate_whatever_its_dose_was(
    judged: Judge, settings: Numbers
) -> None:
    assert judged(no_effect(settings, weeks=0, full_dose=None)) == "inadequate"


@pytest.mark.hazard("H-19")
@pytest.mark.parametrize(
    ("mark", "step", "fields", "outcome"),
    [
        ("moderate", -1, {}, "failed"),
        ("moderate", 0, {"goal_met": False, "odi": -1}, "partial"),
        ("moderate", 0, {"goal_met": True}, "responder"),
        ("moderate", 0, {"goal_met": False, "odi": 0}, "responder"),
        ("moderate", 0, {"odi": -1}, None),
        ("moderate", 0, {}, None),
        ("substantial", -1, {"goal_met": False, "odi": -1}, "partial"),
        ("substantial", -1, {"goal_met": True}, "responder"),
        ("substantial", 0, {}, "responder"),
        ("substantial", 0, {"goal_met": False, "odi": -1}, "responder"),
        ("substantial", 0, {"still_helping": True}, "responder"),
        ("substantial", 0, {"still_helping": False}, "worn-off"),
        ("substantial", -1, {"still_helping": False, "goal_met": True}, "responder"),
    ],
    ids=[
        "below moderate", "moderate, no better function", "moderate, goal met", "moderate, ODI just enough better",
        "moderate, goal not told", "moderate, function not told", "below substantial, no better function",
        "below substantial, goal met", "substantial", "substantial without better function",
        "substantial and helping still", "substantial, then worn off", "less than substantial cannot wear off",
    ],
)  # fmt: skip
def test_relief_is_judged_on_each_side_of_the_marks_together_with_function(
    mark: str,
    step: int,
    fields: dict[str, Any],
    outcome: str | None,
    judged: Judge,
    settings: Numbers,
) -> None:
    fields = dict(fields)
    if "odi" in fields:
        fields["odi_points_better"] = int(settings["odi_change_points"]) + fields.pop("odi")
    relief = settings[f"relief_{mark}_percent"] + step

    assert judged(no_effect(settings, relief_percent=relief, **fields)) == outcome


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"stopped_because": "harm"}, "intolerant"),
        ({"stopped_because": "harm", "weeks": 0}, "intolerant"),
        ({"stopped_because": "harm", "relief_percent": 100}, "intolerant"),
        ({"stopped_because": "worse"}, "worse"),
        ({"relief_percent": -1}, "worse"),
        ({"relief_percent": 0}, "failed"),
        ({"stopped_because": "still-running"}, "running"),
        ({"stopped_because": "still-running", "relief_percent": None}, "running"),
        ({"stopped_because": "still-running", "relief_percent": 100}, "responder"),
        ({"stopped_because": "no-effect", "relief_percent": None}, "failed"),
        ({"stopped_because": "no-effect", "relief_percent": None, "weeks": 0}, "inadequate"),
        ({"stopped_because": "no-effect", "relief_percent": None, "full_dose": None}, None),
        ({"stopped_because": "course-ended", "relief_percent": None}, None),
        ({"stopped_because": "other", "relief_percent": None}, None),
        ({"relief_percent": None}, None),
    ],
    ids=[
        "harm", "harm at once", "harm in spite of relief", "worse", "relief below 0", "no relief at all", "running",
        "running, relief not told", "running and helping", "no effect told in words", "no effect, too short",
        "no effect, dose not told", "ended, relief not told", "another reason", "nothing told of the result",
    ],
)  # fmt: skip
def test_why_a_trial_was_stopped_decides_before_its_relief(
    fields: dict[str, Any], outcome: str | None, judged: Judge, settings: Numbers
) -> None:
    assert judged(no_effect(settings, **fields)) == outcome


@pytest.mark.hazard("H-21")
@pytest.mark.parametrize(
    "field", ["full_dose", "weeks", "relief_percent"], ids=["dose", "weeks", "relief"]
)
def test_a_trial_that_cannot_be_judged_is_asked_for_and_passes_no_stage(
    field: str, decide: Callable[[dict[str, Any]], Decision], settings: Numbers
) -> None:
    base = next(v for v in get_vignettes("fbss") if v.id == "V07").input
    assert base["trials"] == []

    def nsaid(trial: dict[str, Any]) -> tuple[Decision, str, str]:
        decision = decide({**base, "trials": [trial]})
        item = next(item for item in decision.treatments if item.treatment == "nsaid")
        return decision, item.trial, item.verdict.value

    decision, trial, verdict = nsaid(no_effect(settings, **{field: None}))

    assert nsaid(no_effect(settings))[1:] == ("failed", "tried-failed")
    assert (trial, verdict) == ("not-settled", "needs-data")
    assert decision.stage == "S1"
    assert "trials" in {item.fact for item in decision.missing}


ORDER = (
    "responder", None, "partial", "failed", "worse", "intolerant", "worn-off", "running", "inadequate",
)  # fmt: skip
"""Which of two trials of one treatment counts: the one named earlier; None is a trial nobody can judge."""


@pytest.mark.hazard("H-21")
def test_of_two_trials_the_one_that_helped_counts_then_the_open_one_then_partial_then_failed() -> (
    None
):
    for first, second in combinations(ORDER, 2):
        assert together([first, second]) == together([second, first]) == first
        assert together([second, second, first]) == first


def test_no_trial_counts_as_none_and_one_trial_as_itself() -> None:
    assert together([]) == "none"
    assert [together([outcome]) for outcome in ORDER] == list(ORDER)


def test_every_outcome_of_the_documents_has_a_place_in_the_order(pathway: Pathway) -> None:
    assert {row.outcome for row in pathway.outcomes} == set(ORDER) - {None}


@pytest.mark.hazard("H-01")
@pytest.mark.parametrize(
    ("trials", "tried", "gabapentinoid"),
    [
        (None, None, None),
        ([], "none", "none"),
        ([{"agent": "duloxetine"}], "failed", "none"),
        ([{"agent": "Lyrica"}], "failed", "failed"),
        ([{}], "failed", "none"),
        ([{"agent": "pregabalin", "relief_percent": 100}, {"agent": "gabapentin"}], "responder", "responder"),
        ([{"agent": "duloxetine", "relief_percent": 100}, {"agent": "gabapentin"}], "responder", "failed"),
    ],
    ids=["not told", "none", "duloxetine", "a brand of pregabalin", "agent not told", "one of two helped",
         "duloxetine helped"],
)  # fmt: skip
def test_trials_of_a_class_are_judged_apart_from_those_of_the_treatment(
    trials: list[dict[str, Any]] | None, tried: object, gabapentinoid: object, read: Reader, settings: Numbers
) -> None:  # fmt: skip
    rows = (
        None if trials is None else [no_effect(settings, "neuropathic-agent", **t) for t in trials]
    )
    values = read(trials=rows).values

    assert values.get("tried_neuropathic_agent") == tried
    assert values.get("tried_gabapentinoid") == gabapentinoid
