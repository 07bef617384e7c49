"""Killing processes that write, and counting what is left."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from api.records.database import appending, open_engine, read_address, revision
from api.records.port import Entry
from tests.unit.records.logs import open_log, spool_in
from tests.unit.records.servers import Postgres

MOST = 1_000_000


def write(
    address: str, folder: Path, name: str, first: int, last: int, *more: str
) -> subprocess.Popen[str]:
    """Start a writer."""
    return subprocess.Popen(
        [
            sys.executable, "-m", "tests.unit.records.writer", address, str(folder), name, str(first), str(last), *more,
        ],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


@dataclass
class Told:
    """What writers were told: the id and the place for every number that was acknowledged."""

    ids: dict[int, str] = field(default_factory=dict)
    recorded: dict[int, str] = field(default_factory=dict)
    kills: int = 0

    def hear(self, lines: Iterator[str]) -> None:
        for line in lines:
            words = line.split()
            if line.endswith("\n") and len(words) == 3 and words[1] != "no":
                self.ids[int(words[0])], self.recorded[int(words[0])] = words[2], words[1]


def kill_while_writing(address: str, folder: Path, kills: int, seed: int) -> Told:
    """Kill a writer *kills* times, at any moment; each next one begins with the number nobody was told about."""
    rng, told = random.Random(seed), Told()
    while told.kills < kills:
        more = ("away",) if told.kills % 2 else ()
        first = max(told.ids, default=0) + 1
        writer = write(address, folder, "one", first, MOST, *more)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0, 0.08))
        writer.kill()
        told.hear(iter(writer.stdout.readline, ""))
        writer.wait()
        writer.stdout.close()
        told.kills += 1
    return told


def kill_while_stepping(address: str, kills: int, seed: int) -> Counter[str]:
    """Kill a process that steps back and forth *kills* times; return how often the tables were found at each step."""
    rng, found = random.Random(seed), Counter[str]()
    for _ in range(kills):
        stepper = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.records.stepper", address],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert stepper.stdout is not None
        assert stepper.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0.05, 0.4))
        stepper.kill()
        stepper.wait()
        stepper.stdout.close()
        engine = open_engine(read_address(address), 20)
        with appending(engine) as connection:
            found[str(revision(connection))] += 1
        engine.dispose()
    return found


def kill_the_server(server: Postgres, address: str, folder: Path, kills: int, seed: int) -> Told:
    """Kill the database *kills* times under one writer that goes on."""
    rng, told = random.Random(seed), Told()
    writer = write(address, folder, "one", 1, MOST)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    while told.kills < kills:
        time.sleep(rng.uniform(0.05, 0.4))
        server.kill()
        time.sleep(rng.uniform(0, 0.1))
        server.start()
        told.kills += 1
        # Read what was said so far, or the writer would wait for us at a full pipe.
        told.hear(writer.stdout.readline() for _ in range(3))
    writer.kill()
    told.hear(iter(writer.stdout.readline, ""))
    writer.wait()
    writer.stdout.close()
    return told


@dataclass(frozen=True)
class Left:
    """What is in the log after everything was drained."""

    decisions: list[Entry]
    ids: set[str]
    problems: tuple[str, ...]

    def lost(self, told: Told) -> list[int]:
        """Return the numbers that were acknowledged and are not there."""
        return [number for number, id in told.ids.items() if id not in self.ids]

    def doubled(self) -> int:
        """Return how many decisions are there twice: under one key, or as one number."""
        keys = [each.key or each.at for each in self.decisions]
        numbers = [each.at for each in self.decisions]
        return len(keys) - len(set(keys)) + len(numbers) - len(set(numbers))


def left(address: str, folder: Path) -> Left:
    """Drain what waits and count."""
    log, spool = open_log(address), spool_in(folder)
    assert spool.drain(lambda entries: log.record(entries, drained=True))
    entries = [entry for _, entry in log.export() if entry is not None]
    problems = log.verify().problems
    log.close()
    assert not spool.refused.exists()
    decisions = [each for each in entries if each.kind == "decision"]
    return Left(decisions, {each.id for each in entries}, problems)
