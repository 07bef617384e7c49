"""Truth for many patients at once: a bit for each patient, in two whole numbers.

One *and* of two long numbers combines a condition for thousands of people, so a changed rule can be tried on all of
them in microseconds. It must say what the compiled evaluator says; a test holds the two together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rules.evaluator import Evaluator
from rules.leaves import Settings, evaluate_leaf
from rules.network import Network, Node
from rules.truth import FALSE, TRUE, UNKNOWN
from schemas.condition import And, Condition, Leaf, Not, Or, Ref

Masks = tuple[int, int]
"""Of whom a condition is true, and of whom it is false; of all others it is unknown."""

Facts = Mapping[str, Any]


def pack(truths: Iterable[int]) -> Masks:
    """Return the masks of the truths of one condition, patient by patient."""
    true = false = 0
    for at, truth in enumerate(truths):
        if truth == TRUE:
            true |= 1 << at
        elif truth == FALSE:
            false |= 1 << at
    return true, false


def truth_at(masks: Masks, patient: int) -> int:
    """Return the truth for the patient with that number."""
    true, false = masks
    return TRUE if true >> patient & 1 else FALSE if false >> patient & 1 else UNKNOWN


def members(mask: int) -> Iterable[int]:
    """Yield the numbers of the patients in *mask*, the lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


class Crowd:
    """Many patients on one date, under one set of settings."""

    def __init__(
        self, network: Network, settings: Settings, people: Sequence[Facts], on: Sequence[dt.date]
    ) -> None:
        """*people*: the facts of each as the rules read them; *on*: the date of each question."""
        self.network, self.settings, self.people, self.on = network, settings, people, on
        self.everyone = (1 << len(people)) - 1
        evaluator = Evaluator(network, settings)
        rows = [evaluator.leaves(values, date) for values, date in zip(people, on, strict=True)]
        columns = zip(*rows, strict=True) if rows else ((),) * len(network.leaves)
        self.leaves: dict[Leaf, Masks] = {
            leaf: pack(column) for leaf, column in zip(network.leaves, columns, strict=True)
        }
        self.nodes: dict[str, Masks] = {}
        for node in network.nodes:
            self.nodes[node.name] = self.of(node.condition, self.nodes)

    def leaf(self, leaf: Leaf, settings: Settings | None = None) -> Masks:
        """Return the masks of a comparison, of one that the network does not have too."""
        if settings is None:
            found = self.leaves.get(leaf)
            if found is not None:
                return found
            settings = self.settings
        return pack(
            evaluate_leaf(leaf, values, settings, date)
            for values, date in zip(self.people, self.on, strict=True)
        )

    def of(
        self,
        condition: Condition,
        nodes: Mapping[str, Masks],
        leaves: Mapping[Leaf, Masks] | None = None,
    ) -> Masks:
        """Return the masks of *condition*; *leaves* replace those of the crowd where they differ."""
        match condition:
            case Ref():
                return nodes[condition.name]
            case Not():
                true, false = self.of(condition.item, nodes, leaves)
                return false, true
            case And():
                true, false = self.everyone, 0
                for item in condition.items:
                    more, less = self.of(item, nodes, leaves)
                    true, false = true & more, false | less
                return true, false
            case Or():
                true, false = 0, self.everyone
                for item in condition.items:
                    more, less = self.of(item, nodes, leaves)
                    true, false = true | more, false & less
                return true, false
            case _:
                changed = leaves.get(condition) if leaves else None
                if changed is None:
                    changed = self.leaf(condition)
                return changed

    def settle(
        self, nodes: Iterable[Node], leaves: Mapping[Leaf, Masks] | None = None
    ) -> dict[str, Masks]:
        """Return the masks of all *nodes*, which stand in an order in which each rests on earlier ones."""
        found: dict[str, Masks] = {}
        for node in nodes:
            found[node.name] = self.of(node.condition, found, leaves)
        return found
