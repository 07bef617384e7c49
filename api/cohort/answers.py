"""One patient's answer as one row: its columns, and the same row read off a decision of the bedside engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from api.cohort.shape import DAY, ID
from schemas.decision import Decision
from schemas.pathway import Pathway

LEFT_UNREAD = "not_used"
"""How many things a record held that its reader could not turn into facts."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def answer_schema(pathway: Pathway) -> pa.Schema:
    """Return the columns of an answer table; the two of each treatment are in the order of the pathway."""
    fields: list[tuple[str, pa.DataType]] = [
        (ID, pa.string()), (DAY, pa.date32()), ("scope", pa.string()), ("urgency", pa.string()),
        ("state", pa.string()), ("screen_complete", pa.bool_()), ("red_signs", pa.string()),
    ]  # fmt: skip
    for treatment in pathway.treatments:
        word = treatment.replace("-", "_")
        fields += [(f"verdict_{word}", pa.string()), (f"rule_{word}", pa.string())]
    return pa.schema([*fields, ("missing", pa.string()), (LEFT_UNREAD, pa.int32())])


def answer_of(patient: str, decision: Decision, pathway: Pathway) -> dict[str, Any]:
    """Return the row of one patient as *decision* says it; red signs stand in the order of the pathway."""
    open_signs = {sign.id for sign in decision.red_signs}
    row: dict[str, Any] = {
        ID: patient,
        DAY: decision.on,
        "scope": SCOPE[decision.scope.status],
        "urgency": decision.urgency.value,
        "state": decision.state.value,
        "screen_complete": decision.screen_complete,
        "red_signs": ";".join(sign for sign in pathway.signs if sign in open_signs),
    }
    for each in decision.treatments:
        word = each.treatment.replace("-", "_")
        row[f"verdict_{word}"] = each.verdict.value
        row[f"rule_{word}"] = each.reasons[0].rule if each.reasons else None
    row["missing"] = ";".join(item.fact for item in decision.missing)
    return row


SCOPE = {"in-scope": "in", "out-of-scope": "out", "unknown": "unknown"}


def same(column: str, one: Any, other: Any) -> bool:
    """Tell whether two answers say the same in *column*.

    The questions of `missing` are the same in every engine; their order is the bedside's own there, which weighs what
    each can still decide, and a fixed one in columns: red-sign questions first, then by burden, then by dictionary.
    """
    if column == "missing":
        return sorted((one or "").split(";")) == sorted((other or "").split(";"))
    return bool(one == other)


def guard(text: str) -> str:
    """Return *text* so that no spreadsheet runs it as a formula: an apostrophe goes before one."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def guarded(answers: pa.Table) -> pa.Table:
    """Return *answers* with ids that no spreadsheet runs; all other texts are our own words."""
    ids = pa.array([guard(each) for each in answers[ID].to_pylist()], pa.string())
    return answers.set_column(answers.column_names.index(ID), answers.schema.field(ID), ids)


def read_answers(file: Path, schema: pa.Schema) -> pa.Table:
    """Return the answers in one part, Parquet or CSV; an id that was guarded stays so."""
    if file.suffix == ".parquet":
        return pq.read_table(file, schema=schema)
    options = pacsv.ConvertOptions(
        column_types=schema, strings_can_be_null=True, quoted_strings_can_be_null=False,
        null_values=[""],
    )  # fmt: skip
    return pacsv.read_csv(file, convert_options=options)
