"""durable-rules, the compiled evaluator, the red-sign screen and the plain walker: one answer, from eight threads."""

from __future__ import annotations

from typing import Any

import pytest

from rules.check import Checker
from rules.decide import Decider
from rules.evaluator import Evaluator
from schemas.decision import Verdict
from tests.properties.budget import BUDGET
from tests.properties.differential import compare_voices, peak_memory_mb
from tests.properties.patients import Generator

HALVES = 2
WARM_UP = 500
MOST_GROWTH_MB = 16
"""Peak memory may grow this much over the run; a state left behind per patient would take far more."""


@pytest.mark.hazard("H-30")
@pytest.mark.hazard("H-32")
@pytest.mark.hazard("H-33")
@pytest.mark.hazard("H-34")
@pytest.mark.parametrize("half", range(HALVES))
def test_engine_and_evaluator_agree_on_every_patient_from_eight_threads_and_leave_nothing(
    half: int, decider: Decider, checker: Checker, generator: Generator
) -> None:
    compare_voices(decider, checker, generator, "warm-up", WARM_UP)
    builds, before = decider.voices.engine.builds, peak_memory_mb()

    patients = BUDGET.differential // HALVES
    found = compare_voices(decider, checker, generator, f"half {half}", patients)

    assert found.errors == []
    assert found.differences == {}
    assert found.compared == patients
    assert found.violations == {}
    assert found.walked >= 150
    assert {verdict.value for verdict in Verdict} == set(found.verdicts)
    assert len(found.distinct) > patients / 10
    assert decider.voices.engine.live_states() == 0
    assert decider.voices.engine.builds == builds
    assert peak_memory_mb() - before < MOST_GROWTH_MB


@pytest.mark.hazard("H-30")
def test_the_comparison_itself_notices_a_voice_that_lies(
    decider: Decider, checker: Checker, generator: Generator, monkeypatch: Any
) -> None:
    nodes, at = Evaluator.nodes, decider.network.index["in_scope"]

    def lying(self: Evaluator, leaves: Any) -> tuple[int, ...]:
        truths = nodes(self, leaves)
        whole = len(truths) == len(decider.network.nodes)
        return (*truths[:at], 2 - truths[at], *truths[at + 1 :]) if whole else truths

    monkeypatch.setattr(Evaluator, "nodes", lying)
    found = compare_voices(decider, checker, generator, "lie", 160)

    assert set(found.differences) == {"in_scope", "walker in_scope"}
