"""A cohort is read as each of its patients is read at the bedside."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from api.library import get_vignettes
from rules.check import Checker
from rules.columns.reading import RawTables, columns, read
from rules.columns.reading.tables import EMPTY
from rules.decide import Decider
from rules.derive import read_patient
from rules.leaves import Settings
from schemas.pathway import Pathway
from schemas.patient import Patient
from tests.properties.budget import BUDGET, QUICK
from tests.properties.conftest import generator
from tests.properties.patients import Generator
from tests.unit.columns.cohorts import Input, accepted, connected, drawn, raw_tables, tables
from tests.unit.columns.engines import UNCLOSED, spark_backend
from tests.unit.columns.readings import reading_table

__all__ = ["generator"]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""Ibis' connection to DuckDB calls what DuckDB 2 has deprecated."""
AT_ONCE = 20_000
PATIENTS = 1_000 if BUDGET is QUICK else BUDGET.differential


@pytest.fixture(scope="module")
def settings(decider: Decider) -> Settings:
    return decider.voices.settings("default")


def _expected(patients: list[Patient], pathway: Pathway, settings: Settings) -> pa.Table:
    readings = [(read_patient(pathway, p, settings).values, p.on) for p in patients]
    return reading_table(pathway, readings)


def _differing(found: pa.Table, expected: pa.Table) -> dict[str, int]:
    """Count, by column, the patients about whom two reading tables differ; types and order count too."""
    ordered = found.take(
        pc.index_in(expected["patient"], value_set=found["patient"].combine_chunks())
    )
    assert found.num_rows == expected.num_rows
    assert ordered.schema.names == expected.schema.names
    assert ordered.schema.types == expected.schema.types
    names = [n for n in expected.schema.names if not _equal(ordered[n], expected[n])]
    pairs = {n: zip(ordered[n].to_pylist(), expected[n].to_pylist(), strict=True) for n in names}
    return {name: sum(one != other for one, other in each) for name, each in pairs.items()}


def _equal(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    return bool(one.combine_chunks().equals(other.combine_chunks()))


def _agree(
    engine: Any, inputs: list[Input], patients: list[Patient], pathway: Pathway, settings: Settings
) -> None:
    raw = tables(inputs, pathway)
    assert raw["problems"].num_rows == 0
    found = engine.to_pyarrow(read(raw_tables(raw), pathway, settings))
    assert _differing(found, _expected(patients, pathway, settings)) == {}


def test_random_patients_are_read_as_at_the_bedside_by_polars_and_by_duckdb(
    pathway: Pathway, checker: Checker, generator: Generator, settings: Settings
) -> None:
    with connected("polars") as polars, connected("duckdb") as duckdb:
        for start in range(0, PATIENTS, AT_ONCE):
            count = min(AT_ONCE, PATIENTS - start)
            inputs, patients = drawn(generator, checker, count, 101 + start)
            expected = _expected(patients, pathway, settings)
            raw = raw_tables(tables(inputs, pathway))
            reading = read(raw, pathway, settings)
            assert _differing(polars.to_pyarrow(reading), expected) == {}
            assert _differing(duckdb.to_pyarrow(reading), expected) == {}


@pytest.mark.spark
@UNCLOSED
def test_spark_reads_random_patients_as_at_the_bedside(
    pathway: Pathway, checker: Checker, generator: Generator, settings: Settings
) -> None:
    inputs, patients = drawn(generator, checker, 100, 303)
    raw = tables(inputs, pathway)
    with spark_backend() as engine:
        for name in EMPTY:
            engine.put(name, raw[name])
        reading = read(RawTables(**{name: engine.table(name) for name in EMPTY}), pathway, settings)
        found = engine.rows(engine.plan(reading)).cast(reading.schema().to_pyarrow())
        assert _differing(found, _expected(patients, pathway, settings)) == {}


def test_the_invented_patients_are_read_as_at_the_bedside(
    pathway: Pathway, checker: Checker, settings: Settings
) -> None:
    inputs, patients = [], []
    for at, vignette in enumerate(get_vignettes("fbss")):
        data = {k: v for k, v in vignette.input.items() if k != "settings"}
        patient = accepted(checker, data)
        assert patient is not None
        inputs.append((f"p{at}", data))
        patients.append(patient)
    with connected("polars") as engine:
        _agree(engine, inputs, patients, pathway, settings)


def test_the_payers_settings_judge_trials_as_at_the_bedside(
    pathway: Pathway, checker: Checker, generator: Generator, decider: Decider
) -> None:
    inputs, patients = drawn(generator, checker, 200, 404)
    with connected("polars") as engine:
        _agree(engine, inputs, patients, pathway, decider.voices.settings("payer"))


def test_nobodys_fact_is_known_where_no_column_came(pathway: Pathway, settings: Settings) -> None:
    empty = {name: schema.to_pyarrow().empty_table() for name, schema in EMPTY.items()}
    patients = pa.table({"patient": ["a"], "on": pa.array([20_000], pa.date32())})
    children = {name: table.select(["patient"]) for name, table in empty.items()}
    raw = raw_tables({**children, "patients": patients})
    with connected("polars") as engine:
        (row,) = engine.to_pyarrow(read(raw, pathway, settings)).to_pylist()
    lifted = {n for n, d in pathway.derivations.items() if d.rule in ("justified", "early")}
    known = {name for name, value in row.items() if value is not None}
    assert known == {"patient", "on", *lifted}


def test_the_reading_table_has_the_columns_it_promises(
    pathway: Pathway, settings: Settings
) -> None:
    raw = raw_tables({n: s.to_pyarrow().empty_table() for n, s in EMPTY.items()})
    schema = read(raw, pathway, settings).schema()
    assert {name: str(kind) for name, kind in schema.items()} == columns(pathway)


def test_a_way_of_deriving_that_nobody_wrote_is_refused(
    pathway: Pathway, settings: Settings
) -> None:
    derivation = pathway.derivations["tried_nsaid"].model_copy(update={"rule": "guessed"})
    changed = pathway.model_copy(
        update={"derivations": {**pathway.derivations, "tried_nsaid": derivation}}
    )
    raw = raw_tables({n: s.to_pyarrow().empty_table() for n, s in EMPTY.items()})
    with pytest.raises(NotImplementedError, match="guessed"):
        read(raw, changed, settings)
