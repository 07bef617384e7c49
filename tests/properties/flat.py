"""How much more memory a process of its own holds after a run of evaluations: `python -m tests.properties.flat`."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from api.library import get_decider
from api.service import get_checker
from tests.properties.differential import compare_voices
from tests.properties.patients import generator_of

WARM_UP, PATIENTS = 1_000, 2_000


def resident_mb() -> float:
    """Return the memory this process holds now, in MiB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    decider, checker, generator = get_decider("fbss"), get_checker("fbss"), generator_of("fbss")
    compare_voices(decider, checker, generator, "warm-up", WARM_UP)
    before = resident_mb()
    compare_voices(decider, checker, generator, "flat", PATIENTS)
    print(resident_mb() - before)


if __name__ == "__main__":
    main()
