"""The rules as columns, planned once and run chunk by chunk on Polars, DuckDB or Spark."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pyarrow as pa

from api.cohort.answers import answer_schema
from api.cohort.backends import open_backend
from api.cohort.batches import Faults
from api.cohort.clean import Chunk
from api.cohort.engines import settled
from api.cohort.manifest import engine_failed
from api.cohort.shape import FILE, ID, ROW
from api.library import get_decider, get_pathway
from rules.columns import decide
from rules.columns.reading import EMPTY, RawTables, problems, read
from schemas.errors import SteppedCareError

READING = "reading"


class ColumnEngine:
    """Decides chunks with three plans, made at the first chunk: who is refused, what is read, what is answered."""

    def __init__(
        self, backend: str, pathway: str, settings: Mapping[str, Decimal], master: str
    ) -> None:
        """*settings* are the values of every setting; *master* is the cluster, for Spark alone.

        Raises InputError when what the backend needs is not installed.
        """
        self.name = backend
        self.pathway = get_pathway(pathway)
        self.network = get_decider(pathway).network
        self.settings = settings
        self.backend = open_backend(backend, master)
        self._plans: tuple[Any, Any] | None = None
        self._answer: Any = None

    def decide(self, chunk: Chunk, files: tuple[str, ...]) -> tuple[pa.Table, Chunk]:
        """Decide *chunk*. Raises StorageError where the engine fails."""
        try:
            return self._decided(chunk, files)
        except SteppedCareError:
            raise
        except Exception as error:
            raise engine_failed(type(error).__name__) from error

    def _decided(self, chunk: Chunk, files: tuple[str, ...]) -> tuple[pa.Table, Chunk]:
        faults = Faults()
        self._put(chunk)
        reading, wrong = self._reading()
        found = self.backend.rows(wrong).to_pylist()
        if found:
            places = {row[ID]: row for row in chunk.places.to_pylist()}
            for row in found:
                place = places[row[ID]]
                faults.add(row[ID], files[place[FILE]], place[ROW], row["code"], row["where"])
            refused = pa.array(sorted({row[ID] for row in found}), pa.string())
            chunk = chunk.without(refused, faults.table())
            self._put(chunk)
        # In two steps: planned as one, DuckDB works out the reading again for every part of the decision.
        self.backend.keep(READING, reading)
        answers = self.backend.rows(self._decision())
        return settled(answers, chunk, answer_schema(self.pathway)), chunk

    def _put(self, chunk: Chunk) -> None:
        for name, table in chunk.raw.items():
            self.backend.put(name, table.combine_chunks())

    def _reading(self) -> tuple[Any, Any]:
        """Return the plans of the reading and of what is wrong."""
        if self._plans is None:
            raw = RawTables(**{name: self.backend.table(name) for name in EMPTY})
            reading, wrong = read(raw, self.pathway, self.settings), problems(raw, self.pathway)
            self._plans = self.backend.plan(reading), self.backend.plan(wrong)
        return self._plans

    def _decision(self) -> Any:
        """Return the plan of the answer."""
        if self._answer is None:
            table = self.backend.table(READING)
            answer = decide(table, self.pathway, self.network, self.settings, self.backend.bundled)
            self._answer = self.backend.plan(answer)
        return self._answer

    def close(self) -> None:
        self.backend.close()
