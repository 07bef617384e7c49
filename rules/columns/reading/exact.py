"""Partial dates and decimals in column expressions, exactly: days as text, decimals in whole units.

A day is text YYYY-MM-DD: it orders like the day, every engine makes it of a partial date without a number in between,
and an expression that mentions its argument once stays small. A decimal is read as an integer of its last allowed
place, whatever type it came in, and leaves as the double nearest to it. Two decimals of at most 15 digits never share
a double and doubles keep their order, so a comparison with the double nearest to a bound of at most 15 digits says
what the decimals say.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import ibis
import ibis.expr.types as ir

from rules.derive import EARLIEST
from schemas.errors import InputError, Problem

NEVER = EARLIEST.isoformat()
"""The day of something that did not happen."""
FACT_PLACES = 4
"""Decimal places a stated number may have."""
_MOST_DIGITS = 15


def integer(value: ir.Value) -> ir.IntegerValue:
    """Return *value* as a 64-bit integer."""
    return cast(ir.IntegerValue, value.cast("int64"))


def first_day(partial: ir.Value) -> ir.StringValue:
    """Return the first day a partial date may stand for."""
    text = cast(ir.StringValue, partial)
    return (text + ibis.literal("-01-01")).substr(0, 10)


def last_day(partial: ir.Value) -> ir.StringValue:
    """Return the last day a partial date between 1900 and 2199 may stand for."""
    text = cast(ir.StringValue, partial)
    year, month = text.substr(0, 4), text.substr(5, 2)
    leap = (integer(year) % 4 == 0) & (year != "1900") & (year != "2100")
    end = ibis.cases(
        (month == "02", ibis.ifelse(leap, "-29", "-28")),
        (among(month, ("04", "06", "09", "11")), "-30"),
        else_="-31",
    )
    found = ibis.cases(
        (text.length() == 4, text + ibis.literal("-12-31")),
        (text.length() == 7, text + cast(ir.StringValue, end)),
        else_=text,
    )
    return cast(ir.StringValue, found)


def day_of(date: ir.Value) -> ir.StringValue:
    """Return a date column as text; some engines write a moment, whose first ten letters are the day."""
    return cast(ir.StringValue, date.cast("string")).substr(0, 10)


def day_before(date: ir.Value, days: int) -> ir.StringValue:
    """Return the day that lies *days* before *date*."""
    return day_of(cast(ir.DateValue, date) - ibis.interval(days=days))


def date_of(day: ir.Value) -> ir.DateValue:
    """Return a day as a date; null stays null."""
    return cast(ir.DateValue, day.cast("date"))


def units(value: ir.Value, places: int) -> ir.IntegerValue:
    """Return a number in whole units of its last place; a double that is the nearest to it is read back exactly."""
    number = cast(ir.NumericValue, value)
    if number.type().is_integer():
        return integer(number) * 10**places
    scaled = cast(
        ir.NumericValue, cast(ir.NumericValue, number.cast("float64")) * float(10**places)
    )
    return integer(scaled.round())


def nearest(count: ir.Value, places: int) -> ir.FloatingValue:
    """Return *count* units of the last of *places* as the double nearest to it; null stays null."""
    about = cast(ir.FloatingValue, count.cast("float64")) * float(Decimal(1).scaleb(-places))
    return rounded(about, places)


def rounded(value: ir.Value, places: int) -> ir.FloatingValue:
    """Return the double nearest to a number of *places*, whatever it came as.

    Every engine rounds by a true division at the end. Dividing by a constant is not the same: Polars multiplies by
    the reciprocal then, which makes 378000 / 10000 a little more than 37.8, and a temperature on the border would
    fall on the wrong side.
    """
    number = cast(ir.NumericValue, value.cast("float64"))
    return cast(ir.FloatingValue, number.round(places))


def bound(number: Decimal) -> int | float:
    """Return a bound of a comparison as a constant of the engines.

    Raises InputError for one with more digits than a double tells apart.
    """
    if number == number.to_integral_value():
        return int(number)
    if len(number.normalize().as_tuple().digits) > _MOST_DIGITS:
        raise InputError(
            Problem(
                code="too-many-digits",
                message="a bound has more digits than a column can be compared with exactly",
                help=f"write it with at most {_MOST_DIGITS} digits",
                where="settings",
            )
        )
    return float(number)


def either(*flags: ir.BooleanValue) -> ir.BooleanValue:
    """Combine flags of which one is enough; null is unknown. None given: false."""
    found = ibis.literal(False) if not flags else flags[0]
    for flag in flags[1:]:
        found = found | flag
    return cast(ir.BooleanValue, found)


def among(column: ir.Value, words: Any) -> ir.BooleanValue:
    """Tell whether *column* is one of *words*; null stays null in every engine, also where `IN` would differ."""
    return either(*(cast(ir.BooleanValue, column == word) for word in words))
