"""Every law notices when it is broken: a decision is doctored in memory, and the law must say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from api.library import get_decider, get_vignettes
from api.service import get_checker
from rules.invariants import INVARIANTS, RELATIONS, Ask, Case, asking
from schemas.decision import NextStep, Stale, State, Verdict
from schemas.pathway import Urgency
from tests.properties.rows import OUTCOMES

Doctor = Callable[[Case], Case]
ASK: Ask = asking(get_decider("fbss"), get_checker("fbss"))
INPUTS = {v.id: v.input for v in get_vignettes("fbss")}
EMERGENCY, WEAK, CLEAN = INPUTS["V03"], INPUTS["V14"], INPUTS["V07"]


def asked(data: Any) -> Case:
    case = ASK(data)
    assert case is not None
    return case


def and_facts(data: Any, **facts: Any) -> dict[str, Any]:
    return {**data, "facts": {**data["facts"], **facts}}


def without(data: Any, *names: str) -> dict[str, Any]:
    return {**data, "facts": {k: v for k, v in data["facts"].items() if k not in names}}


def taking(data: Any, *agents: str) -> dict[str, Any]:
    return {**data, "medications": [{"agent": agent} for agent in agents]}


def having_tried(data: Any, treatment: str, outcome: str, **more: Any) -> dict[str, Any]:
    return {**data, "trials": [{"treatment": treatment, **OUTCOMES[outcome], **more}]}


def changed(**fields: Any) -> Doctor:
    return lambda case: replace(case, decision=case.decision.model_copy(update=fields))


def treated(*names: str, **fields: Any) -> Doctor:
    """Doctor the verdict lines of some treatments."""

    def doctor(case: Case) -> Case:
        items = tuple(
            item.model_copy(update=fields) if item.treatment in names else item
            for item in case.decision.treatments
        )
        return changed(treatments=items)(case)

    return doctor


def all_of(*doctors: Doctor) -> Doctor:
    def doctor(case: Case) -> Case:
        for each in doctors:
            case = each(case)
        return case

    return doctor


def with_step(**fields: Any) -> Doctor:
    return lambda case: changed(next_steps=(*case.decision.next_steps, NextStep(**fields)))(case)


def without_facts_in_reasons(case: Case) -> Case:
    item = case.treatments["nsaid"]
    reasons = tuple(reason.model_copy(update={"facts": ()}) for reason in item.reasons)
    return treated("nsaid", reasons=reasons)(case)


def offered_opioid() -> dict[str, Any]:
    """A patient in severe pain to whom every other medicine has been given in vain."""
    data = and_facts(
        CLEAN, pain_back_nrs=9, pain_leg_nrs=9, pdmp_checked=True, age=70,
        opioid_goal_and_stop_date_agreed=True, radicular_neuropathic_by_clinician=False,
        leg_pain_below_knee=False, dn4=1,
    )  # fmt: skip
    return having_tried(data, "nsaid", "failed", agent="ibuprofen")


def offered_epidural() -> dict[str, Any]:
    """A patient with radicular pain, on an anticoagulant with an agreed plan, for whom the first stage failed."""
    data = and_facts(
        CLEAN, leg_pain_below_knee=True, lumbar_imaging="2026-01-10", imaging_concordant=True,
        baseline_scales_recorded=True, antithrombotic_plan_agreed=True, dn4=6,
    )  # fmt: skip
    failed = OUTCOMES["failed"]
    return {
        **data,
        "medications": [{"agent": "apixaban"}],
        "trials": [
            {"treatment": "nsaid", "agent": "ibuprofen", **failed},
            {"treatment": "neuropathic-agent", "agent": "gabapentin", **failed},
            {"treatment": "physical-therapy", **failed},
        ],
    }


def with_override(data: Any, treatment: str, lifts: str) -> dict[str, Any]:
    note = {"treatment": treatment, "lifts": lifts, "who": "Dr Oren", "when": data["on"],
            "why": "talked through with her"}  # fmt: skip
    return {**data, "overrides": [note]}


def applied(case: Case) -> Case:
    notes = tuple(o.model_copy(update={"applied": True}) for o in case.decision.overrides)
    return changed(overrides=notes)(case)


RECOMMENDED = {"verdict": Verdict.RECOMMEND}
CONSIDERED = {"verdict": Verdict.CONSIDER}

BROKEN: list[tuple[str, str, Any, Doctor]] = [
    ("INV-R1", "an emergency called routine", EMERGENCY, changed(urgency=Urgency.U3)),
    ("INV-R1", "a quiet patient called urgent", CLEAN, changed(urgency=Urgency.U1)),
    ("INV-R2", "no assessment in an emergency", EMERGENCY, changed(surgical_assessment=None)),
    ("INV-R2", "the assessment at the end", EMERGENCY,
     lambda case: changed(next_steps=case.decision.next_steps[::-1])(case)),
    ("INV-R3", "revision helped, without a sign", CLEAN,
     treated("revision-surgery", verdict=Verdict.TRIED_HELPED)),
    ("INV-R3", "revision among the steps", CLEAN,
     with_step(kind="keep", text="keep", treatment="revision-surgery")),
    ("INV-R4", "revision recommended", EMERGENCY,
     treated("revision-surgery", summary="revision surgery is recommended")),
    ("INV-R4", "revision offered", CLEAN, treated("revision-surgery", **CONSIDERED)),
    ("INV-R6", "an offer under an open sign", WEAK, treated("neuropathic-agent", **CONSIDERED)),
    ("INV-R6", "an emergency that only holds the needles", EMERGENCY,
     treated("epidural-steroid-injection", verdict=Verdict.ON_HOLD)),
    ("INV-R6", "a live step under an open sign", EMERGENCY,
     with_step(kind="offer", text="begin", treatment="nsaid")),
    ("INV-R7", "an unanswered sign not asked for", without(CLEAN, "bladder_disturbance"),
     changed(missing=())),
    ("INV-R7", "an unanswered sign in a complete screen", without(CLEAN, "bladder_disturbance"),
     changed(screen_complete=True)),
    ("INV-R8", "a complete screen with a question open", without(CLEAN, "meningism"),
     changed(screen_complete=True)),
    ("INV-R8", "the words before the answers", without(CLEAN, "meningism"),
     changed(urgency_text="routine, no red signs")),
    ("INV-R10", "a sign lost on the way", EMERGENCY, changed(red_signs=())),
    ("INV-P1", "an injection before anything was tried", CLEAN,
     treated("epidural-steroid-injection", **RECOMMENDED)),
    ("INV-P3", "a stage the facts do not reach", CLEAN, changed(state=State.S2, stage="S2")),
    ("INV-P3", "a stage that is not the state", CLEAN, changed(stage="S3")),
    ("INV-P4", "nothing at all", without(CLEAN, "meningism"), changed(next_steps=())),
    ("INV-P4", "a verdict without words", CLEAN, treated("nsaid", summary="")),
    ("INV-P5", "therapy that failed, again",
     having_tried(CLEAN, "physical-therapy", "failed"), treated("physical-therapy", **RECOMMENDED)),
    ("INV-P7", "a stimulator in the first stage", CLEAN,
     treated("spinal-cord-stimulation", **CONSIDERED)),
    ("INV-P9", "an offer out of scope", and_facts(CLEAN, pain_now=False),
     treated("nsaid", **RECOMMENDED)),
    ("INV-P10", "treatments in another order", CLEAN,
     lambda case: changed(treatments=case.decision.treatments[::-1])(case)),
    ("INV-P10", "an option called the best", CLEAN, treated("nsaid", summary="the best option")),
    ("INV-C1", "an NSAID offered in allergy", and_facts(CLEAN, nsaid_allergy=True),
     treated("nsaid", **RECOMMENDED)),
    ("INV-C1b", "a block not shown", and_facts(CLEAN, heart_failure="severe"),
     treated("nsaid", verdict=Verdict.NEEDS_DATA)),
    ("INV-C1b", "a block without its reason", and_facts(CLEAN, heart_failure="severe"),
     treated("nsaid", reasons=())),
    ("INV-C4", "an NSAID offered with the allergy unknown", without(CLEAN, "nsaid_allergy"),
     treated("nsaid", **RECOMMENDED)),
    ("INV-C4b", "data needed and none named", without(CLEAN, "nsaid_allergy"),
     treated("nsaid", missing=())),
    ("INV-C1c", "an offer that is no step", CLEAN, changed(next_steps=())),
    ("INV-O4b", "an opioid after a use disorder without the warning",
     and_facts(offered_opioid(), opioid_use_disorder="treated-or-past"), treated("opioid", cautions=())),
    ("INV-O5b", "an opioid taken and never reviewed", taking(CLEAN, "oxycodone"), changed(advice=())),
    ("INV-D11b", "a list not given and not asked for", {**CLEAN, "trials": None}, changed(missing=())),
    ("INV-C5", "an allergy that does not block", and_facts(CLEAN, injectate_allergy=True),
     treated("trigger-point-injection", verdict=Verdict.NOT_YET)),
    ("INV-C6", "a second NSAID without a word", taking(CLEAN, "naproxen"),
     treated("nsaid", cautions=(), **RECOMMENDED)),
    ("INV-C7b", "an injection on apixaban without the warning", offered_epidural(),
     treated("epidural-steroid-injection", cautions=())),
    ("INV-C7", "an injection on apixaban without a plan",
     and_facts(offered_epidural(), antithrombotic_plan_agreed=False),
     treated("epidural-steroid-injection", **RECOMMENDED)),
    ("INV-C8", "a needle held but not blocked in infection",
     and_facts(CLEAN, bloodstream_infection=True),
     treated("trigger-point-injection", verdict=Verdict.ON_HOLD)),
    ("INV-C9", "an override applied under an emergency sign",
     with_override(EMERGENCY, "nsaid", "block-unless-justified"), applied),
    ("INV-O1", "an opioid first", CLEAN, treated("opioid", **CONSIDERED)),
    ("INV-O2", "an opioid without its warnings", offered_opioid(),
     treated("opioid", shows=(), reasons=(), summary="")),
    ("INV-O3", "an opioid beside a benzodiazepine", taking(offered_opioid(), "diazepam"),
     treated("opioid", **CONSIDERED)),
    ("INV-O4", "an opioid in an active use disorder",
     and_facts(CLEAN, opioid_use_disorder="active-untreated"), treated("opioid", **CONSIDERED)),
    ("INV-O4", "an opioid with the disorder unasked",
     without(offered_opioid(), "opioid_use_disorder"), treated("opioid", **CONSIDERED)),
    ("INV-O5", "a second opioid", taking(CLEAN, "oxycodone"), treated("opioid", **CONSIDERED)),
    ("INV-O5b", "an abrupt stop", taking(CLEAN, "oxycodone"),
     with_step(kind="refer", text="stop abruptly")),
    ("INV-O6", "an opioid in older age without naloxone", offered_opioid(),
     treated("opioid", cautions=())),
    ("INV-O7", "the three together", taking(offered_opioid(), "diazepam"),
     treated("opioid", "muscle-relaxant", **CONSIDERED)),
    ("INV-O8", "an opioid in moderate pain", and_facts(offered_opioid(), pain_back_nrs=5, pain_leg_nrs=5),
     treated("opioid", **CONSIDERED)),
    ("INV-D5b", "an unheard-of medicine dropped", taking(CLEAN, "unheard of"), changed(not_used=())),
    ("INV-D5b", "an unheard-of medicine of a trial dropped",
     having_tried(CLEAN, "nsaid", "failed", agent="unheard of"), changed(not_used=())),
    ("INV-D10", "a contradiction not named", and_facts(CLEAN, leg_weakness="none", weakness_mrc=3),
     changed(conflicts=())),
    ("INV-D11", "an offer without the list of trials", {**CLEAN, "trials": None},
     treated("nsaid", **RECOMMENDED)),
    ("INV-D13", "the assumption not shown", CLEAN, changed(caveats=())),
    ("INV-E2", "a fault", CLEAN, changed(faults=("voices-differ",), incomplete=True)),
    ("INV-E4", "an offer without a reason", CLEAN, treated("nsaid", reasons=())),
    ("INV-E5", "a reason without its facts", CLEAN, without_facts_in_reasons),
    ("INV-E7", "a routine answer in spite of a fault", CLEAN,
     changed(faults=("rule-engine",), incomplete=True)),
    ("INV-E8", "the hash of another pathway", CLEAN, changed(content_hash="0" * 64)),
    ("INV-E8", "a decision changed after its receipt", CLEAN, changed(urgency=Urgency.U2)),
    ("INV-E9", "a step said twice", CLEAN,
     lambda case: changed(next_steps=case.decision.next_steps * 2)(case)),
    ("INV-E10", "a promise", CLEAN, treated("nsaid", summary="it will relieve the pain for good")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("law", "data", "doctor"),
    [(law, data, doctor) for law, _, data, doctor in BROKEN],
    ids=[f"{law}: {words}" for law, words, _, _ in BROKEN],
)
def test_a_law_says_so_when_a_decision_breaks_it(law: str, data: Any, doctor: Doctor) -> None:
    honest = asked(data)

    assert INVARIANTS[law].check(honest) == []
    assert INVARIANTS[law].check(doctor(honest)) != []


BROKEN_PAIRS: list[tuple[str, str, Any, Doctor, Doctor]] = [
    # law, in words, patient, what is done to the first decision, what is done to the changed one
    ("INV-R5", "a worse sign ends the emergency", EMERGENCY, changed(), changed(urgency=Urgency.U3)),
    ("INV-R5", "a worse sign closes the others", EMERGENCY, changed(), changed(red_signs=())),
    ("INV-R9", "another fact closes the sign", EMERGENCY, changed(), changed(red_signs=())),
    ("INV-R13", "a child loses the sign", EMERGENCY, changed(), changed(red_signs=())),
    ("INV-R13", "a child is asked nothing", without(CLEAN, "meningism"), changed(), changed(missing=())),
    ("INV-P2", "a failed trial moves back", CLEAN, changed(), changed(state=State.NEEDS_ASSESSMENT)),
    ("INV-P8", "forgetting moves on", CLEAN, changed(), changed(state=State.S3)),
    ("INV-P8", "forgetting opens a treatment", CLEAN, changed(), treated("opioid", **CONSIDERED)),
    ("INV-C2", "a contraindication opens it", CLEAN, changed(), treated("nsaid", **RECOMMENDED)),
    ("INV-C2", "a contraindication removes a caution",
     and_facts(CLEAN, smoker=True, hypertension=True), changed(), treated("nsaid", cautions=())),
    ("INV-C3", "a contraindication calms", WEAK, changed(), changed(urgency=Urgency.U3)),
    ("INV-C9b", "an override lifts an allergy", and_facts(CLEAN, nsaid_allergy=True), changed(),
     treated("nsaid", **RECOMMENDED)),
    ("INV-D1", "a sign that was never asked for", without(CLEAN, "meningism"),
     changed(missing=()), changed()),
    ("INV-D1", "a screen complete without the answer", without(CLEAN, "meningism"),
     changed(screen_complete=True), changed()),
    ("INV-D2", "null answered otherwise", CLEAN, changed(), changed(urgency=Urgency.U2)),
    ("INV-D2", "a reason for not knowing asks otherwise", CLEAN, changed(), changed(missing=())),
    ("INV-D3", "another order, another answer", CLEAN, changed(), changed(urgency=Urgency.U2)),
    ("INV-D4", "said twice, counted twice", CLEAN, changed(), treated("nsaid", summary="twice")),
    ("INV-D5", "free text decides", CLEAN, changed(), treated("nsaid", verdict=Verdict.BLOCK)),
    ("INV-D5", "an unknown medicine not counted", CLEAN, changed(), changed(not_used=())),
    ("INV-D6", "an old fact not named", CLEAN, changed(), changed(stale=())),
    ("INV-D6", "an old fact still counts", CLEAN, changed(), changed(urgency=Urgency.U1)),
    ("INV-D6b", "a fresh fact does not count", CLEAN, changed(),
     lambda case: changed(stale=tuple(_stale(case)))(case)),
    ("INV-D6c", "a vague date closes a sign", EMERGENCY, changed(), changed(red_signs=())),
    ("INV-D8", "a vague date opens a treatment",
     having_tried(CLEAN, "nsaid", "failed", agent="ibuprofen", ended="2025-11-20"), changed(),
     treated("epidural-steroid-injection", **RECOMMENDED)),
    ("INV-D11c", "a list that may lack something opens a treatment", CLEAN, changed(),
     treated("opioid", **CONSIDERED)),
    ("INV-D11c", "a list that may lack something closes a sign", WEAK, changed(),
     changed(red_signs=(), screen_complete=True)),
    ("INV-D12", "learning closes a sign", WEAK, changed(), changed(red_signs=())),
    ("INV-M1", "learning overturns an offer", CLEAN, changed(),
     treated("nsaid", verdict=Verdict.NEEDS_DATA)),
    ("INV-E1", "asked again, answered otherwise", CLEAN, changed(), changed(urgency=Urgency.U2)),
]  # fmt: skip


def _stale(case: Case) -> list[Any]:
    return [Stale(fact=name, date="2026-01-01", shelf_days=1) for name in case.pathway.facts]


@pytest.mark.parametrize(
    ("law", "data", "first", "second"),
    [row[:1] + row[2:] for row in BROKEN_PAIRS],
    ids=[f"{row[0]}: {row[1]}" for row in BROKEN_PAIRS],
)
def test_a_law_between_two_decisions_says_so_when_it_is_broken(
    law: str, data: Any, first: Doctor, second: Doctor
) -> None:
    relation, honest = RELATIONS[law], asked(data)
    every = list(relation.changes(honest))
    bases = [change.base for change in every if change.base is not None]
    some = [change for change in every if change.about in ("meningism", "counted")]
    some += every[:: max(1, len(every) // 12)]

    def lying(other: Any) -> Case | None:
        case = ASK(other)
        return case if case is None or other in bases else second(case)

    assert relation.check(honest, ASK, lambda _: some) == []
    assert relation.check(first(honest), lying, lambda _: some) != []


def test_every_law_has_been_seen_to_fail() -> None:
    assert {row[0] for row in BROKEN} == set(INVARIANTS)
    assert {row[0] for row in BROKEN_PAIRS} == set(RELATIONS)


def test_the_opioid_and_the_injection_of_these_tests_are_really_offered() -> None:
    assert "opioid" in asked(offered_opioid()).offers
    assert "epidural-steroid-injection" in asked(offered_epidural()).offers
