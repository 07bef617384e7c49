"""The nouns of guidance: an action to look at, where it comes from, and the drafts that could follow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Priority = Literal["routine", "urgent", "stat"]
"""FHIR's words; as cards: info, warning, critical. Only an open red sign is ever `stat`."""

Kind = Literal[
    "red-sign", "fault", "refer", "offer", "keep", "prepare", "ask", "blocked", "caution", "scope", "review", "more",
]  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Where an action comes from: a label that always stands, and an address only where one is known."""

    label: str
    url: str | None = None


@dataclass(frozen=True)
class Draft:
    """A request a clinician could begin with. It is a proposal: nobody is told to send it."""

    id: str
    type: Literal["MedicationRequest", "ServiceRequest"]
    label: str
    treatment: str
    agent: str | None = None


@dataclass(frozen=True)
class Action:
    """One thing worth a clinician's look. Never an order."""

    id: str
    """The same for the same thing in every answer: `red-sign`, `offer-nsaid`, `advice-<rule>`."""
    kind: Kind
    priority: Priority
    title: str
    detail: tuple[str, ...]
    """Paragraphs of plain text; whoever renders them escapes them."""
    source: Source
    sources: tuple[str, ...] = ()
    """Every source behind it, by its label."""
    rules: tuple[str, ...] = ()
    """The rules that led to it, by id."""
    treatment: str | None = None
    drafts: tuple[Draft, ...] = ()
    """Alternatives of which at most one is taken; none for a treatment that is blocked or on hold."""
    missing: tuple[str, ...] = ()
    """Facts whose answers it waits for."""
    folded: tuple[str, ...] = ()
    """Ids of the actions folded into this one."""
