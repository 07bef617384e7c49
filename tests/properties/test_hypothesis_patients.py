"""Hypothesis looks for the smallest patient that breaks a law."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from api.library import get_decider
from api.service import get_checker
from rules.invariants import RELATIONS, asking, check
from tests.properties.budget import BUDGET
from tests.properties.patients import generator_of, strategy

QUIET = settings(
    max_examples=BUDGET.examples,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
"""Derandomised: a commit is judged on the same patients everywhere; the release budget draws 100,000."""

PATIENTS = strategy(generator_of("fbss"))
ASK = asking(get_decider("fbss"), get_checker("fbss"))


@pytest.mark.hazard("H-01")
@pytest.mark.hazard("H-02")
@QUIET
@given(PATIENTS)
def test_every_law_of_one_decision_holds_for_every_patient(data: dict[str, Any]) -> None:
    case = ASK(data)

    assert case is None or check(case) == []


@pytest.mark.hazard("H-05")
@pytest.mark.hazard("H-07")
@pytest.mark.hazard("H-09")
@settings(QUIET, max_examples=max(1, BUDGET.examples // (2 * len(RELATIONS))))
@given(PATIENTS)
@pytest.mark.parametrize("law", RELATIONS)
def test_every_law_between_two_decisions_holds_for_every_patient(
    law: str, data: dict[str, Any]
) -> None:
    rng = random.Random(str(sorted(data["facts"])))
    case = ASK(data)
    found = [] if case is None else RELATIONS[law].check(
        case, ASK, lambda changes: rng.sample(changes, min(2, len(changes)))
    )  # fmt: skip

    assert found == []
