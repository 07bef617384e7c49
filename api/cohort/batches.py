"""What every reader of a cohort hands on: rows with their types, and apart from them what could not be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from api.cohort.convert import Bad
from api.cohort.shape import CHILDREN, DAY, FAULTS, FILE, ID, NOT_USED, ROW, Kind, spool_schema

LONGEST_ID = 200
_ID = r"^[^\x00-\x1f\x7f<>]{1,200}$"
_DAY = r"^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}$"


@dataclass
class Faults:
    """What could not be used: the patient where it may be told, file, row, a code, the column. Never a value."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, patient: str | None, file: str, row: int, code: str, where: str) -> None:
        self.rows.append({ID: patient, "file": file, "row": row, "code": code, "where": where})

    def table(self) -> pa.Table:
        return pa.Table.from_pylist(self.rows, schema=FAULTS)


@dataclass(frozen=True)
class Batch:
    """Some rows of one table, and the faults found among them."""

    table: str
    rows: pa.Table
    faults: pa.Table
    doubtful: bool = False
    """Rows were lost that nobody can assign: every patient's list of this kind may lack something."""


class Source(Protocol):
    """An input: its files, the columns of its tables, and its rows in batches."""

    kind: str
    files: tuple[Path, ...]
    synthetic: bool
    columns: Mapping[str, Mapping[str, Kind]]
    """Of each table that is there."""
    ignored: tuple[str, ...]
    """Columns left aside because the caller said so."""

    def batches(self, day: str | None, today: str) -> Iterator[Batch]:
        """Yield every row once, always in the same order; *day* goes before a row's own date, *today* after it."""


def typed_batch(
    table: str,
    kinds: Mapping[str, Kind],
    columns: Mapping[str, tuple[pa.Array, Bad]],
    place: tuple[int, str],
    numbers: pa.Array,
    day: str,
    *,
    own_days: bool,
) -> Batch:
    """Return the rows of one piece of a file whose *columns* have been converted.

    *place* is the file's index and name, *numbers* the rows' numbers in it. A row with anything that cannot be read is
    left out; its patient is told, and will be left out with it.
    """
    index, name = place
    count, child = len(numbers), table in CHILDREN
    faults = Faults()
    ids = columns[ID][0]
    good_id = pc.fill_null(pc.match_substring_regex(ids, _ID), False)
    ids = pc.if_else(good_id, ids, None)
    told = ids.to_pylist()
    bad = pc.invert(good_id)
    for at in _true(bad):
        faults.add(None, name, numbers[at].as_py(), "missing-id", ID)
    doubtful = child and bool(pc.any(bad).as_py())
    arrays: dict[str, pa.Array] = {}
    for column in kinds:
        values, wrong = columns[column]
        if column == DAY:
            values, wrong_day = _days(values, day, own_days)
            wrong = pc.or_(wrong, wrong_day)
        if pc.any(wrong).as_py():
            for at in _true(wrong):
                if told[at] is not None:
                    code = "not-a-date" if kinds[column] == "date" else "cannot-be-read"
                    faults.add(told[at], name, numbers[at].as_py(), code, f"{table}.{column}")
            bad = pc.or_(bad, wrong)
        arrays[column] = ids if column == ID else values
    if not child and DAY not in arrays:
        arrays[DAY] = _days(pa.nulls(count, pa.string()), day, own_days)[0]
    if child:
        arrays["row"] = numbers
    else:
        arrays[NOT_USED] = pa.repeat(pa.scalar(0, pa.int32()), count)
    arrays[FILE] = pa.repeat(pa.scalar(index, pa.int32()), count)
    arrays[ROW] = numbers
    schema = table_schema(table, kinds)
    rows = pa.table([arrays[each] for each in schema.names], schema=schema)
    return Batch(table, rows.filter(pc.invert(bad)), faults.table(), doubtful)


def table_schema(table: str, kinds: Mapping[str, Kind]) -> pa.Schema:
    """Return the schema of the rows of *table*; a patients table always has a date."""
    if table in CHILDREN:
        return spool_schema(dict(kinds), child=True)
    rest = {name: kind for name, kind in kinds.items() if name not in (ID, DAY)}
    return spool_schema({ID: "text", DAY: "date", **rest}, child=False)


def _days(values: pa.Array, day: str, own: bool) -> tuple[pa.Array, Bad]:
    """Return the date of each question, and which rows write one that is none."""
    if not own:
        values = pa.nulls(len(values), pa.string())
    written = pc.is_valid(values)
    values = pc.if_else(pc.match_substring_regex(values, _DAY), values, None)
    days = pc.strptime(values, format="%Y-%m-%d", unit="s", error_is_null=True).cast(pa.date32())
    wrong = pc.and_(written, pc.is_null(days))
    return pc.fill_null(days, pa.scalar(day).cast(pa.date32())), wrong


def _true(mask: Bad) -> list[int]:
    return [int(at) for at in pc.indices_nonzero(mask).to_pylist()]
