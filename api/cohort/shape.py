"""Which columns a cohort's tables have, and of which type: the fact dictionary and the row models as Arrow schemas."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

import pyarrow as pa
from pydantic import BaseModel

from schemas.facts import FactKind
from schemas.pathway import Pathway
from schemas.patient import Medication, Override, Surgery, Trial

CHILDREN: dict[str, type[BaseModel]] = {
    "trials": Trial,
    "medications": Medication,
    "surgeries": Surgery,
    "overrides": Override,
}
"""Tables with several rows a patient, and what a row is."""
LISTS = ("trials", "medications", "surgeries")
"""Tables that a record may lack, or hold in part."""
LIST_WORDS = ("whole", "incomplete")
ID, DAY, FILE, ROW, NOT_USED = "patient", "on", "file__", "row__", "not_used__"
"""`file__` and `row__` say where a row came from; they and `not_used__` never reach an engine."""

Kind = Literal["boolean", "integer", "decimal", "text", "date"]
_TYPES: dict[Kind, pa.DataType] = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "decimal": pa.float64(),
    "text": pa.string(),
    "date": pa.string(),
}
_KINDS: dict[FactKind, Kind] = {
    FactKind.BOOLEAN: "boolean",
    FactKind.INTEGER: "integer",
    FactKind.DECIMAL: "decimal",
    FactKind.CHOICE: "text",
    FactKind.SIGN: "text",
    FactKind.DATE: "date",
}
FAULTS = pa.schema(
    [
        (ID, pa.string()), ("file", pa.string()), ("row", pa.int64()), ("code", pa.string()),
        ("where", pa.string()),
    ]
)  # fmt: skip


def type_of(kind: Kind) -> pa.DataType:
    """Return the Arrow type that holds a value of *kind*; dates stay text, since they may be partial."""
    return _TYPES[kind]


def patient_kinds(pathway: Pathway) -> dict[str, Kind]:
    """Return every column a patients table may have, in the order of the dictionary."""
    kinds: dict[str, Kind] = {ID: "text", DAY: "date"}
    kinds |= {f"{name}__list": "text" for name in LISTS}
    for name, definition in pathway.facts.items():
        kinds[name] = _KINDS[definition.kind]
        kinds[f"{name}__date"] = "date"
        kinds[f"{name}__unknown"] = "text"
    return kinds


@cache
def row_kinds(table: str) -> dict[str, Kind]:
    """Return the columns of a child table, without `row`: the patient and the fields of its row model."""
    kinds: dict[str, Kind] = {ID: "text"}
    for name, field in CHILDREN[table].model_fields.items():
        kinds[name] = _kind_of(str(field.annotation))
    return kinds


def _kind_of(annotation: str) -> Kind:
    found: tuple[tuple[str, Kind], ...] = (
        ("PartialDate", "date"), ("Decimal", "decimal"), ("bool", "boolean"), ("int", "integer"),
    )  # fmt: skip
    return next((kind for word, kind in found if re.search(rf"\b{word}\b", annotation)), "text")


def spool_schema(kinds: dict[str, Kind], *, child: bool) -> pa.Schema:
    """Return the schema of a table between reading and deciding: the given columns, then where the row came from."""
    fields = [(name, pa.date32() if name == DAY else type_of(kind)) for name, kind in kinds.items()]
    extra = [("row", pa.int64())] if child else [(NOT_USED, pa.int32())]
    return pa.schema([*fields, *extra, (FILE, pa.int32()), (ROW, pa.int64())])
