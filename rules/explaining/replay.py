"""Making an answer again from what stands in it, and naming every difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rules.canonical import canonical_json
from schemas.errors import InputError, Problem
from schemas.explanation import Replay

MOST_DIFFERENCES = 20


def check_versions(recorded: Mapping[str, Any], content_hash: str, program: str) -> None:
    """Raise InputError when the answer was made with documents or a program that are not here."""
    receipt = recorded.get("receipt")
    used = (recorded.get("settings") or {}).get("used")
    whole = isinstance(receipt, Mapping) and isinstance(recorded.get("input"), Mapping)
    if not isinstance(receipt, Mapping) or not whole or not _are_settings(used):
        raise InputError(
            Problem(
                code="not-a-decision",
                message="this is not a decision with its receipt",
                help="give the output of `steppedcare decide --format json`",
                where="$",
            )
        )
    for key, here, what in (
        ("content", content_hash, "documents of the pathway"),
        ("program", program, "program"),
    ):
        if receipt.get(key) != here:
            raise InputError(
                Problem(
                    code="other-version",
                    message=f"it was made with other {what}: the {key} hash of its receipt is not the one here",
                    help=f"install the version whose {key} hash stands in the receipt",
                    where=f"receipt.{key}",
                )
            )


def _are_settings(used: Any) -> bool:
    return isinstance(used, list) and all(
        isinstance(each, Mapping) and {"name", "value", "changed"} <= each.keys() for each in used
    )


def compare(recorded: Mapping[str, Any], made: Mapping[str, Any]) -> Replay:
    """Compare two decisions as canonical JSON; name up to 20 places that differ, without their values."""
    if canonical_json(recorded) == canonical_json(made):
        return Replay(same=True, differences=())
    found = list(_differences(recorded, made, "$"))
    return Replay(same=False, differences=tuple(found[:MOST_DIFFERENCES]))


def _differences(old: Any, new: Any, where: str) -> Iterable[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from _differences(old.get(key), new.get(key), f"{where}.{key}")
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield f"{where}: {len(old)} items were recorded, {len(new)} are made"
        for at, (left, right) in enumerate(zip(old, new, strict=False)):
            yield from _differences(left, right, f"{where}[{at}]")
    elif old != new:
        yield f"{where} differs"
