"""Formulas as columns, stratum by stratum: what is used twice becomes a column, the rest stands where it is used.

Ibis writes an expression out wherever it is referred to; a column is the only thing worked out once. Each stratum is
one projection that carries on what is still needed and adds what can be worked out from it.

What is carried on costs nothing where a column is passed on as it lies (Polars). Where rows are copied (Spark), or a
plan is examined column by column (every database), six hundred columns through thirty projections cost more than
everything that is worked out: there the columns of one stratum go as one struct, which is carried on whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from rules.columns.conditions import ON, comparison, farthest_day
from rules.columns.formulas import Formula
from rules.columns.layout import Layout
from rules.leaves import Settings
from schemas.pathway import Pathway


class Columns:
    """The wanted formulas as columns of one table."""

    def __init__(self, table: ir.Table, layout: Layout, bundles: Mapping[str, str]) -> None:
        """*bundles*: the struct that holds a column, for every column that does not stand by itself."""
        self.table, self.layout, self.bundles = table, layout, bundles
        self._written: dict[Formula, Any] = {}

    def __getitem__(self, formula: Formula) -> Any:
        """Return *formula* as a boolean expression over `table`."""
        if formula not in self._written:
            self._written[formula] = self._write(formula, formula in self.layout.names)
        return self._written[formula]

    def define(self, formula: Formula) -> Any:
        """Return what the column of *formula* is worked out from."""
        return self._write(formula, False)

    def column(self, name: str) -> Any:
        """Return the column called *name*, wherever it lies."""
        bundle = self.bundles.get(name)
        return self.table[name] if bundle is None else self.table[bundle][name]

    def _write(self, formula: Formula, as_column: bool) -> Any:
        layout = self.layout
        if as_column:
            return self.column(layout.names[formula])
        if formula.leaf is not None:
            pathway, settings = layout.pathway, layout.settings
            return comparison(formula.leaf, self.column, pathway, settings, layout.limits)
        parts = [self[part] for part in formula.parts]
        match formula.kind:
            case "yes" | "no":
                return ibis.literal(formula.kind == "yes")
            case "not":
                return ~parts[0]
            case "known":
                return parts[0].notnull()
            case "so":
                return parts[0].fill_null(False)
            case _:
                return _joined(ops.And if formula.kind == "and" else ops.Or, parts)


def _joined(operation: Any, parts: list[Any]) -> Any:
    """Join in halves: a long chain is deep, and what reads it may call itself once a level."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    halves = _joined(operation, parts[:middle]), _joined(operation, parts[middle:])
    return operation(*halves).to_expr()


def lay_out(
    reading: ir.Table,
    wanted: Iterable[Formula],
    keep: Iterable[str],
    pathway: Pathway,
    settings: Settings,
    bundled: bool = False,
) -> Columns:
    """Return the *wanted* formulas as columns beside the columns *keep* of *reading*.

    *bundled*: carry columns on in structs. Raises ValueError when the reading lacks a column that is needed.
    """
    layout, kept = Layout(wanted, pathway, settings), tuple(keep)
    read = _read(layout, kept)
    missing = sorted(read - set(reading.columns))
    if missing:
        raise ValueError(f"the reading lacks the columns {', '.join(missing)}")
    bundles: dict[str, str] = {}

    def grown(table: ir.Table, old: dict[str, Any], new: dict[str, Any], level: int) -> ir.Table:
        """Return *old* columns of *table* with the *new* ones of stratum *level*."""
        if not bundled or not new:
            return _projected(table, {**old, **new})
        bundle = f"stratum_{level}"
        bundles.update(dict.fromkeys(new, bundle))
        return _projected(table, {**old, bundle: ibis.struct(new)})

    first = {name: reading[name] for name in sorted(read.difference(kept))}
    first |= {
        name: farthest_day(reading, side, span) for (side, span), name in layout.limits.items()
    }
    table = grown(reading, {name: reading[name] for name in kept}, first, 0)
    strata: Mapping[int, list[Formula]] = defaultdict(list)
    for formula in layout.names:
        strata[layout.levels[formula]].append(formula)
    for level in sorted(strata):
        columns = Columns(table, layout, bundles)
        new = {layout.names[formula]: columns.define(formula) for formula in strata[level]}
        needed = {bundles.get(name, name) for name, last in layout.last_use.items() if last > level}
        parent = table.op()
        live = {
            name: ops.Field(parent, name) for name in table.columns if name in needed.union(kept)
        }
        table = grown(table, live, new, level)
    return Columns(table, layout, bundles)


def _projected(table: ir.Table, columns: Mapping[str, Any]) -> ir.Table:
    """Return *columns* of *table*; `Table.select` says the same, but looks at every column for subqueries first."""
    projection: Any = ops.Project
    found: ir.Table = projection(table, columns).to_expr()
    return found


def _read(layout: Layout, kept: tuple[str, ...]) -> set[str]:
    made = {*layout.names.values(), *layout.limits.values()}
    return {*kept, ON, *layout.last_use} - made
