"""How the page names what a decision says: a word and a shape for each verdict, position and urgency."""

from __future__ import annotations

from typing import Any

from schemas.decision import Verdict
from schemas.diagram import Position
from schemas.facts import PartialDate

VERDICTS: dict[str, tuple[str, str]] = {
    Verdict.RECOMMEND: ("\u2714", "recommended"),
    Verdict.CONSIDER: ("\u25c6", "consider"),
    Verdict.NOT_YET: ("\u25cb", "not yet"),
    Verdict.NEEDS_DATA: ("?", "needs data"),
    Verdict.NOT_INDICATED: ("\u2013", "not indicated"),
    Verdict.BLOCK: ("\u2715", "blocked"),
    Verdict.BLOCK_UNLESS_JUSTIFIED: ("\u2715", "blocked unless justified"),
    Verdict.TRIED_FAILED: ("\u21b6", "tried without success"),
    Verdict.TRIED_HELPED: ("\u2605", "tried and helped"),
    Verdict.ON_HOLD: ("\u2016", "on hold"),
}

POSITIONS: dict[str, str] = {
    Position.RED_SIGN: "!",
    Position.VISITED: "\u25cf",
    Position.OPEN: "\u2714",
    Position.TRIED: "\u21b6",
    Position.ON_HOLD: "\u2016",
    Position.NOT_YET: "\u25cb",
    Position.NEEDS_DATA: "?",
    Position.BLOCKED: "\u2715",
    Position.NOT_INDICATED: "\u2013",
    Position.UNSETTLED: "?",
}

RESPONSES: tuple[tuple[str, str], ...] = (
    ("accept", "accepted"),
    ("defer", "deferred"),
    ("done", "already done"),
    ("decline", "declined"),
)

BURDENS = {
    "ask": "ask",
    "examine": "examine",
    "blood-test": "blood test",
    "imaging": "imaging",
    "invasive": "invasive",
}

_CODES = {
    "no-effect": "it did not work",
    "harm": "it did harm",
    "worse": "it got worse",
    "course-ended": "the course ended",
    "still-running": "it is still running",
    "active": "now",
    "onset-unknown": "since when is unknown",
    "stable": "old, stable, documented",
    "new": "new",
    "worsening": "worsening",
}


def plain(code: str) -> str:
    """Return *code* as a person would say it: without hyphens and underscores.

    >>> plain("needs-data")
    'needs data'
    """
    return code.replace("-", " ").replace("_", " ")


def choice(code: str) -> str:
    """Return a word of a choice as the form shows it."""
    return _CODES.get(code, plain(code))


def verdict_word(verdict: str) -> str:
    """Return the word that stands for *verdict* everywhere on the page."""
    return VERDICTS[verdict][1]


def verdict_sign(verdict: str) -> str:
    """Return the shape that stands beside the word."""
    return VERDICTS[verdict][0]


def value_words(value: Any) -> str:
    """Return a fact's value as words; None is not known, never no."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(value_words(each) for each in value) or "none"
    if isinstance(value, PartialDate):
        return value.text
    return plain(value) if isinstance(value, str) and not value[:1].isdigit() else str(value)
