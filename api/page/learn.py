"""Learning with the invented patients: what is asked, what counts as right, what is said once the learner has chosen.

The learner's choices travel in the page's form; the answers stay here until a choice has been made. Nobody is named.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from api.companion import get_companion
from api.page.cases import CaseShown, find_case
from api.page.learn_story import Change, changes
from api.service import decide_input, read_checked
from rules.explaining.why import Prover
from rules.learning import (
    NEXT_STEP,
    OUT,
    QUESTION,
    RED_SIGN,
    REFER,
    URGENCY,
    answers,
)
from schemas.decision import Decision
from schemas.errors import InputError, Problem
from schemas.explanation import Counterfactual, WhatIf, WhyNot
from schemas.pathway import Pathway
from schemas.vignette import Ask

_GENERAL = (
    (RED_SIGN, "Act on a red sign before anything else"),
    (REFER, "Review or refer before any further step"),
    (QUESTION, "Ask, examine or test before deciding"),
    (OUT, "This pathway is not for this patient"),
)
_URGENCIES = (
    ("U0", "An emergency: now"),
    ("U1", "Urgent: call a specialist the same day"),
    ("U2", "Soon: within about two weeks"),
    ("U3", "Routine"),
)
_STANDINGS = (
    ("offer", "It is open: offer it, or consider it"),
    ("keep", "It helps: keep it and review it"),
    ("not-yet", "Not yet: something has to come first"),
    ("ask", "It cannot be said: something has to be asked or measured first"),
    ("no", "No: it is not indicated, or has had its chance"),
    ("against", "Not now: a red sign or something else stands against it"),
)
SURENESS = (("low", "guessing"), ("middle", "fairly sure"), ("high", "sure"))

Mark = Literal["right", "also-right", "not-now"]


@dataclass(frozen=True)
class Question:
    """One question with what a learner can choose from."""

    about: str
    title: str
    options: tuple[tuple[str, str], ...]

    @property
    def field(self) -> str:
        return f"choice.{self.about}"


@dataclass(frozen=True)
class Marked:
    """What is said about one choice once the learner has committed."""

    question: Question
    mark: Mark
    choice: str
    chosen: str
    right: str
    why: WhyNot | None
    """What decides about the treatment in question."""
    otherwise: Counterfactual | None
    """What would have to be different for the choice to be right."""


@dataclass(frozen=True)
class Feedback:
    """Everything that is said after one look."""

    marks: tuple[Marked, ...]
    sureness: str
    decision: Decision
    missed: tuple[str, ...]
    """Red signs the choices passed over."""


def options(pathway: Pathway) -> tuple[tuple[str, str], ...]:
    """Return what a learner can choose as next step: four general answers and the nine treatments."""
    treatments = tuple(
        (each.id, each.title) for each in pathway.treatments.values() if each.family != "surgery"
    )
    return (*_GENERAL, *treatments)


def question_of(about: str, pathway: Pathway) -> Question:
    """Return the question on *about*: the next step, the urgency, or where one treatment stands."""
    if about == NEXT_STEP:
        return Question(about, "What is the next step?", options(pathway))
    if about == URGENCY:
        return Question(about, "How urgent is it?", _URGENCIES)
    return Question(about, f"{pathway.treatments[about].title}: where does it stand?", _STANDINGS)


def questions(shown: CaseShown, pathway: Pathway) -> tuple[Question, ...]:
    """Return what is asked at a look; the next step where its file asks nothing."""
    asks = shown.look.asks or (Ask(about=NEXT_STEP, answer=""),)
    return tuple(question_of(ask.about, pathway) for ask in asks)


def judge(decision: Decision, choice: str, about: str = NEXT_STEP) -> Mark:
    """Tell whether *choice* is what comes first, another thing that is right, or neither."""
    found = answers(decision, about)
    if choice == found[0]:
        return "right"
    return "also-right" if choice in found else "not-now"


def feedback(
    shown: CaseShown, chosen: Mapping[str, str], sureness: str, pathway: Pathway, today: dt.date
) -> Feedback:
    """Return what is said about the choices *chosen*, by what they are about.

    Raises InputError where a question has no choice, or one nobody offered: nothing is told before all are answered.
    """
    asked = questions(shown, pathway)
    for question in asked:
        if chosen.get(question.about, "") not in dict(question.options):
            raise InputError(
                Problem(
                    code="not-a-choice",
                    message="nothing has been chosen",
                    help=f"go back and answer: {question.title}",
                    where=question.field,
                )
            )
    data = shown.look.input
    decision = decide_input(pathway.id, data, today)
    explained = _Explained(data, decision, pathway, today)
    marks = tuple(explained.marked(each, chosen[each.about]) for each in asked)
    return Feedback(marks, sureness, decision, passed_over(decision, chosen))


def look_explained(
    shown: CaseShown, question: Question, pathway: Pathway, today: dt.date
) -> Marked:
    """Return the right answer to *question* with what decides it, as if a learner had given it."""
    decision = decided(pathway.id, shown.mark, today)
    right = answers(decision, question.about)[0]
    return _Explained(shown.look.input, decision, pathway, today).marked(question, right)


class _Explained:
    """One patient's explanation, made once for all questions."""

    def __init__(
        self, data: dict[str, Any], decision: Decision, pathway: Pathway, today: dt.date
    ) -> None:
        self.decision, self.pathway = decision, pathway
        self.patient = read_checked(pathway.id, data, today)
        self.companion = get_companion(pathway.id)
        rows = Prover(pathway, self.companion.explainer(self.patient)).matrix(decision)
        self.why = {row.treatment: row for row in rows}

    def marked(self, question: Question, choice: str) -> Marked:
        mark = judge(self.decision, choice, question.about)
        treatment = choice if question.about == NEXT_STEP else question.about
        offered = question.about == NEXT_STEP or choice == "offer"
        otherwise = None
        if mark == "not-now" and offered and treatment in self.why:
            otherwise = self.companion.counterfactual(self.patient, treatment)
        labels = dict(question.options)
        right = answers(self.decision, question.about)
        return Marked(
            question=question,
            mark=mark,
            choice=choice,
            chosen=labels[choice],
            right=labels[right[0]],
            why=self.why.get(treatment),
            otherwise=otherwise,
        )


