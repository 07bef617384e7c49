"""The work the peers share: rules of the pathway that read 35 facts without dates, and patients who know them all.

Most engines know two truths only, so every fact of a patient here is known; ours decides with three all the same.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from api.library import get_decider, get_pathway
from rules.evaluator import Evaluator
from rules.network import Network
from rules.truth import TRUE, UNKNOWN
from schemas.condition import And, Compare, Condition, Not, OneOf, Or, Ref, Within, walk
from schemas.facts import FactKind
from tests.conftest import ON

MOST_FACTS = 35
PATIENTS = 200


@dataclass(frozen=True)
class Workload:
    """A part of the network, and patients with what our evaluator concludes of them."""

    network: Network
    patients: tuple[dict[str, Any], ...]
    settings: dict[str, Decimal]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(node.name for node in self.network.nodes)

    @cached_property
    def evaluator(self) -> Evaluator:
        return Evaluator(self.network, self.settings)

    @cached_property
    def answers(self) -> list[tuple[bool, ...]]:
        """What is so, node by node, for each patient; nothing is unknown."""
        found = []
        for patient in self.patients:
            truths = self.evaluator.nodes(self.evaluator.leaves(patient, ON))
            assert UNKNOWN not in truths
            found.append(tuple(truth == TRUE for truth in truths))
        return found

    def flat(self, condition: Condition) -> Condition:
        """Return *condition* with every reference replaced by what it stands for."""
        match condition:
            case And():
                return And(items=tuple(self.flat(item) for item in condition.items))
            case Or():
                return Or(items=tuple(self.flat(item) for item in condition.items))
            case Not():
                return Not(item=self.flat(condition.item))
            case Ref():
                return self.flat(self.network.conditions[condition.name])
            case _:
                return condition


def build() -> Workload:
    """Choose rules in the order of the documents while they read no more than 35 facts, and draw the patients."""
    network = get_decider("fbss").network
    facts: set[str] = set()
    chosen: list[str] = []
    for node in network.nodes:
        if node.name.startswith("rule:") and not _has_dates(network, node.name):
            read = facts | set(network.facts([node.name]))
            if len(read) <= MOST_FACTS:
                facts = read
                chosen.append(node.name)
    wanted = network.upstream(chosen)
    part = Network(
        tuple(node for node in network.nodes if node.name in wanted),
        tuple(
            leaf
            for leaf in network.leaves
            if leaf.fact in facts and _is_read(network, wanted, leaf)
        ),
    )
    settings = dict(get_decider("fbss").voices.settings("default"))
    rng = random.Random("peers")
    patients = tuple(
        {name: _value(name, part, settings, rng) for name in sorted(facts)} for _ in range(PATIENTS)
    )
    return Workload(part, patients, settings)


def _has_dates(network: Network, name: str) -> bool:
    return any(
        isinstance(part, Within)
        for each in network.upstream([name])
        for part in walk(network.conditions[each])
    )


def _is_read(network: Network, names: set[str], leaf: Condition) -> bool:
    return any(part == leaf for name in names for part in walk(network.conditions[name]))


def _value(name: str, network: Network, settings: dict[str, Decimal], rng: random.Random) -> Any:
    """Draw a value; a number on either side of a limit that some rule compares it with."""
    definition = get_pathway("fbss").definition(name)
    if definition.kind is FactKind.BOOLEAN:
        return rng.random() < 0.3
    if definition.kind in (FactKind.INTEGER, FactKind.DECIMAL):
        limits = [
            int(settings[leaf.setting] if leaf.setting else leaf.bound or 0)
            for leaf in network.leaves
            if isinstance(leaf, Compare) and leaf.fact == name
        ]
        return max(0, rng.choice(limits or [1]) + rng.choice((-1, 0, 1)))
    words = {
        word
        for leaf in network.leaves
        if isinstance(leaf, OneOf) and leaf.fact == name
        for word in leaf.words
    }
    return rng.choice(sorted(words | set(definition.choices)))


def number(leaf: Compare, settings: dict[str, Decimal]) -> str:
    """Return the number that *leaf* compares with, as every language here writes it."""
    bound = settings[leaf.setting] if leaf.setting else leaf.bound
    assert bound is not None
    return str(int(bound)) if bound == int(bound) else str(bound)
