"""Dates of a record: days, months, years and instants as intervals of days; an instant says the same in every zone."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.fhir.reading.shapes import mapping
from schemas.facts import parse_partial_date

_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
_FARTHEST = dt.timedelta(hours=14)
"""No clock on earth is farther from UTC."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The days a date may stand for, both ends included, and the instant where one is written."""

    text: str
    earliest: dt.date
    latest: dt.date
    instant: dt.datetime | None = None

    def before(self, other: Moment) -> bool:
        """Tell whether this certainly lies before *other*."""
        if self.instant is not None and other.instant is not None:
            return self.instant < other.instant
        return self.latest < other.earliest


@dataclass(frozen=True, slots=True)
class When:
    """What a choice of date elements says."""

    start: Moment | None = None
    end: Moment | None = None
    unreadable: bool = False
    """Whether a date is written that is none, or a period that ends before it starts."""
    vague: bool = False
    """Whether it is told in words, as an age or as a range, which give no day."""

    @property
    def last(self) -> Moment | None:
        return self.end or self.start


NOTHING = When()


def read_moment(value: Any, on: dt.date) -> Moment | None:
    """Return the moment *value* writes, or None when it writes none.

    An instant counts by its day in UTC, so that the same instant written in two zones is one day. Where *on* has
    not ended yet in some zone at that instant, the day is *on*: a measurement of this evening, west of
    Greenwich, does not lie in the future.
    """
    if not isinstance(value, str):
        return None
    match = _INSTANT.fullmatch(value)
    if match is None:
        return _day(value)
    day, hour, minute, second, zone = match.groups()
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 60:
        return None
    plain = _day(day)
    if plain is None or zone is None:
        return plain
    offset = dt.timedelta()
    if zone != "Z":
        offset = dt.timedelta(hours=int(zone[1:3]), minutes=int(zone[4:]))
        if offset > _FARTHEST or int(zone[4:]) > 59:
            return None
        offset = -offset if zone[0] == "-" else offset
    local = dt.datetime.combine(
        plain.earliest, dt.time(int(hour), int(minute), min(int(second or 0), 59))
    )
    instant = (local - offset).replace(tzinfo=dt.UTC)
    date = instant.date()
    if date == on + dt.timedelta(days=1) and instant.hour < 12:
        date = on
    return Moment(date.isoformat(), date, date, instant)


def _day(value: str) -> Moment | None:
    if len(value) == 10 and value.isascii() and value[4] == value[7] == "-":
        # By far the most dates are whole days; the long way costs ten times as much.
        year, month, day_of_month = value[:4], value[5:7], value[8:]
        if not (year + month + day_of_month).isdigit() or not "1900" <= year <= "2199":
            return None
        try:
            date = dt.date(int(year), int(month), int(day_of_month))
        except ValueError:
            return None
        return Moment(value, date, date)
    try:
        day = parse_partial_date(value)
    except ValueError:
        return None
    return Moment(day.text, day.earliest, day.latest)


def read_when(body: dict[str, Any], stem: str, on: dt.date) -> When:
    """Return what the elements `<stem>DateTime`, `<stem>Period` and their like say."""
    for variant in ("DateTime", "Date", "Instant"):
        if stem + variant in body:
            moment = read_moment(body[stem + variant], on)
            return When(moment, moment) if moment else When(unreadable=True)
    if stem + "Period" in body:
        return read_period(body[stem + "Period"], on)
    if any(stem + variant in body for variant in ("Age", "Range", "String", "Timing", "Boolean")):
        return When(vague=True)
    return NOTHING


def read_result_date(body: dict[str, Any], on: dt.date) -> When:
    """Return when a result holds: when it was measured, and where that is not told, when it was issued."""
    when = read_when(body, "effective", on)
    if when is NOTHING and "issued" in body:
        issued = read_moment(body["issued"], on)
        when = When(issued, issued, unreadable=issued is None)
    return when


def read_period(value: Any, on: dt.date) -> When:
    """Return the two ends of a Period; one that is left out is not known."""
    period = mapping(value)
    ends = []
    for key in ("start", "end"):
        moment = read_moment(period.get(key), on) if key in period else None
        if key in period and moment is None:
            return When(unreadable=True)
        ends.append(moment)
    start, end = ends
    if start is not None and end is not None and end.before(start):
        return When(unreadable=True)
    return When(start, end)


def newest(moments: Sequence[Moment | None]) -> list[bool]:
    """Tell of each of *moments* whether none of the others certainly lies after it; None has no order.

    Two instants are told apart by the clock, everything else by whole days. Takes one pass, however many there are.
    """
    days = [moment.earliest for moment in moments if moment is not None]
    instants = [m.instant for m in moments if m is not None and m.instant is not None]
    last_day, last_instant = max(days, default=None), max(instants, default=None)
    return [
        moment is None
        or last_day is None
        or (moment.latest >= last_day and moment.instant in (None, last_instant))
        for moment in moments
    ]


def in_the_future(moment: Moment | None, on: dt.date) -> bool:
    """Tell whether *moment* certainly lies after *on*."""
    return moment is not None and moment.earliest > on
