"""The engines a column expression is run on, each for one table."""

from __future__ import annotations

import gc
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import duckdb as native_duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from api.cohort.backends import SparkBackend

UNCLOSED = pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning")
"""pyspark never closes the socket it reads rows from (`pyspark.util._load_from_socket`); the garbage collector does."""
SPARK: Any = pytest.param("spark", id="Spark", marks=[pytest.mark.spark, UNCLOSED])

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
    """Run it as a cohort is run."""
    with spark_backend() as backend:
        for name, table in tables.items():
            backend.put(name, table)
        given = {name: backend.table(name) for name in tables}
        yield given, lambda expression: _rows(backend.rows(backend.plan(expression)))


def needs_spark() -> None:
    """Skip, and say why, where Spark or Java is missing."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: Spark is not tested")
    if shutil.which("java") is None:
        pytest.skip("no Java on this machine: Spark is not tested")


@contextmanager
def spark_backend() -> Iterator[SparkBackend]:
    """Start Spark in this process."""
    needs_spark()
    with warnings.catch_warnings():
        # Ibis loads pandas for Spark, which Spark has not tried in its newest version; it is not used here.
        warnings.simplefilter("ignore", FutureWarning)
        backend = SparkBackend("local[1]")
    try:
        yield backend
    finally:
        backend.close()
        gc.collect()  # the sockets of `UNCLOSED`, while the test that opened them still runs


BUNDLED = ("duckdb", "spark")
"""These are asked with columns carried on in structs, as cohorts are (`Backend.bundled`)."""


def engine_of(name: str) -> Engine:
    """Return the engine of that name."""
    return {"polars": polars, "duckdb": duckdb, "spark": spark}[name]


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows
