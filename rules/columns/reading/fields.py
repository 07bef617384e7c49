"""What a field of a list's row may hold, taken from the row models of `schemas/patient.py`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.facts import PartialDate
from schemas.patient import Medication, Override, Surgery, Trial

ROWS: dict[str, type[BaseModel]] = {
    "trials": Trial,
    "medications": Medication,
    "surgeries": Surgery,
    "overrides": Override,
}


@dataclass(frozen=True)
class RowField:
    """One field: its words, its range, or its length and the signs it must not hold."""

    name: str
    required: bool = False
    is_date: bool = False
    words: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    places: int = 0
    shortest: int = 0
    longest: int = 0
    forbidden: str = ""
    """A regular expression that finds a sign that is not allowed."""


def _fields_of(model: type[BaseModel]) -> tuple[RowField, ...]:
    return tuple(_field(name, info) for name, info in model.model_fields.items())


def _field(name: str, info: FieldInfo) -> RowField:
    words: list[str] = []
    limits: dict[str, Any] = {}
    is_date = False
    for kind, metadata in _parts(info.annotation, tuple(info.metadata)):
        if get_origin(kind) is Literal:
            words += get_args(kind)
        is_date |= kind is PartialDate
        for item in metadata:
            if isinstance(item, FieldInfo):
                metadata += tuple(item.metadata)
        for item in metadata:
            limits |= {
                key: getattr(item, key)
                for key in ("ge", "le", "min_length", "max_length", "pattern", "decimal_places")
                if getattr(item, key, None) is not None
            }
    return RowField(
        name=name,
        required=info.is_required(),
        is_date=is_date,
        words=tuple(words),
        least=float(limits["ge"]) if "ge" in limits else None,
        most=float(limits["le"]) if "le" in limits else None,
        places=int(limits.get("decimal_places", 0)),
        shortest=int(limits.get("min_length", 0)),
        longest=int(limits.get("max_length", 0)),
        forbidden=_forbidden(limits["pattern"]) if "pattern" in limits else "",
    )


def _parts(annotation: Any, metadata: tuple[Any, ...]) -> list[tuple[Any, tuple[Any, ...]]]:
    """Return every kind of value an annotation allows, with what limits it."""
    origin = get_origin(annotation)
    if origin is Annotated:
        kind, *more = get_args(annotation)
        return _parts(kind, (*metadata, *more))
    if origin in (Union, UnionType):
        return [part for kind in get_args(annotation) for part in _parts(kind, metadata)]
    return [] if annotation is NoneType else [(annotation, metadata)]


def _forbidden(pattern: str) -> str:
    """Return what finds a sign outside *pattern*, `^[^...]*$`; signs stand as themselves where engines differ."""
    found = re.fullmatch(r"\^\[\^(.*)\]\*\$", pattern)
    if found is None:
        raise NotImplementedError("a text's pattern is not a list of signs that are not allowed")
    signs = re.sub(r"\\u([0-9a-f]{4})", lambda sign: chr(int(sign[1], 16)), found[1])
    return f"[{signs}]"


FIELDS: dict[str, tuple[RowField, ...]] = {name: _fields_of(model) for name, model in ROWS.items()}
"""The fields of each list's rows."""
