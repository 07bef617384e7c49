"""The condition tree: the *when* of a rule, the one thing all six readers read.

Small on purpose. A condition is true, false or unknown (Kleene's strong logic). Leaves compare
one fact with constants or with a named setting; there is no arithmetic and no comparison of two facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Operator = Literal["<", "<=", "=", "!=", ">=", ">"]
Unit = Literal["days", "weeks"]

DAYS: dict[str, int] = {"days": 1, "weeks": 7}


class _Node(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Is(_Node):
    """A yes/no fact is yes."""

    kind: Literal["is"] = "is"
    fact: str


class Compare(_Node):
    """A number against a constant (*bound*) or a named *setting*; exactly one of the two is given."""

    kind: Literal["compare"] = "compare"
    fact: str
    operator: Operator
    bound: Decimal | None = None
    setting: str | None = None


class OneOf(_Node):
    """An enumerated fact has one of *words*."""

    kind: Literal["one-of"] = "one-of"
    fact: str
    words: tuple[str, ...]


class Within(_Node):
    """A date lies at most so many *unit*s from the date of the question, on the stated *side* of it.

    A partial date (a month, a year) is an interval; a comparison it cannot settle is unknown.
    """

    kind: Literal["within"] = "within"
    fact: str
    amount: int | None = None
    setting: str | None = None
    unit: Unit = "days"
    side: Literal["past", "future"] = "past"
    under: bool = False
    """Whether the last day of the span is left out."""


class Known(_Node):
    """The fact has a value. Never unknown itself, hence an exception to information monotonicity."""

    kind: Literal["known"] = "known"
    fact: str


class Ref(_Node):
    """An earlier conclusion, by the name of its node (a finding, or a generated one such as `blocked(nsaid)`)."""

    kind: Literal["ref"] = "ref"
    name: str


class Not(_Node):
    kind: Literal["not"] = "not"
    item: Condition


class And(_Node):
    kind: Literal["and"] = "and"
    items: tuple[Condition, ...]


class Or(_Node):
    kind: Literal["or"] = "or"
    items: tuple[Condition, ...]


Leaf = Is | Compare | OneOf | Within | Known
Condition = Annotated[
    Is | Compare | OneOf | Within | Known | Ref | Not | And | Or, Field(discriminator="kind")
]

for _model in (Not, And, Or):
    _model.model_rebuild()


def walk(condition: Condition) -> Iterator[Condition]:
    """Yield *condition* and everything below it, parents first."""
    yield condition
    if isinstance(condition, Not):
        yield from walk(condition.item)
    elif isinstance(condition, And | Or):
        for item in condition.items:
            yield from walk(item)


def facts_of(condition: Condition) -> tuple[str, ...]:
    """Return the facts *condition* reads itself (not through references), each once, in order."""
    names = [
        n.fact for n in walk(condition) if isinstance(n, Is | Compare | OneOf | Within | Known)
    ]
    return tuple(dict.fromkeys(names))


def references_of(condition: Condition) -> tuple[str, ...]:
    """Return the names of the earlier conclusions *condition* reads, each once, in order."""
    return tuple(dict.fromkeys(n.name for n in walk(condition) if isinstance(n, Ref)))


def settings_of(condition: Condition) -> tuple[str, ...]:
    """Return the settings *condition* reads, each once, in order."""
    names = [n.setting for n in walk(condition) if isinstance(n, Compare | Within) and n.setting]
    return tuple(dict.fromkeys(names))
