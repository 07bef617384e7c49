"""The compiled evaluator: conditions as straight Python code objects, compiled once, never walked per patient.

Truth is 0, 1, 2 (false, unknown, true). The code that is generated holds indexes and constants of ours only; no text
of a document or of a patient ever becomes code. A plain walker, `evaluate`, says the same thing slowly; tests hold the
two together, and the few conditions of one trial row are judged with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rules.leaves import Settings, bound_of, evaluate_leaf, is_within, span_of
from rules.network import Network
from rules.truth import both, either, negate
from schemas.condition import (
    And,
    Compare,
    Condition,
    Is,
    Known,
    Leaf,
    Not,
    OneOf,
    Or,
    Ref,
    Within,
)

Truths = tuple[int, ...]
_PYTHON_OPERATORS = {"=": "=="}


def evaluate(
    condition: Condition,
    values: Mapping[str, Any],
    settings: Settings,
    on: dt.date,
    nodes: Mapping[str, int] | None = None,
) -> int:
    """Walk *condition* and return its truth; *nodes* holds the earlier conclusions it refers to."""
    match condition:
        case And():
            return both(evaluate(item, values, settings, on, nodes) for item in condition.items)
        case Or():
            return either(evaluate(item, values, settings, on, nodes) for item in condition.items)
        case Not():
            return negate(evaluate(condition.item, values, settings, on, nodes))
        case Ref():
            if nodes is None:
                raise KeyError(condition.name)
            return nodes[condition.name]
        case _:
            return evaluate_leaf(condition, values, settings, on)


def evaluate_network(
    network: Network, values: Mapping[str, Any], settings: Settings, on: dt.date
) -> Truths:
    """Walk every node in order: the reference that tests compare the compiled code with."""
    nodes: dict[str, int] = {}
    for node in network.nodes:
        nodes[node.name] = evaluate(node.condition, values, settings, on, nodes)
    return tuple(nodes.values())


@dataclass(frozen=True)
class Trace:
    """The truth of every part of every condition of a network, for one patient.

    *places* is by identity, since comparing conditions costs more than judging them; the network keeps them alive.
    """

    places: Mapping[int, int]
    truths: Truths

    def of(self, condition: Condition) -> int | None:
        """Return the truth of *condition*; None when it is no part of the network."""
        place = self.places.get(id(condition))
        return None if place is None else self.truths[place]


class Evaluator:
    """The nodes of one network under one set of settings, compiled."""

    def __init__(self, network: Network, settings: Settings) -> None:
        self.network = network
        self.fact_names = tuple(sorted({leaf.fact for leaf in network.leaves}))
        slots = {name: at for at, name in enumerate(self.fact_names)}
        self._leaves = _compile_leaves(network.leaves, slots, settings)
        self._nodes, _ = _compile_nodes(network)

    def leaves(self, values: Mapping[str, Any], on: dt.date) -> Truths:
        """Evaluate every comparison once, in the order of `network.leaves`."""
        return self._leaves([values.get(name) for name in self.fact_names], on)

    def nodes(self, leaves: Truths) -> Truths:
        """Combine comparisons into nodes, in the order of `network.nodes`."""
        return self._nodes(leaves)

    def trace(self, leaves: Truths) -> Trace:
        """Return the truth of every part of every condition, from the same code that combines them into nodes."""
        run, places = self._traced
        return Trace(places, leaves + run(leaves))

    @cached_property
    def _traced(self) -> tuple[Callable[[Truths], Truths], dict[int, int]]:
        return _compile_nodes(self.network, parts_too=True)


class Screen:
    """The red signs alone: a small pure function that runs before anything else and needs nothing else."""

    def __init__(self, network: Network, settings: Settings, signs: Iterable[str]) -> None:
        names = network.upstream([f"sign:{sign}" for sign in signs] + ["red(any)"])
        self.names = tuple(node.name for node in network.nodes if node.name in names)
        facts = network.facts(self.names)
        part = Network(
            tuple(node for node in network.nodes if node.name in names),
            tuple(leaf for leaf in network.leaves if leaf.fact in facts),
        )
        self._evaluator = Evaluator(part, settings)

    def __call__(self, values: Mapping[str, Any], on: dt.date) -> dict[str, int]:
        """Return the truth of every node the red signs rest on."""
        leaves = self._evaluator.leaves(values, on)
        return dict(zip(self.names, self._evaluator.nodes(leaves), strict=True))


def _compile_leaves(
    leaves: Sequence[Leaf], slots: Mapping[str, int], settings: Settings
) -> Callable[[list[Any], dt.date], Truths]:
    constants: dict[str, Any] = {"within": is_within}
    parts = []
    for at, leaf in enumerate(leaves):
        parts.append(_leaf_code(leaf, f"v[{slots[leaf.fact]}]", f"k{at}", constants, settings))
    source = f"def run(v, on):\n    return ({''.join(f'{part}, ' for part in parts)})\n"
    run: Callable[[list[Any], dt.date], Truths] = _function(source, constants)
    return run


def _leaf_code(
    leaf: Leaf, value: str, constant: str, constants: dict[str, Any], settings: Settings
) -> str:
    match leaf:
        case Known():
            return f"0 if {value} is None else 2"
        case Is():
            return f"1 if {value} is None else 2 if {value} else 0"
        case Compare():
            bound = bound_of(leaf, settings)
            constants[constant] = int(bound) if bound == int(bound) else bound
            sign = _PYTHON_OPERATORS.get(leaf.operator, leaf.operator)
            return f"1 if {value} is None else 2 if {value} {sign} {constant} else 0"
        case OneOf():
            constants[constant] = frozenset(leaf.words)
            return f"1 if {value} is None else 2 if {value} in {constant} else 0"
        case Within():
            span = span_of(leaf, settings)
            return f"1 if {value} is None else within({value}, {span}, {leaf.side!r}, on)"


def _compile_nodes(
    network: Network, parts_too: bool = False
) -> tuple[Callable[[Truths], Truths], dict[int, int]]:
    """Return what combines comparisons, and where in *comparisons, nodes, parts* each condition's truth stands.

    The function returns the nodes and, with *parts_too*, after them every part on the way to them.
    """
    leaf_at, node_at = network.leaf_index, network.index
    before = len(network.leaves) + len(network.nodes)
    lines: list[str] = []
    parts: list[str] = []
    places: dict[int, int] = {}

    def code(condition: Condition) -> str:
        """Append what is needed and return the name that holds the truth of *condition*."""
        match condition:
            case Ref():
                places[id(condition)] = len(network.leaves) + node_at[condition.name]
                return f"n{node_at[condition.name]}"
            case And() | Or():
                names = [code(item) for item in condition.items]
                return part(condition, _and(names) if isinstance(condition, And) else _or(names))
            case Not():
                return part(condition, f"2 - {code(condition.item)}")
            case _:
                places[id(condition)] = leaf_at[condition]
                return f"v[{leaf_at[condition]}]"

    def part(condition: Condition, expression: str) -> str:
        name = f"t{len(parts)}"
        lines.append(f"    {name} = {expression}")
        places[id(condition)] = before + len(parts)
        parts.append(name)
        return name

    for node in network.nodes:
        lines.append(f"    n{node_at[node.name]} = {code(node.condition)}")
    names = [f"n{node_at[node.name]}" for node in network.nodes] + parts * parts_too
    results = "".join(f"{name}, " for name in names)
    run: Callable[[Truths], Truths] = _function(
        "def run(v):\n" + "\n".join(lines) + f"\n    return ({results})\n", {}
    )
    return run, places


def _and(names: list[str]) -> str:
    if not names:
        return "2"
    return f"{' and '.join(names)} and (2 if {' + '.join(names)} == {2 * len(names)} else 1)"


def _or(names: list[str]) -> str:
    if not names:
        return "0"
    certain = " or ".join(f"{name} == 2" for name in names)
    return f"2 if {certain} else 1 if {' or '.join(names)} else 0"


def _function(source: str, constants: dict[str, Any]) -> Any:
    space = dict(constants)
    exec(compile(source, "<compiled pathway>", "exec"), space)
    return space["run"]
