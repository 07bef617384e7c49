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
MEANINGS = {
    "red-sign": "a sign of danger is open; it comes before every treatment",
    "out-of-scope": "the pathway is not for this patient",
    "needs-assessment": "questions every decision rests on have no answer yet, or none that is recent enough",
    "S1": "medicines and physical therapy together come next or are under way",
    "S2": "stage 1 has had its chance; injections may be weighed",
    "S3": "stages 1 and 2 have had their chance; ablation or stimulation may be weighed",
    "specialist-review": "all stages have had their chance; a specialist looks at the whole again",
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
