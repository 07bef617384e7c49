"""The engines behind Ibis: how each takes rows in, and runs for chunk after chunk what was planned once.

Turning an Ibis expression into what an engine understands costs as much as deciding a hundred thousand patients
(Polars) or several times that (SQL), and is the same work for every chunk. So it is done once, over names; before each
run the names are made to stand for other rows.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any, Protocol

import ibis
import pyarrow as pa

from schemas.errors import InputError, Problem

MOST_MEMORY = "2GB"
"""What DuckDB may hold at once."""
_SPARK = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # Rows that come as a constant of the plan are worked out by the optimizer, one after the other and uncompiled.
    "spark.sql.execution.arrow.localRelationThreshold": "0b",
    # The plans need some hundred compiled classes. Where they are forgotten (100 are kept otherwise), every part
    # compiles anew, and runs uncompiled at first.
    "spark.sql.codegen.cache.maxEntries": "5000",
    # What has been run is kept for a page that is off, and a plan of ours in words takes megabytes.
    "spark.sql.ui.retainedExecutions": "1",
    "spark.ui.retainedJobs": "1",
    "spark.ui.retainedStages": "1",
    "spark.ui.retainedTasks": "1",
    "spark.sql.maxPlanStringLength": "10000",
}
_LOCAL = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "2g",
    # A chunk is small: two hundred parts of it would be two hundred times the overhead.
    "spark.sql.shuffle.partitions": "4",
}
"""Of a session on this machine: reached from nowhere else."""


class Backend(Protocol):
    """One engine."""

    bundled: bool
    """Whether columns are to be carried on in structs."""

    def put(self, name: str, rows: pa.Table) -> None:
        """Let *name* stand for *rows* from now on; they have the same columns every time."""

    def table(self, name: str) -> Any:
        """Return what *name* stands for as an Ibis table."""

    def plan(self, expression: Any) -> Any:
        """Translate *expression* once; the names in it are looked up whenever it is run."""

    def rows(self, plan: Any) -> pa.Table:
        """Run *plan* and return its rows."""

    def keep(self, name: str, plan: Any) -> None:
        """Run *plan* and let *name* stand for its rows."""

    def close(self) -> None:
        """Let go of whatever was started."""


class PolarsBackend:
    """Frames that ask for their rows when they are collected."""

    bundled = False

    def __init__(self) -> None:
        self._connection = ibis.polars.connect()
        self._held: dict[str, Any] = {}

    def put(self, name: str, rows: pa.Table) -> None:
        import polars as pl

        self._hold(name, pl.from_arrow(rows))

    def table(self, name: str) -> Any:
        return self._connection.table(name)

    def plan(self, expression: Any) -> Any:
        return self._connection.compile(expression)

    def rows(self, plan: Any) -> pa.Table:
        return plan.collect().to_arrow()

    def keep(self, name: str, plan: Any) -> None:
        self._hold(name, plan.collect())

    def close(self) -> None:
        self._held.clear()

    def _hold(self, name: str, frame: Any) -> None:
        from polars.io.plugins import register_io_source

        is_new = name not in self._held
        self._held[name] = frame
        if is_new:

            def rows(
                columns: list[str] | None, predicate: Any, count: int | None, size: int | None
            ) -> Iterator[Any]:
                found = self._held[name]
                if columns is not None:
                    found = found.select(columns)
                if count is not None:
                    found = found.head(count)
                yield found if predicate is None else found.filter(predicate)

            source = register_io_source(rows, schema=frame.schema, is_pure=True)
            self._connection.create_table(name, source)


class _Sql:
    """What is asked in SQL."""

    bundled = True
    _connection: Any

    def __init__(self) -> None:
        self._planned: list[Any] = []
        """Ibis drops the constant tables of an expression together with the expression."""

    def table(self, name: str) -> Any:
        return self._connection.table(name)

    def plan(self, expression: Any) -> str:
        """Return *expression* as SQL, its constant tables registered.

        Projections are not merged: trying to takes Ibis twice as long as all the rest, and the text gets no shorter.
        """
        self._planned.append(expression)
        self._connection._run_pre_execute_hooks(expression)
        merged, ibis.options.sql.fuse_selects = ibis.options.sql.fuse_selects, False
        try:
            return str(self._connection.compile(expression))
        finally:
            ibis.options.sql.fuse_selects = merged


class DuckDBBackend(_Sql):
    """SQL over Arrow tables where they lie; what is kept becomes a table of DuckDB's own."""

    def __init__(self) -> None:
        super().__init__()
        self._connection = ibis.duckdb.connect()
        self._connection.raw_sql(f"set memory_limit='{MOST_MEMORY}'")

    def put(self, name: str, rows: pa.Table) -> None:
        self._connection.con.register(name, rows)

    def rows(self, plan: str) -> pa.Table:
        return self._connection.con.sql(plan).to_arrow_table()

    def keep(self, name: str, plan: str) -> None:
        self._connection.raw_sql(f"create or replace temp table {name} as {plan}")

    def close(self) -> None:
        self._connection.disconnect()


class SparkBackend(_Sql):
    """SQL over temporary views; what is kept stays with the cluster, and never comes by here."""

    def __init__(self, master: str) -> None:
        """Start a session on *master*. Raises InputError where Spark does not start."""
        super().__init__()
        self._session = start_spark(master)
        self._connection = ibis.pyspark.connect(self._session)
        self._kept: tuple[str, Any] | None = None

    def put(self, name: str, rows: pa.Table) -> None:
        # Both the view and what was kept hold the rows of the last part: with new ones beside them a third part of
        # 250,000 found no memory left.
        self._forget()
        self._session.catalog.dropTempView(name)
        # Arrow as it is; the way over pandas would turn whole numbers with gaps into floating ones.
        self._session.createDataFrame(rows).createOrReplaceTempView(name)

    def rows(self, plan: str) -> pa.Table:
        return self._session.sql(plan).toArrow()

    def keep(self, name: str, plan: str) -> None:
        self._forget()
        kept = self._session.sql(plan).persist()
        kept.createOrReplaceTempView(name)
        self._kept = name, kept

    def _forget(self) -> None:
        if self._kept is not None:
            name, kept = self._kept
            self._kept = None
            self._session.catalog.dropTempView(name)
            kept.unpersist()
            del kept
            # Frames refer to themselves, and each holds its rows on the other side until Python has let go of it.
            gc.collect()

    def close(self) -> None:
        self._session.stop()


def open_backend(name: str, master: str) -> Backend:
    """Start the engine called *name*; *master* is the cluster, for Spark alone.

    Raises InputError where Spark does not start.
    """
    match name:
        case "polars":
            return PolarsBackend()
        case "duckdb":
            return DuckDBBackend()
        case "spark":
            return SparkBackend(master)
    raise ValueError(f"there is no engine `{name}`")


def start_spark(master: str) -> Any:
    """Return a Spark session on *master*.

    Raises InputError where Spark does not start: without Java it does not, and says so in many ways.
    """
    settings = {**_SPARK, **(_LOCAL if master.startswith("local") else {})}
    try:
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master(master).appName("steppedcare cohort")
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
    except Exception as error:
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
    return session
