"""A cohort's raw tables read as one table of facts, in column expressions that Polars, DuckDB and Spark can run."""

from rules.columns.reading.check import problems
from rules.columns.reading.rows import raw_of
from rules.columns.reading.tables import EMPTY, RawTables
from rules.columns.reading.whole import columns, read

__all__ = ["EMPTY", "RawTables", "columns", "problems", "raw_of", "read"]
