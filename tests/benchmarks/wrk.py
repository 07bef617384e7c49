"""A service on one core under `wrk` (Debian's) on another: requests a second, p50, p99, processor time a request."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.serving import processor

SECONDS = 6
CLIENTS = 8
SCRIPT = """
local bodies, at = {{}}, 0
for line in io.lines("{bodies}") do bodies[#bodies + 1] = line end
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
  at = at % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[at])
end
{pause}
done = function(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.read + summary.errors.connect
  io.write(string.format('\\n{{"p50": %f, "p99": %f, "requests": %d, "seconds": %f, "bad": %d}}\\n',
    latency:percentile(50) / 1e6, latency:percentile(99) / 1e6, summary.requests, summary.duration / 1e6, bad))
end
"""
PAUSE = (
    "delay = function() return math.floor(-{milliseconds} * math.log(1 - math.random()) + 0.5) end"
)
"""Between two requests of a connection: pauses as they come by chance, with that mean."""


@dataclass(frozen=True)
class Load:
    """What a route did under load."""

    rate: float
    """Requests a second."""
    p50: float
    p99: float
    processor: float
    """Seconds of the service's processor for a request."""


def is_here() -> bool:
    return shutil.which("wrk") is not None


def load(
    pid: int,
    port: int,
    path: str,
    bodies: Sequence[bytes],
    clients: int = CLIENTS,
    pause: float = 0.0,
) -> Load:
    """Post *bodies* in turn to *path* for some seconds, by so many *clients* that rest *pause* seconds in the mean.

    Raises RuntimeError when an answer was no answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        lines, script = Path(folder) / "bodies", Path(folder) / "post.lua"
        lines.write_bytes(b"\n".join(bodies) + b"\n")
        rest = PAUSE.format(milliseconds=pause * 1000) if pause else ""
        script.write_text(SCRIPT.format(bodies=lines, pause=rest), encoding="utf-8")
        for seconds in (1, SECONDS):  # the first warms up
            before = processor(pid)
            found = _wrk(port, path, script, seconds, clients)
            used = (processor(pid) or 0.0) - (before or 0.0)
    if found["bad"]:
        raise RuntimeError(f"{path}: {found['bad']:.0f} answers were no answer")
    rate = found["requests"] / found["seconds"]
    return Load(rate, found["p50"], found["p99"], used / found["requests"])


def _wrk(port: int, path: str, script: Path, seconds: int, clients: int) -> dict[str, float]:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    pin = ["taskset", "-c", str(cores[-1])] if shutil.which("taskset") else []
    printed = subprocess.run(
        [*pin, "wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script), f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found: dict[str, float] = json.loads(printed.strip().splitlines()[-1])
    return found
