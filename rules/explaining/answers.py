"""The answers that can make a difference: for every fact, one value for each way its comparisons can fall out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rules.leaves import Settings, bound_of, evaluate_leaf, span_of
from rules.verdict import FAILED, HELPED
from schemas.condition import Compare, Leaf, Within
from schemas.facts import FactDefinition, FactKind, PartialDate
from schemas.pathway import Pathway

_STEP = {FactKind.INTEGER: Decimal(1), FactKind.DECIMAL: Decimal("0.1")}


@dataclass(frozen=True)
class Answer:
    """One way to answer a question: a value standing for all that fall out alike (None: still unknown)."""

    value: Any
    truths: tuple[int, ...]
    """Of every comparison of this fact, in the order they were given."""


def answers(
    definition: FactDefinition,
    leaves: Sequence[Leaf],
    settings: Settings,
    on: dt.date,
    extra_words: Iterable[str] = (),
) -> tuple[Answer, ...]:
    """Return the distinct ways in which *leaves*, all about one fact, can fall out; unknown is the first."""
    found: dict[tuple[Any, ...], Answer] = {}
    for value in (None, *_candidates(definition, leaves, settings, on)):
        truths = tuple(
            evaluate_leaf(leaf, {definition.name: value}, settings, on) for leaf in leaves
        )
        # Words that the verdict itself tells apart must not be merged, whatever the comparisons say.
        apart = value if value is None or value in extra_words else ""
        found.setdefault((truths, apart), Answer(value, truths))
    return tuple(found.values())


def _candidates(
    definition: FactDefinition, leaves: Sequence[Leaf], settings: Settings, on: dt.date
) -> Iterable[Any]:
    match definition.kind:
        case FactKind.BOOLEAN:
            return (False, True)
        case FactKind.CHOICE | FactKind.SIGN:
            return definition.choices
        case FactKind.DATE:
            return _dates(leaves, settings, on)
        case _:
            return _numbers(definition, leaves, settings)


def _numbers(definition: FactDefinition, leaves: Sequence[Leaf], settings: Settings) -> list[Any]:
    bounds = {bound_of(leaf, settings) for leaf in leaves if isinstance(leaf, Compare)}
    step = _STEP[definition.kind]
    values = {bound + shift for bound in bounds for shift in (-step, Decimal(0), step)}
    low = definition.minimum if definition.minimum is not None else Decimal(0)
    values |= {low} if not values else set()
    inside = sorted(
        value
        for value in values
        if value >= low and (definition.maximum is None or value <= definition.maximum)
    )
    if definition.kind is FactKind.INTEGER:
        return [int(value) for value in inside if value == int(value)]
    return list(inside)


def _dates(leaves: Sequence[Leaf], settings: Settings, on: dt.date) -> list[PartialDate]:
    days = {on}
    for leaf in leaves:
        if isinstance(leaf, Within):
            span = span_of(leaf, settings)
            away = -1 if leaf.side == "past" else 1
            days |= {on + dt.timedelta(days=away * (span + shift)) for shift in (0, 1)}
    return [PartialDate(text=d.isoformat(), earliest=d, latest=d) for d in sorted(days)]


def leaves_by_fact(leaves: Iterable[Leaf]) -> dict[str, list[Leaf]]:
    """Return *leaves* grouped by the fact they are about, in order."""
    groups: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        groups.setdefault(leaf.fact, []).append(leaf)
    return groups


def told_apart(pathway: Pathway) -> Mapping[str, tuple[str, ...]]:
    """Return the words of `tried_...` facts that the verdict tells apart beyond the conditions."""
    return {f"tried_{name.replace('-', '_')}": (*HELPED, *FAILED) for name in pathway.treatments}
