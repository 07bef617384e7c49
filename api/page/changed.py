"""What two versions of the documents say differently, entry by entry, as much of it as a page holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.pathway import Pathway
from schemas.versions import FieldChange, PartChange

GROUPS = (
    ("Rules", ("rule",)),
    ("Thresholds and other settings", ("setting", "profile")),
    ("Findings", ("finding", "derived fact", "red sign", "outcome")),
    ("Treatments and stages", ("treatment", "stage", "combination", "fact of a trial")),
)
"""What a reviewer looks at first; whatever else has changed follows under a heading of its own."""
OTHERS = "Everything else"
KINDS = {"added": "+ added", "removed": "\u2212 removed", "changed": "\u2260 changed"}
MOST_TOLD = 60_000
"""Characters of changed entries that are told; of what comes after, so many names and a number."""
MOST_NAMED = 400
_AROUND = 120
"""About what the markup of one field costs."""
_PIECES = re.compile(r"\s+|\S+")


@dataclass(frozen=True)
class Piece:
    """Part of a text, and whether it is what differs."""

    text: str
    differs: bool = False


@dataclass(frozen=True)
class FieldShown:
    """One part of an entry, before and after, with what differs marked in both."""

    field: str
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]


@dataclass(frozen=True)
class PartShown:
    """One entry that was changed, added or removed."""

    change: PartChange
    kind: str
    fields: tuple[FieldShown, ...]
    here: bool
    """Whether a rule of this name stands in the documents of this service."""


@dataclass(frozen=True)
class Group:
    """Entries of one kind; those beyond what a page holds by name, and a number for the rest."""

    title: str
    counts: str
    parts: tuple[PartShown, ...]
    named: tuple[str, ...]
    left: int


def grouped(parts: Iterable[PartChange], pathway: Pathway) -> Iterable[Group]:
    """Yield *parts* by kind, as many in full as a page holds; *pathway* is that of this service."""
    titles = {kind: title for title, kinds in GROUPS for kind in kinds}
    members: dict[str, list[PartChange]] = {title: [] for title in (*dict(GROUPS), OTHERS)}
    for part in parts:
        members[titles.get(part.part, OTHERS)].append(part)
    budget = MOST_TOLD
    names = MOST_NAMED
    for title, entries in members.items():
        if not entries:
            continue
        told: list[PartShown] = []
        for part in entries:
            budget -= _cost(part)
            if budget < 0:
                break
            told.append(_part(part, pathway))
        named = tuple(f"{each.part} {each.id[:80]}" for each in entries[len(told) :][:names])
        names -= len(named)
        kinds: Counter[str] = Counter(each.kind for each in entries)
        counts = ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS if kinds[kind])
        left = len(entries) - len(told) - len(named)
        yield Group(title, counts, tuple(told), named, left)


def _cost(part: PartChange) -> int:
    texts = sum(len(each.field + each.before + each.after) + _AROUND for each in part.fields)
    return texts + len(part.id + part.place) + sum(map(len, part.read_by)) + _AROUND


def _part(part: PartChange, pathway: Pathway) -> PartShown:
    here = part.part == "rule" and part.id in pathway.rules
    return PartShown(part, KINDS[part.kind], tuple(map(_field, part.fields)), here)


def _field(change: FieldChange) -> FieldShown:
    before, after = _PIECES.findall(change.before), _PIECES.findall(change.after)
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while (
        end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]
    ):  # from the end, as far as the beginning has not been taken
        end += 1
    return FieldShown(change.field, _pieces(before, start, end), _pieces(after, start, end))


def _pieces(words: list[str], start: int, end: int) -> tuple[Piece, ...]:
    middle = "".join(words[start : len(words) - end])
    found = (
        Piece("".join(words[:start])),
        Piece(middle, bool(middle.strip())),
        Piece("".join(words[len(words) - end :])),
    )
    return tuple(each for each in found if each.text)
