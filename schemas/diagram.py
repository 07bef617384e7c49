"""A pathway as a picture, before it is drawn: what stands in it, what leads to what, and where a patient stands."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Position(StrEnum):
    """How one part of the pathway stands for one patient. Shown by shape, symbol and word, never by colour alone."""

    RED_SIGN = "red-sign"
    VISITED = "visited"
    OPEN = "open"
    TRIED = "tried"
    ON_HOLD = "on-hold"
    NOT_YET = "not-yet"
    NEEDS_DATA = "needs-data"
    BLOCKED = "blocked"
    NOT_INDICATED = "not-indicated"
    UNSETTLED = "unsettled"
    """Part of the evaluation failed: nothing is said."""


HERE = "you are here"


class DiagramNode(_Frozen):
    """One part of the pathway. Its id is also the anchor it links to."""

    id: str
    kind: Literal["gate", "flag", "stage", "treatment", "review"]
    title: str
    parent: str | None = None
    """The stage a treatment belongs to."""
    here: bool = False
    """Whether the patient stands here; at most one node of a diagram."""
    position: Position | None = None
    """Absent where no patient is asked about."""
    word: str = ""
    """The position, and the verdict of a treatment, in words."""
    detail: str = ""
    """Why, or what for, in one sentence."""
    lines: tuple[str, ...] = ()
    """What must be seen with it: red signs, cautions, medicines blocked."""


class DiagramEdge(_Frozen):
    source: str
    target: str
    label: str = ""
    kind: Literal["flow", "exit", "member"]
    """Onward; out of the steps; or a treatment of a stage."""
    taken: bool = False
    """Whether the patient has gone this way."""


class Note(_Frozen):
    """Lines below the picture that no drawing may leave out."""

    title: str
    lines: tuple[str, ...]


class Diagram(_Frozen):
    pathway: str
    title: str
    subtitle: str
    summary: tuple[str, ...] = ()
    """Where the patient stands and how urgent it is, most urgent first; empty without a patient."""
    alarm: bool = False
    """Whether a red sign is open, or the answer is incomplete."""
    nodes: tuple[DiagramNode, ...]
    edges: tuple[DiagramEdge, ...]
    notes: tuple[Note, ...]
    footer: str
    """Versions and receipt."""
