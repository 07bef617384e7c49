"""Synthetic cohorts: invented patients by the million, with gaps, oddities and faults in stated shares. Nobody exists.

Every block of patients has its own generator, seeded with the seed and the number of the block: the same seed makes
the same people, however many are asked for.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from api.cohort.manifest import cannot_write, put
from api.cohort.progress import bar
from api.cohort.shape import CHILDREN, ID, LISTS, patient_kinds, row_kinds, type_of
from api.cohort.synth_facts import Facts
from api.cohort.synth_rows import rows_of
from api.cohort.synth_shares import SHARES, share
from api.cohort.tables import SYNTHETIC
from schemas.pathway import Pathway

BLOCK = 20_000
"""Patients made at once; each block is a row group of the files."""
ON = dt.date(2026, 3, 1)
"""The day these people live on; all their dates lie before it. Ask with `--on 2026-03-01`."""


def synthesise(pathway: Pathway, count: int, seed: int, out: Path) -> dict[str, int]:
    """Write *count* invented patients as tables into *out*; return how many rows each table has.

    Raises StorageError when the disk is full; then nothing that could be taken for a cohort is left.
    """
    out.mkdir(parents=True, exist_ok=True)
    rows = dict.fromkeys(("patients", *CHILDREN), 0)
    temporary = {name: out / f".{name}.parquet.tmp" for name in rows}
    try:
        with ExitStack() as stack, bar("inventing", count) as told:
            writers: dict[str, pq.ParquetWriter] = {}
            for tables in blocks(pathway, count, seed):
                for name, table in tables.items():
                    if name not in writers:
                        to = stack.enter_context(temporary[name].open("wb"))
                        marked = table.schema.with_metadata({SYNTHETIC: "true"})
                        writers[name] = stack.enter_context(pq.ParquetWriter(to, marked))
                    writers[name].write_table(table.replace_schema_metadata({SYNTHETIC: "true"}))
                    rows[name] += table.num_rows
                told(tables["patients"].num_rows)
        about = {SYNTHETIC: True, "patients": count, "seed": seed, "on": ON.isoformat(),
                 "pathway": pathway.id, "rows": rows, "shares": SHARES}  # fmt: skip
        put(out / f"{SYNTHETIC}.json", lambda to: to.write(json.dumps(about, indent=1).encode()))
        for name, file in temporary.items():
            file.rename(out / f"{name}.parquet")
    except OSError as error:
        for file in temporary.values():
            file.unlink(missing_ok=True)
        raise cannot_write() from error
    return rows


def blocks(pathway: Pathway, count: int, seed: int) -> Iterator[dict[str, pa.Table]]:
    """Yield the tables of one block of patients after the other."""
    for number, start in enumerate(range(0, count, BLOCK)):
        size = min(BLOCK, count - start)
        # A block is always made whole, so that fewer patients are the first of more.
        yield _block(pathway, np.random.default_rng([seed, number]), start, size)


def _block(
    pathway: Pathway, rng: np.random.Generator, start: int, size: int
) -> dict[str, pa.Table]:
    facts = Facts(pathway, rng, BLOCK, ON)
    columns: dict[str, Any] = {ID: _ids(start, rng)}
    whole = share("list left out"), share("list incomplete")
    for name in LISTS:
        columns[f"{name}__list"] = facts.lists(*whole)
    columns |= facts.columns()
    kinds = patient_kinds(pathway)
    patients = _table(columns, {name: kinds[name] for name in columns})
    children = rows_of(pathway, rng, facts, ON)
    tables = {"patients": patients.slice(0, size)}
    told = patients[ID].combine_chunks()
    named = told.is_valid().to_numpy(zero_copy_only=False)
    for name, (owners, held) in children.items():
        # Rows without an id would make every list doubtful; only patients lack one here.
        mine = (owners < size) & named[owners]
        chosen = {column: values.filter(pa.array(mine)) for column, values in held.items()}
        ids = told.take(pa.array(owners[mine]))
        tables[name] = _table({ID: ids, **chosen}, row_kinds(name))
    return tables


def _ids(start: int, rng: np.random.Generator) -> pa.Array:
    """Return ids; a few stand twice, and a few are missing."""
    numbers = np.arange(start, start + BLOCK)
    doubled = np.flatnonzero(rng.random(BLOCK) < share("id stands twice") / 2)
    numbers[doubled] = numbers[np.maximum(doubled - 1, 0)]
    missing = rng.random(BLOCK) < share("id missing")
    return pa.array(np.char.mod("s%08d", numbers), pa.string(), mask=missing)


def _table(columns: Mapping[str, Any], kinds: Mapping[str, Any]) -> pa.Table:
    arrays = [
        column if pa.types.is_dictionary(column.type) else column.cast(type_of(kinds[name]))
        for name, column in columns.items()
    ]
    return pa.table(arrays, names=list(columns))
