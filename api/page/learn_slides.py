"""A case for a lecture hall: one large step at a time, the answer only after the question."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from api.page.cases import CaseShown, find_case
from api.page.learn import Marked, Question, decided, look_explained, questions
from api.page.learn_story import Change, Told, changes, face, story
from schemas.decision import Decision
from schemas.errors import NotFoundError, Problem
from schemas.pathway import Pathway

Item = TypeVar("Item")
Kind = Literal["cover", "told", "record", "question", "answer", "close"]
LINES = 10
"""Lines of the record on one slide."""
WIDTH = 75
"""Letters of the record on one line."""
MOST_DENIED = 6
"""Answers with no that are listed; more are folded away."""
FEW = 3
"""Changes that stand beside what is told."""


@dataclass(frozen=True)
class Slide:
    """One step: what kind it is, the look it belongs to, and only what that step shows."""

    kind: Kind
    shown: CaseShown
    title: str
    told: tuple[Told, ...] = ()
    changes: tuple[Change, ...] = ()
    question: Question | None = None
    pointed: bool = False
    """Whether the point of the look is told: after its last question, lest it answers the next one."""


@dataclass(frozen=True)
class Presented:
    """The slide that is open, its place, and for an answer what is said then."""

    slide: Slide
    at: int
    count: int
    face: str
    decision: Decision | None
    marked: Marked | None
    sources: tuple[str, ...]


def slides(pathway: Pathway, id: str) -> tuple[Slide, ...]:
    """Return the steps of the case *id* in order; raise NotFoundError where there is none."""
    case = find_case(pathway.id, id, "1").case
    found = [Slide("cover", CaseShown(case, 0), "An invented patient")]
    for at in range(len(case.looks)):
        shown = CaseShown(case, at)
        found += _look(shown, pathway)
    found.append(Slide("close", CaseShown(case, len(case.looks) - 1), "The point of this patient"))
    return tuple(found)


def _look(shown: CaseShown, pathway: Pathway) -> list[Slide]:
    word = f"{shown.word.capitalize()} {shown.at + 1} of {len(shown.case.looks)}"
    head = f"{word}: {shown.look.input['on']}" if len(shown.case.looks) > 1 else "The patient"
    found = []
    if shown.at:
        before = shown.case.looks[shown.at - 1].input
        new = changes(before, shown.look.input, pathway)
        rows = [len(f"{each.title}{each.before}{each.after}") // WIDTH + 1 for each in new]
        if sum(rows) <= FEW:
            found.append(Slide("told", shown, head, changes=new))
        else:
            found.append(Slide("told", shown, head))
            parts = _pages(new, rows, LINES - 3)
            for title, page in zip(_numbered("What is new", len(parts)), parts, strict=True):
                found.append(Slide("record", shown, title, changes=page))
    else:
        lines = story(shown.look.input, pathway)
        if shown.look.told:
            found.append(Slide("told", shown, head))
        parts_known = _pages(lines, [_lines(each) for each in lines], LINES)
        for title, told in zip(
            _numbered("What is known", len(parts_known)), parts_known, strict=True
        ):
            found.append(Slide("record", shown, title, told=told))
    asked = questions(shown, pathway)
    for question in asked:
        last = question is asked[-1]
        found.append(Slide("question", shown, question.title, question=question))
        found.append(Slide("answer", shown, question.title, question=question, pointed=last))
    return found


def _lines(part: Told) -> int:
    """Return how many lines *part* needs, about; rows of lists stand one below the other."""
    if part.id in ("surgeries", "trials", "medications"):
        return sum(len(what) // WIDTH + 1 for what, _ in part.items)
    letters = sum(len(f"{what} {value}   ") for what, value in part.items)
    few = part.denied if len(part.denied) <= MOST_DENIED else ()
    return (letters + sum(len(each) + 2 for each in few)) // WIDTH + 1 + (few != part.denied)


def _pages(items: Sequence[Item], heights: Sequence[int], most: int) -> list[tuple[Item, ...]]:
    """Return *items* in pages of at most *most* lines; what is higher than a page stands alone."""
    pages: list[list[Item]] = []
    used = most
    for item, height in zip(items, heights, strict=True):
        if used + height > most or not pages:
            pages.append([])
            used = 0
        pages[-1].append(item)
        used += height
    return [tuple(page) for page in pages]


def _numbered(title: str, count: int) -> list[str]:
    return [title] if count == 1 else [f"{title}, {n} of {count}" for n in range(1, count + 1)]


def present(pathway: Pathway, id: str, number: str, today: dt.date) -> Presented:
    """Return step *number* (counted from 1) of the case *id*; raise NotFoundError where there is none."""
    found = slides(pathway, id)
    if not (number.isascii() and number.isdigit() and 1 <= int(number) <= len(found)):
        raise NotFoundError(
            Problem(
                code="unknown-step",
                message="there is no such step of this case",
                help=f"steps are counted from 1 to {len(found)}",
                where="step",
            )
        )
    slide = found[int(number) - 1]
    decision = marked = None
    if slide.kind in ("answer", "close"):
        decision = decided(pathway.id, slide.shown.mark, today)
    if slide.kind == "answer" and slide.question is not None:
        marked = look_explained(slide.shown, slide.question, pathway, today)
    return Presented(
        slide=slide,
        at=int(number),
        count=len(found),
        face=face(slide.shown.case.input),
        decision=decision,
        marked=marked,
        sources=cited(slide.shown, pathway) if slide.kind == "close" else (),
    )


def cited(shown: CaseShown, pathway: Pathway) -> tuple[str, ...]:
    """Return the sources of a case in words: its key, and the title or the restated statement."""
    return tuple(
        f"{key}: {pathway.sources[key].title}"
        if key in pathway.sources
        else f"{key}: {pathway.statements[key]}"
        for key in shown.case.sources
    )
