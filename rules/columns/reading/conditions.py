"""A condition over the facts of one row, as a three-valued column expression: SQL's NULL is our unknown."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, cast

import ibis
import ibis.expr.types as ir

from rules.columns.reading.exact import among, bound
from rules.leaves import OPERATORS, Settings, bound_of
from schemas.condition import And, Compare, Condition, Is, Known, Not, OneOf, Or


def truth_of(
    condition: Condition, columns: Mapping[str, ir.Value], settings: Settings
) -> ir.BooleanValue:
    """Return *condition* over *columns*: true, false, or null for unknown.

    Raises NotImplementedError for what no row of a list can be asked: a date of the question, an earlier conclusion.
    """
    found: Any
    match condition:
        case And() | Or():
            join = operator.and_ if isinstance(condition, And) else operator.or_
            items = [truth_of(item, columns, settings) for item in condition.items]
            found = items[0] if items else ibis.literal(isinstance(condition, And))
            for item in items[1:]:
                found = join(found, item)
        case Not():
            found = ~truth_of(condition.item, columns, settings)
        case Is():
            found = columns[condition.fact]
        case Known():
            found = columns[condition.fact].notnull()
        case OneOf():
            found = among(columns[condition.fact], condition.words)
        case Compare():
            value = bound(bound_of(condition, settings))
            found = OPERATORS[condition.operator](columns[condition.fact], value)
        case _:
            raise NotImplementedError(f"`{condition.kind}` cannot be asked of one row of a list")
    return cast(ir.BooleanValue, found)
