"""Boolean formulas over the facts of a patient: each distinct one stands once, whoever asks for it.

The network of conclusions, the tables of the decision and the questions still open all become formulas of one sheet.
What two of them share is one object, so that it is worked out once. Truth is Kleene's, unknown is SQL's null.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from rules.network import Network
from schemas.condition import And, Condition, Known, Leaf, Not, Or, Ref, Within

Kind = Literal["yes", "no", "leaf", "and", "or", "not", "known", "so"]


@dataclass(frozen=True, eq=False)
class Formula:
    """One formula; equal formulas of one sheet are the same object."""

    kind: Kind
    parts: tuple[Formula, ...] = ()
    leaf: Leaf | None = None
    settled: bool = False
    """Whether it is true or false for every patient, never unknown."""


class Sheet:
    """Writes formulas, simplified, each once."""

    def __init__(self) -> None:
        self._written: dict[tuple[object, ...], Formula] = {}
        self.yes = self._write("yes", (), settled=True)
        self.no = self._write("no", (), settled=True)

    def _write(
        self,
        kind: Kind,
        parts: tuple[Formula, ...],
        leaf: Leaf | None = None,
        settled: bool = False,
    ) -> Formula:
        key = (kind, leaf, *map(id, parts))
        if key not in self._written:
            self._written[key] = Formula(kind, parts, leaf, settled)
        return self._written[key]

    def leaf(self, leaf: Leaf) -> Formula:
        """Return one comparison."""
        return self._write("leaf", (), leaf, isinstance(leaf, Known))

    def every(self, parts: Iterable[Formula]) -> Formula:
        """Conjoin; of nothing it is true."""
        return self._join("and", parts, self.yes, self.no)

    def some(self, parts: Iterable[Formula]) -> Formula:
        """Disjoin; of nothing it is false."""
        return self._join("or", parts, self.no, self.yes)

    def _join(
        self, kind: Kind, parts: Iterable[Formula], idle: Formula, enough: Formula
    ) -> Formula:
        kept = tuple(part for part in dict.fromkeys(parts) if part is not idle)
        if enough in kept:
            return enough
        if len(kept) == 1:
            return kept[0]
        if not kept:
            return idle
        return self._write(kind, kept, settled=all(part.settled for part in kept))

    def negated(self, part: Formula) -> Formula:
        """Negate; the negation of unknown is unknown."""
        if part.kind == "not":
            return part.parts[0]
        if part in (self.yes, self.no):
            return self.no if part is self.yes else self.yes
        return self._write("not", (part,), settled=part.settled)

    def known(self, part: Formula) -> Formula:
        """Tell whether *part* is true or false."""
        if part.settled:
            return self.yes
        if part.kind == "not":
            return self.known(part.parts[0])
        if part.leaf is not None and not isinstance(part.leaf, Within):
            return self.leaf(Known(fact=part.leaf.fact))
        return self._write("known", (part,), settled=True)

    def unknown(self, part: Formula) -> Formula:
        """Tell whether *part* is neither true nor false."""
        return self.negated(self.known(part))

    def so(self, part: Formula) -> Formula:
        """Tell whether *part* is true, as a formula that is never unknown."""
        return part if part.settled else self._write("so", (part,), settled=True)

    def not_so(self, part: Formula) -> Formula:
        """Tell whether *part* is false, as a formula that is never unknown."""
        return self.so(self.negated(part))

    def condition(self, condition: Condition, nodes: dict[str, Formula]) -> Formula:
        """Write a condition of the pathway; *nodes* holds the earlier conclusions it refers to."""
        match condition:
            case And():
                return self.every(self.condition(item, nodes) for item in condition.items)
            case Or():
                return self.some(self.condition(item, nodes) for item in condition.items)
            case Not():
                return self.negated(self.condition(condition.item, nodes))
            case Ref():
                return nodes[condition.name]
            case _:
                return self.leaf(condition)

    def network(self, network: Network) -> dict[str, Formula]:
        """Write every conclusion of *network*, by the name of its node."""
        nodes: dict[str, Formula] = {}
        for node in network.nodes:
            nodes[node.name] = self.condition(node.condition, nodes)
        return nodes


class Plain:
    """The two-valued logic in which the tables of the decision are read: what is unknown does not hold."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet, self.yes, self.no = sheet, sheet.yes, sheet.no

    def every(self, parts: Iterable[Formula]) -> Formula:
        return self.sheet.every(parts)

    def some(self, parts: Iterable[Formula]) -> Formula:
        parts = tuple(parts)
        if len(parts) == 2 and parts[1] is self.sheet.negated(parts[0]):
            return self.sheet.known(parts[0])
        return self.sheet.some(parts)

    def opposite(self, part: Formula) -> Formula:
        return self.sheet.negated(self.sheet.so(part))


def below(formulas: Iterable[Formula]) -> list[Formula]:
    """Return *formulas* and everything they are made of, each once, parts before wholes."""
    done: dict[Formula, None] = {}
    for formula in formulas:
        waiting: list[tuple[Formula, Iterator[Formula]]] = [(formula, iter(formula.parts))]
        while waiting:
            top, parts = waiting[-1]
            part = next((each for each in parts if each not in done), None)
            if part is None:
                done[top] = None
                waiting.pop()
            else:
                waiting.append((part, iter(part.parts)))
    return list(done)
