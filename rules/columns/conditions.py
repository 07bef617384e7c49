"""One comparison as a column: the leaves of `rules/leaves.py` in Ibis, unknown as null.

Everything here is plain `and`, `or`, `not` and comparison: null then is exactly Kleene's unknown in Polars, DuckDB and
Spark alike, and booleans stay bitmaps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from rules.leaves import OPERATORS, Settings, bound_of, span_of
from schemas.condition import Compare, Is, Known, Leaf, OneOf, Within
from schemas.facts import FactKind
from schemas.pathway import Pathway

ON = "on"
_UNKNOWN: Any = ibis.null("boolean")
_MOST_DIGITS = 15
_BETWEEN = {"<": "<=", "<=": "<=", ">": ">", ">=": ">"}
"""A bound that lies between two values a column can hold is as good as the lower of them, so compared."""

Limits = dict[tuple[str, int], str]
"""The column that holds the farthest day still within, by side and span in days."""
Column = Callable[[str], Any]
"""Gives a column by its name."""


def columns_of(leaf: Leaf, pathway: Pathway) -> tuple[str, ...]:
    """Return the columns of the reading that *leaf* is worked out from."""
    dated = pathway.definition(leaf.fact).kind is FactKind.DATE
    if not dated:
        return (leaf.fact,)
    return (f"{leaf.fact}__from",) if isinstance(leaf, Known) else _ends(leaf.fact)


def _ends(fact: str) -> tuple[str, str]:
    return f"{fact}__from", f"{fact}__to"


def limit_of(leaf: Leaf, settings: Settings) -> tuple[str, int] | None:
    """Return the side and span whose farthest day *leaf* is compared with; None where it needs none."""
    if not isinstance(leaf, Within) or span_of(leaf, settings) < 0:
        return None
    return leaf.side, span_of(leaf, settings)


def farthest_day(table: ir.Table, side: str, span: int) -> ir.DateValue:
    """Return the last day that lies within *span* days before (or after) the date of the question."""
    days = ibis.interval(days=span)
    day: Any = table[ON] - days if side == "past" else table[ON] + days
    cast: ir.DateValue = day.cast("date")
    return cast


def comparison(
    leaf: Leaf, column: Column, pathway: Pathway, settings: Settings, limits: Limits
) -> Any:
    """Return *leaf* as a boolean column, null where it is unknown."""
    match leaf:
        case Known():
            return column(columns_of(leaf, pathway)[0]).notnull()
        case Is():
            return column(leaf.fact)
        case Compare():
            return _compared(column(leaf.fact), leaf.operator, bound_of(leaf, settings))
        case OneOf():
            words, value = leaf.words, column(leaf.fact)
            return value == words[0] if len(words) == 1 else value.isin(words)
        case Within():
            return _within(leaf, column, settings, limits)


def _compared(column: Any, sign: str, bound: Decimal) -> Any:
    """Compare exactly: a bound between two values that the column can hold is moved to the lower of them."""
    kind = column.type()
    if kind.is_floating():
        return OPERATORS[sign](column, _double(bound))
    scale = (kind.scale or 0) if kind.is_decimal() else 0
    steps = bound.scaleb(scale)
    if steps != steps.to_integral_value():
        if sign in ("=", "!="):
            # Known and never equal: null stays null.
            never = column.isnull() & _UNKNOWN
            return never if sign == "=" else ~never
        sign, steps = _BETWEEN[sign], Decimal(math.floor(steps))
    return OPERATORS[sign](column, _number(kind, steps.scaleb(-scale), scale))


def _number(kind: Any, bound: Decimal, scale: int) -> Any:
    if not kind.is_decimal():
        return ibis.literal(int(bound), type="int64")
    digits = max(kind.precision or 38, len(str(abs(int(bound)))) + scale)
    return ibis.literal(bound, type=dt.Decimal(digits, scale))


def _double(bound: Decimal) -> Any:
    """Return the double nearest to *bound*, which compares with the doubles nearest to decimals as the decimals would.

    Two decimals of up to 15 digits never share a double, and doubles keep their order. Raises ValueError beyond that.
    """
    if len(bound.normalize().as_tuple().digits) > _MOST_DIGITS:
        raise ValueError("a bound has more digits than a column of doubles tells apart")
    return ibis.literal(float(bound), type="float64")


def _within(leaf: Within, column: Column, settings: Settings, limits: Limits) -> Any:
    """Compare an interval of days with a span before or after the date of the question.

    Where the border runs through the interval, `... & null` leaves null; everywhere else it is swallowed.
    """
    first, last = _ends(leaf.fact)
    begins, ends, on = column(first), column(last), column(ON)
    limit = limit_of(leaf, settings)
    if limit is None:
        return begins.isnull() & _UNKNOWN
    border = column(limits[limit])
    if leaf.side == "past":
        return (begins <= on) & ((begins >= border) | ((ends >= border) & _UNKNOWN))
    return (ends >= on) & ((ends <= border) | ((begins <= border) & _UNKNOWN))
