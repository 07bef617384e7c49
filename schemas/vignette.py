"""An invented patient with a name, facts and the answer we expect."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Expectation(BaseModel):
    """What must come out; whatever is left out is not checked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    urgency: str | None = None
    scope: str | None = None
    state: str | None = None
    red_signs: tuple[str, ...] | None = None
    verdicts: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    warns: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    advises: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    trials: dict[str, str] = Field(default_factory=dict)
    screen_complete: bool | None = None


class Look(BaseModel):
    """One question put to the pathway: the case itself, or the case with something changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    input: dict[str, Any]
    expect: Expectation


class Vignette(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    origin: str
    teaches: str
    notes: tuple[str, ...] = ()
    looks: tuple[Look, ...]

    @property
    def input(self) -> dict[str, Any]:
        return self.looks[0].input
