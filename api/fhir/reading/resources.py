"""Taking a heap of JSON apart: every resource in it once, wherever it stood, and what it says is missing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from api.fhir.reading.dates import read_moment
from api.fhir.reading.names import CARRIERS
from api.fhir.reading.shapes import mapping, objects, text
from api.fhir.reading.tally import Tally
from schemas.facts import parse_partial_date

_ANY_DAY = parse_partial_date("2000-01-01").earliest
"""Ordering two instants needs no day of the question."""


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One resource: its type, itself, and the address its Bundle gives it."""

    kind: str
    body: dict[str, Any]
    url: str = ""

    @property
    def id(self) -> str:
        return text(self.body.get("id"))


@dataclass
class Heap:
    """Every resource found, and which search results came whole."""

    items: list[Item] = field(default_factory=list)
    whole: set[str] = field(default_factory=set)
    """Types whose complete search result for one patient is here."""


def take_apart(resources: Iterable[Any], tally: Tally) -> Heap:
    """Return the resources in *resources*, Bundles in Bundles included; what is none is counted.

    Goes down with a list of its own and not by recursion: nesting is the sender's choice.
    """
    heap = Heap()
    left = list(_things(resources))
    while left:
        value, url = left.pop()
        if isinstance(value, list):
            left.extend((each, "") for each in value)
        elif not isinstance(value, dict):
            if value is not None:
                tally.add("unknown resource", "that are no resources")
        elif not isinstance(kind := value.get("resourceType"), str):
            # The wrapper of early CDS Hooks clients: {"response": ..., "resource": {...}}
            if isinstance(value.get("resource"), dict):
                left.append((value["resource"], url))
            else:
                tally.add("unknown resource", "that are no resources")
        elif kind in CARRIERS:
            left.extend(_carried(value, kind, heap, tally))
        else:
            heap.items.append(Item(kind, value, url))
    heap.items = _once(heap.items, tally)
    return heap


def _things(resources: Iterable[Any]) -> Iterator[tuple[Any, str]]:
    # A caller may hand over one resource instead of a list of them: iterating over it would read its keys.
    things = [resources] if isinstance(resources, dict | str) else resources
    for each in things:
        yield each, ""


def _carried(
    body: dict[str, Any], kind: str, heap: Heap, tally: Tally
) -> Iterator[tuple[Any, str]]:
    if kind == "Parameters":
        for parameter in objects(body.get("parameter")):
            if "resource" in parameter:
                yield parameter["resource"], ""
            yield from (
                (part["resource"], "")
                for part in objects(parameter.get("part"))
                if "resource" in part
            )
        return
    entries = objects(body.get("entry"))
    further = any(text(link.get("relation")) == "next" for link in objects(body.get("link")))
    searched = body.get("type") == "searchset"
    total = body.get("total")
    if isinstance(total, int) and not isinstance(total, bool):
        modes = [text(mapping(entry.get("search")).get("mode")) for entry in entries]
        further |= total > sum(mode in ("", "match") for mode in modes)
    if further:
        tally.add("Bundle", "with further pages that did not come")
    elif searched and not any(_is_error(entry) for entry in entries):
        heap.whole |= _searched_whole(body)
    for entry in entries:
        if "resource" in entry:
            yield entry["resource"], text(entry.get("fullUrl"))


def _is_error(entry: dict[str, Any]) -> bool:
    return mapping(entry.get("resource")).get("resourceType") == "OperationOutcome"


_NARROWING_FREE = frozenset(
    {
        "patient", "subject", "status", "_count", "_sort", "_format", "_pretty", "_include",
        "_include:iterate", "_total",
    }
)  # fmt: skip
"""Search parameters that leave every resource of the type that can count in the result."""


def _searched_whole(body: dict[str, Any]) -> set[str]:
    """Return the type a searchset holds whole, read from its own address; nothing when it says less than all."""
    for link in objects(body.get("link")):
        if text(link.get("relation")) == "self":
            path, _, query = text(link.get("url")).partition("?")
            names = {part.partition("=")[0] for part in query.split("&") if part}
            if names & {"patient", "subject"} and names <= _NARROWING_FREE:
                return {path.rstrip("/").rpartition("/")[2]}
    return set()


def _once(items: list[Item], tally: Tally) -> list[Item]:
    """Return every resource once; of two versions of one resource the newer."""
    groups: dict[tuple[str, str], list[Item]] = {}
    kept: list[Item] = []
    for item in items:
        groups.setdefault((item.kind, item.id), []).append(item)
    for (kind, name), group in groups.items():
        found = _distinct(group)
        if name and len(found) > 1:
            newest = _newest(found)
            if newest is not None:
                tally.add(kind, "of an older version", len(found) - 1)
                found = [newest]
        kept.extend(found)
    return kept


def _distinct(group: list[Item]) -> list[Item]:
    """Return equal resources once, the one with an address where there is one."""
    if len(group) == 1:
        return group
    found: dict[str | int, Item] = {}
    for item in group:
        try:
            key: str | int = json.dumps(item.body, sort_keys=True, default=str)
        except (ValueError, TypeError, RecursionError):
            key = id(item.body)
        if key not in found or (item.url and not found[key].url):
            found[key] = item
    return list(found.values())


def _newest(items: list[Item]) -> Item | None:
    """Return the newest of several versions; None where they come from different places or do not tell."""
    if len({item.url for item in items if item.url}) > 1:
        return None
    dated = []
    for item in items:
        moment = read_moment(mapping(item.body.get("meta")).get("lastUpdated"), _ANY_DAY)
        if moment is None or moment.instant is None:
            return None
        dated.append((moment.instant, item))
    dated.sort(key=lambda pair: pair[0])
    return dated[-1][1] if dated[-1][0] > dated[-2][0] else None
