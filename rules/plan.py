"""From the network to what the rule engine runs: conjunctions of atoms, in strata.

An atom is *comparison i is so*, *comparison i is not so*, or an earlier conclusion. A node becomes two monotone
conclusions, one for true and one for false, in negation normal form, each split into conjunctions; neither
firing means unknown. A conclusion that needs another stands in a later stratum, where the other is an atom.

The falsehood of a rule that nobody asks about is not worked out by the engine: nothing rests on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from rules.network import Network
from schemas.condition import And, Condition, Not, Or, Ref

MOST_ALTERNATIVES = 16
"""A conjunction that would unfold into more alternatives is broken up by auxiliary conclusions."""

Literal = tuple[str, int | str, bool]
"""("leaf", index, so?) or ("node", conclusion name, so?)."""
Conjunction = frozenset[Literal]


@dataclass(frozen=True)
class Conclusion:
    """One thing the engine can conclude: node *name* is true (*so*) or false."""

    name: str
    so: bool
    alternatives: tuple[Conjunction, ...]
    stratum: int


@dataclass
class Plan:
    """Every conclusion with its stratum; `checked` are those that speak of a node of the network."""

    conclusions: list[Conclusion] = field(default_factory=list)

    @property
    def strata(self) -> int:
        return 1 + max((c.stratum for c in self.conclusions), default=0)


class _Planner:
    def __init__(self, network: Network) -> None:
        self.network = network
        self.done: dict[tuple[str, bool], Conclusion] = {}
        self.auxiliary: dict[Condition, str] = {}
        self.conditions = dict(network.conditions)

    def conclude(self, name: str, so: bool) -> Literal:
        """Make sure that *name* being *so* is concluded, and return the literal for it."""
        key = (name, so)
        if key not in self.done:
            alternatives = tuple(dict.fromkeys(self.unfold(self.conditions[name], so)))
            below = [
                self.done[(str(item), positive)].stratum
                for each in alternatives
                for kind, item, positive in each
                if kind == "node"
            ]
            stratum = 1 + max(below) if below else 0
            self.done[key] = Conclusion(name, so, alternatives, stratum)
        return ("node", name, so)

    def unfold(self, condition: Condition, so: bool) -> list[Conjunction]:
        """Return the conjunctions of which one must hold for *condition* to be *so*."""
        match condition:
            case Not():
                return self.unfold(condition.item, not so)
            case Ref():
                if condition.name.startswith("rule:") and not so:
                    inline = self.unfold(self.conditions[condition.name], so)
                    if len(inline) <= 2:
                        return inline
                return [frozenset({self.conclude(condition.name, so)})]
            case And() | Or():
                parts = [(item, self.unfold(item, so)) for item in condition.items]
                if isinstance(condition, And) is so:
                    return self.join(parts, so)
                return [conjunction for _, part in parts for conjunction in part]
            case _:
                return [frozenset({("leaf", self.network.leaf_index[condition], so)})]

    def join(self, parts: list[tuple[Condition, list[Conjunction]]], so: bool) -> list[Conjunction]:
        """Multiply out *parts*, naming the largest by an auxiliary conclusion while there are too many."""
        while math.prod(len(part) for _, part in parts) > MOST_ALTERNATIVES:
            at = max(range(len(parts)), key=lambda n: len(parts[n][1]))
            condition = parts[at][0]
            parts[at] = (condition, [frozenset({self.conclude(self.name(condition), so)})])
        result: list[Conjunction] = [frozenset()]
        for _, part in parts:
            result = [left | right for left in result for right in part]
        return [each for each in result if not _contradicts(each)]

    def name(self, condition: Condition) -> str:
        if isinstance(condition, Ref):
            return condition.name
        if condition not in self.auxiliary:
            name = f"aux:{len(self.auxiliary)}"
            self.auxiliary[condition] = name
            self.conditions[name] = condition
        return self.auxiliary[condition]


def _contradicts(conjunction: Conjunction) -> bool:
    return any((kind, item, not so) in conjunction for kind, item, so in conjunction)


def plan(network: Network) -> Plan:
    """Lay out what the engine concludes for *network*."""
    planner = _Planner(network)
    for node in network.nodes:
        planner.conclude(node.name, True)
        if not node.name.startswith("rule:"):
            planner.conclude(node.name, False)
    return Plan(list(planner.done.values()))
