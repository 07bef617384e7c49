"""Which patients of a cohort cannot be read: what `rules/check.py` refuses at the bedside, said of raw tables.

For every patient, and for every row of a list, the first problem found is named: a code of the bedside's and our own
field, never a value. Types are the business of whoever made the tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import cast, get_args

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from rules.check import MOST_ROWS
from rules.columns.reading.exact import FACT_PLACES, among, day_of, either, first_day, units
from rules.columns.reading.fields import FIELDS, RowField
from rules.columns.reading.tables import EMPTY, INCOMPLETE, LIST_NAMES, WHOLE, RawTables, completed
from schemas.facts import FactDefinition, FactKind, WhyUnknown
from schemas.pathway import Pathway

_EARLIEST_QUESTION = "2000-01-01"
"""Something that never happened is dated 1900: a question asked much later keeps it long ago."""
_LEAP = "(19(0[48]|[2468][048]|[13579][26])|20([02468][048]|[13579][26])|21(0[48]|[2468][048]|[13579][26]))"
_YEAR = "(19|20|21)[0-9]{2}"
_PARTIAL = (
    f"^({_YEAR}|{_YEAR}-(0[1-9]|1[0-2])|{_YEAR}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
    f"|{_YEAR}-(0[13-9]|1[0-2])-(29|30)|{_YEAR}-(0[13578]|1[02])-31|{_LEAP}-02-29)$"
)
"""Every partial date from 1900 to 2199, and nothing else."""
_NEAR = 1e-3
"""How far, in units of its last place, a double may lie from a decimal and still be the nearest to it."""


@dataclass(frozen=True)
class Fault:
    """A flag column that tells whether something is wrong, and what."""

    wrong: ir.BooleanValue
    code: str
    where: str


def problems(raw: RawTables, pathway: Pathway) -> ir.Table:
    """Return `patient`, `code`, `where` of whatever `read` cannot read; no row: everyone can be read."""
    patients = raw.patients.mutate(today=day_of(raw.patients["on"]))
    found = [
        _first(patients, list(_patient_faults(patients, pathway)), None),
        _doubles(raw.patients),
    ]
    days = patients.select("patient", "today").distinct()
    for name in FIELDS:
        rows = completed(cast(ir.Table, getattr(raw, name)), name)
        asked = rows.left_join(days, "patient")
        found.append(_first(asked, list(_row_faults(asked, name)), name))
        found.append(_too_many(rows, name))
    return reduce(lambda one, other: one.union(other), found)


def _first(table: ir.Table, faults: list[Fault], rows: str | None) -> ir.Table:
    """Return the first of *faults* of every row that has one."""
    number = ibis.coalesce(
        *(ibis.ifelse(fault.wrong, at, ibis.null("int64")) for at, fault in enumerate(faults)),
        ibis.null("int64"),
    )
    told = ibis.memtable(
        pa.table(
            {
                "fault": pa.array(range(len(faults)), pa.int64()),
                "code": pa.array([fault.code for fault in faults], pa.string()),
                "place": pa.array([fault.where for fault in faults], pa.string()),
            }
        )
    )
    kept = [] if rows is None else ["row"]
    wrong = table.select("patient", *kept, fault=number.cast("int64"))
    wrong = wrong.filter(wrong["fault"].notnull()).inner_join(told, "fault")
    where: ir.Value = wrong["place"]
    if rows is not None:
        row = cast(ir.StringValue, wrong["row"].cast("string"))
        where = ibis.literal(f"{rows}[") + row + ibis.literal("].") + wrong["place"]
    return wrong.select("patient", "code", where=where)


def _doubles(patients: ir.Table) -> ir.Table:
    counted = patients.group_by("patient").aggregate(rows=patients.count())
    return _named(counted.filter(counted["rows"] > 1), "duplicate-id", "patient")


def _too_many(rows: ir.Table, name: str) -> ir.Table:
    counted = rows.group_by("patient").aggregate(rows=rows.count())
    return _named(counted.filter(counted["rows"] > MOST_ROWS), "too-many-items", name)


def _named(table: ir.Table, code: str, where: str) -> ir.Table:
    return table.select("patient", code=ibis.literal(code), where=ibis.literal(where))


# -- facts -----------------------------------------------------------------------------------------


def _patient_faults(patients: ir.Table, pathway: Pathway) -> Iterator[Fault]:
    yield Fault(patients["patient"].isnull(), "missing-id", "patient")
    today = cast(ir.StringValue, patients["today"])
    yield Fault((today < _EARLIEST_QUESTION) | today.isnull(), "not-a-date", "on")
    for name in LIST_NAMES:
        if f"{name}__list" in patients.columns:
            state = patients[f"{name}__list"]
            yield Fault(~among(state, (WHOLE, INCOMPLETE)), "not-a-choice", f"{name}__list")
    for definition in pathway.facts.values():
        yield from _fact_faults(patients, definition)
    age, months = "age", "pain_duration_months"
    if {age, months} <= set(patients.columns) & set(pathway.facts):
        lived = (cast(ir.NumericValue, patients[age]) + 1) * 12
        lasted = cast(ir.NumericValue, patients[months])
        yield Fault(lasted > lived, "contradiction", f"facts.{months}")


def _fact_faults(patients: ir.Table, definition: FactDefinition) -> Iterator[Fault]:
    """Look at a fact in the order of the bedside: the entry's shape, contradictions, its date, the value."""
    name, where = definition.name, f"facts.{definition.name}"
    value = patients[name] if name in patients.columns else None
    given = ibis.literal(False) if value is None else value.notnull()
    reason, recorded = f"{name}__unknown", f"{name}__date"
    if recorded in patients.columns:
        yield Fault(~_is_date(patients[recorded]), "not-a-date", f"{where}.date")
    if reason in patients.columns:
        wrong = ~among(patients[reason], get_args(WhyUnknown))
        yield Fault(wrong, "not-a-choice", f"{where}.unknown")
        both = cast(ir.BooleanValue, given & patients[reason].notnull())
        yield Fault(both, "contradiction", where)
    if recorded in patients.columns:
        later = first_day(patients[recorded]) > cast(ir.StringValue, patients["today"])
        yield Fault(cast(ir.BooleanValue, given & later), "in-the-future", f"{where}.date")
    if value is not None:
        yield from _value_faults(patients, definition, value, where)


