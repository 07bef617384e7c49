"""The few values of a fact that stand for all: the borders of its comparisons, one step to each side, every word.

A fact matters only through its comparisons, so whatever lies between two borders falls out alike.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rules.derive import NEVER
from rules.leaves import Settings, bound_of, span_of
from schemas.condition import Compare, Known, Leaf, Within
from schemas.facts import FactDefinition, FactKind, PartialDate, parse_partial_date
from schemas.pathway import Derivation

ANY_DAY = dt.date(2026, 3, 1)
"""The date of every generated question; any other would do."""

_STEP = {FactKind.INTEGER: Decimal(1), FactKind.DECIMAL: Decimal("0.1")}


def day(on: dt.date, away: int) -> PartialDate:
    """Return the date *away* days after *on* (before it, when negative), known to the day."""
    date = on + dt.timedelta(days=away)
    return PartialDate(text=date.isoformat(), earliest=date, latest=date)


def month(on: dt.date, away: int) -> PartialDate:
    """Return the month that lies *away* days after *on*, known to the month only."""
    return parse_partial_date((on + dt.timedelta(days=away)).isoformat()[:7])


def open_date(leaf: Within, settings: Settings, on: dt.date) -> PartialDate:
    """Return a month with days on both sides of the border of *leaf*, if the border is not its first or last day."""
    away = -1 if leaf.side == "past" else 1
    return month(on, away * span_of(leaf, settings))


def border_values(
    leaf: Leaf, definition: FactDefinition, settings: Settings, on: dt.date
) -> tuple[Any, ...]:
    """Return the values around the border of one comparison: a step below, the border, a step above.

    Values the dictionary does not allow are left out. Words and yes/no have no border: all are returned.
    """
    if isinstance(leaf, Compare):
        step = _STEP[definition.kind]
        bound = bound_of(leaf, settings)
        found = [bound - step, bound, bound + step]
        low, high = definition.minimum, definition.maximum
        inside = [v for v in found if (low is None or v >= low) and (high is None or v <= high)]
        whole = definition.kind is FactKind.INTEGER
        return tuple(int(value) for value in inside) if whole else tuple(inside)
    if isinstance(leaf, Within):
        span, away = span_of(leaf, settings), -1 if leaf.side == "past" else 1
        return tuple(day(on, away * (span + shift)) for shift in (-1, 0, 1))
    if definition.kind is FactKind.BOOLEAN:
        return (False, True)
    return tuple(sorted(definition.choices, key=lambda word: word != "none"))


def candidates(
    definition: FactDefinition,
    derivation: Derivation | None,
    leaves: Sequence[Leaf],
    settings: Settings,
    on: dt.date,
) -> tuple[Any, ...]:
    """Return values that stand for all a fact may have: those of every comparison, and None for unknown."""
    if derivation is not None and derivation.rule == "listed":
        return (True, None)
    if derivation is not None and derivation.rule in ("justified", "early"):
        return (False, True)
    found: dict[Any, None] = {}
    if derivation is not None and definition.kind in _STEP:
        found[0] = None
    if derivation is not None and definition.kind is FactKind.DATE:
        found[NEVER] = None
    if definition.kind is FactKind.BOOLEAN:
        found = {False: None, True: None}
    found |= dict.fromkeys(sorted(definition.choices, key=lambda word: word != "none"))
    for leaf in leaves:
        found |= dict.fromkeys(border_values(leaf, definition, settings, on))
        if isinstance(leaf, Within):
            found[open_date(leaf, settings, on)] = None
    if definition.kind is FactKind.DATE:
        found[day(on, 0)] = None
    if definition.kind in _STEP:
        ends = (definition.minimum or Decimal(0), definition.maximum)
        found |= dict.fromkeys(
            int(end) if end == int(end) else end for end in ends if end is not None
        )
    return (*found, None)


def places(
    leaf: Leaf, definition: FactDefinition, allowed: Sequence[Any], settings: Settings, on: dt.date
) -> list[tuple[str, Any]]:
    """Return the values to look at one comparison with, those of *allowed* only, and where each of them stands.

    That is `below`, `at` or `above` its border, `open` for a date known to the month only, a word, `yes`, `no`, or
    `unknown` for None.
    """
    found: list[tuple[str, Any]] = []
    if isinstance(leaf, Known):
        found = [("yes", next(value for value in allowed if value is not None))]
    else:
        values = border_values(leaf, definition, settings, on)
        found = [(_stands(leaf, v, values, settings), v) for v in values if v in allowed]
        if isinstance(leaf, Within):
            found.append(("open", open_date(leaf, settings, on)))
    return [*found, ("unknown", None)] if None in allowed else found


def _stands(leaf: Leaf, value: Any, values: Sequence[Any], settings: Settings) -> str:
    if isinstance(leaf, Compare):
        bound = bound_of(leaf, settings)
        return "below" if value < bound else "above" if value > bound else "at"
    if isinstance(leaf, Within):
        return ("below", "at", "above")[values.index(value)]
    return {True: "yes", False: "no"}.get(value, str(value))
