"""A million patients, and a watch on memory: `make soak`, about an hour and a half on two cores; not in `make test`.

STEPPEDCARE_SOAK=0.01 runs a hundredth of it, to see that it works.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from api.library import get_decider
from api.service import get_checker
from rules.check import Checker
from rules.decide import Decider
from rules.invariants import Ask, asking
from schemas.decision import State, Verdict
from tests.properties.budget import RELEASE
from tests.properties.differential import compare_voices, peak_memory_mb
from tests.properties.patients import Generator, generator_of
from tests.properties.walk import walk

SHARE = float(os.environ.get("STEPPEDCARE_SOAK", "1"))
PROCESSES = os.cpu_count() or 1
CHUNK = 10_000
"""Patients per piece of work handed to a process."""

MOST_MB_PER_100_000 = 1.0
SETTLED_AFTER = 50_000
WATCHED = 50_000
"""How much memory may grow once this many decisions have been made, watched over this many more."""


@dataclass
class Piece:
    """What one piece of a long run has shown; plain counts, so that it travels between processes."""

    patients: int
    broken: Counter[str]
    rules: Counter[str]
    verdicts: Counter[str]
    states: Counter[str]
    live_states: int


def compared(seed: str) -> Piece:
    """Compare engine and evaluator on one chunk, from eight threads, with every law an outline can show."""
    decider = get_decider("fbss")
    patients = max(800, int(CHUNK * min(1, SHARE * 10)))
    found = compare_voices(decider, get_checker("fbss"), generator_of("fbss"), seed, patients)
    broken = found.differences + found.violations + Counter(found.errors)
    return Piece(
        found.compared, broken, found.rules, found.verdicts, Counter(),
        decider.voices.engine.live_states(),
    )  # fmt: skip


def walked(seed: str) -> Piece:
    """Check every law on one chunk of full decisions."""
    ask = asking(get_decider("fbss"), get_checker("fbss"))
    decisions = max(200, int(CHUNK / 10 * min(1, SHARE * 10)))
    seen = walk(ask, generator_of("fbss"), random.Random(seed), decisions)
    return Piece(
        seen.decisions, Counter(list(seen.violations)), seen.rules, seen.verdicts, seen.states,
        get_decider("fbss").voices.engine.live_states(),
    )  # fmt: skip


def together(work: Any, name: str, patients: int) -> Piece:
    """Do *work* until *patients* are through, in as many processes as there are cores."""
    total = Piece(0, Counter(), Counter(), Counter(), Counter(), 0)
    at = 0
    # Spawned: the native engine of a parent must not be shared with its children.
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        while total.patients < patients * SHARE:
            seeds = [f"{name} {at + n}" for n in range(PROCESSES)]
            at += PROCESSES
            for piece in pool.map(work, seeds):
                total = Piece(
                    total.patients + piece.patients,
                    total.broken + piece.broken,
                    total.rules + piece.rules,
                    total.verdicts + piece.verdicts,
                    total.states + piece.states,
                    total.live_states + piece.live_states,
                )
    return total


@pytest.mark.hazard("H-30")
@pytest.mark.hazard("H-33")
def test_a_million_patients_engine_and_evaluator_agree_and_no_outline_breaks_a_law(
    generator: Generator,
) -> None:
    total = together(compared, "soak", RELEASE.differential)

    assert total.broken == {}
    assert total.live_states == 0
    assert set(total.verdicts) == {verdict.value for verdict in Verdict}
    seldom = {rule for rule in generator.pathway.rules if total.rules[rule] < RELEASE.per_rule}
    assert seldom == set() or SHARE < 1


def test_every_law_holds_on_a_long_walk_of_full_decisions(generator: Generator) -> None:
    total = together(walked, "walk", RELEASE.decisions)

    assert total.broken == {}
    assert total.live_states == 0
    assert set(total.verdicts) == {verdict.value for verdict in Verdict}
    assert set(total.states) == {state.value for state in State} or SHARE < 1


@pytest.mark.hazard("H-31")
@pytest.mark.hazard("H-32")
def test_memory_and_speed_stay_flat_over_a_long_run(
    decider: Decider, checker: Checker, generator: Generator
) -> None:
    settle, watch = max(300, int(SETTLED_AFTER * SHARE)), max(300, int(WATCHED * SHARE))
    first, _ = decided(decider, checker, generator, settle)
    before, threads = peak_memory_mb(), threading.active_count()
    files = open_files()
    last, _ = decided(decider, checker, generator, watch)

    assert peak_memory_mb() - before <= MOST_MB_PER_100_000 * max(1.0, watch / 100_000)
    assert threading.active_count() == threads
    assert open_files() == files
    assert decider.voices.engine.live_states() == 0
    assert last <= first * 1.2


def decided(
    decider: Decider, checker: Checker, generator: Generator, count: int
) -> tuple[float, int]:
    """Decide *count* times; return the 99th percentile in seconds and how many inputs there were."""
    ask: Ask = asking(decider, checker)
    rng = random.Random("flat")
    inputs = [generator.patient(rng) for _ in range(200)]
    inputs = [data for data in inputs if ask(data) is not None]
    times = []
    for at in range(count):
        begun = time.perf_counter()
        ask(inputs[at % len(inputs)])
        times.append(time.perf_counter() - begun)
    times.sort()
    return times[int(len(times) * 0.99)], len(inputs)


def open_files() -> int:
    """Return how many files and sockets this process holds open; 0 where the system does not tell."""
    try:
        return len(list(Path("/proc/self/fd").iterdir()))
    except OSError:
        return 0
