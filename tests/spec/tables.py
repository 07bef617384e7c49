"""Tables a clinician can check: a condition, what is known, and whether it holds; T true, F false, blank unknown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from pathways.condition_text import parse_condition
from pathways.vocabulary import Vocabulary
from rules.evaluator import Evaluator, evaluate
from rules.network import Network, Node
from rules.truth import FALSE, TRUE, UNKNOWN, WORDS
from schemas.condition import And, Condition, Is, Leaf, Not, Or, Ref, walk
from schemas.facts import FactDefinition, FactKind, parse_partial_date
from schemas.pathway import Medicine

ON = dt.date(2026, 3, 15)
"""The date of every question whose table has no column `on`: a Sunday in the middle of a month."""

SIGNS = {"T": TRUE, "F": FALSE, "": UNKNOWN}

SETTINGS = {
    "limit": Decimal(10),
    "ratio_limit": Decimal("1.5"),
    "gap": Decimal(10),
    "pause": Decimal(2),
}
FINDINGS = ("at_risk", "cleared")


def _fact(name: str, kind: FactKind, *words: str) -> FactDefinition:
    return FactDefinition(name=name, kind=kind, section="spec", title=name, ask="", words=words)


FACTS = {
    fact.name: fact
    for fact in (
        _fact("points", FactKind.INTEGER),
        _fact("ratio", FactKind.DECIMAL),
        _fact("smoker", FactKind.BOOLEAN),
        _fact("diabetes", FactKind.BOOLEAN),
        _fact("pregnant", FactKind.BOOLEAN),
        _fact("appetite", FactKind.CHOICE, "none", "poor", "good"),
        _fact("weakness", FactKind.SIGN),
        _fact("operation", FactKind.DATE),
        _fact("appointment", FactKind.DATE),
    )
}
"""Invented facts, one or more of each kind; numbers in the tables stand for themselves, not for a disease."""


@dataclass(frozen=True)
class Row:
    condition: str
    known: dict[str, str]
    """What is known, as written: facts and findings; a blank cell is left out."""
    holds: int
    on: dt.date = ON

    def __str__(self) -> str:
        known = ", ".join(f"{name} {cell}" for name, cell in self.known.items()) or "nothing known"
        date = "" if self.on == ON else f" on {self.on}"
        return f"`{self.condition}` with {known}{date} is {WORDS[self.holds]}"


def read(table: str) -> list[Row]:
    """Return the rows of *table*: the condition first, whether it holds last, what is known between."""
    lines = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    header = lines[0]
    assert header[0] == "condition"
    assert header[-1] == "holds"
    rows = []
    for cells in lines[1:]:
        assert len(cells) == len(header), cells
        known = {name: cell for name, cell in zip(header[1:-1], cells[1:-1], strict=True) if cell}
        on = dt.date.fromisoformat(known.pop("on", ON.isoformat()))
        rows.append(Row(cells[0], known, SIGNS[cells[-1]], on))
    return rows


def rows(table: str) -> list[Any]:
    """Return the rows of *table* as cases of a test, each called by what it says."""
    return [pytest.param(row, id=str(row)) for row in read(table)]


def vocabulary() -> Vocabulary:
    """Return the names the tables may use."""
    return Vocabulary(
        facts=dict(FACTS),
        derivations={},
        settings=set(SETTINGS),
        findings=set(FINDINGS),
        treatments={"massage"},
        stages={"first"},
        medicines={"sage": Medicine(id="sage", title="Sage", classes=("herb",))},
        classes={"herb": "Herbs"},
    )


def value(name: str, cell: str) -> Any:
    """Return what *cell* says about the fact *name*, in the form an evaluator is given."""
    kind = FACTS[name].kind if name in FACTS else None
    if kind is FactKind.INTEGER:
        return int(cell)
    if kind is FactKind.DECIMAL:
        return Decimal(cell)
    if kind is FactKind.DATE:
        return parse_partial_date(cell)
    return {"T": True, "F": False}.get(cell, cell)


def walker_says(condition: Condition, known: Mapping[str, str], on: dt.date = ON) -> int:
    """Ask the evaluator that walks the tree."""
    values = {name: value(name, cell) for name, cell in known.items() if name not in FINDINGS}
    nodes = {name: SIGNS[known.get(name, "")] for name in FINDINGS}
    return evaluate(condition, values, SETTINGS, on, nodes)


def compiled_says(condition: Condition, known: Mapping[str, str], on: dt.date = ON) -> int:
    """Ask the compiled evaluator; a finding is a node of its own that rests on a fact of the same name."""
    nodes = (*(Node(name, Is(fact=name)) for name in FINDINGS), Node("it", condition))
    leaves: dict[Leaf, None] = {}
    for node in nodes:
        for part in walk(node.condition):
            if not isinstance(part, And | Or | Not | Ref):
                leaves[part] = None
    evaluator = Evaluator(Network(nodes, tuple(leaves)), SETTINGS)
    values = {name: value(name, cell) for name, cell in known.items()}
    return evaluator.nodes(evaluator.leaves(values, on))[-1]


def both_say(row: Row) -> tuple[str, str]:
    """Return what the walker and the compiled evaluator say about *row*, in words."""
    condition = parse_condition(row.condition, vocabulary())
    return (
        WORDS[walker_says(condition, row.known, row.on)],
        WORDS[compiled_says(condition, row.known, row.on)],
    )


def agreed(row: Row) -> tuple[str, str]:
    """Return what both must say."""
    return WORDS[row.holds], WORDS[row.holds]


def conditions(tables: Iterable[str]) -> list[str]:
    """Return every condition of *tables*, each once."""
    return list(dict.fromkeys(row.condition for table in tables for row in read(table)))
