"""How much is tried: a little with every commit, much before a release (STEPPEDCARE_BUDGET=release)."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """Numbers of patients; counts never shrink on a slow machine, only the clock runs on."""

    examples: int
    """Patients that Hypothesis draws."""
    decisions: int
    """Full decisions of the plain random run, every law called on each."""
    per_rule: int
    """How often each rule must have fired."""
    differential: int
    """Patients for whom engine and evaluator are compared, and the laws called that an outline can show."""


COMMIT = Budget(examples=60, decisions=3_000, per_rule=1, differential=20_000)
RELEASE = Budget(examples=100_000, decisions=100_000, per_rule=100, differential=1_000_000)
BUDGET = RELEASE if os.environ.get("STEPPEDCARE_BUDGET") == "release" else COMMIT
