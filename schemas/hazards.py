"""What may go wrong with the tool for a patient or a clinic, what stops it, and how far that is shown."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from schemas.provenance import Place

HAZARD_IDS = tuple(f"H-{number:02}" for number in range(1, 76))
"""Every hazard there is. One that is no longer thought of would be one that nobody looks at."""

GRAVE = 4
"""From this severity on harm is serious or lasting: a warning alone is never enough."""

_FINISHED = ConfigDict(frozen=True, extra="forbid")
_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Area(StrEnum):
    """Where the harm begins."""

    DATA = "data"
    REASONING = "reasoning"
    SERVICE = "service"
    SECURITY = "security"


class Status(StrEnum):
    """How far a hazard is stopped, as shown by tests."""

    CONTROLLED = "controlled"
    PARTLY = "partly"
    OPEN = "open"


class Door(BaseModel):
    """A way in or out at which a hazard waits."""

    model_config = _FINISHED

    id: _Text
    title: _Text
    module: str = ""
    """Where its code lies, from the root of the project; empty while it is not built."""

    @property
    def built(self) -> bool:
        return bool(self.module)


class Hazard(BaseModel):
    """One thing that may go wrong, and what stands against it."""

    model_config = _FINISHED

    id: _Text
    hazard: _Text
    severity: Annotated[int, Field(strict=True, ge=1, le=5)]
    """Worst believable harm: 5 death or lasting loss of function, 4 serious, 3 moderate, 2 minor, 1 nuisance."""
    area: Area
    status: Status
    control: Annotated[str, Field(validate_default=True)] = ""
    """What stops it now, and the module or document where that stands; empty only while it is open."""
    rules: tuple[_Text, ...] = ()
    """Rules of the pathway that are part of the control: ids, or patterns such as `opioid-*`."""
    invariants: tuple[_Text, ...] = ()
    """Laws of every decision that would be broken if it happened."""
    doors: Annotated[tuple[_Text, ...], Field(min_length=1)]
    remaining: Annotated[str, Field(validate_default=True)] = ""
    """What is missing until it is controlled."""
    place: Place

    @field_validator("control")
    @classmethod
    def _something_stands_against_it(cls, control: str, info: ValidationInfo) -> str:
        if not control and info.data.get("status") is not Status.OPEN:
            raise ValueError("name the control, or set the status to open")
        return control

    @field_validator("remaining")
    @classmethod
    def _the_rest_is_told(cls, remaining: str, info: ValidationInfo) -> str:
        controlled = info.data.get("status") is Status.CONTROLLED
        if controlled and remaining:
            raise ValueError("nothing may remain of a hazard that is controlled")
        if not controlled and not remaining:
            raise ValueError("say what is missing until it is controlled")
        return remaining


class HazardLog(BaseModel):
    """Every hazard once, with the doors they belong to."""

    model_config = _FINISHED

    doors: dict[str, Door]
    hazards: tuple[Hazard, ...]

    def count(self, status: Status) -> int:
        return sum(hazard.status is status for hazard in self.hazards)


class Shows(StrEnum):
    """What the test behind a mark shows."""

    CONTROL = "control"
    FAULT = "fault"
    """It is expected to fail: the fault is known and not yet mended."""
    NOTHING = "nothing"
    """It is skipped, or the mark stands on something that is no test."""


class Mark(BaseModel):
    """A place in the tests that names a hazard."""

    model_config = _FINISHED

    hazard: str
    """The id as written; something that is no id when it cannot be read off the text."""
    place: Place
    test: str = ""
    """The test that carries it, as `file::name`; empty when none does."""
    shows: Shows = Shows.NOTHING
