"""The HTTP door under load from another core, beside what the framework costs when it does nothing.

One worker, pinned to one core; the load comes from `wrk`, pinned to another. Without `wrk` nothing is measured, and
that is said.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from api.library import get_vignettes
from tests.benchmarks import patient_view
from tests.benchmarks.bedside import decision_seconds
from tests.benchmarks.figures import Figure, Part, Ratio
from tests.benchmarks.serving import serving
from tests.benchmarks.wrk import CLIENTS, Load, is_here, load

DECISIONS = "/v1/pathways/fbss/decisions"
CONSTANT, MODELS, DECISION = "constant bytes", "same models, nothing decided", "decision"


def measure() -> Part:
    """Measure throughput, p50, p99 and memory of the routes, and of the framework's floors."""
    part = Part(f"HTTP, one worker on one core, {CLIENTS} connections (clock)")
    if not is_here():
        part.notes.append("not measured: wrk is not installed (apt install wrk)")
        return part
    patient = [json.dumps(next(v.input for v in get_vignettes("fbss") if v.id == "V07")).encode()]
    found: dict[str, Load] = {}
    with serving("tests.benchmarks.floors:app") as (pid, port):
        found["bare ASGI, constant bytes"] = load(pid, port, "/bare", patient)
        found[CONSTANT] = load(pid, port, "/constant", patient)
        found[MODELS] = load(pid, port, "/models", patient)
    with serving("api.main:app", patient_view.READY) as (pid, port):
        found[DECISION] = load(pid, port, DECISIONS, patient)
        for resources in (5, 50, 200):
            name = f"patient-view, {resources} resources"
            body = patient_view.body(resources)
            found[name] = load(pid, port, patient_view.ADDRESS, [body])
        # So many clients that rest so long ask for half of what the route can do.
        rest = 2 * CLIENTS / found[DECISION].rate
        half = load(pid, port, DECISIONS, patient, pause=rest)
        part.notes.append(f"memory of the decision service: {_memory(pid):.0f} MB")
    for name, each in found.items():
        part.ratios.append(Ratio(f"{name}: requests a second", each.rate))
        part.figures += [
            Figure(f"{name}: p50", [each.p50]),
            Figure(f"{name}: p99", [each.p99]),
            Figure(f"{name}: processor time a request", [each.processor]),
        ]
    reachable = found[MODELS].processor + decision_seconds()
    part.ratios += [
        Ratio(
            "decision route / (same models + the decision itself)",
            reachable / found[DECISION].processor, "at least 0.7",
        ),
        Ratio("decision route / constant bytes, requests", found[DECISION].rate / found[CONSTANT].rate),
        Ratio("decision at half capacity: share of capacity", half.rate / found[DECISION].rate),
        Ratio("decision at half capacity: p99 / p50", half.p99 / half.p50, "at most 3"),
    ]  # fmt: skip
    part.figures += [
        Figure("decision at half capacity: p50", [half.p50]),
        Figure("decision at half capacity: p99", [half.p99]),
    ]
    return part


def _memory(pid: int) -> float:
    """Return the megabytes a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
