"""The whole run: read, sort into buckets, decide bucket by bucket, write parts; goes on where it was stopped."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from api.cohort.answers import guarded
from api.cohort.batches import Source
from api.cohort.clean import Chunk, cleaned
from api.cohort.engines import Engine, open_engine
from api.cohort.inputs import contents, estimate, find_source
from api.cohort.manifest import (  # fmt: skip
    ERRORS,
    NAME,
    WORK,
    Manifest,
    cannot_write,
    check_same,
    put,
    read_manifest,
    stopped,
)
from api.cohort.progress import bar
from api.cohort.shape import ID, NOT_USED
from api.cohort.spool import Spool
from api.library import get_pathway, program_version
from rules.canonical import sha256
from schemas.errors import InputError, Problem

CHUNK = 100_000
"""Patients decided at once, about."""


@dataclass(frozen=True)
class Order:
    """What is asked for."""

    source: Path
    out: Path
    pathway: str
    backend: str = "polars"
    on: dt.date | None = None
    settings: str = "default"
    changed: Mapping[str, Decimal] | None = None
    answers: str = "parquet"
    ignore: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    master: str = "local[*]"
    chunk: int = CHUNK


class Run:
    """One run over one input into one folder."""

    def __init__(self, order: Order, today: dt.date) -> None:
        """Look at the input and at what an earlier run has left; raise InputError when the two do not fit."""
        self.order, self.pathway = order, get_pathway(order.pathway)
        begun = read_manifest(order.out)
        if begun is None:
            check_empty(order.out)
        self.source: Source = find_source(order.source, self.pathway, order.settings, order.ignore)
        read = contents(self.source.files)
        self.estimate = estimate(self.source, read)
        if order.on is not None:
            on = {"date": order.on.isoformat(), "own": False}
        elif begun is not None:
            on = begun.about["on"]  # a run that goes on after midnight asks the same question
        else:
            on = {"date": today.isoformat(), "own": True}
        settings = {"profile": order.settings}
        if order.changed is not None:
            settings = {"profile": "site", "hash": sha256({k: str(v) for k, v in order.changed.items()})}  # fmt: skip
        about = {
            "pathway": self.pathway.id,
            "version": self.pathway.version,
            "content_hash": self.pathway.content_hash,
            "program": program_version(),
            "settings": settings,
            "on": on,
            "whole": sorted(order.whole),
            "ignored": sorted(self.source.ignored),
            "answers": order.answers,
            "chunk": order.chunk,
            "input": {"kind": self.source.kind, "files": [asdict(each) for each in read]},
            "synthetic": self.source.synthetic,
            "caveats": list(self.pathway.caveats),
        }
        if begun is not None:
            check_same(begun.about, about)
        self.manifest = begun or Manifest(about, max(1, -(-self.estimate // order.chunk)))
        self.work = order.out / WORK
        self.spool = Spool(self.work / "spool", self.manifest.buckets)
        self._filled = False

    def decide(self) -> None:
        """Decide whatever is not decided yet. Raises StorageError when the disk is full; finished parts are kept."""
        left = self._left()
        if left or not self.manifest.complete:
            self.manifest.complete = False
            self.manifest.write(self.order.out)
            engine = open_engine(
                self.order.backend, self.order.pathway, self.order.settings, self.order.changed,
                self.order.master,
            )  # fmt: skip
            try:
                self._decide(engine, left)
            except InputError:
                self._forget()
                raise
            except KeyboardInterrupt:
                raise stopped() from None
            finally:
                engine.close()
            put(self.order.out / ERRORS, self._all_faults)
            self.manifest.complete = True
            self.manifest.write(self.order.out)

    def finish(self) -> None:
        """Remove what only the run itself needed."""
        self.spool.remove()

    def chunk(self, bucket: int) -> Chunk:
        """Return the patients of *bucket* as they were asked about."""
        self.fill()
        return cleaned(
            self.spool.read(bucket), self.source.files, self.spool.doubtful, self.order.whole
        )

    def fill(self) -> None:
        """Read the input once and sort it into buckets."""
        if self._filled:
            return
        on = self.manifest.about["on"]
        day = None if on["own"] else on["date"]
        try:
            with bar("reading", self.estimate) as told:
                self.spool.fill(self.source.batches(day, on["date"]), told)
        except OSError as error:
            raise cannot_write() from error
        if not self.spool.anything:
            raise InputError(
                Problem(
                    code="no-patients", message="there is nobody in the input",
                    help="a patient is a row of `patients`, or a line of NDJSON", where="INPUT",
                )
            )  # fmt: skip
        self._filled = True
        if self.spool.doubtful:
            self.manifest.notes["lost_rows"] = list(self.spool.doubtful)

    def part(self, bucket: int) -> Path:
        return self.order.out / f"part-{bucket:05d}.{self.order.answers}"

    # -- parts -------------------------------------------------------------------------------------

    def _left(self) -> list[int]:
        """Return the buckets without a finished part; a part that is not as the manifest says is none."""
        done = self.manifest.parts
        for bucket, part in list(done.items()):
            file, faults = self.part(bucket), self._faults(bucket)
            whole = file.is_file() and file.stat().st_size == part["bytes"]
            if not whole or not faults.is_file():
                del done[bucket]
        for stray in self.order.out.glob(".*.tmp"):
            stray.unlink()
        return [at for at in range(self.manifest.buckets) if at not in done]

    def _forget(self) -> None:
        """Leave an empty folder behind when nothing could be decided: whoever mends the input begins anew in it."""
        if not self.manifest.parts:
            shutil.rmtree(self.work, ignore_errors=True)
            (self.order.out / NAME).unlink(missing_ok=True)

    def _decide(self, engine: Engine, left: list[int]) -> None:
        files = tuple(file.name for file in self.source.files)
        if left:
            self.fill()
        with bar("deciding", self.estimate, self.manifest.count("patients")) as told:
            for bucket in left:
                answers, chunk = engine.decide(self.chunk(bucket), files)
                faults = chunk.faults
                put(self._faults(bucket), lambda to, of=faults: _write_faults(to, of))  # type: ignore[misc]
                size = put(self.part(bucket), lambda to, of=answers: self._write(to, of))  # type: ignore[misc]
                self.manifest.parts[bucket] = {
                    "part": bucket,
                    "file": self.part(bucket).name,
                    "patients": answers.num_rows,
                    "left_out": pc.count_distinct(faults[ID]).as_py(),
                    "faults": faults.num_rows,
                    "strangers": chunk.strangers,
                    "repeated": chunk.repeated,
                    "not_used": pc.sum(chunk.not_used[NOT_USED]).as_py() or 0,
                    "bytes": size,
                    "backend": engine.name,
                }
                self.manifest.write(self.order.out)
                told(answers.num_rows)

    def _write(self, to: IO[bytes], answers: pa.Table) -> None:
        if self.order.answers == "csv":
            pacsv.write_csv(guarded(answers), to)
            return
        about = self.manifest.about
        said = {
            "synthetic": "true" if about["synthetic"] else "false",
            "pathway": about["pathway"],
            "version": about["version"],
            "content_hash": about["content_hash"],
            "caveats": "\n".join(about["caveats"]),
        }
        pq.write_table(answers.replace_schema_metadata(said), to, compression="zstd")

    def _faults(self, bucket: int) -> Path:
        return self.work / f"errors-{bucket:05d}.ndjson"

    def _all_faults(self, to: IO[bytes]) -> None:
        for bucket in range(self.manifest.buckets):
            to.write(self._faults(bucket).read_bytes())


def _write_faults(to: IO[bytes], faults: pa.Table) -> None:
    # Engines return rows in any order; after a kill the same faults must make the same file.
    names = [ID, *(name for name in faults.column_names if name != ID)]
    for row in faults.sort_by([(name, "ascending") for name in names]).to_pylist():
        to.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")


def check_empty(folder: Path) -> None:
    """Raise InputError when *folder* holds something no run has put there."""
    if folder.is_dir() and any(not each.name.startswith(".") for each in folder.iterdir()):
        raise InputError(
            Problem(
                code="not-empty", message="the folder holds something else",
                help="give an empty or a new folder", where="--out",
            )
        )  # fmt: skip
