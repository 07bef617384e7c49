"""Readings of many patients as one table, written fact by fact from what `rules.derive.read_patient` returns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Pathway

Patient = tuple[Mapping[str, Any], dt.date]
"""What the rules read about one patient, and the date of the question."""


def definitions(pathway: Pathway) -> list[FactDefinition]:
    """Return every stated and derived fact."""
    return [*pathway.facts.values(), *(each.fact for each in pathway.derivations.values())]


def reading_table(
    pathway: Pathway, patients: Sequence[Patient], numbers: pa.DataType | None = None
) -> pa.Table:
    """Return *patients* as a reading table; decimals as *numbers*, else as doubles."""
    decimals = numbers or pa.float64()
    columns: dict[str, pa.Array] = {
        "patient": pa.array([f"p{at}" for at in range(len(patients))], pa.string()),
        "on": pa.array([on for _, on in patients], pa.date32()),
    }
    for fact in definitions(pathway):
        values = [each.get(fact.name) for each, _ in patients]
        match fact.kind:
            case FactKind.BOOLEAN:
                columns[fact.name] = pa.array(values, pa.bool_())
            case FactKind.INTEGER:
                columns[fact.name] = pa.array(values, pa.int64())
            case FactKind.DECIMAL:
                convert = float if pa.types.is_floating(decimals) else Decimal
                columns[fact.name] = pa.array(
                    [None if value is None else convert(str(value)) for value in values], decimals
                )
            case FactKind.CHOICE | FactKind.SIGN:
                columns[fact.name] = pa.array(values, pa.string())
            case FactKind.DATE:
                for name, end in (("from", "earliest"), ("to", "latest")):
                    days = [value and getattr(value, end) for value in values]
                    columns[f"{fact.name}__{name}"] = pa.array(days, pa.date32())
    return pa.table(columns)
