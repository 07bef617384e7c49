"""One bucket made fit to be decided: whom a fault excludes, doubles, rows of nobody, lists and how whole they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from api.cohort.answers import guard
from api.cohort.batches import Faults
from api.cohort.shape import (  # fmt: skip
    CHILDREN,
    FAULTS,
    FILE,
    ID,
    LIST_WORDS,
    LISTS,
    NOT_USED,
    ROW,
    row_kinds,
    spool_schema,
)
from api.cohort.spool import Bucket
from rules.check import MOST_ROWS


@dataclass(frozen=True)
class Chunk:
    """Patients an engine can decide, and what was left aside."""

    patients: pa.Table
    children: dict[str, pa.Table]
    not_used: pa.Table
    """By patient, how much of the record its reader could not use."""
    places: pa.Table
    """By patient, file and row."""
    faults: pa.Table
    strangers: int
    """Child rows of patients who are not in the cohort."""
    repeated: int
    """Child rows that say what another row of the patient says; equal rows are one."""

    @property
    def raw(self) -> dict[str, pa.Table]:
        return {"patients": self.patients, **self.children}

    def only(self, ids: set[str], guarded: bool) -> Chunk:
        """Return the chunk with the patients *ids* alone; *guarded* tells that these are ids as a CSV file has them."""
        told = self.patients[ID].to_pylist()
        others = [id for id in told if (guard(id) if guarded else id) not in ids]
        return self.without(pa.array(others, pa.string()), no_faults())

    def without(self, ids: pa.Array, faults: pa.Table) -> Chunk:
        """Return the chunk without the patients *ids*, whom *faults* tell of."""
        return Chunk(
            patients=_but(self.patients, ids),
            children={name: _but(table, ids) for name, table in self.children.items()},
            not_used=_but(self.not_used, ids),
            places=_but(self.places, ids),
            faults=pa.concat_tables([self.faults, faults]),
            strangers=self.strangers,
            repeated=self.repeated,
        )


def cleaned(
    bucket: Bucket, files: tuple[Path, ...], doubtful: tuple[str, ...], whole: tuple[str, ...]
) -> Chunk:
    """Return the patients of *bucket* who can be asked about.

    A patient with any fault is left out whole: half a record could make an offer that the other half forbids.
    *doubtful* names tables of which rows were lost; *whole* those the caller says are complete for everybody.
    """
    patients, found = bucket.tables["patients"], Faults()
    children = {
        name: bucket.tables.get(name, spool_schema(row_kinds(name), child=True).empty_table())
        for name in CHILDREN
    }
    excluded = pc.drop_null(bucket.faults[ID]).combine_chunks()

    counted = patients[ID].combine_chunks().value_counts()
    doubles = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
    _tell(found, patients.filter(_among(patients[ID], doubles)), files, "duplicate-id", ID)
    for name in LISTS:
        column = f"{name}__list"
        if column in patients.column_names:
            odd = pc.invert(_among(patients[column], pa.array(LIST_WORDS)))
            odd = pc.and_(odd, pc.is_valid(patients[column]))
            _tell(found, patients.filter(odd), files, "not-a-choice", f"patients.{column}")
    for name, table in children.items():
        counted = table[ID].combine_chunks().value_counts()
        many = counted.field("values").filter(pc.greater(counted.field("counts"), MOST_ROWS))
        first = pc.index_in(many, table[ID].combine_chunks())
        _tell(found, table.take(first), files, "too-many-items", name)
    faults = pa.concat_tables([bucket.faults, found.table()])
    excluded = pa.concat_arrays([excluded, faults[ID].slice(len(bucket.faults)).combine_chunks()])
    patients = _but(patients, excluded)

    strangers, repeated = 0, 0
    asked = pa.concat_arrays([patients[ID].combine_chunks(), excluded])
    for name, table in children.items():
        known = table.filter(_among(table[ID], asked))
        strangers += table.num_rows - known.num_rows
        known = _but(known, excluded)
        children[name] = _once(known)
        repeated += known.num_rows - children[name].num_rows
    for name in LISTS:
        patients = _with_list(patients, name, children[name], name in doubtful, name in whole)
    return Chunk(
        patients=patients.drop_columns([NOT_USED, FILE, ROW]),
        children={name: table.drop_columns([FILE, ROW]) for name, table in children.items()},
        not_used=patients.select([ID, NOT_USED]),
        places=patients.select([ID, FILE, ROW]),
        faults=faults,
        strangers=strangers,
        repeated=repeated,
    )


def _tell(found: Faults, rows: pa.Table, files: tuple[Path, ...], code: str, where: str) -> None:
    for row in rows.select([ID, FILE, ROW]).to_pylist():
        found.add(row[ID], files[row[FILE]].name, row[ROW], code, where)


def _with_list(
    patients: pa.Table, name: str, rows: pa.Table, doubtful: bool, whole: bool
) -> pa.Table:
    """Settle how whole each patient's list is.

    Where the input does not say, rows that are there count and silence says nothing. A list from a table of which rows
    were lost is never whole: the lost row could be this patient's anticoagulant.
    """
    column = f"{name}__list"
    has_rows = _among(patients[ID], pc.unique(rows[ID]))
    said = patients[column] if column in patients.column_names else pa.nulls(len(patients), pa.string())  # fmt: skip
    unsaid = pc.if_else(has_rows, "incomplete", pa.scalar(None, pa.string()))
    if whole:
        unsaid = pa.repeat(pa.scalar("whole"), len(patients))
    settled = pc.coalesce(said, unsaid)
    # An incomplete list with nothing in it says nothing: as if it had not been given.
    silent = pc.and_(pc.equal(settled, "incomplete"), pc.invert(has_rows))
    if doubtful:
        settled = pc.if_else(has_rows, "incomplete", pa.scalar(None, pa.string()))
        silent = pa.repeat(pa.scalar(False), len(patients))
    settled = pc.if_else(pc.fill_null(silent, False), pa.scalar(None, pa.string()), settled)
    if column in patients.column_names:
        return patients.set_column(patients.column_names.index(column), column, settled)
    return patients.append_column(column, settled)


def _once(rows: pa.Table) -> pa.Table:
    """Return *rows* with equal ones kept once, numbered from 0 within each patient in the order in which they came."""
    if rows.num_rows == 0:
        return rows
    said = [name for name in rows.column_names if name not in ("row", FILE, ROW)]
    kept = rows.append_column("at", pa.array(range(rows.num_rows)))
    first = kept.group_by(said).aggregate([("at", "min")])["at_min"]
    kept = rows.take(first.sort())
    owners = kept[ID].combine_chunks().dictionary_encode().indices.to_numpy()
    order = np.argsort(owners, kind="stable")
    begins = np.flatnonzero(np.diff(owners[order], prepend=-1))
    lengths = np.diff(begins, append=len(order))
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.arange(len(order)) - np.repeat(begins, lengths)
    return kept.set_column(kept.column_names.index("row"), "row", pa.array(numbers))


def _among(values: pa.ChunkedArray, ids: pa.Array) -> pa.ChunkedArray:
    return pc.is_in(values, value_set=ids.cast(pa.string()))


def _but(rows: pa.Table, ids: pa.Array) -> pa.Table:
    return rows if len(ids) == 0 else rows.filter(pc.invert(_among(rows[ID], ids)))


def no_faults() -> pa.Table:
    return FAULTS.empty_table()
