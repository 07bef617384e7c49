"""Cohorts that lie in tables: one wide file, or a folder with `patients` and its child tables, as Parquet or CSV."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from api.cohort.batches import Batch, Faults, table_schema, typed_batch
from api.cohort.convert import Bad, convert, decode, fits, read_text
from api.cohort.shape import CHILDREN, ID, Kind, patient_kinds, row_kinds
from schemas.errors import InputError, Problem
from schemas.pathway import Pathway

ROWS_AT_A_TIME = 50_000
BLOCK = 8 * 1024 * 1024
"""Bytes of a CSV file in memory at a time; no line may be longer."""
SYNTHETIC = "synthetic"
"""The mark in a Parquet file, or the name of a `.json` file beside tables, that says: nobody of these people exists."""


class TableSource:
    """Reads tables; a column nobody knows and a column of the wrong type are refused before anything is read."""

    def __init__(
        self, pathway: Pathway, files: Mapping[str, tuple[Path, ...]], ignore: tuple[str, ...]
    ) -> None:
        """*files* are those of each table; *ignore* names columns to leave aside.

        Raises InputError with every column that cannot be used and every file that is none.
        """
        self._files = dict(files)
        self.files = tuple(file for each in files.values() for file in each)
        self.kind = "csv" if self.files[0].suffix == ".csv" else "parquet"
        self.synthetic = any((each.parent / f"{SYNTHETIC}.json").is_file() for each in self.files)
        self._allowed = {"patients": patient_kinds(pathway)} | {
            name: {**row_kinds(name), "row": "integer"} for name in CHILDREN
        }
        self._left: dict[str, None] = {}
        problems: list[Problem] = []
        found: dict[str, dict[str, Kind]] = {}
        for table, of in files.items():
            for file in of:
                held = self._header(file, problems)
                named = self._known(table, file.name, held, ignore, problems)
                if table in found and list(found[table]) != list(named) and not problems:
                    problems.append(_problem("columns-differ", file.name))
                found[table] = named
        if problems:
            raise InputError(*problems[:20])
        self.columns: Mapping[str, Mapping[str, Kind]] = found
        self.ignored = tuple(self._left)

    def batches(self, day: str | None, today: str) -> Iterator[Batch]:
        """Yield all rows in the order of the files; *day* goes before a row's own date, *today* after it."""
        at = 0
        for table, files in self._files.items():
            for file in files:
                read = self._csv if self.kind == "csv" else self._parquet
                for numbers, columns, faults, doubtful in read(table, file):
                    if columns:
                        yield typed_batch(
                            table, self.columns[table], columns, (at, file.name), numbers, day or today,
                            own_days=day is None,
                        )  # fmt: skip
                    if faults.rows:
                        empty = table_schema(table, self.columns[table]).empty_table()
                        yield Batch(table, empty, faults.table(), doubtful)
                at += 1

    # -- columns -----------------------------------------------------------------------------------

    def _header(self, file: Path, problems: list[Problem]) -> dict[str, pa.DataType | None]:
        """Return the columns of *file* with their types; None for a text file, which has none."""
        try:
            if self.kind == "csv":
                with file.open("rb") as source:
                    # The first line alone: what is wrong further down is told row by row.
                    first = source.readline(BLOCK).decode("utf-8-sig")
                names = next(csv.reader([first]), [])
                if not names:
                    problems.append(_problem("missing-column", file.name))
                if len(set(names)) != len(names):
                    problems.append(_problem("duplicate-column", file.name))  # fmt: skip
                return dict.fromkeys(names)
            with pq.ParquetFile(file) as opened:
                schema, metadata = opened.schema_arrow, opened.metadata.metadata or {}
            self.synthetic |= metadata.get(SYNTHETIC.encode()) == b"true"
            return dict(zip(schema.names, schema.types, strict=True))
        except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error):
            problems.append(_problem("not-a-table", file.name))
            return {}

    def _known(
        self, table: str, file: str, held: Mapping[str, pa.DataType | None], ignore: tuple[str, ...],
        problems: list[Problem],
    ) -> dict[str, Kind]:  # fmt: skip
        allowed, found = self._allowed[table], {}
        for at, (name, type_held) in enumerate(held.items(), start=1):
            if name in ignore:
                self._left[name] = None
            elif name not in allowed:
                near = difflib.get_close_matches(name[:80], list(allowed), n=1, cutoff=0.75)
                help = f"did you mean `{near[0]}`?" if near else ""
                problems.append(_problem("unknown-column", f"{file}, column {at}", help))
            elif type_held is not None and not _fits(name, type_held, allowed[name]):
                where = f"{file}, column `{name}`"
                problems.append(_problem("wrong-column-type", where, _EXPECTED[allowed[name]]))
            elif name != "row":
                found[name] = allowed[name]
        if held and (ID not in held or ID in ignore):
            problems.append(_problem("missing-column", file))
        return found

    # -- rows --------------------------------------------------------------------------------------

    def _parquet(self, table: str, file: Path) -> Iterator[_Piece]:
        wanted = list(self.columns[table])
        with pq.ParquetFile(file) as opened:
            first = 1
            for group in range(opened.num_row_groups):
                size, seen = opened.metadata.row_group(group).num_rows, 0
                try:
                    for batch in opened.iter_batches(ROWS_AT_A_TIME, [group], columns=wanted):
                        numbers = pa.array(range(first + seen, first + seen + len(batch)))
                        columns = {
                            name: _id(batch[name]) if name == ID else convert(batch[name], kind)
                            for name, kind in self.columns[table].items()
                        }
                        seen += len(batch)
                        yield numbers, columns, Faults(), False
                except (pa.ArrowException, OSError) as error:
                    yield _lost(table, file, first + seen, error)
                first += size

    def _csv(self, table: str, file: Path) -> Iterator[_Piece]:
        wanted = self.columns[table]
        skipped: list[int] = []

        def skip(row: Any) -> str:
            skipped.append(row.number)
            return "skip"

        options = {
            "read_options": pacsv.ReadOptions(use_threads=False, block_size=BLOCK),
            "parse_options": pacsv.ParseOptions(
                ignore_empty_lines=False,
                invalid_row_handler=skip,
            ),
            "convert_options": pacsv.ConvertOptions(
                column_types=dict.fromkeys(wanted, pa.binary()), include_columns=list(wanted)
            ),
        }
        lines, told = count(2), 0
        try:
            with pacsv.open_csv(file, **options) as reader:
                for batch in reader:
                    gone = set(skipped)
                    numbers: list[int] = []
                    while len(numbers) < len(batch):
                        line = next(lines)
                        if line not in gone:
                            numbers.append(line)
                    faults = Faults()
                    for line in skipped[told:]:
                        faults.add(None, file.name, line, "wrong-number-of-fields", table)
                    told = len(skipped)
                    columns = {}
                    for name, kind in wanted.items():
                        text, lost = decode(batch[name])
                        values, bad = read_text(text, kind)
                        columns[name] = values, pc.or_(bad, lost)
                    written = _written(batch)
                    if written is not None:
                        numbers = [
                            n
                            for n, is_one in zip(numbers, written.to_pylist(), strict=True)
                            if is_one
                        ]
                        columns = {
                            name: (values.filter(written), bad.filter(written))
                            for name, (values, bad) in columns.items()
                        }
                    lost_rows = table in CHILDREN and bool(faults.rows)
                    yield pa.array(numbers, pa.int64()), columns, faults, lost_rows
        except (pa.ArrowException, OSError) as error:
            yield _lost(table, file, next(lines), error)
        rest = Faults()
        for line in skipped[told:]:
            rest.add(None, file.name, line, "wrong-number-of-fields", table)
        if rest.rows:
            yield pa.array([], pa.int64()), {}, rest, table in CHILDREN


