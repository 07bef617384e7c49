"""The rules as columns, executed chunk by chunk on Polars, DuckDB or Spark through Ibis."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import ibis
import pyarrow as pa

from api.cohort.answers import answer_schema
from api.cohort.batches import Faults
from api.cohort.clean import Chunk
from api.cohort.engines import settled
from api.cohort.shape import FILE, ID, ROW
from api.library import get_decider, get_pathway
from rules.columns import decide
from rules.columns.reading import EMPTY, RawTables, problems, read
from schemas.errors import InputError, Problem

READING = "reading"


class ColumnEngine:
    """Decides chunks with one expression, built at the first chunk and executed for each."""

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
        self.connection: Any = _CONNECT[backend](master)
        self._built: tuple[Any, Any] | None = None
        self._wanted: Any = None

    def decide(self, chunk: Chunk, files: tuple[str, ...]) -> tuple[pa.Table, Chunk]:
        faults = Faults()
        self._register(chunk)
        reading, wrong = self._expressions()
        found = self.connection.to_pyarrow(wrong).to_pylist()
        if found:
            places = {row[ID]: row for row in chunk.places.to_pylist()}
            for row in found:
                place = places[row[ID]]
                faults.add(row[ID], files[place[FILE]], place[ROW], row["code"], row["where"])
            refused = pa.array(sorted({row[ID] for row in found}), pa.string())
            chunk = chunk.without(refused, faults.table())
            self._register(chunk)
        # In two steps: planned as one, DuckDB works out the reading again for every part of the decision.
        register = _REGISTER[self.name]
        register(self.connection, READING, self.connection.to_pyarrow(reading))
        if self._wanted is None:
            table = self.connection.table(READING)
            self._wanted = decide(table, self.pathway, self.network, self.settings)
        answers = self.connection.to_pyarrow(self._wanted)
        return settled(answers, chunk, answer_schema(self.pathway)), chunk

    def _register(self, chunk: Chunk) -> None:
        for name, table in chunk.raw.items():
            _REGISTER[self.name](self.connection, name, table.combine_chunks())

    def _expressions(self) -> tuple[Any, Any]:
        """Return the expressions of the reading and of what is wrong: they name tables, which change by the chunk."""
        if self._built is None:
            raw = RawTables(**{name: self.connection.table(name) for name in EMPTY})
            reading = read(raw, self.pathway, self.settings)
            self._built = reading, problems(raw, self.pathway)
        return self._built

    def close(self) -> None:
        """Stop Spark; the others stop by themselves."""
        if self.name == "spark":
            self.connection.disconnect()


def _polars(_: str) -> Any:
    return ibis.polars.connect()


def _duckdb(_: str) -> Any:
    connection = ibis.duckdb.connect()
    connection.raw_sql("set memory_limit='2GB'")
    return connection


def _spark(master: str) -> Any:
    try:
        from pyspark.sql import SparkSession

        session = (
            SparkSession.builder.master(master)
            .appName("steppedcare cohort")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.execution.arrow.pyspark.enabled", "true")
            .getOrCreate()
        )
    except Exception as error:
        # Without Java the session does not start, and says so in many ways.
        raise InputError(
            Problem(
                code="no-spark",
                message="Spark does not start here",
                help="install Java 17 (`apt install openjdk-17-jre-headless`) and pyspark (`make spark`), "
                "or use --backend polars",
                where="--backend",
            )
        ) from error
    session.sparkContext.setLogLevel("ERROR")
    return ibis.pyspark.connect(session)


_CONNECT = {"polars": _polars, "duckdb": _duckdb, "spark": _spark}


def _create(connection: Any, name: str, table: pa.Table) -> None:
    connection.create_table(name, table, overwrite=True)


def _view(connection: Any, name: str, table: pa.Table) -> None:
    """DuckDB reads Arrow where it lies; a table of its own would be a copy."""
    connection.con.register(name, table)


def _pandas_free_view(connection: Any, name: str, table: pa.Table) -> None:
    """Spark takes Arrow as it is; the way over pandas would turn whole numbers with gaps into floating ones."""
    connection._session.createDataFrame(table).createOrReplaceTempView(name)


_REGISTER = {"polars": _create, "duckdb": _view, "spark": _pandas_free_view}
