"""An invented patient with a name, facts and the answer we expect."""

from __future__ import annotations

from typing import Any, Literal

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


Difficulty = Literal["introductory", "intermediate", "advanced"]


class Ask(BaseModel):
    """One question put to a learner, and the answer its author expects the pathway to give."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    """`next-step`, `urgency`, or a treatment's id."""
    answer: str


class Look(BaseModel):
    """One question put to the pathway: the case itself, the case with something changed, or a later visit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    input: dict[str, Any]
    expect: Expectation
    told: str = ""
    """What a learner is told beside the facts; nothing of what follows from them."""
    asks: tuple[Ask, ...] = ()
    point: str = ""
    """What a learner is told after the answer."""


class Vignette(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    origin: str
    teaches: str
    notes: tuple[str, ...] = ()
    looks: tuple[Look, ...]
    difficulty: Difficulty = "intermediate"
    goals: tuple[str, ...] = ()
    """Ids of learning goals; what they are called stands with the teaching cases."""
    aims: tuple[str, ...] = ()
    """What a learner can do afterwards."""
    minutes: int | None = None
    sources: tuple[str, ...] = ()
    """Keys of cited sources and numbers of statements."""
    visits: bool = False
    """Whether the looks are visits, each going on from the one before."""

    @property
    def input(self) -> dict[str, Any]:
        return self.looks[0].input
