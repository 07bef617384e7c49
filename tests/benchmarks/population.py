"""Whole runs of `steppedcare cohort` over invented people: every backend, several sizes, time and memory.

Wall-clock time of the command from its start to its end, reading and writing included, one run each; memory is the
most that it and whatever it started held together. The start, the same for every size, is timed with ten people and
taken off. STEPPEDCARE_PEOPLE names the sizes (100000,1000000 unless set); ten million take half an hour.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from api.cohort.synth import synthesise
from api.library import get_pathway
from tests.benchmarks.figures import Figure, Part, Ratio
from tests.unit.cohort.kills import command

SIZES = tuple(map(int, os.environ.get("STEPPEDCARE_PEOPLE", "100000,1000000").split(",")))
FEW, LOOPED = 10, 2_000
MOST = {"spark": 1_000_000, "duckdb": 1_000_000}
"""More than so many are not measured: the cost of each does not change any more, and the time is better spent."""
MOST_MIB = 4_096


def measure() -> Part:
    """Decide the same people on every backend there is."""
    part = Part("Populations, whole runs of the command (wall-clock time for each person; memory)")
    spark = find_spec("pyspark") is not None and shutil.which("java") is not None
    backends = ("polars", "duckdb", *(("spark",) if spark else ()))
    if not spark:
        part.notes.append("Spark is not measured: it needs `make spark` and Java")
    with tempfile.TemporaryDirectory() as folder:
        people = {size: Path(folder) / str(size) for size in (FEW, LOOPED, *SIZES)}
        for size, source in people.items():
            synthesise(get_pathway("fbss"), size, 1, source)
        looped = _run(people[LOOPED], "bedside")[0] - _run(people[FEW], "bedside")[0]
        costs: dict[tuple[str, int], float] = {("bedside", LOOPED): looped / LOOPED}
        memory: dict[tuple[str, int], float] = {}
        for backend in backends:
            start = _run(people[FEW], backend)[0]
            part.notes.append(f"{backend}: {start:.1f} s to start and to plan, taken off above")
            for size in SIZES:
                if size <= MOST.get(backend, size):
                    seconds, memory[backend, size] = _run(people[size], backend)
                    costs[backend, size] = (seconds - start) / size
    part.figures = [
        Figure(f"{backend}, {size:,} people", [seconds], "us")
        for (backend, size), seconds in costs.items()
    ]
    least, most = min(SIZES), max(SIZES)
    bedside = costs["bedside", LOOPED]
    for backend in backends:
        part.ratios.append(
            Ratio(f"bedside / {backend}, {least:,}", bedside / costs[backend, least])
        )
    if most > least:
        linear = costs["polars", most] / costs["polars", least]
        part.ratios.append(Ratio(f"polars, each of {most:,} / of {least:,}", linear, "about 1"))
    for (backend, size), held in memory.items():
        wanted = f"at most {MOST_MIB}" if size == most else ""
        part.ratios.append(Ratio(f"memory of {backend}, {size:,} people, MiB", held, wanted))
    return part


def _run(source: Path, backend: str) -> tuple[float, float]:
    """Return how many seconds a run took, and how many MiB it and what it started held at most."""
    with tempfile.TemporaryDirectory() as out:
        begun, most = time.monotonic(), 0.0
        process = subprocess.Popen(
            command(source, Path(out) / "out", "--backend", backend, "--chunk", "100000"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while process.poll() is None:
            most = max(most, _held(process.pid))
            time.sleep(0.2)
        if process.returncode not in (0, 1):
            raise SystemExit(f"{backend} ended with {process.returncode}, nothing was measured")
        return time.monotonic() - begun, most


def _held(process: int) -> float:
    """Return how many MiB *process* and its descendants hold."""
    held = 0.0
    with suppress(OSError):  # whoever has just ended holds nothing
        held += int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1]) / 256
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in (thread / "children").read_text("ascii").split():
                held += _held(int(child))
    return held
