"""The case library: learning goals, difficulty, and which cases a filter leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from api.library import get_cases
from api.page.cases import CaseShown
from api.page.learn_story import face
from schemas.errors import InputError, Problem
from schemas.pathway import Pathway
from schemas.vignette import Difficulty, Vignette

GOALS = {
    "first-steps": "Where to begin",
    "adequate-trials": "Has it really failed?",
    "red-signs": "Red signs",
    "nsaid-safety": "Is an NSAID safe here?",
    "opioids": "Opioids: risk and taper",
    "sedatives": "Medicines that slow breathing",
    "injections": "Injections and their limits",
    "anticoagulation": "Needles and anticoagulants",
    "ablation": "Ablation after diagnostic blocks",
    "stimulation": "Stimulation: what comes first",
    "psychology": "Mood and coping",
    "scope": "Who the pathway is for",
    "missing-facts": "Thin records",
    "special-situations": "Diabetes, kidney, pregnancy",
}
"""Learning goals by id, in the order of the pathway."""
DIFFICULTIES: tuple[str, ...] = get_args(Difficulty)


@dataclass(frozen=True)
class Listed:
    """A case as the library shows it; *number* and *face* give nothing away."""

    number: int
    case: Vignette
    face: str
    goals: tuple[str, ...]
    looks: tuple[CaseShown, ...]
    done: int
    """Looks whose questions the learner has answered."""


@dataclass(frozen=True)
class Filter:
    """What the library is narrowed to; empty is everything."""

    goal: str = ""
    difficulty: str = ""

    def keeps(self, case: Vignette) -> bool:
        return self.goal in ("", *case.goals) and self.difficulty in ("", case.difficulty)


def read_filter(fields: Mapping[str, str]) -> Filter:
    """Return the filter a form asks for; raise InputError for a goal or difficulty that does not exist."""
    goal, difficulty = fields.get("goal", ""), fields.get("difficulty", "")
    if goal not in ("", *GOALS) or difficulty not in ("", *DIFFICULTIES):
        raise InputError(
            Problem(
                code="unknown-filter",
                message="there is no such goal or difficulty",
                help="choose one of the list",
                where="goal" if goal not in ("", *GOALS) else "difficulty",
            )
        )
    return Filter(goal, difficulty)


def library(pathway: Pathway, chosen: Filter, done: set[str]) -> tuple[Listed, ...]:
    """Return the cases that *chosen* keeps, in their order; *done* holds the looks already answered."""
    return tuple(
        Listed(
            number=number,
            case=case,
            face=face(case.input),
            goals=tuple(GOALS[goal] for goal in case.goals),
            looks=(looks := tuple(CaseShown(case, at) for at in range(len(case.looks)))),
            done=sum(look.mark in done for look in looks),
        )
        for number, case in enumerate(in_order(pathway.id), start=1)
        if chosen.keeps(case)
    )


def in_order(pathway: str) -> tuple[Vignette, ...]:
    """Return every case, the easier first, and of those the ones that go on over several visits."""

    def place(case: Vignette) -> tuple[int, bool]:
        return DIFFICULTIES.index(case.difficulty), not case.visits

    return tuple(sorted(get_cases(pathway), key=place))


def number_of(pathway: str, id: str) -> int:
    """Return the number under which the library lists the case *id*."""
    return [case.id for case in in_order(pathway)].index(id) + 1


def following(pathway: Pathway, shown: CaseShown, chosen: Filter) -> CaseShown | None:
    """Return the look that comes next, within what *chosen* keeps; None after the last."""
    if shown.at + 1 < len(shown.case.looks):
        return CaseShown(shown.case, shown.at + 1)
    cases = [each.case for each in library(pathway, chosen, set())]
    at = next((at for at, case in enumerate(cases) if case.id == shown.case.id), -1) + 1
    return CaseShown(cases[at], 0) if at < len(cases) else None
