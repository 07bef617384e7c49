"""One patient at a time, in one process: each layer of a decision, and the cost of more rules or of less known."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from typing import Any

from api.companion import get_companion
from api.library import get_decider, get_vignettes
from api.service import get_checker
from rules.derive import read_patient
from rules.engine import Engine
from rules.evaluator import Evaluator
from rules.network import Network, Node
from schemas.condition import And, Condition, Not, Or, Ref
from tests.benchmarks import patient_view
from tests.benchmarks.figures import Figure, Part, Ratio, interleaved
from tests.conftest import ON
from tests.properties.differential import peak_memory_mb

ROUNDS = 15
CALLS = 1_000_000


def measure() -> Part:
    """Measure every layer on the built-in patients."""
    part = Part("One decision, in process (processor time)")
    part.figures = interleaved(_layers(), ROUNDS)
    limits = {
        "ranked questions": 50.0,
        "counterfactuals of one treatment": 200.0,
        "patient-view mapped to facts": 10.0,
    }
    for figure in part.figures:
        figure.limit = limits.get(figure.name)
    part.ratio(
        "decision / bare evaluation",
        "decision with short reasons",
        "bare evaluation (both voices)",
        "2",
    )
    part.ratio(
        "engine + witness / engine alone", "both voices, lists already read", "engine alone", "1.4"
    )
    part.ratio("engine alone / witness alone", "engine alone", "witness alone")
    part.ratios.append(_slowest_by_middle())
    return part


def _layers() -> dict[str, tuple[Any, int]]:
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

    def both_voices() -> None:
        for each in values:
            screen(each, ON)
            found = evaluator.leaves(each, ON)
            engine = decider.voices.engine
            engine.disagreements(engine.run(found), evaluator.nodes(found))

    return {
        "red-sign screen": (lambda: [screen(v, ON) for v in values], many),
        "lists read, shelf lives kept": (
            lambda: [read_patient(decider.pathway, p, settings) for p in patients],
            many,
        ),
        "witness alone": (
            lambda: [evaluator.nodes(evaluator.leaves(v, ON)) for v in values],
            many,
        ),
        "engine alone": (lambda: [decider.voices.engine.run(each) for each in leaves], many),
        "both voices, lists already read": (both_voices, many),
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


def decision_seconds() -> float:
    """Return the processor seconds of one decision of the patient whom the service is asked about."""
    (case,) = [case for case in get_vignettes("fbss") if case.id == "V07"]
    decider, patient = get_decider("fbss"), get_checker("fbss").check(case.input, ON)
    (figure,) = interleaved({"": (lambda: [decider.decide(patient) for _ in range(50)], 50)}, 9)
    return figure.middle


def _slowest_by_middle() -> Ratio:
    """Return how much longer the witness's slowest hundredth takes than its middle, on distinct patients."""
    decider = get_decider("fbss")
    settings = decider.voices.settings("default")
    evaluator, _ = decider.voices.compiled(settings)
    people = [get_checker("fbss").check(case.input, ON) for case in get_vignettes("fbss")]
    values = [read_patient(decider.pathway, each, settings).values for each in people]
    times = []
    for at in range(20_000):
        each = values[at % len(values)]
        begun = time.perf_counter_ns()
        evaluator.nodes(evaluator.leaves(each, ON))
        times.append(time.perf_counter_ns() - begun)
    times.sort()
    return Ratio(
        "witness: p99 / p50", times[int(len(times) * 0.99)] / times[len(times) // 2], "2.5"
    )


def measure_flat() -> Part:
    """Ask the witness a million times, and look whether time and memory stay what they are."""
    part = Part(f"Flat over {CALLS:,} calls of the witness (processor time)")
    decider = get_decider("fbss")
    settings = decider.voices.settings("default")
    evaluator, _ = decider.voices.compiled(settings)
    people = [get_checker("fbss").check(case.input, ON) for case in get_vignettes("fbss")]
    values = [read_patient(decider.pathway, each, settings).values for each in people]
    tenths, sizes = [], []
    for _ in range(10):
        begun = time.process_time()
        for at in range(CALLS // 10):
            evaluator.nodes(evaluator.leaves(values[at % len(values)], ON))
        tenths.append((time.process_time() - begun) / (CALLS // 10))
        sizes.append(peak_memory_mb())
    part.figures = [Figure("a call, tenth by tenth", tenths, "us")]
    part.ratios = [
        Ratio("the last three tenths / the first three", sum(tenths[-3:]) / sum(tenths[:3]), "about 1"),
        Ratio("megabytes more at the end than after a tenth", sizes[-1] - sizes[0], "0"),
    ]  # fmt: skip
    return part


def measure_growth() -> Part:
    """Measure the cost with twice and four times the rules, and with fewer facts known."""
    part = Part("Growth (processor time)")
    decider = get_decider("fbss")
    settings = decider.voices.settings("default")
    patients = [get_checker("fbss").check(case.input, ON) for case in get_vignettes("fbss")]
    values = [read_patient(decider.pathway, each, settings).values for each in patients]
    works: dict[str, tuple[Any, int]] = {}
    for times in (1, 2, 4):
        network = _repeated(decider.network, times)
        evaluator, engine = Evaluator(network, settings), Engine(network)
        leaves = [evaluator.leaves(each, ON) for each in values]
        works[f"witness, {times} x the rules"] = (
            lambda e=evaluator: [e.nodes(e.leaves(each, ON)) for each in values],
            len(values),
        )
        works[f"engine, {times} x the rules"] = (
            lambda e=engine, found=leaves: [e.run(each) for each in found],
            len(values),
        )
    rng = random.Random("missing")
    for share in (0.0, 0.5, 0.9):
        fewer = [
            patient.model_copy(
                update={"facts": {n: e for n, e in patient.facts.items() if rng.random() >= share}}
            )
            for patient in patients
        ]
        works[f"decision, {share:.0%} of the facts left out"] = (
            lambda people=fewer: [decider.decide(each) for each in people],
            len(patients),
        )
    part.figures = interleaved(works, 7)
    for voice in ("witness", "engine"):
        part.ratio(
            f"{voice}: 2 x the rules",
            f"{voice}, 2 x the rules",
            f"{voice}, 1 x the rules",
            "about 2",
        )
        part.ratio(
            f"{voice}: 4 x the rules",
            f"{voice}, 4 x the rules",
            f"{voice}, 1 x the rules",
            "about 4",
        )
    return part


def _repeated(network: Network, times: int) -> Network:
    """Return the network and copies of it under other names, over the same comparisons."""
    nodes = list(network.nodes)
    for copy in range(1, times):
        nodes += [
            Node(f"{node.name}~{copy}", _renamed(node.condition, copy)) for node in network.nodes
        ]
    return Network(tuple(nodes), network.leaves)


def _renamed(condition: Condition, copy: int) -> Condition:
    match condition:
        case And():
            return And(items=tuple(_renamed(item, copy) for item in condition.items))
        case Or():
            return Or(items=tuple(_renamed(item, copy) for item in condition.items))
        case Not():
            return Not(item=_renamed(condition.item, copy))
        case Ref():
            return Ref(name=f"{condition.name}~{copy}")
        case _:
            return condition


def measure_cold() -> Part:
    """Measure how long the command takes from nothing, beside importing pydantic's models."""
    part = Part("Cold start (processor time of the whole command)")
    commands = {
        "import pydantic's models": ["-c", "from pydantic import BaseModel"],
        "steppedcare decide": ["-c", "from api.cli import main; main()", "decide", "-"],
    }
    for name, words in commands.items():
        part.figures.append(Figure(name, [_processor(words) for _ in range(7)], "ms"))
    part.ratio("decide / import pydantic", "steppedcare decide", "import pydantic's models", "2")
    return part


def _processor(words: list[str]) -> float:
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *words], input=b'{"facts": {}}', capture_output=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
