"""The cohort door as a whole: columns and bedside agree, kinds of input agree, a killed run ends like any other."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from api.cohort.synth import synthesise
from api.library import get_vignettes
from schemas.pathway import Pathway
from tests.contract import test_fhir_batch as bulk
from tests.contract.doors import run
from tests.unit.cohort.conftest import answers
from tests.unit.cohort.kills import command, contents, kill_and_go_on
from tests.unit.columns.engines import SPARK, needs_spark

ON = ("--on", "2026-03-01")
Make = Callable[..., Path]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory, pathway: Pathway) -> Path:
    """200 synthetic patients as tables, faults among them."""
    folder = tmp_path_factory.mktemp("people")
    synthesise(pathway, 200, 11, folder)
    return folder


def cohort(*words: str | Path) -> tuple[int, str]:
    done = run("cohort", *(str(word) for word in words))
    return done.code, done.words


def test_columns_on_polars_say_what_the_bedside_says(people: Path, tmp_path: Path) -> None:
    code, words = cohort(people, "--out", tmp_path / "out", *ON, "--check", "60")

    assert code in (0, 1)
    assert "checked: 60 decided again at the bedside, 0 differ" in words


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Ibis calls DuckDB the old way
@pytest.mark.parametrize("backend", ["duckdb", SPARK])
def test_every_backend_says_the_same_to_the_last_column(
    backend: str, people: Path, tmp_path: Path
) -> None:
    if backend == "spark":
        needs_spark()
    for name in ("polars", backend):
        code, words = cohort(people, "--out", tmp_path / name, *ON, "--backend", name)
        assert code in (0, 1), words
        assert "patients decided" in words, words

    assert answers(tmp_path / "polars") == answers(tmp_path / backend)
    told = [
        sorted((tmp_path / name / "errors.ndjson").read_text().splitlines())
        for name in ("polars", backend)
    ]
    assert told[0] == told[1]


def test_the_check_notices_an_answer_that_differs(people: Path, tmp_path: Path) -> None:
    words = (people / "patients.parquet", "--out", tmp_path / "out", *ON, "--backend", "bedside")
    cohort(*words)
    file = tmp_path / "out/part-00000.parquet"
    wrong = pl.read_parquet(file).with_columns(urgency=pl.lit("U3"), state=pl.lit("S1"))
    wrong.write_parquet(file)
    manifest = json.loads((tmp_path / "out/run.json").read_text())
    manifest["parts"][0]["bytes"] = file.stat().st_size
    (tmp_path / "out/run.json").write_text(json.dumps(manifest))

    code, said = cohort(*words, "--check", "20")

    assert code == 1
    assert "state: 20 differ" in said


@pytest.mark.parametrize("backend", [pytest.param("polars", marks=pytest.mark.slow), "bedside"])
def test_the_same_people_as_ndjson_and_as_their_decisions_agree(
    backend: str, tmp_path: Path, decide: Callable[[dict[str, Any]], Any]
) -> None:
    vignettes = get_vignettes("fbss")
    with (tmp_path / "people.ndjson").open("w", encoding="utf-8") as lines:
        for vignette in vignettes:
            lines.write(json.dumps({"patient": vignette.id, **vignette.input}) + "\n")

    code, _ = cohort(tmp_path / "people.ndjson", "--out", tmp_path / "out", "--backend", backend)

    found = answers(tmp_path / "out")
    assert code == 0
    for vignette in vignettes:
        decision, row = decide(vignette.input), found[vignette.id]
        assert row["state"] == decision.state.value
        assert row["urgency"] == decision.urgency.value
        assert set(filter(None, row["red_signs"].split(";"))) == {s.id for s in decision.red_signs}
        for each in decision.treatments:
            assert row[f"verdict_{each.treatment.replace('-', '_')}"] == each.verdict.value


@pytest.mark.slow
@pytest.mark.hazard("H-38")
def test_a_run_killed_five_times_ends_as_one_that_was_never_killed(
    people: Path, tmp_path: Path
) -> None:
    more = ("--backend", "bedside", "--chunk", "20")
    subprocess.run(command(people, tmp_path / "whole", *more), check=False, capture_output=True)

    met = kill_and_go_on(people, tmp_path / "killed", 5, 3, *more)

    assert met >= 4
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    assert len(answers(tmp_path / "killed")) > 190


def test_an_unknown_backend_is_refused_with_the_choices() -> None:
    code, words = cohort("README.md", "--out", "nowhere-either", "--backend", "abacus")

    assert code == 2
    assert "abacus" not in words
    assert "polars" in words
    assert not Path("nowhere-either").exists()


def test_a_bulk_data_folder_is_read_as_the_batch_reads_it(tmp_path: Path) -> None:
    source = bulk.write(tmp_path / "in", bulk.resources_of(bulk.VIGNETTES[:4]))
    with (source / "Observation.000.ndjson").open("a") as file:
        file.write("not json\n")
    _, _, decided, errors = bulk.batch(source)

    code, words = cohort(source, "--out", tmp_path / "out", *ON, "--backend", "bedside")

    found = answers(tmp_path / "out")
    assert code == 1
    assert len(errors) == 1
    assert words.splitlines()[-1].startswith("4 patients decided")
    assert {line["patient"]: line["decision"]["state"] for line in decided} == {
        id: row["state"] for id, row in found.items()
    }
    unread = {
        line["patient"]: len(line["decision"]["input"].get("not_used", ())) for line in decided
    }
    assert {id: row["not_used"] for id, row in found.items()} == unread
