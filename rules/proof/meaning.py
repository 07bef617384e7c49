"""What the solver means by a patient it has found: every value read off its model, and how dates are written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import Any

import z3

from rules.derive import EARLIEST, NEVER
from rules.proof.model import SymbolicDecision
from rules.proof.patient import DateRange, SymbolicFacts
from schemas.facts import PartialDate
from schemas.pathway import Pathway

Input = dict[str, Any]
ON = dt.date(2026, 3, 1)
"""The date on which witnesses are asked about; any date would do."""
LONG_AGO = -3_000


def exact_dates(facts: SymbolicFacts) -> Any:
    """Return that the question is asked on ON and every date is one day: most witnesses can be had so."""
    parts = [facts.since_1900 == (ON - EARLIEST).days]
    for name, value in facts.value.items():
        if isinstance(value, DateRange):
            parts.append(z3.Or(value.earliest == value.latest, *_open(facts, name)))
    return z3.And(*parts)


def writable_dates(facts: SymbolicFacts) -> Any:
    """Return that every date can be written: as a day, a month or a year, or is open towards today or towards
    the past because a row is undated or may be missing.
    """
    parts = [facts.since_1900 == (ON - EARLIEST).days]
    for name, value in facts.value.items():
        if isinstance(value, DateRange):
            spans = [z3.And(value.earliest == low, value.latest == high) for low, high in _spans()]
            parts.append(
                z3.Or(
                    value.earliest == value.latest,
                    *spans,
                    *_open(facts, name),
                )
            )
    return z3.And(*parts)


def _open(facts: SymbolicFacts, name: str) -> Iterator[Any]:
    date = facts.value[name]
    if name in facts.open_ended:
        yield z3.And(facts.open_ended[name], date.latest == 0)
    if name in facts.open_start:
        back = z3.And(date.earliest == -facts.since_1900, date.latest <= 0)
        yield z3.And(facts.open_start[name], back)


def _spans() -> list[tuple[int, int]]:
    """Return months and years around ON, in days from it."""
    found = []
    for year in range(ON.year - 12, ON.year + 4):
        found.append((dt.date(year, 1, 1), dt.date(year, 12, 31)))
        for month in range(1, 13):
            following = dt.date(year + month // 12, month % 12 + 1, 1)
            found.append((dt.date(year, month, 1), following - dt.timedelta(days=1)))
    return [((first - ON).days, (last - ON).days) for first, last in found]


def decimal_of(value: Any) -> Decimal:
    """Return a number of the solver, to four places as the checker allows."""
    if z3.is_int_value(value):
        return Decimal(value.as_long())
    exact = Decimal(value.numerator_as_long()) / Decimal(value.denominator_as_long())
    return exact.quantize(Decimal("0.0001")).normalize() + 0


def plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(round(value, 4))


class Meaning:
    """One patient of one model."""

    def __init__(self, pathway: Pathway, decision: SymbolicDecision, model: Any) -> None:
        self.pathway, self.decision, self.model = pathway, decision, model
        self.facts = decision.facts
        self._values: dict[str, Any] = {}
        self.since_1900 = int(self.number(self.facts.since_1900))
        self.on = EARLIEST + dt.timedelta(days=self.since_1900)

    @cached_property
    def _truths(self) -> int:
        """Every truth about the facts, packed: asking for each by itself takes most of the time."""
        packed = self.model.eval(self.facts.bits[1], model_completion=True)
        return int(packed.as_long())

    def true(self, formula: Any) -> bool:
        place = self.facts.bits[0].get(formula.get_id())
        if place is not None:
            return bool(self._truths >> place & 1)
        return bool(z3.is_true(self.model.eval(formula, model_completion=True)))

    def number(self, term: Any) -> Decimal:
        return decimal_of(self.model.eval(term, model_completion=True))

    @cached_property
    def settings(self) -> dict[str, Decimal]:
        """Return the settings under which the solver found the patient."""
        values = self.facts.settings.values
        return {n: v if isinstance(v, Decimal) else self.number(v) for n, v in values.items()}

    def value(self, name: str) -> Any:
        """Return the value of a fact as the rules shall read it, None when it is unknown; dates as days from `on`."""
        if name not in self._values:
            self._values[name] = self._value(name)
        return self._values[name]

    def _value(self, name: str) -> Any:
        facts = self.facts
        if name not in facts.known or not self.true(facts.known[name]):
            return None
        if name in facts.words:
            return next(word for word, so in facts.words[name].items() if self.true(so))
        value = facts.value[name]
        if isinstance(value, DateRange):
            return int(self.number(value.earliest)), int(self.number(value.latest))
        if z3.is_bool(value):
            return self.true(value)
        return self.number(value)

    def meant(self) -> dict[str, Any]:
        """Return the values that the rules shall read."""
        found = {}
        for name in self.facts.known:
            value = self.value(name)
            if isinstance(value, tuple):
                first, last = (self._day(days) for days in value)
                value = PartialDate(text=f"{first} to {last}", earliest=first, latest=last)
            if value is not None:
                found[name] = value
        return found

    def _day(self, days: int) -> dt.date:
        return NEVER.earliest if days < -self.since_1900 else self.on + dt.timedelta(days=days)

    def date(self, days: tuple[int, int]) -> str:
        """Write an interval of days as a day, a month or a year; the nearest that can be written."""
        first, last = (self.on + dt.timedelta(days=each) for each in days)
        if first == last:
            return first.isoformat()
        return first.isoformat()[:7] if (last - first).days <= 31 else first.isoformat()[:4]

    def spine(self) -> tuple[int, int] | None:
        found: tuple[int, int] | None = self.value("last_spine_procedure")
        return found

    def before(self) -> tuple[int, int] | None:
        """Return a day no later than the last procedure, for one whose day matters to nobody else."""
        spine = self.spine()
        return None if spine is None or self.is_open(spine) else (min(LONG_AGO, spine[0]),) * 2

    @staticmethod
    def is_open(days: tuple[int, int]) -> bool:
        return days[0] != days[1] and days[1] == 0
