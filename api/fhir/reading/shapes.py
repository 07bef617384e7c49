"""Looking into JSON of any quality: a look finds the expected shape or nothing, and never fails."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

Coding = tuple[str, str]
"""System and code, exactly as written: case and blanks count (H-15)."""


def text(value: Any) -> str:
    """Return *value* when it is a text, and the empty text for anything else."""
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> dict[str, Any]:
    """Return *value* when it is an object, and the empty object for anything else."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; one object where a list is expected is a list of one (seen in the field)."""
    if isinstance(value, list):
        # Always a list of its own: callers take it apart, and the record must stay as it came.
        return [each for each in value if isinstance(each, dict)]
    return [value] if isinstance(value, dict) else []


def codings(value: Any) -> list[Coding]:
    """Return every complete coding of a CodeableConcept, a Coding, a CodeableReference, or a list of them."""
    found: list[Coding] = []
    for concept in objects(value):
        if "concept" in concept:
            concept = mapping(concept["concept"])
        for coding in objects(concept["coding"]) if "coding" in concept else (concept,):
            system, code = coding.get("system"), coding.get("code")
            if isinstance(system, str) and isinstance(code, str) and system and code:
                found.append((system, code))
    return found


def word(value: Any) -> str:
    """Return a status: a plain word, or the one code of a CodeableConcept; empty when it is left out.

    What is there and cannot be read (a text, two codes) is `?`, never the same as left out: the text may say *refuted*.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value or "?"
    found = objects(value.get("coding")) if isinstance(value, dict) else []
    if len(found) == 1:
        return text(found[0].get("code")) or "?"
    codes = {text(coding.get("code")) for coding in found}
    return (codes.pop() or "?") if len(codes) == 1 else "?"


def number(value: Any) -> Decimal | None:
    """Return a JSON number as Decimal; None for anything else, for what is not finite and for absurd sizes."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if isinstance(value, int):
        return Decimal(value) if abs(value) < 10**12 else None
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not exact.is_finite() or abs(exact.adjusted()) > 12:
        return Decimal(0) if exact.is_zero() else None
    return exact


def choice(body: dict[str, Any], stem: str) -> Iterator[tuple[str, Any]]:
    """Yield the variants of a choice element: for `value`, `("Quantity", {...})` from `valueQuantity`."""
    length = len(stem)
    for key, value in body.items():
        if key.startswith(stem) and key[length : length + 1].isupper():
            yield key[length:], value


def extension(body: Any, ending: str) -> dict[str, Any] | None:
    """Return the first extension whose address ends in *ending*, or None."""
    if not isinstance(body, dict) or "extension" not in body:
        return None
    for each in objects(body["extension"]):
        if text(each.get("url")).endswith(ending):
            return each
    return None
