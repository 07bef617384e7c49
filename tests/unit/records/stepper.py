"""A process that takes the tables of a log a step back and a step on without end; meant to be killed.

python -m tests.unit.records.stepper ADDRESS
"""

from __future__ import annotations

import sys

from api.records.database import NEWEST, migrate, open_engine, read_address

BEFORE = "0001"


def main(address: str) -> None:
    """Step, and say so after each step."""
    engine = open_engine(read_address(address), 20)
    print("ready", flush=True)
    while True:
        for step in (BEFORE, NEWEST):
            migrate(engine, step)
            print(step, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
