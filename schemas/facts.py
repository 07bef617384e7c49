"""What can be known about a patient: the fact dictionary, and one fact as recorded.

The dictionary is the only source for units, ranges, questions, shelf lives and the burden of asking.
`None` and an absent fact mean *not known*, never *no*.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter


class FactKind(StrEnum):
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    CHOICE = "choice"
    SIGN = "sign"
    DATE = "date"


class Burden(StrEnum):
    """What it costs the patient to answer, least first."""

    ASK = "ask"
    EXAMINE = "examine"
    BLOOD_TEST = "blood-test"
    IMAGING = "imaging"
    INVASIVE = "invasive"


SIGN_WORDS = ("none", "new", "worsening", "stable", "onset-unknown")
"""A neurological sign and its onset in one word. `stable` means unchanged for more than six months and documented."""

SOURCE_PATTERN = r"^[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff<>]*$"
"""Text without controls, zero-width signs, signs that turn the direction of writing, or angle brackets."""

WhyUnknown = Literal["not-asked", "asked-but-unknown", "unavailable", "stale"]


class PartialDate(BaseModel):
    """A day, a month or a year: the interval of days it may stand for, both ends included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    earliest: dt.date
    latest: dt.date

    def __str__(self) -> str:
        return self.text


def parse_partial_date(value: object) -> PartialDate:
    """Read `YYYY-MM-DD`, `YYYY-MM` or `YYYY`, between 1900 and 2199.

    Raises ValueError with our own words only; the value itself is never repeated.
    """
    if isinstance(value, PartialDate):
        return value
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = value.isoformat()
    if not isinstance(value, str) or not value.isascii():
        raise ValueError("not a date")
    return _parsed(value)


@lru_cache(maxsize=4096)
def _parsed(value: str) -> PartialDate:
    # A record repeats its few dates in every answer of a form.
    parts = value.split("-")
    if [len(part) for part in parts] not in ([4], [4, 2], [4, 2, 2]) or not all(
        part.isdigit() for part in parts
    ):
        raise ValueError("not a date")
    numbers = [int(part) for part in parts]
    if not 1900 <= numbers[0] <= 2199:
        raise ValueError("not a date")
    if len(numbers) == 1:
        return PartialDate(
            text=value, earliest=dt.date(numbers[0], 1, 1), latest=dt.date(numbers[0], 12, 31)
        )
    if len(numbers) == 2:
        first = dt.date(numbers[0], numbers[1], 1)
        last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
        return PartialDate(text=value, earliest=first, latest=last)
    day = dt.date(*numbers)
    return PartialDate(text=value, earliest=day, latest=day)


DateField = Annotated[PartialDate, BeforeValidator(parse_partial_date)]

Value = bool | int | Decimal | str | PartialDate


class FactDefinition(BaseModel):
    """One entry of the dictionary."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{1,59}$")
    kind: FactKind
    section: str
    title: str
    ask: str
    """The question in a clinician's words."""
    where: str = ""
    """Where the answer is usually found."""
    unit: str = ""
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    words: tuple[str, ...] = ()
    shelf_days: int | None = None
    """Days after which a dated answer counts as unknown; None: it does not age."""
    burden: Burden = Burden.ASK
    from_list: Literal["trials", "medications", "surgeries", "overrides"] | None = None
    """The list this fact is derived from; such a fact is not entered directly unless `stated` says so."""
    stated: bool = True
    do: str = ""
    """What a clinician can do to change the answer; empty: it can only be recorded, not changed."""
    ahead: bool = False
    """Whether a date may lie after the date of the question."""
    pace: Literal["", "months"] = ""
    """The unit in which the value grows by itself as time passes."""
    source: str = ""
    """Where the meaning or the range comes from, by tag and key."""

    @property
    def choices(self) -> tuple[str, ...]:
        return SIGN_WORDS if self.kind is FactKind.SIGN else self.words


class FactSection(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str


class FactEntry(BaseModel):
    """One fact as recorded: a value, or why there is none; when and where it was recorded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: Any = None
    date: DateField | None = None
    source: str | None = Field(
        default=None,
        max_length=200,
        pattern=SOURCE_PATTERN,
    )
    unknown: WhyUnknown | None = None


def adapter_of(definition: FactDefinition) -> TypeAdapter[Any]:
    """Build the pydantic validator of one fact's value: strict, in range, no coercion."""
    match definition.kind:
        case FactKind.BOOLEAN:
            return TypeAdapter(Annotated[bool, Field(strict=True)])
        case FactKind.INTEGER:
            return TypeAdapter(
                Annotated[int, Field(strict=True, ge=definition.minimum, le=definition.maximum)]
            )
        case FactKind.DECIMAL:
            return TypeAdapter(
                Annotated[
                    Decimal,
                    Field(
                        ge=definition.minimum,
                        le=definition.maximum,
                        max_digits=12,
                        decimal_places=4,
                    ),
                ]
            )
        case FactKind.CHOICE | FactKind.SIGN:
            return TypeAdapter(Literal[definition.choices])  # type: ignore[arg-type]
        case FactKind.DATE:
            return TypeAdapter(DateField)
