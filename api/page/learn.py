"""Learning with the invented patients: what is asked, what counts as right, what is said once the learner has chosen.

The learner's choices travel in the page's form; the answers stay here until a choice has been made. Nobody is named.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from api.companion import get_companion
from api.page.cases import CaseShown, case_of, find_case
from api.page.facts_view import FactSectionView, ListView, parts_of
from api.page.form import fields_of
from api.page.words import choice
from api.service import decide_input, read_checked
from api.strict_json import read_json
from rules.explaining.why import Prover
from schemas.decision import Decision, NextStep, State
from schemas.errors import InputError, Problem
from schemas.explanation import Counterfactual, WhatIf, WhyNot
from schemas.pathway import Pathway

RED_SIGN, REFER, ASK, OUT = "red-sign", "refer", "ask", "out-of-scope"
_GENERAL = (
    (RED_SIGN, "Act on a red sign before anything else"),
    (REFER, "Review or refer before any further step"),
    (ASK, "Ask, examine or test before deciding"),
    (OUT, "This pathway is not for this patient"),
)
SURENESS = (("low", "guessing"), ("middle", "fairly sure"), ("high", "sure"))
MOST_ROUNDS = 100

Mark = Literal["right", "also-right", "not-now"]


@dataclass(frozen=True)
class Told:
    """One line of a patient's story."""

    title: str
    items: tuple[tuple[str, str], ...]
    denied: tuple[str, ...]
    rows: bool = False


@dataclass(frozen=True)
class Feedback:
    """What is shown once the learner has committed."""

    mark: Mark
    choice: str
    sureness: str
    decision: Decision
    why: WhyNot | None
    """What decides about the treatment chosen."""
    otherwise: Counterfactual | None
    """What would have to be different for the choice to be right."""
    missed: tuple[str, ...]
    """Red signs the choice passed over."""


@dataclass(frozen=True)
class Round:
    """One question a learner has answered."""

    case: str
    title: str
    choice: str
    sureness: str
    mark: str
    steps: tuple[str, ...]
    missed: tuple[str, ...]


def options(pathway: Pathway) -> tuple[tuple[str, str], ...]:
    """Return what a learner can choose: four general answers and the nine treatments."""
    treatments = tuple(
        (each.id, each.title) for each in pathway.treatments.values() if each.family != "surgery"
    )
    return (*_GENERAL, *treatments)


def story(shown: CaseShown, pathway: Pathway) -> tuple[Told, ...]:
    """Return what is known about the patient, in words; nothing of what follows from it."""
    fields = fields_of(shown.case.looks[shown.at].input)
    found: list[Told] = []
    for part in parts_of(fields, pathway, ()):
        if isinstance(part, FactSectionView):
            known = [field for field in part.fields if field.answered]
            denied = tuple(f.title for f in known if f.value in ("no", "none"))
            items = tuple(
                (f.title, dict(f.options).get(f.value) or _measured(f.value, f.unit))
                for f in known
                if f.value not in ("no", "none")
            )
            if items or denied:
                found.append(Told(part.title, items, denied))
        elif part.rows or part.mark == "none":
            found.append(_rows(part))
    return tuple(found)


def _measured(value: str, unit: str) -> str:
    """Return a number with its unit, or with the scale it stands on."""
    return (
        f"{value} (scale {unit})"
        if unit[:1].isdigit() and "-" in unit
        else f"{value} {unit}".strip()
    )


def _rows(part: ListView) -> Told:
    labels = {column.name: column for column in part.list.columns}
    items = tuple(
        (
            f"{part.list.one.capitalize()} {at}",
            "; ".join(
                f"{labels[key].label.lower()}: {choice(text) if labels[key].choices else text}"
                for key, text in row.items()
            ),
        )
        for at, row in enumerate(part.rows, start=1)
    )
    return Told(part.list.title, items or (("None", part.list.none.lower()),), (), True)


def option_of(step: NextStep) -> str:
    """Return the choice that stands for *step*."""
    match step.kind:
        case "red-sign":
            return RED_SIGN
        case "scope":
            return OUT
        case "offer" | "prepare" | "keep" if step.treatment is not None:
            return step.treatment
        case "refer":
            return REFER
        case _:
            return ASK


def judge(decision: Decision, choice: str) -> Mark:
    """Tell whether *choice* is the first thing to do, another of the options, or neither."""
    found = [option_of(step) for step in decision.next_steps]
    if choice == found[0]:
        return "right"
    if decision.state is State.RED_SIGN:
        return "not-now"
    return "also-right" if choice in found else "not-now"


