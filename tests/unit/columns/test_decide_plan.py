"""What the engines are asked to do: plain columns, each conclusion once, no Python for any row."""

from __future__ import annotations

import re
import subprocess
import sys

import ibis
import ibis.expr.operations as ops
import polars as pl
import pyarrow as pa
import pytest

from rules.columns import decide
from rules.columns.formulas import Sheet, below
from rules.columns.strata import lay_out
from rules.columns.verdicts import Conclusions
from rules.decide import Decider
from rules.network import Network, Node
from schemas.condition import Is, Not, Or, Ref
from schemas.pathway import Pathway
from tests.unit.columns.engines import sql_of
from tests.unit.columns.readings import reading_table

PYTHON = re.compile("python|udf|map_batches|map_elements|apply", re.IGNORECASE)
"""What a plan says where it calls Python."""


def asked(decider: Decider, bundled: bool) -> ibis.Table:
    settings = decider.voices.settings("default")
    empty = reading_table(decider.pathway, [])
    reading = ibis.table(ibis.Schema.from_pyarrow(empty.schema), name="reading")
    return decide(reading, decider.pathway, decider.network, settings, bundled)


@pytest.fixture(scope="module")
def answer(decider: Decider) -> ibis.Table:
    return asked(decider, False)


@pytest.fixture(scope="module")
def bundled(decider: Decider) -> ibis.Table:
    """The same, as databases are asked."""
    return asked(decider, True)


def plan_of(expression: ibis.Table, table: pa.Table) -> str:
    """Return the plan that Polars makes of an expression over *table*, by the name of `reading`."""
    connection = ibis.polars.connect()
    connection.create_table("reading", table)
    frame: pl.LazyFrame = connection.compile(expression)
    return frame.explain(optimized=False)


@pytest.fixture(scope="module")
def plan(answer: ibis.Table, pathway: Pathway) -> str:
    return plan_of(answer, reading_table(pathway, []))


def test_polars_is_asked_for_nothing_in_python(plan: str) -> None:
    assert len(plan) > 10_000
    assert PYTHON.findall(plan) == []
    # The words looked for are those a plan with Python in it does say.
    counting = pl.LazyFrame({"x": [1]}).select(pl.col("x").map_batches(lambda x: x + 1))
    assert PYTHON.search(counting.explain(optimized=False))


@pytest.mark.slow
def test_a_database_is_asked_in_plain_sql(bundled: ibis.Table) -> None:
    one = bundled.select("patient", "urgency", "state")

    sql = sql_of(one)

    functions = set(re.findall(r"\b([A-Za-z_]+)\(", sql)) - {"IN", "AND", "OR", "NOT", "FROM"}
    assert "SELECT" in sql
    assert functions == {"CAST", "COALESCE", "LIST_EXTRACT"}
    assert "CREATE" not in sql


def test_a_database_passes_on_few_columns_however_many_conclusions_there_are(
    answer: ibis.Table, bundled: ibis.Table
) -> None:
    def widest(table: ibis.Table) -> int:
        return max(len(each.schema) for each in table.op().find(ops.Project))

    assert bundled.schema() == answer.schema()
    assert widest(answer) > 500
    # Treatments and questions are put together at the end, one column each.
    assert widest(bundled) < 100


def test_what_two_conclusions_share_is_worked_out_once(plan: str, decider: Decider) -> None:
    conclusions = Conclusions(decider.pathway, decider.network)
    network = below(conclusions.nodes.values())

    joined = plan.count(" & ") + plan.count(" | ")

    assert len(network) > 800
    # All of them: the network, the tables of the decision, deciding rules, and the walk to what is missing.
    assert joined < 6 * len(network)


def test_a_network_that_doubles_at_every_step_stays_as_long_as_its_steps(
    decider: Decider, pathway: Pathway
) -> None:
    steps = 60
    nodes = [Node("n0", Is(fact="diabetes"))]
    for at in range(1, steps):
        before = Ref(name=f"n{at - 1}")
        nodes.append(Node(f"n{at}", Or(items=(before, Not(item=before), Is(fact="pregnant")))))
    table = reading_table(pathway, [])
    reading = ibis.table(ibis.Schema.from_pyarrow(table.schema), name="reading")
    formulas = Sheet().network(Network(tuple(nodes), ()))
    last = formulas[f"n{steps - 1}"]

    columns = lay_out(reading, [last], ("patient",), pathway, {})
    expression = columns.table.select(last=columns[last])

    assert len(plan_of(expression, table)) < 60_000


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import rules.decide, rules.proof.tables", ["ibis", "polars", "duckdb", "pyspark", "z3"]),
        ("import rules.columns", ["z3", "pyspark", "duckdb"]),
    ],
    ids=["the bedside", "columns"],
)
def test_what_is_heavy_is_loaded_by_nobody_who_does_not_need_it(
    statement: str, heavy: list[str]
) -> None:
    asked = f"{statement}, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
