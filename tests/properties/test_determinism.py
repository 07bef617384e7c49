"""The same patient gets the same bytes in every process, whatever the hash seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.properties.budget import BUDGET, RELEASE

ROOT = Path(__file__).parents[2]
SEEDS = range(32) if BUDGET is RELEASE else (0, 1)
PATIENTS = 1_000 if BUDGET is RELEASE else 60

PROGRAM = """
import json, random, sys
from api.library import get_decider
from api.service import get_checker
from rules.invariants import asking
from tests.properties.patients import generator_of

ask, generator = asking(get_decider("fbss"), get_checker("fbss")), generator_of("fbss")
rng = random.Random("bytes")
cases = [ask(generator.patient(rng)) for _ in range(int(sys.argv[1]))]
print(json.dumps([case.decision.receipt.model_dump() for case in cases if case]))
"""


def receipts(seed: int) -> list[dict[str, str]]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(PATIENTS)],
        env={**os.environ, "PYTHONHASHSEED": str(seed), "TZ": "Pacific/Kiritimati" if seed % 2 else "UTC"},
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


@pytest.mark.hazard("H-38")
def test_hash_seed_zone_and_process_do_not_change_a_byte() -> None:
    first, *others = (receipts(seed) for seed in SEEDS)

    assert len(first) > PATIENTS * 0.8
    assert len({receipt["decision"] for receipt in first}) > PATIENTS * 0.7
    assert all(other == first for other in others)
