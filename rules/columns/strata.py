"""Formulas as columns, stratum by stratum: what is used twice becomes a column, the rest stands where it is used.

Ibis writes an expression out wherever it is referred to; a column is the only thing worked out once. Each stratum is
one projection that carries on what is still needed and adds what can be worked out from it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from rules.columns.conditions import ON, Limits, columns_of, comparison, farthest_day, limit_of
from rules.columns.formulas import Formula, below
from rules.leaves import Settings
from schemas.condition import Is, Known
from schemas.pathway import Pathway

_CHEAP = ("yes", "no", "not", "known", "so")
"""Worked out anew wherever it is used: dearer to carry along than to repeat."""


class Layout:
    """Which formulas become columns, and in which stratum."""

    def __init__(self, wanted: Iterable[Formula], pathway: Pathway, settings: Settings) -> None:
        self.pathway, self.settings = pathway, settings
        self.wanted = tuple(dict.fromkeys(wanted))
        self.formulas = below(self.wanted)
        uses = self._uses()
        self.names = {
            formula: f"_{at}"
            for at, formula in enumerate(self.formulas)
            if not self._in_place(formula) and uses[formula] > 1
        }
        self.limits: Limits = {}
        for formula in self.formulas:
            limit = formula.leaf and limit_of(formula.leaf, settings)
            if limit:
                self.limits[limit] = f"_{limit[0]}_{limit[1]}"
        self.levels = self._levels()
        self.last_use = self._last_use()

    @staticmethod
    def _in_place(formula: Formula) -> bool:
        return formula.kind in _CHEAP or isinstance(formula.leaf, Is | Known)

    def _uses(self) -> dict[Formula, int]:
        uses: dict[Formula, int] = defaultdict(int)
        for formula in self.wanted:
            uses[formula] += 2  # a wanted formula is always a column
        for formula in reversed(self.formulas):
            for part in formula.parts:
                uses[part] += uses[formula] if self._in_place(formula) else 1
        return uses

    def _levels(self) -> dict[Formula, int]:
        """Return the stratum each formula can be worked out in; the columns of the reading are stratum 0."""
        levels: dict[Formula, int] = {}
        for formula in self.formulas:
            parts = max((levels[part] for part in formula.parts), default=0)
            levels[formula] = parts + (1 if formula in self.names else 0)
        return levels

    def columns(self, formula: Formula) -> set[str]:
        """Return the columns that *formula* is worked out from."""
        found: set[str] = set()
        waiting = [formula]
        while waiting:
            top = waiting.pop()
            if top in self.names and top is not formula:
                found.add(self.names[top])
            elif top.leaf is not None:
                found.update(columns_of(top.leaf, self.pathway))
                limit = limit_of(top.leaf, self.settings)
                if limit:
                    found.update((self.limits[limit], ON))
            waiting.extend(() if top in self.names and top is not formula else top.parts)
        return found

    def _last_use(self) -> dict[str, int]:
        last: dict[str, int] = {}
        for formula in self.names:
            for column in self.columns(formula):
                last[column] = max(last.get(column, 0), self.levels[formula])
        end = max(self.levels.values(), default=0) + 1
        for formula in self.wanted:
            if formula in self.names:
                last[self.names[formula]] = end
            else:
                last.update(dict.fromkeys(self.columns(formula), end))
        return last


class Columns:
    """The wanted formulas as columns of one table."""

    def __init__(self, table: ir.Table, layout: Layout) -> None:
        self.table, self.layout = table, layout
        self._written: dict[Formula, Any] = {}

    def __getitem__(self, formula: Formula) -> Any:
        """Return *formula* as a boolean expression over `table`."""
        if formula not in self._written:
            self._written[formula] = self._write(formula, formula in self.layout.names)
        return self._written[formula]

    def define(self, formula: Formula) -> Any:
        """Return what the column of *formula* is worked out from."""
        return self._write(formula, False)

    def _write(self, formula: Formula, as_column: bool) -> Any:
        if as_column:
            return self.table[self.layout.names[formula]]
        if formula.leaf is not None:
            layout = self.layout
            return comparison(
                formula.leaf, self.table, layout.pathway, layout.settings, layout.limits
            )
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
) -> Columns:
    """Return the *wanted* formulas as columns beside the columns *keep* of *reading*.

    Raises ValueError when the reading lacks a column that is needed.
    """
    layout, kept = Layout(wanted, pathway, settings), tuple(keep)
    missing = sorted(_read(layout, kept) - set(reading.columns))
    if missing:
        raise ValueError(f"the reading lacks the columns {', '.join(missing)}")
    first = {name: reading[name] for name in sorted(_read(layout, kept))}
    first |= {
        name: farthest_day(reading, side, span) for (side, span), name in layout.limits.items()
    }
    table = _projected(reading, first)
    strata: Mapping[int, list[Formula]] = defaultdict(list)
    for formula in layout.names:
        strata[layout.levels[formula]].append(formula)
    for level in sorted(strata):
        columns = Columns(table, layout)
        parent = table.op()
        live = {
            name: ops.Field(parent, name)
            for name in table.columns
            if name in kept or layout.last_use.get(name, 0) > level
        }
        new = {layout.names[formula]: columns.define(formula) for formula in strata[level]}
        table = _projected(table, {**live, **new})
    return Columns(table, layout)


def _projected(table: ir.Table, columns: Mapping[str, Any]) -> ir.Table:
    """Return *columns* of *table*; `Table.select` says the same, but looks at every column for subqueries first."""
    projection: Any = ops.Project
    found: ir.Table = projection(table, columns).to_expr()
    return found


def _read(layout: Layout, kept: tuple[str, ...]) -> set[str]:
    made = {*layout.names.values(), *layout.limits.values()}
    return {*kept, ON, *layout.last_use} - made
