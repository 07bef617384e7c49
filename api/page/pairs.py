"""Minimal pairs: two patients one fact apart whose first step differs, found by deciding both, never by hand."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from api.companion import get_companion
from api.library import get_cases, get_pathway
from api.page.learn import options
from api.page.learn_library import in_order
from api.page.words import choice, value_words
from api.service import decide_input, read_checked
from rules.canonical import patient_input
from rules.learning import OUT, QUESTION, answer_of
from schemas.decision import Decision
from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Pathway

MOST_SKIPPED = 3
"""Cases without a pair that are passed over in search of the next one."""
MOST_TRIED = 40
"""Facts turned round in search of a pair; each costs two decisions' time."""
ANSWERS = (
    ("first", "The first patient"),
    ("second", "The second patient"),
    ("both", "Both"),
    ("neither", "Neither"),
)


@dataclass(frozen=True)
class Pair:
    """Two patients one fact apart; the first step of exactly one of them is *asked*."""

    case: str
    fact: str
    title: str
    values: tuple[str, str]
    decisions: tuple[Decision, Decision]
    asked: str
    """A choice, as in the other questions."""
    asked_title: str
    right: str
    text: tuple[str, ...]
    """What differs between the two answers, in words."""


def pair_cases() -> tuple[str, ...]:
    """Return the cases from which a pair can be asked for, the easier first."""
    return tuple(case.id for case in in_order("fbss"))


def next_pair(case: str, on: dt.date) -> str:
    """Return the next case from which a pair can be made, or the one after the last that was looked at."""
    cases = pair_cases()
    at = cases.index(case) + 1
    for step in range(MOST_SKIPPED):
        if find_pair(cases[(at + step) % len(cases)], on) is not None:
            return cases[(at + step) % len(cases)]
    return cases[(at + MOST_SKIPPED) % len(cases)]


@lru_cache(maxsize=64)
def find_pair(case: str, on: dt.date) -> Pair | None:
    """Return a pair that begins with *case*; None where no single turned fact changes its first step.

    Both patients go through the whole evaluation, engine and witness: what proves the difference is what makes it.
    A pair in which a treatment or a red sign comes first is preferred to one that only leaves the pathway or asks.
    """
    pathway = get_pathway("fbss")
    data = next(each.input for each in get_cases("fbss") if each.id == case)
    checked = read_checked(pathway.id, data, on)
    given = patient_input(checked)
    before = decide_input(pathway.id, given, on)
    plain: Pair | None = None
    for definition, turned in list(_turned(given, pathway))[:MOST_TRIED]:
        changed = {**given, "facts": {**given["facts"], definition.name: turned}}
        after = decide_input(pathway.id, changed, on)
        if before.incomplete or after.incomplete:
            continue
        first = answer_of(after.next_steps[0])
        dull = first in (OUT, QUESTION)
        if first == answer_of(before.next_steps[0]) or (dull and plain is not None):
            continue
        found = get_companion(pathway.id).what_if(checked, read_checked(pathway.id, changed, on))
        old = _plain(given["facts"][definition.name])
        pair = _pair(case, definition, (old, turned), (before, after), found.text, pathway)
        if not dull:
            return pair
        plain = pair
    return plain


def _turned(given: dict[str, Any], pathway: Pathway) -> Iterator[tuple[FactDefinition, Any]]:
    """Yield facts of the patient turned round: those that tell most first, the plain denials last."""
    facts = [pathway.facts[name] for name in given["facts"]]
    facts.sort(key=lambda fact: (fact.section in ("red-signs", "medical-history"), fact.name))
    for fact in facts:
        value = _plain(given["facts"][fact.name])
        if fact.kind is FactKind.BOOLEAN and isinstance(value, bool):
            yield fact, not value
        elif fact.kind is FactKind.SIGN:
            yield fact, "none" if value != "none" else "new"
        elif fact.kind is FactKind.CHOICE and value is not None:
            yield from ((fact, word) for word in fact.choices if word != value)


def _plain(entry: Any) -> Any:
    return entry.get("value") if isinstance(entry, dict) else entry


def _pair(
    case: str,
    fact: FactDefinition,
    values: tuple[Any, Any],
    decisions: tuple[Decision, Decision],
    text: tuple[str, ...],
    pathway: Pathway,
) -> Pair:
    words = tuple(choice(each) if isinstance(each, str) else value_words(each) for each in values)
    # Which of the two stands first must not tell the answer.
    swapped = hashlib.sha256(f"{case} {fact.name}".encode()).digest()[0] % 2 == 1
    asked = answer_of(decisions[1].next_steps[0])
    return Pair(
        case=case,
        fact=fact.name,
        title=fact.title,
        values=(words[1], words[0]) if swapped else (words[0], words[1]),
        decisions=(decisions[1], decisions[0]) if swapped else decisions,
        asked=asked,
        asked_title=dict(options(pathway)).get(asked, asked),
        right="first" if swapped else "second",
        text=text,
    )