_Piece = tuple[pa.Array, dict[str, tuple[pa.Array, Bad]], Faults, bool]
_EXPECTED: dict[Kind, str] = {
    "boolean": "a column of true and false is expected",
    "integer": "a column of whole numbers is expected",
    "decimal": "a column of numbers is expected",
    "date": "a column of dates is expected, or of text written YYYY-MM-DD, YYYY-MM or YYYY",
    "text": "a column of text is expected",
}


def _lost(table: str, file: Path, row: int, error: Exception) -> _Piece:
    """Return the fault of a piece of a file that cannot be read.

    Of a child table nobody can tell whose rows are gone, and a patient whose anticoagulant was among them would be
    offered a needle: then nothing is decided.
    """
    if table in CHILDREN:
        raise InputError(
            _problem("unreadable", f"{file.name}, row {row}")
        ) from error  # fmt: skip
    faults = Faults()
    faults.add(None, file.name, row, "unreadable", table)
    return pa.array([], pa.int64()), {}, faults, False


def _written(batch: pa.RecordBatch) -> pa.Array | None:
    """Return which lines hold anything; None when all do."""
    if not pc.any(pc.equal(pc.binary_length(batch[ID]), 0)).as_py():
        return None
    lengths = [pc.binary_length(column) for column in batch.columns]
    written = pc.greater(lengths[0], 0)
    for length in lengths[1:]:
        written = pc.or_(written, pc.greater(length, 0))
    return written


def _fits(name: str, held: pa.DataType, kind: Kind) -> bool:
    return fits(held, kind) or (name == ID and pa.types.is_integer(held))


def _id(values: pa.Array) -> tuple[pa.Array, Bad]:
    if pa.types.is_integer(values.type):
        values = values.cast(pa.string())
    return convert(values, "text")


_WORDS = {
    "columns-differ": (
        "the files of one table have different columns",
        "give all files of a table the same columns in the same order",
    ),
    "duplicate-column": ("a column stands twice", "keep one of the two"),
    "not-a-table": (
        "the file is neither Parquet nor CSV in UTF-8, as its name says, or it is cut short",
        "write the file again; nothing was decided",
    ),
    "unknown-column": (
        "this column is not known here",
        "name it with --ignore if no rule shall read it",
    ),
    "wrong-column-type": ("the column is not of the right type", ""),
    "missing-column": (
        "there is no column `patient`",
        "call the column with the patients' ids `patient`; separate CSV columns by commas",
    ),
    "unreadable": (
        "the file cannot be read from here on",
        "write the file again: whose rows are lost nobody can tell, so nothing was decided",
    ),
}


def _problem(code: str, where: str, help: str = "") -> Problem:
    message, usual = _WORDS[code]
    return Problem(code=code, message=message, help=help or usual, where=where)
