"""The rules read once more, as column expressions: whole cohorts on Polars, DuckDB or Spark. Imports Ibis."""

from rules.columns.answer import decide, truths
from rules.columns.cohort import cohort

__all__ = ["cohort", "decide", "truths"]