def _value_faults(
    patients: ir.Table, definition: FactDefinition, value: ir.Value, where: str
) -> Iterator[Fault]:
    match definition.kind:
        case FactKind.CHOICE | FactKind.SIGN:
            yield Fault(~among(value, definition.choices), "not-a-choice", where)
        case FactKind.DATE:
            yield Fault(~_is_date(value), "not-a-date", where)
            if not definition.ahead:
                later = first_day(value) > cast(ir.StringValue, patients["today"])
                yield Fault(later, "in-the-future", where)
        case FactKind.INTEGER | FactKind.DECIMAL:
            number = cast(ir.NumericValue, value)
            places = FACT_PLACES if definition.kind is FactKind.DECIMAL else 0
            least = None if definition.minimum is None else float(definition.minimum)
            most = None if definition.maximum is None else float(definition.maximum)
            yield Fault(_beyond(number, least, most, places), "out-of-range", where)
        case FactKind.BOOLEAN:
            return


def _beyond(
    number: ir.NumericValue, least: float | None, most: float | None, places: int
) -> ir.BooleanValue:
    """Tell whether a number is out of range or has more than *places* decimal places.

    What is not a number counts as greater than every number in all three engines.
    """
    wrong: list[ir.BooleanValue] = []
    if least is not None:
        wrong.append(number < least)
    if most is not None:
        wrong.append(number > most)
    if not number.type().is_integer():
        inside = cast(ir.NumericValue, number.cast("float64"))
        if least is not None and most is not None:
            # Beyond the range a number may be too great to be counted in units at all.
            ranged = (inside >= least) & (inside <= most)
            inside = cast(ir.NumericValue, ibis.ifelse(ranged, inside, ibis.null("float64")))
        scaled = inside * float(10**places)
        wrong.append((scaled - units(inside, places).cast("float64")).abs() > _NEAR)
    return either(*wrong)


def _is_date(partial: ir.Value) -> ir.BooleanValue:
    """Tell whether a text is a partial date; in some engines `$` also matches before a line feed at the end."""
    text = cast(ir.StringValue, partial)
    return text.re_search(_PARTIAL) & among(text.length(), (4, 7, 10))


def _last_at_most(partial: ir.Value) -> ir.StringValue:
    """Return the end of a partial date, for comparison only: a month ends on the 31st, which no day lies after."""
    text = cast(ir.StringValue, partial)
    return ibis.ifelse(text.length() == 7, text + "-31", (text + "-12-31").substr(0, 10))


# -- rows of the lists -----------------------------------------------------------------------------


def _row_faults(rows: ir.Table, name: str) -> Iterator[Fault]:
    today = cast(ir.StringValue, rows["today"])
    yield Fault(today.isnull(), "unknown-patient", "patient")
    for field in FIELDS[name]:
        value = rows[field.name]
        if field.required:
            yield Fault(value.isnull(), "missing-field", field.name)
        match EMPTY[name][field.name]:
            case kind if field.is_date:
                yield Fault(~_is_date(value), "not-a-date", field.name)
            case kind if kind.is_numeric():
                number = cast(ir.NumericValue, value)
                beyond = _beyond(number, field.least, field.most, field.places)
                yield Fault(beyond, "out-of-range", field.name)
            case kind if kind.is_string():
                yield from _text_faults(value, field)
    for date in _PAST[name]:
        yield Fault(first_day(rows[date]) > today, "in-the-future", date)
    for begin, end in _ORDER.get(name, ()):
        backwards = first_day(rows[begin]) > _last_at_most(rows[end])
        yield Fault(backwards, "contradiction", end)


def _text_faults(value: ir.Value, field: RowField) -> Iterator[Fault]:
    text = cast(ir.StringValue, value)
    if field.words:
        yield Fault(~among(text, field.words), "not-a-choice", field.name)
        return
    # Cut, not measured: lengths are bytes in some engines, while all of them cut between letters.
    yield Fault(text.substr(field.shortest - 1, 1).length() == 0, "text-too-short", field.name)
    yield Fault(text.substr(field.longest, 1).length() > 0, "text-too-long", field.name)
    yield Fault(text.re_search(field.forbidden), "text-not-allowed", field.name)


_PAST: dict[str, tuple[str, ...]] = {
    "trials": ("started", "ended"), "medications": (), "surgeries": ("date",), "overrides": ("when",),
}  # fmt: skip
"""Dates that may not lie after the date of the question."""
_ORDER: dict[str, tuple[tuple[str, str], ...]] = {
    "trials": (("started", "ended"),),
    "medications": (("started", "stopped"),),
}
"""Dates of which the first may not lie after the second."""
