"""Synthetic cohorts: the same seed makes the same people, in the stated shares, and everything made of them says so."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from api.cohort.synth import BLOCK
from api.cohort.synth_shares import SHARES
from schemas.pathway import Pathway
from tests.unit.cohort.conftest import Cohort

COUNT = 5 * BLOCK
TABLES = ("patients", "trials", "medications", "surgeries", "overrides")


@pytest.fixture(scope="module")
def block(pathway: Pathway) -> dict[str, pl.DataFrame]:
    """Five blocks of synthetic patients."""
    from api.cohort.synth import blocks

    made = list(blocks(pathway, COUNT, 3))
    return {
        name: pl.concat([pl.DataFrame(pl.from_arrow(tables[name])) for tables in made])
        for name in made[0]
    }


def test_the_same_seed_makes_the_same_people_and_fewer_are_the_first_of_more(
    tmp_path: Path, cohort: Cohort
) -> None:
    for name, count, seed in (("one", 300, 7), ("again", 300, 7), ("fewer", 200, 7), ("other", 300, 8)):  # fmt: skip
        assert cohort("synth", count, "--seed", seed, "--out", tmp_path / name).code == 0

    one, again, fewer, other = (
        pl.read_parquet(tmp_path / name / "patients.parquet") for name in ("one", "again", "fewer", "other")
    )  # fmt: skip
    assert one.equals(again)
    assert one.head(200).equals(fewer)
    assert not one.equals(other)
    for name in TABLES:
        file = f"{name}.parquet"
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def test_every_file_says_that_nobody_exists(tmp_path: Path, cohort: Cohort) -> None:
    done = cohort("synth", 100, "--out", tmp_path / "in")

    assert "nobody of them exists" in done.last
    assert json.loads((tmp_path / "in/synthetic.json").read_text())["synthetic"] is True
    for name in TABLES:
        metadata = pq.read_metadata(tmp_path / "in" / f"{name}.parquet").metadata
        assert metadata[b"synthetic"] == b"true"


def test_the_label_stays_with_the_answers(tmp_path: Path, cohort: Cohort) -> None:
    cohort("synth", 20, "--out", tmp_path / "in")

    done = cohort(tmp_path / "in" / "patients.parquet", "--out", tmp_path / "out")

    assert "nobody of these people exists" in done.out
    assert json.loads((tmp_path / "out/run.json").read_text())["synthetic"] is True
    metadata = pq.read_metadata(tmp_path / "out/part-00000.parquet").metadata
    assert metadata[b"synthetic"] == b"true"
    assert b"never orders" in metadata[b"caveats"]


@pytest.mark.parametrize(
    ("share", "condition"),
    [
        ("id missing", pl.col("patient").is_null()),
        ("list left out", pl.col("medications__list").is_null()),
        ("number out of range", pl.col("age") == 430),
        ("word nobody knows", pl.col("pain_pattern") == "all over"),
        ("pain longer than life", pl.col("pain_duration_months") == 1199),
    ],
)
def test_oddities_come_as_often_as_stated(
    share: str, condition: pl.Expr, block: dict[str, pl.DataFrame]
) -> None:
    found = block["patients"].filter(condition).height / COUNT

    assert SHARES[share] * 0.5 < found < SHARES[share] * 1.6


def test_a_chart_without_gaps_is_as_frequent_as_stated(block: dict[str, pl.DataFrame]) -> None:
    red = ["fever_or_chills", "night_pain", "meningism", "dvt_signs", "pe_signs", "overdose_signs"]
    whole = block["patients"].select(pl.all_horizontal(pl.col(red).is_not_null()).mean()).item()

    every = SHARES["chart in which every question is answered"]
    told = 1 - SHARES["answer missing where there are some gaps"]
    some = SHARES["chart with some gaps"] * told ** len(red)
    assert whole == pytest.approx(every + some, abs=0.02)


def test_no_child_row_lacks_its_patient(block: dict[str, pl.DataFrame]) -> None:
    for name in TABLES[1:]:
        assert block[name]["patient"].null_count() == 0


def test_the_readme_and_the_help_state_the_shares_that_hold(cohort: Cohort) -> None:
    readme = Path("api/cohort/README.md").read_text(encoding="utf-8")
    told = cohort("synth", "--help").out

    for name, value in SHARES.items():
        assert f"| {name} | {100 * value:g} % |" in readme
        assert f"{value:.2%}  {name}" in told
