"""The names of states, verdicts and urgencies as a report writes them."""

from __future__ import annotations

STATES = {
    "red-sign": "Red sign open",
    "out-of-scope": "Out of scope",
    "needs-assessment": "Needs assessment",
    "S1": "Stage 1: conservative",
    "S2": "Stage 2: injections",
    "S3": "Stage 3: ablation, stimulation",
    "specialist-review": "Specialist review",
}
VERDICTS = {
    "recommend": "recommend",
    "consider": "consider",
    "needs-data": "needs data",
    "not-yet": "not yet",
    "on-hold": "on hold",
    "block": "block",
    "block-unless-justified": "block unless justified",
    "tried-failed": "tried, failed",
    "tried-helped": "tried, helped",
    "not-indicated": "not indicated",
}
"""In the order of the plots: what is open first."""


def thousands(number: int) -> str:
    return f"{number:,}".replace(
        ",", "\u202f"
    )  # narrow space: neither point nor comma is read wrongly


def percent(part: int, whole: int) -> str:
    if not whole:
        return "–"
    share = 100 * part / whole
    return "under 0.1 %" if 0 < share < 0.1 else f"{share:.1f} %"
