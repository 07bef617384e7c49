"""The same patient as a program meets it: the request, the answer, and the cards an EHR would show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from markdown_it import MarkdownIt

from api.cds_hooks.cards import CardWriter
from api.cds_hooks.judge import Judged
from api.guidance import guidance, notes
from api.library import get_codes
from schemas.decision import Decision
from schemas.pathway import Pathway

NOBODY = "example"
"""Whom a draft is about: the page knows no name."""
INDICATORS = {"info": "for information", "warning": "warning", "critical": "critical"}
MOST_CARDS = 5


@dataclass(frozen=True)
class CardShown:
    """One card as an EHR would render it."""

    indicator: str
    word: str
    summary: str
    detail: str
    """HTML, made from Markdown without letting any HTML of its own through."""
    source: str
    suggestions: tuple[str, ...]
    data: dict[str, Any]


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False})


def cards_of(decision: Decision, pathway: Pathway, base: str) -> tuple[CardShown, ...]:
    """Return the cards for *decision*; links in them begin with *base*."""
    judged = Judged(
        decision=decision, actions=guidance(decision, pathway, MOST_CARDS), notes=notes(decision)
    )
    writer = CardWriter(pathway, get_codes(pathway.id), base)
    return tuple(_shown(card) for card in writer.write(judged, NOBODY, decision.on))


def _shown(card: dict[str, Any]) -> CardShown:
    return CardShown(
        indicator=card["indicator"],
        word=INDICATORS[card["indicator"]],
        summary=card["summary"],
        detail=_markdown().render(card["detail"]),
        source=card["source"]["label"],
        suggestions=tuple(each["label"] for each in card.get("suggestions", ())),
        data=card,
    )
