"""One comparison of one fact: true, false or unknown. Plain Python, read by the reference evaluator."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from rules.truth import FALSE, TRUE, UNKNOWN, truth_of
from schemas.condition import DAYS, Compare, Is, Known, Leaf, OneOf, Within
from schemas.facts import PartialDate

OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}

Settings = Mapping[str, Decimal]


def bound_of(leaf: Compare, settings: Settings) -> Decimal:
    """Return the number a comparison is made with."""
    if leaf.setting is not None:
        return settings[leaf.setting]
    assert leaf.bound is not None
    return leaf.bound


def span_of(leaf: Within, settings: Settings) -> int:
    """Return the longest span, in days, that still counts as within."""
    amount = settings[leaf.setting] if leaf.setting is not None else leaf.amount
    assert amount is not None
    return int(amount * DAYS[leaf.unit]) - (1 if leaf.under else 0)


def is_within(date: PartialDate, span: int, side: str, on: dt.date) -> int:
    """Tell whether *date* lies within *span* days before (or after) *on*, both ends included.

    A partial date whose days fall on both sides of the border is unknown; of a month that is still
    running only the days on the right side of *on* count.
    """
    if side == "past":
        if date.earliest > on:
            return FALSE
        nearest, farthest = max(0, (on - date.latest).days), (on - date.earliest).days
    else:
        if date.latest < on:
            return FALSE
        nearest, farthest = max(0, (date.earliest - on).days), (date.latest - on).days
    if farthest <= span:
        return TRUE
    return FALSE if nearest > span else UNKNOWN


def evaluate_leaf(leaf: Leaf, values: Mapping[str, Any], settings: Settings, on: dt.date) -> int:
    """Evaluate one comparison; a fact absent from *values*, or None, is unknown."""
    value = values.get(leaf.fact)
    if isinstance(leaf, Known):
        return truth_of(value is not None)
    if value is None:
        return UNKNOWN
    match leaf:
        case Is():
            return truth_of(value)
        case Compare():
            return truth_of(OPERATORS[leaf.operator](value, bound_of(leaf, settings)))
        case OneOf():
            return truth_of(value in leaf.words)
        case Within():
            return is_within(value, span_of(leaf, settings), leaf.side, on)
