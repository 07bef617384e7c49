"""Facts as they were stated, in columns: exact numbers, dates as intervals, and nothing past its shelf life."""

from __future__ import annotations

from typing import cast

import ibis
import ibis.expr.types as ir

from rules.columns.reading.exact import (
    FACT_PLACES,
    among,
    bound,
    date_of,
    day_before,
    either,
    first_day,
    integer,
    last_day,
    rounded,
)
from rules.comparisons import borders_of
from rules.gravity import REASSURING, SECTION, SETTLED_SIGNS, grave_beyond
from rules.leaves import OPERATORS
from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Pathway

TYPES = {
    FactKind.BOOLEAN: "boolean",
    FactKind.INTEGER: "int64",
    FactKind.DECIMAL: "float64",
    FactKind.CHOICE: "string",
    FactKind.SIGN: "string",
    FactKind.DATE: "date",
}
"""The type of a fact's column in the reading table."""


def columns_of(definition: FactDefinition) -> tuple[str, ...]:
    """Return the columns a fact has in the reading table: a date has two, its first and its last day."""
    name = definition.name
    return (f"{name}__from", f"{name}__to") if definition.kind is FactKind.DATE else (name,)


def with_borders(patients: ir.Table, pathway: Pathway) -> ir.Table:
    """Add, once for each shelf life, the first day on which an answer is still fresh, as text."""
    shelves = {
        definition.shelf_days
        for name, definition in pathway.facts.items()
        if definition.shelf_days is not None and f"{name}__date" in patients.columns
    }
    borders = {_border(days): day_before(patients["on"], days) for days in sorted(shelves)}
    return patients.mutate(**borders) if borders else patients


def stated(patients: ir.Table, pathway: Pathway) -> dict[str, ir.Value]:
    """Return the column or columns of every fact a client may state; *patients* is what `with_borders` returns."""
    found: dict[str, ir.Value] = {}
    for name, definition in pathway.facts.items():
        if name not in patients.columns:
            kind = TYPES[definition.kind]
            found |= {column: ibis.null(kind) for column in columns_of(definition)}
            continue
        value = patients[name]
        if definition.shelf_days is not None and f"{name}__date" in patients.columns:
            fresh_from = cast(ir.StringValue, patients[_border(definition.shelf_days)])
            recorded = cast(ir.StringValue, patients[f"{name}__date"].cast("string"))
            stale = first_day(recorded) < fresh_from
            if definition.section == SECTION:
                vague = either(*(_reaches(recorded, fresh_from, letters) for letters in (4, 7)))
                stale = stale & ~(vague & _leaves_open(definition, value, pathway)).fill_null(False)
            value = ibis.ifelse(stale.fill_null(False), ibis.null(value.type()), value)
        found |= dict(zip(columns_of(definition), _typed(definition, value), strict=True))
    return found


def _reaches(recorded: ir.StringValue, day: ir.StringValue, letters: int) -> ir.BooleanValue:
    """Tell whether a date of so many letters, a year (4) or a month (7), has a last day that is *day* or later."""
    is_so_long = cast(ir.BooleanValue, recorded.length() == letters)
    return is_so_long & cast(ir.BooleanValue, recorded >= day.substr(0, letters))


def _leaves_open(definition: FactDefinition, value: ir.Value, pathway: Pathway) -> ir.BooleanValue:
    """Say in a column what `rules.gravity.leaves_open` says of one answer."""
    match definition.kind:
        case FactKind.SIGN:
            return ~among(value, SETTLED_SIGNS)
        case FactKind.CHOICE:
            return cast(ir.BooleanValue, value != definition.words[0])
        case FactKind.BOOLEAN:
            return cast(ir.BooleanValue, value != (definition.name in REASSURING))
        case _:
            number = _typed(definition, value)[0]
            beyond = grave_beyond(definition, borders_of(pathway))
            return either(*(OPERATORS[sign](number, bound(limit)) for sign, limit in beyond))


def _border(days: int) -> str:
    return f"fresh_from__{days}"


def _typed(definition: FactDefinition, value: ir.Value) -> tuple[ir.Value, ...]:
    match definition.kind:
        case FactKind.DATE:
            text = value.cast("string")
            return date_of(first_day(text)), date_of(last_day(text))
        case FactKind.INTEGER:
            return (integer(value),)
        case FactKind.DECIMAL:
            return (rounded(value, FACT_PLACES),)
        case _:
            return (value.cast(TYPES[definition.kind]),)
