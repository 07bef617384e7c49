"""How grave an answer to a red-sign question is, and whether it leaves the sign open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rules.comparisons import Border
from rules.leaves import OPERATORS
from schemas.facts import FactDefinition, FactKind

SECTION = "red-signs"
"""The section of the dictionary whose questions are asked for red signs."""
REASSURING = frozenset({"sphincter_cause_documented", "weakness_surgeon_assessed"})
"""Red-sign questions whose yes calms."""
SETTLED_SIGNS = ("none", "stable")
"""Answers about a sign that leave it closed."""
_LOW_IS_GRAVE = frozenset({"weakness_mrc", "systolic_bp"})
"""Numbers of which less is graver."""
_SIGN_ORDER = ("none", "stable", "onset-unknown", "new", "worsening")


def gravity(definition: FactDefinition, value: Any) -> float:
    """Return how grave an answer to a red-sign question is; more is graver."""
    if isinstance(value, bool):
        return float(value != (definition.name in REASSURING))
    if isinstance(value, str):
        words = _SIGN_ORDER if definition.kind is FactKind.SIGN else definition.words
        return float(words.index(value))
    return -float(value) if definition.name in _LOW_IS_GRAVE else float(value)


def grave_beyond(
    definition: FactDefinition, borders: Mapping[str, Sequence[Border]]
) -> list[tuple[str, Decimal]]:
    """Return the comparisons that a number must pass one of to leave a sign open, each an operator and a bound.

    A site may move a border. Only a number past it in every profile that is shipped counts.
    """
    low = definition.name in _LOW_IS_GRAVE
    towards, strictest = (("<", "<="), min) if low else ((">", ">="), max)
    return [
        (border.operator, strictest(border.used))
        for border in borders.get(definition.name, ())
        if border.operator in towards
    ]


def leaves_open(
    definition: FactDefinition, value: Any, borders: Mapping[str, Sequence[Border]]
) -> bool:
    """Tell whether *value* leaves a red sign open: a sign that is there, or a number past a border of the rules."""
    if definition.section != SECTION:
        return False
    if definition.kind is FactKind.SIGN:
        return value not in SETTLED_SIGNS
    if isinstance(value, bool | str):
        return gravity(definition, value) > 0
    return any(OPERATORS[sign](value, bound) for sign, bound in grave_beyond(definition, borders))
