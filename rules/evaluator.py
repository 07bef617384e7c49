"""The compiled evaluator: conditions as straight Python code objects, compiled once, never walked per patient.

Truth is 0, 1, 2 (false, unknown, true). The code that is generated holds indexes and constants of ours only; no text
of a document or of a patient ever becomes code. A plain walker, `evaluate`, says the same thing slowly; tests hold the
two together, and the few conditions of one trial row are judged with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
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


class Evaluator:
    """The nodes of one network under one set of settings, compiled."""

    def __init__(self, network: Network, settings: Settings) -> None:
        self.network = network
        self.fact_names = tuple(sorted({leaf.fact for leaf in network.leaves}))
        slots = {name: at for at, name in enumerate(self.fact_names)}
        self._leaves = _compile_leaves(network.leaves, slots, settings)
        self._nodes = _compile_nodes(network, [node.name for node in network.nodes])

    def leaves(self, values: Mapping[str, Any], on: dt.date) -> Truths:
        """Evaluate every comparison once, in the order of `network.leaves`."""
        return self._leaves([values.get(name) for name in self.fact_names], on)

    def nodes(self, leaves: Truths) -> Truths:
        """Combine comparisons into nodes, in the order of `network.nodes`."""
        return self._nodes(leaves)


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


def _compile_nodes(network: Network, names: Sequence[str]) -> Callable[[Truths], Truths]:
    leaf_at, node_at = network.leaf_index, network.index
    lines: list[str] = []

    def code(condition: Condition) -> str:
        """Append what is needed and return the name that holds the truth of *condition*."""
        match condition:
            case Ref():
                return f"n{node_at[condition.name]}"
            case And() | Or():
                names = [code(item) for item in condition.items]
                return temporary(_and(names) if isinstance(condition, And) else _or(names))
            case Not():
                return temporary(f"2 - {code(condition.item)}")
            case _:
                return f"v[{leaf_at[condition]}]"

    def temporary(expression: str) -> str:
        name = f"t{len(lines)}"
        lines.append(f"    {name} = {expression}")
        return name

    for node in network.nodes:
        lines.append(f"    n{node_at[node.name]} = {code(node.condition)}")
    results = "".join(f"n{node_at[name]}, " for name in names)
    run: Callable[[Truths], Truths] = _function(
        "def run(v):\n" + "\n".join(lines) + f"\n    return ({results})\n", {}
    )
    return run


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
