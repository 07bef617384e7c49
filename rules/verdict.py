"""The verdict on one treatment: one table, in one place, read from above.

Safety comes first and is never masked: a block outranks a hold, so that a clinician who sees "on hold" knows that
nothing else stands against the treatment. *Not yet* comes before *needs data* where the stage is certainly closed: no
answer could open it, so asking would be noise.
"""

from __future__ import annotations

from dataclasses import dataclass

from rules.truth import FALSE, TRUE, UNKNOWN
from schemas.decision import Verdict

HELPED = ("responder", "partial")
FAILED = ("failed", "worse", "intolerant")


@dataclass(frozen=True)
class Standing:
    """What is known about one treatment, as truths (0 false, 1 unknown, 2 true)."""

    blocked: int
    """A block or a passing hold."""
    unjustified: int
    indicated: int
    recommended: int
    ready: int
    exhausted_by_trial: int
    """Whether one of its exhaust rules holds; FALSE for a treatment that has none."""
    has_exhaust_rule: bool
    tried: str | None
    """How its trials were judged together; None: not settled."""
    red: int
    scope: int
    assessed: bool
    """The minimum assessment is recorded and the red-sign screen is complete."""


def verdict(s: Standing, held: bool = True) -> Verdict:
    """Return the verdict; with *held* False, the one that a red-sign hold has put aside."""
    if s.blocked == TRUE:
        return Verdict.BLOCK
    if s.unjustified == TRUE:
        return Verdict.BLOCK_UNLESS_JUSTIFIED
    if held and s.red == TRUE:
        return Verdict.ON_HOLD
    if s.scope == FALSE:
        return Verdict.NOT_INDICATED
    if s.scope == UNKNOWN or not s.assessed:
        return Verdict.NEEDS_DATA
    if s.exhausted_by_trial == TRUE or (not s.has_exhaust_rule and s.tried in FAILED):
        return Verdict.TRIED_FAILED
    if s.tried in HELPED:
        return Verdict.TRIED_HELPED
    if s.indicated == FALSE:
        return Verdict.NOT_INDICATED
    if s.ready == FALSE:
        return Verdict.NOT_YET
    if UNKNOWN in (s.blocked, s.unjustified, s.indicated, s.ready) or s.tried is None:
        return Verdict.NEEDS_DATA
    return Verdict.RECOMMEND if s.recommended == TRUE else Verdict.CONSIDER
