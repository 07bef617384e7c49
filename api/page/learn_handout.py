"""A case on paper: with room to write for learners, with the answers for whoever teaches."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from api.page.cases import CaseShown, find_case
from api.page.learn import Marked, Question, decided, look_explained, questions
from api.page.learn_slides import cited
from api.page.learn_story import Change, Told, changes, face, story
from schemas.decision import Decision
from schemas.errors import NotFoundError, Problem
from schemas.pathway import Pathway
from schemas.vignette import Vignette

ANSWERS = "answers"


@dataclass(frozen=True)
class Sheet:
    """One look on paper."""

    shown: CaseShown
    told: tuple[Told, ...]
    changes: tuple[Change, ...]
    questions: tuple[Question, ...]
    decision: Decision | None
    """Only in the copy with answers."""
    marks: tuple[Marked, ...]


@dataclass(frozen=True)
class Handout:
    """A whole case on paper."""

    case: Vignette
    face: str
    answers: bool
    sheets: tuple[Sheet, ...]
    sources: tuple[str, ...]


def handout(pathway: Pathway, id: str, part: str, today: dt.date) -> Handout:
    """Return the case *id* on paper, with answers where *part* asks for them; raise NotFoundError otherwise."""
    case = find_case(pathway.id, id, "1").case
    if part not in ("", ANSWERS):
        raise NotFoundError(
            Problem(
                code="unknown-handout",
                message="there is no such handout",
                help="leave the last part of the address out, or write `answers`",
                where="handout",
            )
        )
    told = part == ANSWERS
    looks = [CaseShown(case, at) for at in range(len(case.looks))]
    return Handout(
        case=case,
        face=face(case.input),
        answers=told,
        sheets=tuple(_sheet(shown, told, pathway, today) for shown in looks),
        sources=cited(looks[-1], pathway) if told else (),
    )


def _sheet(shown: CaseShown, told: bool, pathway: Pathway, today: dt.date) -> Sheet:
    before = shown.case.looks[shown.at - 1].input if shown.at else None
    asked = questions(shown, pathway)
    return Sheet(
        shown=shown,
        told=() if shown.at else story(shown.look.input, pathway),
        changes=() if before is None else changes(before, shown.look.input, pathway),
        questions=asked,
        decision=decided(pathway.id, shown.mark, today) if told else None,
        marks=tuple(look_explained(shown, each, pathway, today) for each in asked) if told else (),
    )
