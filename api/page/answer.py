"""The middle and the right of the page: one decision arranged for reading. It chooses and orders; it never decides."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from api.companion import get_companion
from api.page.facts_view import FactField, answerable
from api.page.form import Fields
from api.page.rows import LIST_OF
from api.page.words import verdict_word
from rules.diagram import diagram
from rules.explaining.why import Prover
from schemas.decision import OFFERS, Decision, Missing, Reason, State, TreatmentDecision, Verdict
from schemas.diagram import Diagram
from schemas.explanation import VerdictProof, WhyNot
from schemas.pathway import Pathway
from schemas.patient import Patient

MOST_REASONS = 3
ANSWERED_IN_PLACE = 4
_NOT_NOW = (
    Verdict.ON_HOLD,
    Verdict.NEEDS_DATA,
    Verdict.NOT_YET,
    Verdict.BLOCK_UNLESS_JUSTIFIED,
    Verdict.BLOCK,
    Verdict.TRIED_FAILED,
    Verdict.NOT_INDICATED,
)
_KINDS = ("a caution for ", "red sign ")


@dataclass(frozen=True)
class NotNow:
    """One treatment that is not an option now, and the comparison that decides it."""

    item: TreatmentDecision
    why: WhyNot


@dataclass(frozen=True)
class OpenQuestion:
    """One open question; with a field where it can be answered on the spot."""

    missing: Missing
    field: FactField | None
    list_id: str
    """The list to complete instead, where the question is about one."""
    decides: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """A decision with everything the page shows beside it."""

    decision: Decision
    because: tuple[Reason, ...]
    offers: tuple[TreatmentDecision, ...]
    kept: tuple[TreatmentDecision, ...]
    not_now: tuple[NotNow, ...]
    questions: tuple[OpenQuestion, ...]
    later_questions: tuple[OpenQuestion, ...]
    red_sign_questions: int
    map: Diagram
    proofs: tuple[VerdictProof, ...]
    matrix: tuple[WhyNot, ...]
    outline: str
    """Urgency, stage and verdicts as JSON: what the page compares to say what has changed."""
    blank: bool
    """Whether nothing at all is known about the patient."""


def arrange(decision: Decision, patient: Patient, pathway: Pathway, fields: Fields) -> Answer:
    """Return *decision* arranged for the page; *patient* is what it was decided on."""
    prover = Prover(pathway, get_companion(pathway.id).explainer(patient))
    matrix = prover.matrix(decision)
    rows = {row.treatment: row for row in matrix}
    order = {verdict: at for at, verdict in enumerate(_NOT_NOW)}
    rest = [item for item in decision.treatments if item.verdict in order]
    rest.sort(key=lambda item: order[item.verdict])
    questions = tuple(_questions(decision, pathway, fields))
    return Answer(
        decision=decision,
        because=because(decision),
        offers=tuple(item for item in decision.treatments if item.verdict in OFFERS),
        kept=tuple(i for i in decision.treatments if i.verdict is Verdict.TRIED_HELPED),
        not_now=tuple(NotNow(item, rows[item.treatment]) for item in rest),
        questions=questions[:ANSWERED_IN_PLACE],
        later_questions=questions[ANSWERED_IN_PLACE:],
        red_sign_questions=sum(item.red_sign for item in decision.missing),
        map=diagram(pathway, decision),
        proofs=prover.verdicts(decision),
        matrix=matrix,
        outline=outline(decision),
        blank=not patient.facts and patient.trials is None and patient.surgeries is None,
    )


def because(decision: Decision) -> tuple[Reason, ...]:
    """Return at most three reasons for where the patient stands, the most urgent first."""
    if decision.red_signs:
        found: Iterable[Reason] = (r for sign in decision.red_signs for r in sign.reasons)
    elif decision.state is State.OUT_OF_SCOPE:
        found = decision.scope.reasons
    else:
        found = _behind_steps(decision)
    told: dict[str, Reason] = {}
    for reason in found:
        told.setdefault(reason.says, reason)
    return tuple(told.values())[:MOST_REASONS]


def _behind_steps(decision: Decision) -> Iterable[Reason]:
    """Yield the reason behind each next step that has one, in their order."""
    treatments = {item.treatment: item for item in decision.treatments}
    advice = {item.rule: item.reason for item in decision.advice}
    for step in decision.next_steps:
        if step.treatment in treatments:
            yield from [r for r in treatments[step.treatment].reasons if r.holds == "true"][:1]
        elif step.rule in advice:
            yield advice[step.rule]


def _questions(decision: Decision, pathway: Pathway, fields: Fields) -> Iterable[OpenQuestion]:
    known = answerable(pathway, fields, (item.fact for item in decision.missing))
    for item in decision.missing:
        yield OpenQuestion(
            missing=item,
            field=known.get(item.fact),
            list_id=item.fact if item.fact in LIST_OF else "",
            decides=tuple(name_of(pathway, each) for each in item.decides),
        )


def name_of(pathway: Pathway, id: str) -> str:
    """Return what a treatment, a sign or a fact is called, without what its title adds in brackets."""
    for kind in _KINDS:
        if id.startswith(kind):
            return kind + name_of(pathway, id.removeprefix(kind))
    for things in (pathway.treatments, pathway.facts, pathway.signs):
        if id in things:
            return str(things[id].title).partition(" (")[0]
    return id


def outline(decision: Decision) -> str:
    """Return urgency, stage, screen and verdicts of *decision* in words, as JSON."""
    found: dict[str, Any] = {
        "Urgency": decision.urgency_text,
        "Stage": stage_words(decision),
        "Red signs": ", ".join(sign.title for sign in decision.red_signs) or "none open",
        "Open questions": str(len(decision.missing)),
        **{item.title: verdict_word(item.verdict) for item in decision.treatments},
    }
    return json.dumps(found, ensure_ascii=False)


def stage_words(decision: Decision) -> str:
    """Return where the patient stands, in words."""
    state = decision.state.value.replace("-", " ")
    return decision.stage if decision.stage == state else f"{decision.stage} ({state})"
