"""A symbolic patient: every fact known or not, with a value that stands for all it could be.

A yes/no fact is a Bool, a number an Int or a Real inside its range, a chosen word one Bool a word of which exactly one
holds, a date the interval of days it may stand for, counted from the date of the question. Comparisons on one fact
are therefore consistent with each other: an eGFR below 30 is below 60, and a word is one word.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

import z3

from rules.derive import EARLIEST, NEVER
from rules.proof.logic import Three
from schemas.condition import DAYS, Compare, Is, Known, Leaf, OneOf, Within
from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Pathway

MOST_DAYS = 109_572
"""From 1900-01-01 to 2199-12-31, between which every date of a patient lies."""
BEFORE_1900 = (EARLIEST - NEVER.earliest).days
"""Days from `NEVER`, the date of what did not happen, to the earliest date a client can write."""

OVERWRITTEN = ("mme_per_day",)
"""Stated facts that may be read higher than they may be stated, because a list says so."""

_OPERATORS: dict[str, Any] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
}


@dataclass(frozen=True)
class SymbolicSettings:
    """The numbers a site may choose: fixed ones, or any inside their ranges."""

    values: Mapping[str, Any]
    inside: tuple[Any, ...]
    """That every free setting lies in its range."""
    free: bool

    @classmethod
    def fixed(cls, values: Mapping[str, Decimal]) -> SymbolicSettings:
        return cls({name: Decimal(value) for name, value in values.items()}, (), False)

    @classmethod
    def any_allowed(cls, pathway: Pathway) -> SymbolicSettings:
        values: dict[str, Any] = {}
        inside: list[Any] = []
        for name, setting in pathway.settings.items():
            if setting.minimum == setting.maximum:
                values[name] = setting.value
            else:
                values[name] = z3.Real(f"setting:{name}")
                inside += [
                    values[name] >= _real(setting.minimum),
                    values[name] <= _real(setting.maximum),
                ]
        return cls(values, tuple(inside), True)


@dataclass(frozen=True)
class DateRange:
    """A date as days from the date of the question; the past is negative."""

    earliest: Any
    latest: Any


@dataclass
class SymbolicFacts:
    """Arbitrary facts of one patient, or of one trial; *tag* keeps the names of two of them apart."""

    definition: Callable[[str], FactDefinition]
    settings: SymbolicSettings
    tag: str = ""
    known: dict[str, Any] = field(default_factory=dict)
    value: dict[str, Any] = field(default_factory=dict)
    """Bool, Int or Real, or DateRange."""
    words: dict[str, dict[str, Any]] = field(default_factory=dict)
    open_ended: dict[str, Any] = field(default_factory=dict)
    """For a date that comes from a list: when one of its rows may have no date, so that it reaches up to today."""
    open_start: dict[str, Any] = field(default_factory=dict)
    """For a date that comes from a list: when an earlier one may be missing, so that it reaches back to 1900."""
    well_formed: list[Any] = field(default_factory=list)
    """Ranges, one word at a time, intervals with their ends in order."""
    since_1900: Any = None
    """Days from 1900-01-01 to the date of the question; two patients that are compared share it."""

    def __post_init__(self) -> None:
        self.since_1900 = z3.Int("days since 1900")
        self.well_formed += [
            self.since_1900 >= 0,
            self.since_1900 <= MOST_DAYS,
        ]

    def add(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.known:
                self._fact(name, self.definition(name))

    def _fact(self, name: str, definition: FactDefinition) -> None:
        label = f"{self.tag}{name}"
        self.known[name] = z3.Bool(f"known {label}")
        match definition.kind:
            case FactKind.BOOLEAN:
                self.value[name] = z3.Bool(label)
            case FactKind.INTEGER | FactKind.DECIMAL:
                integer = definition.kind is FactKind.INTEGER
                number = z3.Int(label) if integer else z3.Real(label)
                self.value[name] = number
                if definition.minimum is not None:
                    self.well_formed.append(number >= _number(definition.minimum, number))
                if definition.maximum is not None and name not in OVERWRITTEN:
                    self.well_formed.append(number <= _number(definition.maximum, number))
            case FactKind.CHOICE | FactKind.SIGN:
                words = {word: z3.Bool(f"{label} is {word}") for word in definition.choices}
                self.words[name] = words
                self.well_formed.append(z3.PbEq([(each, 1) for each in words.values()], 1))
            case FactKind.DATE:
                date = DateRange(z3.Int(f"{label} earliest"), z3.Int(f"{label} latest"))
                self.value[name] = date
                written = z3.And(
                    date.earliest <= date.latest,
                    date.earliest >= -self.since_1900,
                    date.latest <= MOST_DAYS - self.since_1900,
                )
                derived = definition.from_list is not None
                if not derived and not definition.ahead:
                    written = z3.And(written, date.earliest <= 0)
                self.well_formed.append(z3.Or(written, self.never(name)) if derived else written)

    def never(self, name: str) -> Any:
        """Return that a date derived from a list says *it did not happen*."""
        date, never = self.value[name], -self.since_1900 - BEFORE_1900
        return z3.And(date.earliest == never, date.latest == never)

    @cached_property
    def bits(self) -> tuple[dict[int, int], Any]:
        """Return the place of every truth about the facts, and one number made of them all: reading it takes
        one question.
        """
        truths = [*self.known.values()]
        truths += [value for value in self.value.values() if z3.is_bool(value)]
        truths += [word for words in self.words.values() for word in words.values()]
        one, zero = z3.BitVecVal(1, 1), z3.BitVecVal(0, 1)
        packed = z3.Concat(*(z3.If(truth, one, zero) for truth in reversed(truths)), zero)
        return {truth.get_id(): at for at, truth in enumerate(truths, start=1)}, packed

    def word(self, name: str, *words: str) -> Any:
        """Return that the fact is known and one of *words*."""
        return z3.And(self.known[name], z3.Or(*(self.words[name][word] for word in words)))

    def yes(self, name: str) -> Any:
        return z3.And(self.known[name], self.value[name])

    def no(self, name: str) -> Any:
        return z3.And(self.known[name], z3.Not(self.value[name]))

    def leaf(self, leaf: Leaf) -> Three[Any]:
        """Translate one comparison; the counterpart of `rules.leaves.evaluate_leaf`."""
        known = self.known[leaf.fact]
        match leaf:
            case Known():
                return Three(known, z3.Not(known))
            case Is():
                so = self.value[leaf.fact]
            case Compare():
                so = self._compare(leaf)
            case OneOf():
                words = self.words[leaf.fact]
                so = z3.Or(*(words[word] for word in leaf.words if word in words))
            case Within():
                within = self._within(leaf)
                return Three(z3.And(known, within.so), z3.And(known, within.not_so))
        return Three(z3.And(known, so), z3.And(known, z3.Not(so)))

    def _compare(self, leaf: Compare) -> Any:
        number = self.value[leaf.fact]
        bound = leaf.bound if leaf.setting is None else self.settings.values[leaf.setting]
        if isinstance(bound, Decimal):
            if z3.is_int(number) and bound != bound.to_integral_value():
                return _between_integers(leaf.operator, number, bound)
            bound = _number(bound, number)
        return _OPERATORS[leaf.operator](number, bound)

    def _within(self, leaf: Within) -> Three[Any]:
        """Translate `rules.leaves.is_within`.

        Days are whole, so *at most int(amount)* is *at most amount*: no rounding is needed for a free setting.
        """
        amount: Any = leaf.amount if leaf.setting is None else self.settings.values[leaf.setting]
        if isinstance(amount, int | Decimal):
            span: Any = z3.IntVal(int(amount * DAYS[leaf.unit]) - (1 if leaf.under else 0))
        else:
            span = amount * DAYS[leaf.unit] - (1 if leaf.under else 0)
        date = self.value[leaf.fact]
        if leaf.side == "past":
            wrong_side, nearest, farthest = date.earliest > 0, -date.latest, -date.earliest
        else:
            wrong_side, nearest, farthest = date.latest < 0, date.earliest, date.latest
        return Three(
            z3.And(z3.Not(wrong_side), farthest <= span),
            z3.Or(wrong_side, nearest > span, span < 0),
        )

    def same(self, other: SymbolicFacts, name: str) -> Any:
        """Return that both patients have the same value of a fact, or both none."""
        return z3.And(
            self.known[name] == other.known[name],
            z3.Implies(self.known[name], self.equal_value(other, name)),
        )

    def equal_value(self, other: SymbolicFacts, name: str) -> Any:
        if name in self.words:
            mine, theirs = self.words[name], other.words[name]
            return z3.And(*(mine[word] == theirs[word] for word in mine))
        value = self.value[name]
        if isinstance(value, DateRange):
            theirs = other.value[name]
            return z3.And(
                equal(value.earliest, theirs.earliest), equal(value.latest, theirs.latest)
            )
        return equal(value, other.value[name])

    def refined_by(self, other: SymbolicFacts, name: str) -> Any:
        """Return that *other* knows at least as much of the fact: the same value, or a day inside the interval."""
        value = self.value.get(name)
        if isinstance(value, DateRange):
            theirs = other.value[name]
            finer = z3.And(value.earliest <= theirs.earliest, theirs.latest <= value.latest)
        else:
            finer = self.equal_value(other, name)
        return z3.Implies(self.known[name], z3.And(other.known[name], finer))


def equal(left: Any, right: Any) -> Any:
    """Return that two values are equal; numbers by two bounds, which the solver takes more easily than an equation."""
    if z3.is_bool(left):
        return left == right
    return z3.And(left <= right, left >= right)


def _between_integers(operator: str, number: Any, bound: Decimal) -> Any:
    """Compare a whole number with a bound that is none."""
    below = math.floor(bound)
    match operator:
        case "<" | "<=":
            return number <= below
        case ">" | ">=":
            return number > below
        case "=":
            return z3.BoolVal(False)
        case _:
            return z3.BoolVal(True)


def _real(value: Decimal) -> Any:
    return z3.RealVal(str(value))


def _number(value: Decimal, like: Any) -> Any:
    return z3.IntVal(int(value)) if z3.is_int(like) else _real(value)
