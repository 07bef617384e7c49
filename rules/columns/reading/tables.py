"""The raw tables a cohort is read from: their columns, and how a table that lacks some is completed."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

LIST_NAMES = ("trials", "medications", "surgeries")
WHOLE, INCOMPLETE = "whole", "incomplete"

_KEY = {"patient": "string", "row": "int64"}

EMPTY: dict[str, ibis.Schema] = {
    "patients": ibis.schema(
        {"patient": "string", "on": "date"} | {f"{name}__list": "string" for name in LIST_NAMES}
    ),
    "trials": ibis.schema(
        _KEY
        | {
            "treatment": "string",
            "agent": "string",
            "full_dose": "boolean",
            "weeks": "float64",
            "sessions": "int64",
            "relief_percent": "float64",
            "odi_points_better": "int64",
            "goal_met": "boolean",
            "stopped_because": "string",
            "still_helping": "boolean",
            "technique_sound": "boolean",
            "started": "string",
            "ended": "string",
            "side": "string",
            "level": "string",
        }
    ),
    "medications": ibis.schema(
        _KEY
        | {
            "agent": "string",
            "dose_mg_per_day": "float64",
            "status": "string",
            "long_acting": "boolean",
            "started": "string",
            "stopped": "string",
        }
    ),
    "surgeries": ibis.schema(
        _KEY
        | {
            "procedure": "string",
            "region": "string",
            "date": "string",
            "for_pain": "boolean",
            "result": "string",
            "level": "string",
        }
    ),
    "overrides": ibis.schema(
        _KEY
        | {"treatment": "string", "lifts": "string", "who": "string", "when": "string", "why": "string"}
    ),
}  # fmt: skip
"""Columns and types of each raw table; `patients` has one column more for every fact it brings."""


@dataclass(frozen=True)
class RawTables:
    """One chunk of a cohort as it came: patients and the rows of their lists, valid and uninterpreted."""

    patients: ir.Table
    trials: ir.Table
    medications: ir.Table
    surgeries: ir.Table
    overrides: ir.Table


def completed(table: ir.Table, name: str) -> ir.Table:
    """Return *table* with exactly the columns of `EMPTY[name]`; one that did not come is null everywhere."""
    columns: dict[str, ir.Value] = {}
    for column, kind in EMPTY[name].items():
        if column not in table.columns:
            columns[column] = ibis.null(kind)
        elif kind.is_floating() or table[column].type() == kind:
            # Numbers keep their own type here; `exact` reads decimals without a detour over floats.
            columns[column] = table[column]
        else:
            columns[column] = table[column].cast(kind)
    return table.select(**columns)
