"""The engines a column expression is run on, each for one table."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import duckdb as native_duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SPARK: Any = pytest.param(
    "spark",
    id="Spark",
    marks=[
        pytest.mark.spark,
        # Spark leaves the socket over which it sent the rows to the garbage collector.
        pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    ],
)

Run = Callable[[ir.Table], list[dict[str, Any]]]
"""Runs an expression over the tables and returns its rows."""

Engine = Callable[[dict[str, pa.Table]], AbstractContextManager[Any]]
"""Takes tables in, and gives them back as expressions together with what runs expressions over them."""


@contextmanager
def polars(tables: Mapping[str, pa.Table]) -> Iterator[tuple[dict[str, ir.Table], Run]]:
    connection = ibis.polars.connect()
    given = {name: connection.create_table(name, table) for name, table in tables.items()}
    yield given, lambda expression: _rows(connection.to_pyarrow(expression))


@contextmanager
def duckdb(tables: Mapping[str, pa.Table]) -> Iterator[tuple[dict[str, ir.Table], Run]]:
    """Run what Ibis writes as SQL; Ibis' own connection calls what DuckDB 2 has deprecated."""
    connection = native_duckdb.connect(config={"threads": 1})
    for name, table in tables.items():
        connection.register(name, table)
    given = {
        name: ibis.table(ibis.Schema.from_pyarrow(table.schema), name=name)
        for name, table in tables.items()
    }
    try:
        yield given, lambda expression: _rows(connection.sql(sql_of(expression)).to_arrow_table())
    finally:
        connection.close()


def sql_of(expression: ir.Table) -> str:
    """Return the SQL that DuckDB is asked to run."""
    return str(ibis.to_sql(expression, dialect="duckdb"))


@contextmanager
def spark(tables: Mapping[str, pa.Table]) -> Iterator[tuple[dict[str, ir.Table], Run]]:
    """Start Spark in this process; skip, and say why, where it or Java is missing."""
    sql = pytest.importorskip("pyspark.sql", reason="Spark is not installed (extra `spark`)")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, and no `java` is on the path")
    session = (
        sql.SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    given = {
        name: ibis.table(ibis.Schema.from_pyarrow(table.schema), name=name)
        for name, table in tables.items()
    }
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name, table in tables.items():
                path = f"{folder}/{name}.parquet"
                pq.write_table(table, path)
                session.read.parquet(path).createOrReplaceTempView(name)
            with warnings.catch_warnings():
                # Ibis loads pandas for Spark, which Spark has not tried in its newest version; it is not used here.
                warnings.simplefilter("ignore", FutureWarning)
                connection = ibis.pyspark.connect(session)
            yield (
                given,
                lambda expression: [
                    row.asDict() for row in session.sql(connection.compile(expression)).collect()
                ],
            )
    finally:
        session.stop()


def engine_of(name: str) -> Engine:
    """Return the engine of that name."""
    return {"polars": polars, "duckdb": duckdb, "spark": spark}[name]


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows
