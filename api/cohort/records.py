"""Patients of a chunk written back as the input of the bedside: what the columns were made from."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from api.cohort.clean import Chunk
from api.cohort.shape import CHILDREN, DAY, ID, LISTS
from schemas.pathway import Pathway

PATIENTS_AT_A_TIME = 1_000


def inputs_of(
    chunk: Chunk, pathway: Pathway, settings: str = "default"
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each patient of *chunk* with the input `decide` takes."""
    for start in range(0, chunk.patients.num_rows, PATIENTS_AT_A_TIME):
        patients = chunk.patients.slice(start, PATIENTS_AT_A_TIME)
        held = [name for name in patients.column_names if patients[name].null_count < len(patients)]
        ids = pc.unique(patients[ID])
        rows = {name: _rows(chunk.children[name], ids) for name in CHILDREN}
        for row in patients.select(held).to_pylist():
            mine = {name: of.get(row[ID], []) for name, of in rows.items()}
            yield row[ID], _input(row, mine, pathway, settings)


def _input(
    row: dict[str, Any], rows: dict[str, list[dict[str, Any]]], pathway: Pathway, settings: str
) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name in pathway.facts:
        entry = {
            key: _plain(value)
            for key, column in (("value", name), ("date", f"{name}__date"), ("unknown", f"{name}__unknown"))
            if (value := row.get(column)) is not None
        }  # fmt: skip
        if entry:
            facts[name] = entry
    data: dict[str, Any] = {"facts": facts, "on": row[DAY].isoformat(), "settings": settings}
    for name in LISTS:
        if (word := row.get(f"{name}__list")) is not None:
            data[name] = rows[name]
            if word == "incomplete":
                data.setdefault("incomplete", []).append(name)
    data["overrides"] = rows["overrides"]
    return data


def _rows(table: pa.Table, ids: pa.Array) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each patient, without what was left out."""
    found: dict[str, list[dict[str, Any]]] = {}
    mine = table.filter(pc.is_in(table[ID], value_set=ids)).sort_by("row")
    for row in mine.to_pylist():
        said = {
            key: _plain(value)
            for key, value in row.items()
            if value is not None and key not in (ID, "row")
        }
        found.setdefault(row[ID], []).append(said)
    return found


def _plain(value: Any) -> Any:
    """Write a number as a client would: the shortest text that names it."""
    return Decimal(repr(value)) if isinstance(value, float) else value
