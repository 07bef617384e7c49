"""Ways to change a patient as sent: another answer, no answer, another list; and the answers worth trying."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rules.invariants.case import Case, Input
from rules.leaves import Settings, bound_of, span_of
from schemas.condition import And, Compare, Condition, Is, Known, Leaf, Not, Or, Ref, Within
from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Pathway

LISTS = ("trials", "medications", "surgeries")


def with_fact(data: Input, name: str, value: Any) -> Input:
    return {**data, "facts": {**data["facts"], name: value}}


def without_fact(data: Input, name: str) -> Input:
    return {**data, "facts": {key: each for key, each in data["facts"].items() if key != name}}


def with_list(data: Input, name: str, rows: Sequence[Mapping[str, Any]] | None) -> Input:
    """Return *data* with the list *name* replaced; None leaves it out."""
    changed = {key: each for key, each in data.items() if key != name}
    return changed if rows is None else {**changed, name: list(rows)}


def rows_of(data: Input, name: str) -> list[Any]:
    return list(data.get(name) or ())


def with_row(data: Input, name: str, row: Mapping[str, Any]) -> Input:
    return with_list(data, name, [*rows_of(data, name), row])


def value_of(data: Input, name: str) -> Any:
    """Return the bare value of a fact as sent, whichever way it was written; None when it has none."""
    raw = data["facts"].get(name)
    return raw.get("value") if isinstance(raw, Mapping) else raw


def known_facts(case: Case) -> list[str]:
    """Return the stated facts that have a value, in the order of the dictionary."""
    facts = case.patient.facts
    return [n for n in case.pathway.facts if n in facts and facts[n].value is not None]


def unknown_facts(case: Case) -> list[str]:
    """Return the facts a client may state that have no value here."""
    known = set(known_facts(case))
    return [name for name in case.pathway.facts if name not in known]


def values_of(
    definition: FactDefinition, leaves: Sequence[Leaf], settings: Settings, on: dt.date
) -> list[Any]:
    """Return the answers worth trying, as a client writes them: every word, every border and its neighbours."""
    match definition.kind:
        case FactKind.BOOLEAN:
            return [False, True]
        case FactKind.CHOICE | FactKind.SIGN:
            return list(definition.choices)
        case FactKind.DATE:
            return [(on + dt.timedelta(days=days)).isoformat() for days in _days(leaves, settings)]
        case _:
            return _numbers(definition, leaves, settings)


def _days(leaves: Sequence[Leaf], settings: Settings) -> list[int]:
    """Return days after (negative: before) the date of the question, on each side of every border."""
    days = {0, -1}
    for leaf in leaves:
        if isinstance(leaf, Within):
            sign = -1 if leaf.side == "past" else 1
            days |= {sign * (span_of(leaf, settings) + shift) for shift in (-1, 0, 1, 30)}
    return sorted(days)


def _numbers(
    definition: FactDefinition, leaves: Sequence[Leaf], settings: Settings
) -> list[int | float]:
    whole = definition.kind is FactKind.INTEGER
    step = Decimal(1) if whole else Decimal("0.1")
    low, high = definition.minimum or Decimal(0), definition.maximum or Decimal(0)
    wanted = {low, high}
    for leaf in leaves:
        if isinstance(leaf, Compare):
            bound = bound_of(leaf, settings)
            wanted |= {bound - step, bound, bound + step}
    inside = sorted(value for value in wanted if low <= value <= high)
    if whole:
        return [int(value) for value in inside if value == int(value)]
    return [float(value) for value in inside]


def answers(case: Case, fact: str) -> list[Any]:
    """Return the answers worth trying for one stated fact of *case*."""
    leaves = case.leaves.get(fact, ())
    return values_of(case.pathway.facts[fact], leaves, case.settings, case.patient.on)


Directions = dict[str, frozenset[bool]]
"""For each fact: whether a yes (or more of it) speaks for the conditions, against them, or both."""


class Polarity:
    """Which way each fact pulls on a set of conclusions, read off their conditions."""

    def __init__(self, conditions: Mapping[str, Condition]) -> None:
        self.conditions = conditions
        self._done: dict[tuple[str, bool], dict[str, frozenset[bool]]] = {}

    def of(self, name: str, positive: bool = True) -> dict[str, frozenset[bool]]:
        """Return how the yes/no facts pull on the conclusion *name*; guards `known(x)` pull both ways."""
        key = (name, positive)
        if key not in self._done:
            found: dict[str, set[bool]] = {}
            self._walk(self.conditions[name], positive, found)
            self._done[key] = {fact: frozenset(ways) for fact, ways in found.items()}
        return self._done[key]

    def _walk(self, condition: Condition, positive: bool, found: dict[str, set[bool]]) -> None:
        match condition:
            case Not():
                self._walk(condition.item, not positive, found)
            case And() | Or():
                for item in condition.items:
                    self._walk(item, positive, found)
            case Ref():
                for fact, ways in self.of(condition.name, positive).items():
                    found.setdefault(fact, set()).update(ways)
            case Known():
                pass
            case Is():
                found.setdefault(condition.fact, set()).add(positive)
            case _:
                found.setdefault(condition.fact, set()).update((True, False))


def pulls(case: Case, names: Iterator[str] | Sequence[str]) -> Directions:
    """Return, for the yes/no facts that *names* rest on, which way a yes pulls."""
    polarity = Polarity(case.network.conditions)
    found: dict[str, frozenset[bool]] = {}
    for name in names:
        for fact, ways in polarity.of(name).items():
            found[fact] = found.get(fact, frozenset()) | ways
    return found


def guarded(case: Case) -> frozenset[str]:
    """Return the facts some condition asks `known(x)` of: the named exceptions to "learning only refines"."""
    return frozenset(leaf.fact for leaf in case.network.leaves if isinstance(leaf, Known))


def medicine_of(pathway: Pathway, word: str) -> str | None:
    """Return the first medicine that is *word* or of the class *word*."""
    for medicine in pathway.medicines.values():
        if medicine.id == word or word in medicine.classes:
            return medicine.id
    return None
