"""Killing a run: the command in a process of its own, ended at once when it has come so far."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

LONGEST = 120.0
"""Seconds to wait for a run to come so far."""


def command(source: Path, out: Path, *more: str) -> list[str]:
    code = "from api.cli import main; main()"
    words = ["cohort", str(source), "--out", str(out), "--on", "2026-03-01", *more]
    return [sys.executable, "-c", code, *words]


def kill_when(parts: int, words: list[str], out: Path, rng: random.Random) -> bool:
    """Start the run, kill it a moment after *parts* parts are there; tell whether it was still running."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + LONGEST
    while process.poll() is None and time.monotonic() < end:
        if len(list(out.glob("part-*"))) >= parts and (out / ".work").exists():
            time.sleep(rng.random() * 0.15)
            break
        time.sleep(0.01)
    running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return running


def contents(out: Path) -> dict[str, bytes]:
    """Return every file of a finished run but the manifest."""
    files = [file for file in sorted(out.glob("*")) if file.is_file() and file.name != "run.json"]
    return {file.name: file.read_bytes() for file in files}


def kill_and_go_on(source: Path, out: Path, kills: int, seed: int, *more: str) -> int:
    """Kill a run *kills* times at parts of its way, then let it end; return how many kills met it running."""
    rng, met = random.Random(seed), 0
    words = command(source, out, *more)
    for kill in range(kills):
        met += kill_when(kill, words, out, rng)
    subprocess.run(words, check=False, capture_output=True)
    return met
