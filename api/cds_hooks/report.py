"""The report of the command about cards: how often each was shown, taken, dismissed, and for which reasons."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from api.cds_hooks.state import State
from schemas.errors import InputError, Problem


def feedback_report(file: str) -> tuple[list[str], str, bool]:
    """Count what stands in the state file of the CDS Hooks door. Raises InputError for any other file."""
    try:
        with Path(file).open("rb") as found:
            if found.read(16) != b"SQLite format 3\0":
                raise OSError
        state = State(file)
    except (OSError, sqlite3.Error):
        raise InputError(
            Problem(
                code="no-state-file",
                message="this is no state file of the CDS Hooks door",
                help="give the `state_file` that the service was started with",
                where="FILE",
            )
        ) from None
    try:
        tallies = state.tallies()
    finally:
        state.close()
    lines = ["service / card                                           shown accepted overridden"]
    for each in tallies:
        name = f"{each.service} / {each.action}"
        lines.append(f"{name:<56} {each.shown:>5} {each.accepted:>8} {each.overridden:>10}")
        lines += [f"    {reason}: {n}" for reason, n in sorted(each.reasons.items())]
    shown, accepted, overridden = (
        sum(getattr(each, name) for each in tallies) for name in ("shown", "accepted", "overridden")
    )
    result = f"{shown} cards shown, {accepted} accepted, {overridden} overridden"
    return lines, result, True
