"""Every red-sign question with one answer that opens a sign and one that does not."""

from __future__ import annotations

from typing import Any

from schemas.facts import FactKind
from schemas.pathway import Pathway

_NUMBERS = {"pvr_ml": (600, 20), "weakness_mrc": (1, 5), "temperature_c": (40, 37), "pulse": (140, 70),
            "respiratory_rate": (32, 14), "systolic_bp": (80, 125), "phq9_item9": (2, 0)}  # fmt: skip
_CALMING = ("sphincter_cause_documented", "weakness_surgeon_assessed")


def red_answers(pathway: Pathway) -> list[tuple[str, Any, Any]]:
    """Return the fact, a grave answer and a calm one, for every question about a red sign."""
    found: list[tuple[str, Any, Any]] = []
    for name, definition in pathway.facts.items():
        if definition.section != "red-signs":
            continue
        match definition.kind:
            case FactKind.SIGN:
                found.append((name, "new", "none"))
            case FactKind.CHOICE:
                found.append((name, definition.words[-1], definition.words[0]))
            case FactKind.BOOLEAN:
                found.append((name, name not in _CALMING, name in _CALMING))
            case _:
                found.append((name, *_NUMBERS[name]))
    return found
