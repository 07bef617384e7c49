"""Inputs as raw tables, and the engines that read them, through Ibis' own connections."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import ibis
import pyarrow as pa

from rules.check import Checker
from rules.columns.reading import RawTables, raw_of
from schemas.errors import InputError
from schemas.pathway import Pathway
from schemas.patient import Patient
from tests.conftest import ON
from tests.properties.patients import Generator

Input = tuple[str, dict[str, Any]]


@contextmanager
def connected(name: str) -> Iterator[Any]:
    """Open Polars or DuckDB."""
    yield {"polars": ibis.polars.connect, "duckdb": ibis.duckdb.connect}[name]()


def tables(inputs: Iterable[Input], pathway: Pathway) -> dict[str, pa.Table]:
    """Return raw tables and `problems` of *inputs*."""
    return raw_of(inputs, pathway, ON)


def raw_tables(found: Mapping[str, pa.Table]) -> RawTables:
    return RawTables(**{name: ibis.memtable(t) for name, t in found.items() if name != "problems"})


def drawn(
    generator: Generator, checker: Checker, count: int, seed: int
) -> tuple[list[Input], list[Patient]]:
    """Return *count* random inputs that the bedside accepts, and the patients it understands."""
    rng = random.Random(seed)
    inputs: list[Input] = []
    patients: list[Patient] = []
    while len(inputs) < count:
        data = generator.patient(rng)
        data.pop("settings", None)
        patient = accepted(checker, data)
        if patient is not None:
            inputs.append((f"p{len(inputs)}", data))
            patients.append(patient)
    return inputs, patients


def accepted(checker: Checker, data: dict[str, Any], today: dt.date = ON) -> Patient | None:
    """Return the patient the bedside makes of *data*, or None when it refuses."""
    try:
        return checker.check(data, today)
    except InputError:
        return None
