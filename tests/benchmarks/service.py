"""The HTTP door under load from another core, beside what the framework costs when it does nothing.

One worker, pinned to one core; the load comes from `wrk` (Debian's), pinned to another. Without `wrk` nothing is
measured, and that is said.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.library import get_vignettes
from tests.benchmarks import patient_view
from tests.benchmarks.figures import Figure, Part, Ratio

SECONDS = 6
CLIENTS = 8
SCRIPT = """
local file = io.open("{body}", "rb")
wrk.method, wrk.body = "POST", file:read("*a")
wrk.headers["Content-Type"] = "application/json"
done = function(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.read + summary.errors.connect
  io.write(string.format('\\n{{"p50": %f, "p99": %f, "requests": %d, "seconds": %f, "bad": %d}}\\n',
    latency:percentile(50) / 1e6, latency:percentile(99) / 1e6, summary.requests, summary.duration / 1e6, bad))
end
"""
DECISIONS = "/v1/pathways/fbss/decisions"


def measure() -> Part:
    """Measure throughput, p50, p99 and memory of the routes, and of the framework's floors."""
    part = Part(f"HTTP, one worker on one core, {CLIENTS} connections (clock)")
    if shutil.which("wrk") is None:
        part.notes.append("not measured: wrk is not installed (apt install wrk)")
        return part
    patient = json.dumps(next(v.input for v in get_vignettes("fbss") if v.id == "V07")).encode()
    processor: dict[str, float] = {}
    with serving("tests.benchmarks.floors:app") as (pid, port):
        for name, path in (
            ("constant bytes", "/constant"),
            ("same models, nothing decided", "/models"),
        ):
            processor[name] = _load(part, name, pid, port, path, patient)
    with serving("api.main:app") as (pid, port):
        processor["decision"] = _load(part, "decision", pid, port, DECISIONS, patient)
        part.notes.append(f"memory of the decision service: {_memory(pid):.0f} MB")
        for resources in (5, 50, 200):
            name = f"patient-view, {resources} resources"
            processor[name] = _load(
                part, name, pid, port, patient_view.ADDRESS, patient_view.body(resources)
            )
    for name, seconds in processor.items():
        part.figures.append(Figure(f"{name}: processor time a request", [seconds]))
    from tests.benchmarks.bedside import decision_seconds

    reachable = processor["same models, nothing decided"] + decision_seconds()
    part.ratios.append(
        Ratio(
            "decision route / (same models + the decision itself)",
            reachable / processor["decision"],
            "at least 0.7",
        )
    )
    return part


@contextmanager
def serving(app: str) -> Iterator[tuple[int, int]]:
    """Serve *app* on loopback by one worker on the first core; yield its process and port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log"]
    service = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(service.pid, {min(os.sched_getaffinity(0))})
        patient_view.wait(port)
        yield service.pid, port
    finally:
        service.terminate()
        service.wait(20)


def _load(part: Part, name: str, pid: int, port: int, path: str, body: bytes) -> float:
    """Load one route, add its figures to *part*, and return the service's processor seconds a request."""
    with tempfile.TemporaryDirectory() as folder:
        data, script = Path(folder) / "body.json", Path(folder) / "post.lua"
        data.write_bytes(body)
        script.write_text(SCRIPT.format(body=data), encoding="utf-8")
        for seconds in (1, SECONDS):  # the first warms up
            before = patient_view.processor(pid)
            found = _wrk(port, path, script, seconds)
            used = (patient_view.processor(pid) or 0.0) - (before or 0.0)
    if found["bad"]:
        raise RuntimeError(f"{name}: {found['bad']} answers were no answer")
    part.figures += [
        Figure(f"{name}: p50", [found["p50"]]),
        Figure(f"{name}: p99", [found["p99"]]),
    ]
    part.ratios.append(Ratio(f"{name}: requests a second", found["requests"] / found["seconds"]))
    return used / found["requests"]


def _wrk(port: int, path: str, script: Path, seconds: int) -> dict[str, float]:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    pin = ["taskset", "-c", str(cores[-1])] if shutil.which("taskset") else []
    printed = subprocess.run(
        [*pin, "wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script), f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found: dict[str, float] = json.loads(printed.strip().splitlines()[-1])
    return found


def _memory(pid: int) -> float:
    """Return the megabytes a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
