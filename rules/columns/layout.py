"""Which formulas become columns, in which of the strata, and how long each column is needed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from rules.columns.conditions import ON, Limits, columns_of, limit_of
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
