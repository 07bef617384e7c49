"""Why, why not, what to ask, what would change it: computed, checked, and never invented."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from api.companion import get_companion
from api.explain_text import explanation_text
from api.library import get_vignettes
from rules.check import Checker
from rules.decide import Decider
from rules.derive import read_patient
from rules.explaining.answers import leaves_by_fact
from rules.explaining.companion import Companion
from rules.explaining.influence import InfluenceFinder
from schemas.decision import OFFERS, State
from schemas.errors import NotFoundError
from schemas.explanation import Explanation
from schemas.patient import Patient
from tests.conftest import ON

CASES = get_vignettes("fbss")


@pytest.fixture(scope="module")
def companion() -> Companion:
    return get_companion("fbss")


@pytest.fixture(scope="module")
def explained(companion: Companion, checker: Checker) -> dict[str, Explanation]:
    return {case.id: companion.explain(checker.check(case.input, ON)) for case in CASES}


def _patient(checker: Checker, case: str, **facts: Any) -> Patient:
    data = copy.deepcopy(next(each.input for each in CASES if each.id == case))
    data["facts"].update(facts)
    return checker.check(data, ON)


@pytest.mark.parametrize("case", [case.id for case in CASES])
def test_every_patient_gets_a_page_with_all_ten_treatments_and_every_caveat(
    case: str, explained: dict[str, Explanation]
) -> None:
    explanation = explained[case]
    page = " ".join(explanation_text(explanation).split())

    assert len(explanation.matrix) == len(explanation.verdicts) == 10
    for row in explanation.matrix:
        assert " ".join(row.title.split()) in page
        assert row.deciding
    for caveat in explanation.decision.caveats:
        assert caveat in page
    for sign in explanation.decision.red_signs:
        assert sign.title in page


def test_no_verdict_shows_more_than_three_short_reasons(explained: dict[str, Explanation]) -> None:
    assert all(len(v.short) <= 3 for e in explained.values() for v in e.verdicts)


@pytest.mark.hazard("H-37")
def test_the_facts_a_true_reason_cites_fire_its_rule_alone(
    decider: Decider, companion: Companion, checker: Checker
) -> None:
    settings = decider.voices.settings("default")
    evaluator, _ = decider.voices.compiled(settings)
    tried = 0
    for case in CASES:
        patient = checker.check(case.input, ON)
        values = read_patient(decider.pathway, patient, settings).values
        decision = decider.decide(patient)
        reasons = [r for t in decision.treatments for r in (*t.reasons, *t.cautions)]
        reasons += [r for sign in decision.red_signs for r in sign.reasons]
        for reason in reasons:
            if reason.holds != "true":
                continue
            alone = {used.fact: values[used.fact] for used in reason.facts}
            if _needs_absence(decider, f"rule:{reason.rule}"):
                continue
            nodes = evaluator.nodes(evaluator.leaves(alone, patient.on))
            assert nodes[decider.network.index[f"rule:{reason.rule}"]] == 2, reason.rule
            tried += 1
    assert tried > 150


def _needs_absence(decider: Decider, name: str) -> bool:
    """Whether a rule reads `known(...)`: what is absent is then a ground too, and cannot be cited."""
    for node in decider.network.upstream([name]):
        text = decider.network.conditions[node].model_dump_json()
        if '"kind":"known"' in text:
            return True
    return False


def test_the_stimulation_counterfactual_of_v13_names_the_psychological_evaluation(
    explained: dict[str, Explanation],
) -> None:
    found = next(
        c for c in explained["V13"].counterfactuals if c.treatment == "spinal-cord-stimulation"
    )

    assert found.ways
    change = next(c for c in found.ways[0].changes if c.fact == "psychological_evaluation")
    assert (change.kind, change.to) == ("do", "done-suitable")


def test_the_injection_counterfactual_of_v12_is_the_hba1c_below_its_hold(
    explained: dict[str, Explanation], decider: Decider
) -> None:
    found = next(
        c for c in explained["V12"].counterfactuals if c.treatment == "epidural-steroid-injection"
    )
    hold = decider.pathway.settings["a1c_hold_esi_percent"].value

    assert [[c.fact for c in way.changes] for way in found.ways] == [["hba1c_percent"]]
    assert (
        found.ways[0].changes[0].to == f"below {hold} %" or str(hold) in found.ways[0].changes[0].to
    )


def test_revision_surgery_never_has_a_way(explained: dict[str, Explanation]) -> None:
    for explanation in explained.values():
        found = next(c for c in explanation.counterfactuals if c.treatment == "revision-surgery")
        assert not found.ways
        assert not found.available
        assert "never offered" in found.text or "come first" in found.text


def test_no_way_advises_a_contraindication_or_changes_what_cannot_be_changed(
    explained: dict[str, Explanation], decider: Decider
) -> None:
    for explanation in explained.values():
        for each in explanation.counterfactuals:
            for way in each.ways:
                for change in way.changes:
                    if change.kind == "do":
                        trial = change.fact.startswith("tried_")
                        assert trial or decider.pathway.definition(change.fact).do, change.fact
                        assert change.earliest is not None
                        assert change.earliest >= explanation.decision.on


@pytest.mark.parametrize("case", ["V02", "V07", "V12", "V13"])
def test_a_way_works_and_each_of_its_changes_is_needed(
    case: str, companion: Companion, checker: Checker, decider: Decider
) -> None:
    patient = _patient(checker, case)
    explainer = companion.explainer(patient)
    counterfactuals = companion.counterfactuals(patient, explainer)
    decision = decider.decide(patient)
    shown = 0
    for treatment in decider.pathway.treatments:
        item = next(t for t in decision.treatments if t.treatment == treatment)
        if item.verdict in OFFERS or not decider.pathway.treatments[treatment].stage:
            continue
        goals = counterfactuals.goals(treatment)
        repairs = counterfactuals.repairer.all_of(
            [counterfactuals.repairer.repair(*goal) for goal in goals]
        )
        for repair in repairs:
            way = counterfactuals.checked(repair, treatment)
            if way is None:
                continue
            shown += 1
            for left_out in repair:
                part = {fact: ways for fact, ways in repair.items() if fact != left_out}
                assert counterfactuals.checked(part, treatment) is None, (treatment, left_out)
    assert shown


def test_the_first_question_about_an_unknown_patient_is_a_red_sign(
    companion: Companion, checker: Checker
) -> None:
    patient = checker.check({"facts": {}, "on": "2026-03-01"}, ON)
    explanation = companion.explain(patient)

    assert explanation.decision.state is State.NEEDS_ASSESSMENT
    assert explanation.questions.ranked[0].red_sign
    assert explanation.questions.ranked[0].open_now


@pytest.mark.parametrize("case", ["V07", "V10", "V12", "V13"])
def test_a_question_called_irrelevant_changes_no_answer_in_any_of_many_futures(
    case: str, decider: Decider, checker: Checker, companion: Companion
) -> None:
    patient = _patient(checker, case)
    decision = decider.decide(patient)
    questions = companion.questions(patient, decision)
    finder, asker = companion.parts(patient)
    values = read_patient(decider.pathway, patient, decider.voices.settings("default")).values
    dice = random.Random(7)
    unknown = [fact for fact in finder.leaves if fact not in values]
    assert questions.exact
    for _ in range(60):
        future = dict(values)
        for fact in unknown:
            future[fact] = dice.choice(finder.ways(fact, patient.on)).value
        for fact in questions.irrelevant:
            outlines = {
                repr(asker.outline({**future, fact: way.value}, patient.on))
                for way in finder.ways(fact, patient.on)
            }
            assert len(outlines) == 1, fact


def test_what_keeps_an_answer_open_is_never_irrelevant(
    decider: Decider, checker: Checker, companion: Companion
) -> None:
    for case in CASES:
        for look in case.looks:
            patient = checker.check(look.input, ON)
            decision = decider.decide(patient)
            if decision.state is State.NEEDS_ASSESSMENT:
                continue
            finder, _ = companion.parts(patient)
            settings = decider.voices.settings(patient.settings)
            values = read_patient(decider.pathway, patient, settings).values
            influence = finder.find(values, patient.on)
            for item in decision.missing:
                if item.fact in decider.pathway.facts:
                    assert influence.matters(item.fact), (case.id, item.fact)


def test_every_distinct_way_to_answer_is_told_apart_by_some_comparison(
    decider: Decider,
) -> None:
    finder = InfluenceFinder(decider.pathway, decider.network, decider.voices.settings("default"))
    groups = leaves_by_fact(decider.network.leaves)
    for fact in groups:
        ways = finder.ways(fact, ON)
        assert ways[0].value is None
        assert len(ways) >= 2, fact


def test_a_treatment_nobody_has_is_a_clear_error(companion: Companion, checker: Checker) -> None:
    with pytest.raises(NotFoundError, match="treatments are nsaid"):
        companion.counterfactual(_patient(checker, "V07"), "leeches")