def feedback(
    shown: CaseShown, choice: str, sureness: str, pathway: Pathway, today: dt.date
) -> Feedback:
    """Return what is said about *choice*; raise InputError for a choice nobody offered."""
    if choice not in dict(options(pathway)):
        raise InputError(
            Problem(
                code="not-a-choice",
                message="nothing has been chosen",
                help="go back and choose a next step",
                where="choice",
            )
        )
    data = shown.case.looks[shown.at].input
    decision = decide_input(pathway.id, data, today)
    mark = judge(decision, choice)
    why, otherwise = None, None
    if choice in pathway.treatments:
        patient = read_checked(pathway.id, data, today)
        companion = get_companion(pathway.id)
        rows = Prover(pathway, companion.explainer(patient)).matrix(decision)
        why = next(row for row in rows if row.treatment == choice)
        if mark == "not-now":
            otherwise = companion.counterfactual(patient, choice)
    missed = passed_over(decision, choice)
    return Feedback(mark, choice, sureness, decision, why, otherwise, missed)


def passed_over(decision: Decision, choice: str) -> tuple[str, ...]:
    """Return the red signs that *choice* leaves standing."""
    return () if choice == RED_SIGN else tuple(sign.title for sign in decision.red_signs)


@lru_cache(maxsize=256)
def decided(pathway: str, mark: str, today: dt.date) -> Decision:
    """Return the decision on the case *mark* (`V07/1`); nobody real is in it, so it may be kept."""
    shown = find_case(pathway, *_parts(mark))
    return decide_input(pathway, shown.case.looks[shown.at].input, today)


def row_of(shown: CaseShown, found: Feedback) -> dict[str, str]:
    """Return one round as it is carried in the form."""
    return {
        "case": f"{shown.case.id}/{shown.at + 1}",
        "choice": found.choice,
        "sureness": found.sureness,
    }


def read_rounds(carried: str) -> list[dict[str, str]]:
    """Return the rounds a form carries; raise InputError for what is no list of them."""
    data = read_json(carried.encode("utf-8")) if carried.strip() else []
    keys = {"case", "choice", "sureness"}
    if not isinstance(data, list) or len(data) > MOST_ROUNDS:
        raise _unreadable()
    for row in data:
        if not isinstance(row, dict) or set(row) != keys:
            raise _unreadable()
        if not all(isinstance(value, str) for value in row.values()):
            raise _unreadable()
    return data


def debrief(rounds: list[dict[str, str]], pathway: Pathway, today: dt.date) -> tuple[Round, ...]:
    """Return the rounds judged again: what a form carries is believed only as far as the choices."""
    labels, sureness = dict(options(pathway)), dict(SURENESS)
    found: list[Round] = []
    for row in rounds:
        shown = case_of(pathway.id, row["case"])
        if shown is None or row["choice"] not in labels:
            raise _unreadable()
        decision = decided(pathway.id, row["case"], today)
        found.append(
            Round(
                case=row["case"],
                title=shown.case.title,
                choice=labels[row["choice"]],
                sureness=sureness.get(row["sureness"], "not said"),
                mark=judge(decision, row["choice"]),
                steps=tuple(step.text for step in decision.next_steps[:5]),
                missed=passed_over(decision, row["choice"]),
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class Compared:
    """Two invented patients, and what differs between their answers."""

    shown: tuple[CaseShown, CaseShown]
    decisions: tuple[Decision, Decision]
    found: WhatIf


def compare(first: str, second: str, pathway: Pathway, today: dt.date) -> Compared:
    """Compare two cases, each written `V07/1`; raise NotFoundError where there is none."""
    shown = tuple(find_case(pathway.id, *_parts(each)) for each in (first, second))
    data: list[Any] = [each.case.looks[each.at].input for each in shown]
    patients = [read_checked(pathway.id, each, today) for each in data]
    return Compared(
        shown=(shown[0], shown[1]),
        decisions=(
            decide_input(pathway.id, data[0], today),
            decide_input(pathway.id, data[1], today),
        ),
        found=get_companion(pathway.id).what_if(*patients),
    )


def _parts(mark: str) -> tuple[str, str]:
    id, _, look = mark.partition("/")
    return id, look or "1"


def _unreadable() -> InputError:
    return InputError(
        Problem(
            code="wrong-shape",
            message="the earlier rounds cannot be read",
            help="begin anew",
            where="rounds",
        )
    )
