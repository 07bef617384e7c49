"""Two versions of the documents, compared elsewhere and kept as a file: read and arranged for who signs the new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from pydantic import ValidationError

from api.library import get_cases
from api.page.changed import Group, grouped
from api.page.upload import MOST_BYTES, REPORT
from api.page.words import VERDICTS, plain
from api.strict_json import read_json
from rules.comparing.text import result_line
from schemas.errors import InputError, Problem
from schemas.pathway import Pathway
from schemas.versions import (
    AnswerChange,
    CohortImpact,
    Format,
    LookChange,
    Transition,
    VersionName,
    VersionReport,
)

(FORMAT,) = get_args(Format)
DIRECTIONS = {
    "more-urgent": "\u2191 more urgent",
    "less-urgent": "\u2193 less urgent",
    "more-invasive": "\u2191 more invasive",
    "less-invasive": "\u2193 less invasive",
}
MOST_LOOKS = 50_000
"""Characters of patients who are answered differently, or for other reasons."""
MOST_ROWS = 100


@dataclass(frozen=True)
class Shift:
    """One thing of an answer, before and after, in words."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class LookShown:
    """One look at an invented patient that is answered differently."""

    look: LookChange
    address: str
    """Where this service shows the patient; nothing where it has none of that name."""


@dataclass(frozen=True)
class Difference:
    """One difference of answers, and every look that has exactly this."""

    directions: tuple[str, ...]
    shifts: tuple[Shift, ...]
    looks: tuple[LookShown, ...]


@dataclass(frozen=True)
class Compared:
    """A comparison somebody holds, beside the documents of this service."""

    report: VersionReport
    result: str
    sides: tuple[tuple[str, VersionName, bool], ...]
    """Old and new, each with whether it is the documents of this service."""
    foreign: bool
    """Whether it is about another pathway."""
    groups: tuple[Group, ...]
    differences: tuple[Difference, ...]
    looks_left: int
    reasons_only: tuple[LookShown, ...]
    transitions: tuple[tuple[str, Transition], ...]


def read_comparison(data: bytes, pathway: Pathway) -> Compared:
    """Return the comparison in *data* beside *pathway*; raise InputError for what is none."""
    found = read_json(data, MOST_BYTES, REPORT)
    format = found.get("format") if isinstance(found, dict) else None
    if isinstance(format, str) and format.startswith("steppedcare-comparison/"):
        if format != FORMAT:
            raise _no_comparison(
                "other-format",
                "this comparison was kept by a version of this program with another format",
                "compare again: `steppedcare diff OLD NEW --report FILE`, with the program of this service",
            )
        try:
            return compared(VersionReport.model_validate(found), pathway)
        except ValidationError:
            pass  # the library's own message would repeat what was sent
    if isinstance(found, dict) and "statements" in found and "solver" in found:
        raise _no_comparison(
            "not-a-comparison", "this is a certificate of proofs", "read it under Proofs"
        )
    raise _no_comparison(
        "not-a-comparison",
        "this is not a comparison of two versions",
        "choose the file written by `steppedcare diff OLD NEW --report FILE`",
    )


def _no_comparison(code: str, message: str, help: str) -> InputError:
    return InputError(Problem(code=code, message=message, help=help, where="comparison"))


def compared(report: VersionReport, pathway: Pathway) -> Compared:
    """Return *report* arranged: what the documents say, then whom it reaches."""
    addresses = _addresses(pathway.id)
    fitting = [
        LookShown(each, addresses.get((each.vignette, each.look), ""))
        for each in _fitting(report.looks)
    ]
    sides = (("Old", report.old), ("New", report.new))
    cohort = report.cohort
    return Compared(
        report=report,
        result=result_line(report),
        sides=tuple(
            (word, each, each.content_hash == pathway.content_hash) for word, each in sides
        ),
        foreign=any(each.pathway != pathway.id for _, each in sides),
        groups=tuple(grouped(report.parts, pathway)),
        differences=tuple(_differences(fitting, pathway)),
        looks_left=len(report.looks) - len(fitting),
        reasons_only=tuple(each for each in fitting if not each.look.change.differs),
        transitions=_transitions(cohort, pathway) if cohort else (),
    )


def _addresses(id: str) -> Mapping[tuple[str, str], str]:
    return {
        (case.id, look.name): f"/cases/{case.id}/{at}"
        for case in get_cases(id)
        for at, look in enumerate(case.looks, 1)
    }


def _fitting(looks: Sequence[LookChange]) -> Iterable[LookChange]:
    """Yield those that a page holds: patients answered differently first."""
    budget = MOST_LOOKS
    for each in sorted(looks, key=lambda look: not look.change.differs):
        budget -= len(each.model_dump_json())
        if budget < 0:
            return
        yield each


def _differences(looks: Iterable[LookShown], pathway: Pathway) -> Iterable[Difference]:
    """Yield the looks that are answered differently, those with the same difference together."""
    found: dict[tuple[tuple[str, ...], tuple[Shift, ...]], list[LookShown]] = {}
    for each in looks:
        change = each.look.change
        if not change.differs:
            continue
        ways = (change.urgent, change.invasive)
        words = tuple(DIRECTIONS[way] for way in ways if way in DIRECTIONS)
        found.setdefault((words, tuple(_shifts(change, pathway))), []).append(each)
    for (words, shifts), members in found.items():
        yield Difference(words, shifts, tuple(members))


def _shifts(change: AnswerChange, pathway: Pathway) -> Iterable[Shift]:
    for sign in change.signs_gained:
        yield Shift(_sign(sign, pathway), "not open", "open red sign")
    for sign in change.signs_lost:
        yield Shift(_sign(sign, pathway), "open red sign", "not open")
    if change.urgency:
        yield Shift("Urgency", *change.urgency)
    if change.screen_complete:
        words = ("complete" if each else "not complete" for each in change.screen_complete)
        yield Shift("Screen for red signs", *words)
    if change.state:
        yield Shift("Stage", *map(plain, change.state))
    for each in change.verdicts:
        yield Shift(
            _treatment(each.treatment, pathway), _verdict(each.before), _verdict(each.after)
        )


def _transitions(cohort: CohortImpact, pathway: Pathway) -> tuple[tuple[str, Transition], ...]:
    return tuple(
        (
            f"{_treatment(each.treatment, pathway)}: {_verdict(each.before)} \u2192 {_verdict(each.after)}",
            each,
        )
        for each in cohort.transitions[:MOST_ROWS]
    )


def _treatment(id: str, pathway: Pathway) -> str:
    return pathway.treatments[id].title if id in pathway.treatments else id[:80]


def _sign(id: str, pathway: Pathway) -> str:
    return f"{id}, {pathway.signs[id].title}" if id in pathway.signs else id[:80]


def _verdict(word: str) -> str:
    if not word:
        return "not known to this version"
    sign, said = VERDICTS.get(word, ("", plain(word[:80])))
    return f"{sign} {said}".strip()
