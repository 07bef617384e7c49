"""Who decides a chunk: the rules as columns on Polars, DuckDB or Spark, or the bedside engine patient by patient."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from api.cohort.answers import LEFT_UNREAD, answer_of, answer_schema
from api.cohort.batches import Faults
from api.cohort.clean import Chunk
from api.cohort.records import inputs_of
from api.cohort.shape import FILE, ID, NOT_USED, ROW
from api.library import get_decider, get_pathway
from api.service import decide_input
from schemas.errors import InputError, Problem

BACKENDS = ("polars", "duckdb", "spark", "bedside")


class Engine(Protocol):
    """Decides chunks."""

    name: str

    def decide(self, chunk: Chunk, files: tuple[str, ...]) -> tuple[pa.Table, Chunk]:
        """Return the answers, one row a patient in the order of *chunk*, and the chunk of those who have one.

        Whoever cannot be asked about moves to the chunk's faults; *files* are named there.
        """

    def close(self) -> None:
        """Let go of whatever was started."""


class BedsideEngine:
    """Decides one patient after the other, as at the bedside: slow, and what every other engine is measured by."""

    name = "bedside"

    def __init__(self, pathway: str, settings: str, changed: Mapping[str, Decimal] | None) -> None:
        self.pathway, self.settings, self.changed = pathway, settings, changed

    def decide(self, chunk: Chunk, files: tuple[str, ...]) -> tuple[pa.Table, Chunk]:
        pathway, faults = get_pathway(self.pathway), Faults()
        places = {row[ID]: row for row in chunk.places.to_pylist()}
        rows: list[dict[str, Any]] = []
        for id, data in inputs_of(chunk, pathway, self.settings):
            try:
                decision = decide_input(self.pathway, data, dt.date.min, self.changed)
            except InputError as error:
                place = places[id]
                for problem in error.problems:
                    faults.add(id, files[place[FILE]], place[ROW], problem.code, problem.where)  # fmt: skip
            else:
                rows.append(answer_of(id, decision, pathway))
        schema = answer_schema(pathway)
        for row in rows:
            row["on"] = dt.date.fromisoformat(row["on"])
        answers = pa.Table.from_pylist(rows, schema=schema)
        refused = pa.array(sorted({row[ID] for row in faults.rows}), pa.string())
        left = chunk.without(refused, faults.table())
        return settled(answers, left, schema), left

    def close(self) -> None:
        """Nothing was started."""


def settled(answers: pa.Table, chunk: Chunk, schema: pa.Schema) -> pa.Table:
    """Put *answers* into the order of *chunk*, and beside them what could not be read of each record.

    Raises ValueError when anybody is missing, or stands there twice.
    """
    at = pc.index_in(chunk.patients[ID], value_set=answers[ID].combine_chunks())
    if at.null_count or answers.num_rows != chunk.patients.num_rows:
        raise ValueError("an engine answered for other patients than it was asked about")
    ordered = answers.take(at)
    columns = [
        chunk.not_used[NOT_USED] if name == LEFT_UNREAD else ordered[name].cast(schema.field(name).type)
        for name in schema.names
    ]  # fmt: skip
    return pa.table(columns, schema=schema)


def open_engine(
    backend: str, pathway: str, settings: str, changed: Mapping[str, Decimal] | None, master: str
) -> Engine:
    """Start the engine called *backend*; raise InputError when there is none, or what it needs is not installed."""
    if backend == "bedside":
        return BedsideEngine(pathway, settings, changed)
    if backend in BACKENDS:
        from api.cohort.columns import ColumnEngine

        settled_settings = get_decider(pathway).voices.settings(settings, changed)
        return ColumnEngine(backend, pathway, settled_settings, master)
    raise InputError(
        Problem(
            code="not-a-choice",
            message="there is no such backend",
            help=f"use one of {', '.join(BACKENDS)}",
            where="--backend",
        )
    )
