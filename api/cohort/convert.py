"""A column as a file holds it, turned into the type the rules read; what cannot be read is marked, row by row.

Nothing is coerced that the bedside would refuse: "48" is no number in a typed file, 3.25 no whole number, `yes` not
true. Text files have no types, so there a number is whatever is written like one.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from api.cohort.shape import Kind, type_of

_INTEGER = r"^-?[0-9]{1,9}$"
_DECIMAL = r"^-?[0-9]{1,12}(\.[0-9]{1,12})?$"
_DATE = r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"
LONGEST_TEXT = 400
"""Characters; what is longer is refused at the bedside too."""

Bad = Any
"""An Arrow array of booleans: true where a value is there and cannot be read."""


def fits(held: pa.DataType, kind: Kind) -> bool:
    """Tell whether a column of type *held* can hold values of *kind* at all."""
    if pa.types.is_dictionary(held):
        held = held.value_type
    if pa.types.is_null(held):
        return True
    text = pa.types.is_string(held) or pa.types.is_large_string(held)
    number = pa.types.is_integer(held) or pa.types.is_floating(held) or pa.types.is_decimal(held)
    match kind:
        case "boolean":
            return bool(pa.types.is_boolean(held))
        case "integer" | "decimal":
            return bool(number)
        case "date":
            return bool(text or pa.types.is_date(held) or pa.types.is_timestamp(held))
        case _:
            return bool(text)


def convert(values: pa.Array, kind: Kind) -> tuple[pa.Array, Bad]:
    """Return typed *values* as *kind*, null where there is none or none that can be read, and which those are.

    Not-a-number in a column of floating numbers is how data frames write that nothing is known: it becomes null.
    """
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), type_of(kind)), _none(len(values))
    match kind:
        case "boolean":
            return values, _none(len(values))
        case "integer" | "decimal":
            if pa.types.is_floating(values.type):
                values = pc.if_else(pc.is_nan(values), None, values)
            if kind == "integer" and pa.types.is_floating(values.type):
                # pandas writes whole numbers with gaps as floating ones.
                whole = pc.and_(
                    pc.equal(pc.floor(values), values), pc.less(pc.abs(values), 10.0**9)
                )
                good = pc.if_else(whole, values, None)
                return good.cast(pa.int64()), _lost(values, good)
            if kind == "integer":
                good = values.cast(pa.int64(), safe=False)
                return good, pc.fill_null(pc.not_equal(good.cast(values.type, safe=False), values), False)  # fmt: skip
            if pa.types.is_floating(values.type) and values.type != pa.float64():
                # A number of four bytes is the shortest text that names it: 36.6, not 36.599998.
                values = values.cast(pa.string()).cast(pa.float64())
            good = pc.if_else(
                pc.is_finite(values.cast(pa.float64())), values.cast(pa.float64()), None
            )
            return good, _lost(values, good)
        case "date":
            if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
                return values.cast(pa.date32()).cast(pa.string()), _none(len(values))
            return read_text(values.cast(pa.string()), kind)
        case _:
            return read_text(values.cast(pa.string()), kind)


def read_text(values: pa.Array, kind: Kind) -> tuple[pa.Array, Bad]:
    """Return *values*, written as text, as *kind*, and which cannot be read."""
    match kind:
        case "boolean":
            lower = pc.utf8_lower(values)
            known = pc.is_in(lower, value_set=pa.array(["true", "false"]))
            good = pc.if_else(known, lower, None)
            return pc.equal(good, "true"), _lost(values, good)
        case "integer":
            good = _matching(values, _INTEGER)
            return good.cast(pa.int64()), _lost(values, good)
        case "decimal":
            good = _matching(values, _DECIMAL)
            return good.cast(pa.float64()), _lost(values, good)
        case "date":
            good = _matching(values, _DATE)
            return good, _lost(values, good)
        case _:
            short = pc.less_equal(pc.utf8_length(values), LONGEST_TEXT)
            good = pc.if_else(short, values, None)
            return good, _lost(values, good)


def decode(values: pa.Array) -> tuple[pa.Array, Bad]:
    """Return bytes as text, null where they are not UTF-8, and which those are; empty text is null."""
    try:
        text = values.cast(pa.string())
    except pa.ArrowInvalid:
        text = pa.array([_utf8(each) for each in values.to_pylist()], pa.string())
    bad = _lost(values, text)
    return pc.if_else(pc.equal(pc.binary_length(values), 0), None, text), bad


def _utf8(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _matching(values: pa.Array, pattern: str) -> pa.Array:
    return pc.if_else(pc.match_substring_regex(values, pattern), values, None)


def _lost(before: pa.Array, after: pa.Array) -> Bad:
    """Mark what was there before and is not there after."""
    return pc.and_(pc.is_valid(before), pc.is_null(after))


def _none(count: int) -> Bad:
    return pa.repeat(pa.scalar(False), count)
