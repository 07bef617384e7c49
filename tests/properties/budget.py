"""How much is tried: a little with every `make test`, more before a change lands, much before a release.

STEPPEDCARE_BUDGET is `quick` (the default), `commit` (`make full`) or `release` (`make soak`).
"""

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


QUICK = Budget(examples=60, decisions=600, per_rule=1, differential=2_000)
COMMIT = Budget(examples=60, decisions=3_000, per_rule=1, differential=20_000)
RELEASE = Budget(examples=100_000, decisions=100_000, per_rule=100, differential=1_000_000)
BUDGET = {"quick": QUICK, "commit": COMMIT, "release": RELEASE}[
    os.environ.get("STEPPEDCARE_BUDGET", "quick")
]
