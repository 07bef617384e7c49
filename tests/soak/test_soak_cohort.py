"""Cohorts before a release: a million people on every backend, fifty kills, ten million within 4 GB; `make soak`.

STEPPEDCARE_SOAK=0.001 runs a thousandth of it, to see that it works.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from api.cohort.synth import synthesise
from schemas.pathway import Pathway
from tests.unit.cohort.kills import command, contents, kill_and_go_on
from tests.unit.columns.engines import needs_spark

SHARE = float(os.environ.get("STEPPEDCARE_SOAK", "1"))
MILLION, SAMPLE, KILLS, MOST_MIB = 1_000_000, 20_000, 50, 4_096
ONCE = 4.0
"""Seconds of the processor to start the command and to make the plans, whoever comes."""


def share(count: int) -> int:
    return max(2, int(count * SHARE))


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory, pathway: Pathway) -> Path:
    folder = tmp_path_factory.mktemp("people")
    synthesise(pathway, share(MILLION), 1, folder)
    return folder


@dataclass(frozen=True)
class Ended:
    """One run of the command, with what it took."""

    out: str
    seconds: float
    """Of the processor, in this process and whatever it waited for; a JVM that outlives it is not in it."""
    mebibytes: float
    """The most that the process held at once, without a JVM beside it."""
    clock: float
    """Seconds that passed."""


def decided(source: Path, out: Path, *more: str) -> Ended:
    """Run the command and measure it alone: `RUSAGE_CHILDREN` would remember every child before it."""
    with tempfile.TemporaryFile("w+") as said:
        begun = time.monotonic()
        process = subprocess.Popen(command(source, out, *more), stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        return Ended(
            out=said.read(),
            seconds=used.ru_utime + used.ru_stime,
            mebibytes=used.ru_maxrss / 1024,
            clock=time.monotonic() - begun,
        )


def ordered(out: Path) -> pl.DataFrame:
    return pl.read_parquet(sorted(out.glob("part-*.parquet"))).sort("patient")


@pytest.fixture(scope="module")
def on_polars(million: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The million decided on Polars, 20,000 of them again at the bedside."""
    out = tmp_path_factory.mktemp("polars") / "out"
    done = decided(million, out, "--check", str(share(SAMPLE)))
    assert f"checked: {share(SAMPLE)} decided again at the bedside, 0 differ" in done.out
    return out


@pytest.mark.parametrize("backend", ["duckdb", "spark"])
def test_a_million_people_get_the_same_answers_from_every_backend(
    backend: str, million: Path, on_polars: Path, tmp_path: Path
) -> None:
    if backend == "spark":
        needs_spark()
    chunk = str(max(10, share(MILLION) // 4))
    done = decided(million, tmp_path / "out", "--backend", backend, "--chunk", chunk)
    print(f"{share(MILLION)} people on {backend}: {done.clock:.0f} s by the clock")

    assert " patients decided" in done.out
    assert ordered(on_polars).equals(ordered(tmp_path / "out"))


def test_fifty_kills_lose_nothing_and_double_nothing(pathway: Pathway, tmp_path: Path) -> None:
    # Of a hundred thousand: each of fifty starts sorts all of them first.
    people, chunk = tmp_path / "people", ("--chunk", str(max(10, share(MILLION) // 600)))
    synthesise(pathway, share(MILLION // 10), 3, people)
    decided(people, tmp_path / "whole", *chunk)

    met = kill_and_go_on(people, tmp_path / "killed", share(KILLS), 5, *chunk)

    assert met >= share(KILLS) * 0.8
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_ten_million_people_cost_each_what_a_hundred_thousand_do_and_fit_into_four_gigabytes(
    tmp_path: Path, pathway: Pathway
) -> None:
    each: dict[int, float] = {}
    for count in (MILLION // 10, MILLION, 10 * MILLION):
        people, out = tmp_path / f"people-{count}", tmp_path / f"out-{count}"
        synthesise(pathway, share(count), 2, people)

        done = decided(people, out, "--chunk", str(max(10, share(100_000))))

        assert " patients decided" in done.out
        assert done.mebibytes < MOST_MIB
        # Starting the command and making the plans is paid once, whoever comes.
        each[count] = (done.seconds - ONCE) / share(count)
        print(f"{share(count)} people: {done.seconds:.0f} s, {done.mebibytes:.0f} MiB")
        shutil.rmtree(people)
        shutil.rmtree(out)
    if SHARE == 1:  # a thousandth of it is all beginnings
        assert max(each.values()) <= 1.3 * min(each.values())
