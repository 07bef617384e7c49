"""Everybody at once: whether any facts whatever make a statement true, asked of a solver instead of patient by patient.

A fact has one of its candidates (see backwards/candidates.py) and matters only through its comparisons, so a few yes/no
variables a fact stand for all it may be. Facts of one list are held together by backwards/links.py, which says no more
than what certainly follows: where nothing is found, nothing is there; what is found need not be a patient.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import z3

from rules.leaves import Settings, evaluate_leaf
from rules.proof.logic import Three
from rules.proof.trial import translate
from rules.truth import FALSE, TRUE
from rules.verification.backwards.arrange import Link
from schemas.condition import Condition, Leaf

MOST_SECONDS = 20
"""After which a question is given up."""


class Everybody:
    """The facts of an arbitrary patient, or the fields of an arbitrary trial."""

    def __init__(
        self,
        values: Mapping[str, tuple[Any, ...]],
        settings: Settings,
        on: dt.date,
        links: Sequence[Link] = (),
    ) -> None:
        """*values*: the candidates of every fact any statement may be about, the preferred first."""
        self.values, self.settings, self.on = values, settings, on
        self.solver = z3.SolverFor("QF_FD")
        self.solver.set("timeout", MOST_SECONDS * 1000)
        self.bits = {
            fact: [z3.Bool(f"{fact} {at}") for at in range(len(found))]
            for fact, found in values.items()
        }
        for bits in self.bits.values():
            self.solver.add(z3.PbEq([(bit, 1) for bit in bits], 1))
        for link in links:
            here, there = self.among(link.fact, link.values), self.among(link.other, link.others)
            self.solver.add(z3.Implies(here, there))
        self._leaves: dict[Leaf, Three[Any]] = {}
        self._named = 0

    def among(self, fact: str, values: Iterable[Any]) -> Any:
        """Return that *fact* has one of *values*; None among them stands for unknown."""
        wanted = frozenset(values)
        pairs = zip(self.bits[fact], self.values[fact], strict=True)
        return z3.Or(*(bit for bit, value in pairs if value in wanted))

    def leaf(self, leaf: Leaf) -> Three[Any]:
        """Return one comparison; its fact must be among the candidates."""
        if leaf not in self._leaves:
            sorted_: dict[int, list[Any]] = {FALSE: [], TRUE: []}
            for bit, value in zip(self.bits[leaf.fact], self.values[leaf.fact], strict=True):
                truth = evaluate_leaf(leaf, {leaf.fact: value}, self.settings, self.on)
                if truth in sorted_:
                    sorted_[truth].append(bit)
            self._leaves[leaf] = Three(z3.Or(*sorted_[TRUE]), z3.Or(*sorted_[FALSE]))
        return self._leaves[leaf]

    def truth(self, condition: Condition, nodes: dict[str, Three[Any]]) -> Three[Any]:
        """Return *condition* under a name of its own; *nodes* holds the earlier conclusions it refers to."""
        found = translate(condition, self, nodes)
        return Three(self.define(found.so), self.define(found.not_so))

    def define(self, formula: Any) -> Any:
        """Return a new name for *formula*, so that what uses it stays small."""
        self._named += 1
        name = z3.Bool(f"name {self._named}")
        self.solver.add(name == formula)
        return name

    def find(self, statement: Any) -> dict[str, Any] | None:
        """Return facts that make *statement* true, or None when none do.

        Raises TimeoutError when the question was given up.
        """
        answer = self.solver.check(statement)
        if answer == z3.unknown:
            raise TimeoutError
        return None if answer == z3.unsat else self._facts()

    def near(self, statement: Any, preferred: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return facts as `find` does, as many of them as can be had together having their *preferred* value."""
        found = self.find(statement)
        if found is None:
            return None
        self.solver.push()
        try:
            self.solver.add(statement)
            for fact, value in preferred.items():
                wish = self.among(fact, [value])
                if found[fact] != value:
                    if self.solver.check(wish) != z3.sat:
                        continue
                    found = self._facts()
                self.solver.add(wish)
        finally:
            self.solver.pop()
        return found

    def _facts(self) -> dict[str, Any]:
        model = self.solver.model()
        return {
            fact: next(
                value
                for bit, value in zip(bits, self.values[fact], strict=True)
                if z3.is_true(model.eval(bit, model_completion=True))
            )
            for fact, bits in self.bits.items()
        }
