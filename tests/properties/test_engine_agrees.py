"""durable-rules, the compiled evaluator, the red-sign screen and the plain walker: one answer, from eight threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rules.check import Checker
from rules.decide import Decider
from rules.evaluator import Evaluator
from schemas.decision import Verdict
from tests.properties.budget import BUDGET
from tests.properties.differential import compare_voices
from tests.properties.patients import Generator

HALVES = 2
WARM_UP = 200
MOST_GROWTH_MB = 16
"""Memory may grow this much over two thousand patients; a state left behind per patient would take far more."""


@pytest.mark.hazard("H-30")
@pytest.mark.hazard("H-32")
@pytest.mark.hazard("H-33")
@pytest.mark.hazard("H-34")
@pytest.mark.parametrize("half", range(HALVES))
def test_engine_and_evaluator_agree_on_every_patient_from_eight_threads_and_leave_nothing(
    half: int, decider: Decider, checker: Checker, generator: Generator
) -> None:
    compare_voices(decider, checker, generator, "warm-up", WARM_UP)
    builds = decider.voices.engine.builds

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


@pytest.mark.slow
@pytest.mark.hazard("H-32")
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell")
def test_a_run_from_eight_threads_leaves_no_memory_behind() -> None:
    # In a process of its own: what other tests have held would hide it, or be taken for it.
    words = [sys.executable, "-m", "tests.properties.flat"]
    grown = subprocess.run(words, capture_output=True, check=True, text=True).stdout

    assert float(grown) < MOST_GROWTH_MB


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
