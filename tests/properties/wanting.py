"""Backwards from a condition: the values that facts should have for it to hold, or not to hold."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from rules.leaves import OPERATORS, bound_of, span_of
from schemas.condition import (
    And,
    Compare,
    Condition,
    Is,
    Known,
    Leaf,
    Not,
    OneOf,
    Or,
    Ref,
    Within,
)
from schemas.facts import FactKind
from tests.properties.rows import Rows

Wanted = dict[str, Any]
"""Facts, stated and derived, with the value each should come to have; None: unknown."""


def want(
    rows: Rows, condition: Condition, so: bool, wanted: Wanted, rng: random.Random, on: dt.date
) -> None:
    """Put into *wanted* what would make *condition* hold (or not, *so* being False); what fits already stays."""
    match condition:
        case Not():
            want(rows, condition.item, not so, wanted, rng, on)
        case Ref():
            want(rows, rows.network.conditions[condition.name], so, wanted, rng, on)
        case And() | Or():
            if isinstance(condition, And) is so:
                for item in condition.items:
                    want(rows, item, so, wanted, rng, on)
            elif condition.items:
                want(rows, rng.choice(condition.items), so, wanted, rng, on)
        case _:
            fits = _fits(rows, condition, so, on)
            if condition.fact in wanted and wanted[condition.fact] in fits:
                return
            if fits:
                wanted[condition.fact] = rng.choice(fits)


def _fits(rows: Rows, leaf: Leaf, so: bool, on: dt.date) -> list[Any]:
    """Return values of the fact of *leaf* that make it (not) so."""
    options = _options(rows, leaf.fact, on)
    match leaf:
        case Known():
            return options if so else [None]
        case Is():
            return [so]
        case Compare():
            bound, compare = bound_of(leaf, rows.settings), OPERATORS[leaf.operator]
            return [v for v in options if not isinstance(v, bool | str) and compare(v, bound) is so]
        case OneOf():
            return [v for v in options if (v in leaf.words) is so]
        case Within():
            span = span_of(leaf, rows.settings)
            sign = -1 if leaf.side == "past" else 1
            days = [span, span - 1, 0] if so else [span + 1, span + 40]
            return [on + dt.timedelta(days=sign * max(0, n)) for n in days]


def _options(rows: Rows, fact: str, on: dt.date) -> list[Any]:
    if fact in rows.pathway.facts:
        if rows.pathway.facts[fact].kind is FactKind.DATE:
            return [on - dt.timedelta(days=n) for n in (0, 10, 400)]
        return rows.values(fact, on)
    definition = rows.pathway.derivations[fact].fact
    match definition.kind:
        case FactKind.BOOLEAN:
            return [True, False]
        case FactKind.DATE:
            return [on - dt.timedelta(days=n) for n in (0, 10, 400)]
        case FactKind.CHOICE:
            return list(definition.words)
        case _:
            return [0, 1, 2, 3, 4, 5, 60]