def passed_over(decision: Decision, chosen: Mapping[str, str]) -> tuple[str, ...]:
    """Return the red signs that the choices leave standing: another next step, or a lower urgency."""
    step, urgency = chosen.get(NEXT_STEP, RED_SIGN), chosen.get(URGENCY, "U0")
    acted = step == RED_SIGN and urgency <= decision.urgency.value
    offered = "offer" in [chosen[about] for about in chosen if about not in (NEXT_STEP, URGENCY)]
    return () if acted and not offered else tuple(sign.title for sign in decision.red_signs)


@lru_cache(maxsize=256)
def decided(pathway: str, mark: str, today: dt.date) -> Decision:
    """Return the decision on the case *mark* (`V07/1`); nobody real is in it, so it may be kept."""
    return decide_input(pathway, find_case(pathway, *parts_of_mark(mark)).look.input, today)


def trail(shown: CaseShown, pathway: Pathway, today: dt.date) -> tuple[tuple[str, str, str], ...]:
    """Return where the patient stood at each visit up to *shown*: its date, the state, the urgency."""
    marks = [CaseShown(shown.case, at) for at in range(shown.at + 1)]
    found = [(each.look.input["on"], decided(pathway.id, each.mark, today)) for each in marks]
    return tuple((on, decision.state.value, decision.urgency.value) for on, decision in found)


@dataclass(frozen=True)
class Compared:
    """Two invented patients, and what differs between them and between their answers."""

    shown: tuple[CaseShown, CaseShown]
    decisions: tuple[Decision, Decision]
    differs: tuple[Change, ...]
    found: WhatIf


def compare(first: str, second: str, pathway: Pathway, today: dt.date) -> Compared:
    """Compare two cases, each written `V07/1`; raise NotFoundError where there is none."""
    shown = tuple(find_case(pathway.id, *parts_of_mark(each)) for each in (first, second))
    data: list[Any] = [each.look.input for each in shown]
    patients = [read_checked(pathway.id, each, today) for each in data]
    return Compared(
        shown=(shown[0], shown[1]),
        decisions=(
            decide_input(pathway.id, data[0], today),
            decide_input(pathway.id, data[1], today),
        ),
        differs=changes(data[0], data[1], pathway, both=True),
        found=get_companion(pathway.id).what_if(*patients),
    )


def parts_of_mark(mark: str) -> tuple[str, str]:
    """Return the case and the look that *mark* (`V07/1`) names; without a look, the first."""
    id, _, look = mark.partition("/")
    return id, look or "1"
