"""How long things take, side by side in one run: ratios first, times second.

`python -m tests.benchmarks [FILE]` writes the figures as JSON to FILE as well. Rounds are interleaved, so that a
busy machine slows all of them alike; medians are shown with the spread between the quartiles.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api.companion import get_companion
from api.library import get_decider, get_vignettes, program_version
from api.service import get_checker
from rules.derive import read_patient
from tests.benchmarks import patient_view
from tests.conftest import ON

ROUNDS = 15
Work = Callable[[], Any]


def works() -> dict[str, tuple[Work, int]]:
    """Return what is measured: one round of work, and how many times the thing is done in it."""
    decider, checker, companion = get_decider("fbss"), get_checker("fbss"), get_companion("fbss")
    settings = decider.voices.settings("default")
    evaluator, screen = decider.voices.compiled(settings)
    patients = [checker.check(case.input, ON) for case in get_vignettes("fbss")]
    values = [read_patient(decider.pathway, p, settings).values for p in patients]
    leaves = [evaluator.leaves(v, ON) for v in values]
    decisions = [decider.decide(p) for p in patients]
    _, asker = companion.parts(patients[0])
    parts = [companion.counterfactuals(p, companion.explainer(p)) for p in patients]
    call = patient_view.body()
    parsed = patient_view.parse(call)
    many = len(patients)
    treatments = list(decider.pathway.treatments)

    def counterfactuals() -> None:
        for each, decision in zip(parts, decisions, strict=True):
            each.repairer._done.clear()
            for treatment in treatments:
                each.find(treatment, decision)

    return {
        "red-sign screen": (lambda: [screen(v, ON) for v in values], many),
        "witness alone": (
            lambda: [evaluator.nodes(evaluator.leaves(v, ON)) for v in values],
            many,
        ),
        "engine alone": (lambda: [decider.voices.engine.run(each) for each in leaves], many),
        "bare evaluation (both voices)": (
            lambda: [decider.voices.evaluate(p, settings) for p in patients],
            many,
        ),
        "decision with short reasons": (lambda: [decider.decide(p) for p in patients], many),
        "ranked questions": (
            lambda: [asker.ask(v, ON, d) for v, d in zip(values, decisions, strict=True)],
            many,
        ),
        "counterfactuals of one treatment": (counterfactuals, many * len(treatments)),
        "patient-view parsed strictly": (lambda: patient_view.parse(call), 1),
        "patient-view mapped to facts": (lambda: patient_view.map_record(parsed), 1),
    }


def measure() -> dict[str, list[float]]:
    """Return seconds per piece of work, one figure a round."""
    measured = works()
    times: dict[str, list[float]] = {name: [] for name in measured}
    for work, _ in measured.values():
        work()
    for _ in range(ROUNDS):
        for name, (work, count) in measured.items():
            start = time.perf_counter()
            work()
            times[name].append((time.perf_counter() - start) / count)
    return times


def main(arguments: list[str]) -> None:
    """Measure, print ratios and times with their targets, and write JSON where asked."""
    times = measure()
    middle = {name: statistics.median(found) for name, found in times.items()}
    bare = middle["bare evaluation (both voices)"]
    print("Ratios (one run, interleaved)")
    print(
        f"  decision / bare evaluation        {middle['decision with short reasons'] / bare:6.2f}   target 2"
    )
    print(f"  engine + witness / engine alone   {bare / middle['engine alone']:6.2f}   target 1.4")
    print(
        f"  engine alone / witness alone      {middle['engine alone'] / middle['witness alone']:6.1f}"
    )
    print("Times (median; quartiles)")
    limits = {
        "ranked questions": 50,
        "counterfactuals of one treatment": 200,
        "patient-view mapped to facts": 10,
    }
    for name, found in times.items():
        low, _, high = statistics.quantiles(found, n=4)
        limit = f"   limit {limits[name]} ms" if name in limits else ""
        print(
            f"  {name:<34}{middle[name] * 1e3:9.3f} ms ({low * 1e3:.3f} to {high * 1e3:.3f}){limit}"
        )
    print(patient_view.report(*patient_view.under_load()))
    load = os.getloadavg()[0]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"load {load:.1f}, {program_version()}"
    )
    if arguments:
        Path(arguments[0]).write_text(json.dumps(times, indent=2), encoding="utf-8")


main(sys.argv[1:])
