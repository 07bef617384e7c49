"""The outside CQL engine, asked about many patients at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from rules.truth import FALSE, TRUE, UNKNOWN
from schemas.facts import PartialDate
from tests.cql.npm import run_node

HERE = Path(__file__).parent
LETTERS = {"t": TRUE, "f": FALSE, "u": UNKNOWN, "-": -1}


@dataclass(frozen=True)
class Answers:
    """What the engine concluded: the names of all definitions, and their truths for each patient."""

    names: tuple[str, ...]
    truths: tuple[tuple[int, ...], ...]


def ask(library: str, patients: Iterable[tuple[str, Mapping[str, Any]]], tmp_path: Path) -> Answers:
    """Translate *library* and evaluate it for every patient: the date of the question, and what is known."""
    file = tmp_path / "library.cql"
    file.write_text(library, encoding="utf-8")
    lines = [
        json.dumps({"on": on, "parameters": {name: parameter(v) for name, v in known.items()}})
        for on, known in patients
    ]
    printed = run_node(HERE, "run.mjs", str(file), stdin="\n".join(lines) + "\n", seconds=900)
    names, *rows = printed.splitlines()
    return Answers(
        tuple(json.loads(names)), tuple(tuple(LETTERS[each] for each in row) for row in rows)
    )


def parameter(value: Any) -> Any:
    """Return *value* as the runner takes it: numbers as JSON numbers, a date by its first and last day."""
    match value:
        case PartialDate():
            return {"from": value.earliest.isoformat(), "to": value.latest.isoformat()}
        case Decimal():
            return float(value)
        case _:
            return value
