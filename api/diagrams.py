"""The diagram of a pathway in the formats a door may ask for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from api.library import get_pathway
from api.service import decide_input
from rules.diagram import diagram
from rules.drawing.export import to_dot, to_mermaid, to_text
from rules.drawing.svg import to_svg
from schemas.diagram import Diagram
from schemas.errors import InputError, Problem

FORMATS: dict[str, tuple[str, Callable[[Diagram], str]]] = {
    "svg": ("image/svg+xml", to_svg),
    "mmd": ("text/plain; charset=utf-8", to_mermaid),
    "dot": ("text/plain; charset=utf-8", to_dot),
    "text": ("text/plain; charset=utf-8", to_text),
}


def draw(id: str, data: Any, format: str, today: dt.date) -> str:
    """Return the diagram of the pathway *id* in *format*; *data* is an input of `decide`, or None."""
    if format not in FORMATS:
        raise InputError(
            Problem(
                code="not-a-choice",
                message="no such format",
                help=f"use {', '.join(FORMATS)}",
                where="--format",
            )
        )
    decision = None if data is None else decide_input(id, data, today)
    text = FORMATS[format][1](diagram(get_pathway(id), decision))
    return text if text.endswith("\n") else text + "\n"
