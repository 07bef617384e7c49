"""Other rule engines, on the same rules and the same patients; each one's answers are checked before it is timed."""

from __future__ import annotations

import importlib.util

from tests.benchmarks.figures import Figure, Part, Ratio, interleaved
from tests.benchmarks.peers import node
from tests.benchmarks.peers.engines import ENGINES, OURS, PLAIN, SLOW, is_right
from tests.benchmarks.peers.workload import build

ROUNDS = 9
WANTED = {
    PLAIN: "at most 3",
    "GoRules ZEN": "at least 5",
    "durable-rules (our adapter)": "at least 60",
}


def measure() -> Part:
    """Measure every engine that is installed; say which are not."""
    work = build()
    part = Part(
        f"Peers: {len(work.names)} conclusions from {len(work.patients[0])} facts, "
        f"{len(work.patients)} patients (processor time a patient)"
    )
    works = {}
    for name, (engine, package) in ENGINES.items():
        module = {"zen-engine": "zen", "clipspy": "clips"}.get(package, package)
        if module and importlib.util.find_spec(module) is None:
            part.notes.append(f"{name}: not measured, {package} is not installed")
            continue
        answer = engine(work)
        patients = work.patients[: SLOW.get(name, len(work.patients))]
        is_right(name, answer, work, len(patients))
        works[name] = (lambda a=answer, p=patients: [a(each) for each in p], len(patients))
    part.figures = interleaved(works, ROUNDS, "us")
    if node.is_here():
        part.figures += [Figure(name, found, "us") for name, found in node.measure(work).items()]
    else:
        part.notes.append("json-rules-engine, cql-execution: not measured, node is not installed")
    ours = next(figure.middle for figure in part.figures if figure.name == OURS)
    for figure in part.figures:
        if figure.name == PLAIN:
            part.ratios.append(Ratio(f"ours / {figure.name}", ours / figure.middle, WANTED[PLAIN]))
        elif figure.name != OURS:
            wanted = WANTED.get(figure.name, "")
            part.ratios.append(Ratio(f"{figure.name} / ours", figure.middle / ours, wanted))
    return part
