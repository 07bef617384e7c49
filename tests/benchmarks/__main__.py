"""How long things take, side by side in one run: ratios first, times second.

`python -m tests.benchmarks [PART ...] [--json FILE] [--compare FILE]`; parts are bedside, growth, flat, cold, peers,
service, served, load, page, population and cohort, all unless named. FILE of --compare is what --json wrote earlier.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from api.library import program_version
from tests.benchmarks.figures import Part, compared

PARTS = {
    "bedside": "bedside.measure",
    "growth": "bedside.measure_growth",
    "flat": "bedside.measure_flat",
    "cold": "bedside.measure_cold",
    "peers": "peers.measure",
    "service": "service.measure",
    "served": "peers.served.measure",
    "load": "patient_view.measure",
    "page": "page.measure",
    "population": "population.measure",
}
APART = ("cohort",)
"""These run in a process of their own: `--json FILE` leaves their figures in FILE."""


def main(arguments: list[str]) -> int:
    """Measure, print, and keep or compare where asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join((*PARTS, *APART)))
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--compare", type=Path, help="figures of an earlier run")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.parts) - {*PARTS, *APART}:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    print(machine(), flush=True)
    found: dict[str, Any] = {"machine": machine()}
    for name in chosen.parts or (*PARTS, *APART):
        if name in APART:
            print(flush=True)
            found[name] = apart(name)
            continue
        module, _, function = PARTS[name].rpartition(".")
        part: Part = getattr(importlib.import_module(f"tests.benchmarks.{module}"), function)()
        print(f"\n{part}", flush=True)
        found[name] = part.as_json()
    if chosen.compare:
        print("\nAgainst the earlier run")
        print("\n".join(compared(found, json.loads(chosen.compare.read_text("utf-8")))))
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2), encoding="utf-8")
    return 0


def apart(name: str) -> Any:
    """Measure one of `APART` and return its figures."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        command = [sys.executable, "-m", f"tests.benchmarks.{name}", "--json", str(file)]
        subprocess.run(command, check=True)
        return json.loads(file.read_text(encoding="utf-8"))


def machine() -> str:
    """Say what this was measured on."""
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f}, steppedcare {program_version()}"
    )


sys.exit(main(sys.argv[1:]))
