"""Engines that run in Node, measured by a script there: json-rules-engine, and cql-execution with the printed CQL."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from api.library import get_pathway
from rules.cql import print_library
from schemas.condition import And, Compare, Condition, Is, Known, Not, OneOf, Or
from tests.benchmarks.peers.workload import Workload, number
from tests.cql.npm import run_node

HERE = Path(__file__).parent / "node"
ROUNDS = 5
_OPERATORS = {
    "<": "lessThan",
    "<=": "lessThanInclusive",
    "=": "equal",
    "!=": "notEqual",
    ">=": "greaterThanInclusive",
    ">": "greaterThan",
}


def is_here() -> bool:
    return bool(shutil.which("node") and shutil.which("npm"))


def measure(work: Workload) -> dict[str, list[float]]:
    """Return seconds of processor time per patient, one figure a round, by engine.

    Raises AssertionError for an engine that concludes something else than the evaluator.
    """
    asked = {**rules(work), "patients": work.patients, "rounds": ROUNDS}
    found = json.loads(run_node(HERE, "run.mjs", stdin=json.dumps(asked), seconds=600))
    expected = letters(work)
    for name, each in found.items():
        assert each["answers"] == expected, f"{name} answers otherwise"
    return {name: [us / 1e6 for us in each["microseconds"]] for name, each in found.items()}


def rules(work: Workload) -> dict[str, Any]:
    """Return the rules in the languages of the engines there."""
    return {
        "rules": [_rule(work.flat(node.condition), work) for node in work.network.nodes],
        "library": print_library(get_pathway("fbss"), work.network),
        "names": work.names,
    }


def letters(work: Workload) -> list[str]:
    """Return what is so of each patient, one letter a node."""
    return ["".join("t" if so else "f" for so in row) for row in work.answers]


def _rule(condition: Condition, work: Workload) -> dict[str, Any]:
    """Return *condition* as json-rules-engine writes it; at the top it must be `all`, `any` or `not`."""
    found = _json(condition, work)
    return found if {"all", "any", "not"} & found.keys() else {"all": [found]}


def _json(condition: Condition, work: Workload) -> dict[str, Any]:
    match condition:
        case And() | Or():
            word = "all" if isinstance(condition, And) else "any"
            return {word: [_json(item, work) for item in condition.items]}
        case Not():
            return {"not": _json(condition.item, work)}
        case Is():
            return {"fact": condition.fact, "operator": "equal", "value": True}
        case Known():
            return {"all": []}
        case Compare():
            value = float(number(condition, work.settings))
            return {
                "fact": condition.fact,
                "operator": _OPERATORS[condition.operator],
                "value": value,
            }
        case OneOf():
            return {"fact": condition.fact, "operator": "in", "value": list(condition.words)}
        case _:
            raise AssertionError(type(condition).__name__)
