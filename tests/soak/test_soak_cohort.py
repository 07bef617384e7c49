"""Cohorts before a release: a million people on every backend, fifty kills, ten million within 4 GB; `make soak`.

STEPPEDCARE_SOAK=0.001 runs a thousandth of it, to see that it works.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest

from api.cohort.synth import synthesise
from schemas.pathway import Pathway
from tests.unit.cohort.kills import command, contents, kill_and_go_on

SHARE = float(os.environ.get("STEPPEDCARE_SOAK", "1"))
MILLION, SAMPLE, KILLS, MOST_MIB = 1_000_000, 20_000, 50, 4_096


def share(count: int) -> int:
    return max(2, int(count * SHARE))


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory, pathway: Pathway) -> Path:
    folder = tmp_path_factory.mktemp("people")
    synthesise(pathway, share(MILLION), 1, folder)
    return folder


def decided(source: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(source, out, *more), capture_output=True, text=True, check=False)


def ordered(out: Path) -> pl.DataFrame:
    return pl.read_parquet(sorted(out.glob("part-*.parquet"))).sort("patient")


@pytest.fixture(scope="module")
def on_polars(million: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The million decided on Polars, 20,000 of them again at the bedside."""
    out = tmp_path_factory.mktemp("polars") / "out"
    done = decided(million, out, "--check", str(share(SAMPLE)))
    assert f"checked: {share(SAMPLE)} decided again at the bedside, 0 differ" in done.stdout
    return out


@pytest.mark.parametrize("backend", ["duckdb", "spark"])
def test_a_million_people_get_the_same_answers_from_every_backend(
    backend: str, million: Path, on_polars: Path, tmp_path: Path
) -> None:
    if backend == "spark":
        pytest.importorskip("pyspark", reason="pyspark is not installed: Spark is not tested")
        if shutil.which("java") is None:
            pytest.skip("no Java on this machine: Spark is not tested")
    chunk = str(max(10, share(MILLION) // 4))
    decided(million, tmp_path / "out", "--backend", backend, "--chunk", chunk)

    assert ordered(on_polars).equals(ordered(tmp_path / "out"))


def test_fifty_kills_lose_nothing_and_double_nothing(
    million: Path, on_polars: Path, tmp_path: Path
) -> None:
    chunk = ("--chunk", str(max(10, share(MILLION) // 60)))
    decided(million, tmp_path / "whole", *chunk)

    met = kill_and_go_on(million, tmp_path / "killed", share(KILLS), 5, *chunk)

    assert met >= share(KILLS) * 0.8
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    assert ordered(tmp_path / "killed").equals(ordered(on_polars))


def test_ten_million_people_are_decided_within_four_gigabytes(
    tmp_path: Path, pathway: Pathway
) -> None:
    synthesise(pathway, share(10 * MILLION), 2, tmp_path / "people")

    done = decided(tmp_path / "people", tmp_path / "out")

    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    assert " patients decided" in done.stdout
    assert peak < MOST_MIB
