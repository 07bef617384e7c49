"""What a learner has chosen so far, judged again, summed up, and written to take along. Nobody is named."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass
from typing import Any

from api.page.cases import CaseShown, case_of
from api.page.learn import SURENESS, Feedback, decided, judge, passed_over, question_of, questions
from api.page.learn_library import GOALS
from api.strict_json import read_json
from rules.learning import answers
from schemas.errors import InputError, Problem
from schemas.pathway import Pathway

MOST_ROUNDS = 200
_KEYS = {"case", "about", "choice", "sureness"}
_COLUMNS = ("case", "question", "chosen", "sure", "mark", "right", "red signs passed over")


@dataclass(frozen=True)
class Round:
    """One question a learner has answered."""

    case: str
    name: str
    question: str
    choice: str
    sureness: str
    mark: str
    right: str
    steps: tuple[str, ...]
    missed: tuple[str, ...]
    goals: tuple[str, ...]


@dataclass(frozen=True)
class Score:
    """How many questions towards one goal were answered well."""

    title: str
    good: int
    total: int


@dataclass(frozen=True)
class Debrief:
    """All rounds, and what they add up to."""

    rounds: tuple[Round, ...]
    right: int
    also_right: int
    missed: int
    sure_and_wrong: int
    scores: tuple[Score, ...]
    patients: int


def rows_of_feedback(shown: CaseShown, found: Feedback) -> list[dict[str, str]]:
    """Return one look's choices as they are carried in the form."""
    return [
        {
            "case": shown.mark,
            "about": each.question.about,
            "choice": each.choice,
            "sureness": found.sureness,
        }
        for each in found.marks
    ]


def read_rounds(carried: str) -> list[dict[str, str]]:
    """Return the rounds a form carries; raise InputError for what is no list of them."""
    data = read_json(carried.encode("utf-8")) if carried.strip() else []
    if not isinstance(data, list) or len(data) > MOST_ROUNDS:
        raise _unreadable()
    for row in data:
        if not isinstance(row, dict) or set(row) != _KEYS:
            raise _unreadable()
        if not all(isinstance(value, str) for value in row.values()):
            raise _unreadable()
    return data


def debrief(rounds: list[dict[str, str]], pathway: Pathway, today: dt.date) -> Debrief:
    """Return the rounds judged again: what a form carries is believed only as far as the choices."""
    found = tuple(_round(row, pathway, today) for row in rounds)
    scores = []
    for goal, title in GOALS.items():
        towards = [each for each in found if goal in each.goals]
        good = sum(each.mark != "not-now" for each in towards)
        if towards:
            scores.append(Score(title, good, len(towards)))
    sure = dict(SURENESS)["high"]
    return Debrief(
        rounds=found,
        right=sum(each.mark == "right" for each in found),
        also_right=sum(each.mark == "also-right" for each in found),
        missed=len({each.case for each in found if each.missed}),
        sure_and_wrong=sum(each.mark == "not-now" and each.sureness == sure for each in found),
        scores=tuple(scores),
        patients=len({each.case.partition("/")[0] for each in found}),
    )


def _round(row: dict[str, str], pathway: Pathway, today: dt.date) -> Round:
    shown = case_of(pathway.id, row["case"])
    if shown is None or row["about"] not in {q.about for q in questions(shown, pathway)}:
        raise _unreadable()
    question = question_of(row["about"], pathway)
    labels = dict(question.options)
    if row["choice"] not in labels:
        raise _unreadable()
    decision = decided(pathway.id, row["case"], today)
    return Round(
        case=row["case"],
        name=shown.name,
        question=question.title,
        choice=labels[row["choice"]],
        sureness=dict(SURENESS).get(row["sureness"], "not said"),
        mark=judge(decision, row["choice"], row["about"]),
        right=labels[answers(decision, row["about"])[0]],
        steps=tuple(step.text for step in decision.next_steps[:5]),
        missed=passed_over(decision, {row["about"]: row["choice"]}),
        goals=shown.case.goals,
    )


def as_table(found: Debrief) -> str:
    """Return the rounds as CSV with a head line; a cell never begins like a formula."""
    text = io.StringIO()
    write = csv.writer(text, quoting=csv.QUOTE_ALL)
    write.writerow(_COLUMNS)
    for row in found.rounds:
        cells = (row.case, row.question, row.choice, row.sureness, row.mark, row.right)
        write.writerow((*cells, "; ".join(row.missed)))
    return text.getvalue()


def as_data(found: Debrief, pathway: Pathway) -> dict[str, Any]:
    """Return the debrief as JSON would hold it, with the version of the documents it was judged by."""
    return {
        "pathway": pathway.id,
        "version": pathway.version,
        "content_hash": pathway.content_hash,
        "right": found.right,
        "also_right": found.also_right,
        "answered": len(found.rounds),
        "patients": found.patients,
        "sure_and_wrong": found.sure_and_wrong,
        "goals": [{"goal": s.title, "good": s.good, "of": s.total} for s in found.scores],
        "rounds": [
            {
                "case": row.case,
                "question": row.question,
                "chosen": row.choice,
                "sure": row.sureness,
                "mark": row.mark,
                "right": row.right,
                "red_signs_passed_over": list(row.missed),
            }
            for row in found.rounds
        ],
    }


def _unreadable() -> InputError:
    return InputError(
        Problem(
            code="wrong-shape",
            message="the earlier rounds cannot be read",
            help="begin anew",
            where="rounds",
        )
    )
