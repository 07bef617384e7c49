"""The cohort on disk between reading and deciding: sorted into buckets by patient, so that memory stays bounded.

Whatever belongs to one patient lies in one bucket: the rows of all tables, doubles of the id, faults. Buckets can
then be decided one by one, in any order, again after a kill, and no more than one has to be in memory.

The rows of each table are written run by run: one Arrow file holds many rows, sorted by bucket, with bucket *n* as
its record batch *n*. A bucket is read back by taking that batch from every run; few files are ever open.
"""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as ipc

from api.cohort.batches import Batch
from api.cohort.shape import FAULTS, ID
from schemas.errors import EngineFault

HELD_BYTES = 384 * 1024 * 1024
"""How much of one table waits in memory before it is written."""
HELD_ROWS = 1_000_000
_DONE = "done.json"


@dataclass(frozen=True)
class Bucket:
    """Everything about the patients of one bucket."""

    tables: dict[str, pa.Table]
    faults: pa.Table


class Spool:
    """The buckets of one input below *folder*."""

    def __init__(self, folder: Path, buckets: int) -> None:
        self.folder, self.buckets = folder, buckets
        self.doubtful: tuple[str, ...] = ()
        self._runs: dict[str, int] = {}

    @property
    def anything(self) -> bool:
        """Whether there was a patient, or a fault in place of one."""
        return bool(self._runs)

    def fill(self, batches: Iterable[Batch], told: Callable[[int], None]) -> None:
        """Sort *batches* into buckets; *told* hears how many patients were read. Starts anew if it was cut short."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        held: dict[str, list[pa.Table]] = {}
        doubtful: set[str] = set()
        for batch in batches:
            held.setdefault(batch.table, []).append(batch.rows)
            if batch.faults.num_rows:
                held.setdefault("faults", []).append(batch.faults)
            if batch.doubtful:
                doubtful.add(batch.table)
            if batch.table == "patients":
                told(batch.rows.num_rows)
            if self._is_much(held[batch.table]):
                self._write(batch.table, held.pop(batch.table))
        for table in list(held):
            self._write(table, held.pop(table))
        self.doubtful = tuple(sorted(doubtful))
        done = {"runs": self._runs, "doubtful": self.doubtful, "buckets": self.buckets}
        (self.folder / _DONE).write_text(json.dumps(done), encoding="utf-8")

    def read(self, bucket: int) -> Bucket:
        """Return the rows of *bucket*, in the order in which they came."""
        tables = {
            name: pa.concat_tables(
                [self._take(name, run, bucket) for run in range(count)]
            ).combine_chunks()
            for name, count in self._runs.items()
        }
        faults = tables.pop("faults", FAULTS.empty_table())
        if "patients" not in tables:
            raise EngineFault("the spool holds no patients")
        return Bucket(tables, faults)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_much(self, held: list[pa.Table]) -> bool:
        rows = sum(each.num_rows for each in held)
        return rows >= HELD_ROWS or sum(int(each.nbytes) for each in held) >= HELD_BYTES

    def _write(self, table: str, held: list[pa.Table]) -> None:
        rows = pa.concat_tables(held)
        held.clear()
        numbers = self._numbers(rows[ID])
        order = np.argsort(numbers, kind="stable")
        ends = np.searchsorted(numbers[order], np.arange(self.buckets + 1))
        run = self._runs.get(table, 0)
        options = ipc.IpcWriteOptions(compression="lz4")
        with (
            (self.folder / _name(table, run)).open("wb") as to,
            ipc.new_file(to, rows.schema, options=options) as file,
        ):
            for bucket in range(self.buckets):
                chosen = rows.take(pa.array(order[ends[bucket] : ends[bucket + 1]]))
                batches = chosen.combine_chunks().to_batches()
                empty = pa.RecordBatch.from_pylist([], schema=rows.schema)
                file.write_batch(batches[0] if batches else empty)
        self._runs[table] = run + 1

    def _take(self, table: str, run: int, bucket: int) -> pa.Table:
        with (self.folder / _name(table, run)).open("rb") as source:
            file = ipc.open_file(source)
            return pa.Table.from_batches([file.get_batch(bucket)])

    def _numbers(self, ids: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        """Return the bucket of each id: the same on every machine and in every run."""
        texts = pc.fill_null(ids, "").cast(pa.binary()).to_pylist()
        found = (zlib.crc32(text) % self.buckets for text in texts)
        return np.fromiter(found, np.int32, len(texts))


def _name(table: str, run: int) -> str:
    return f"{table}-{run:05d}.arrow"
