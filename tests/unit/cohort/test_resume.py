"""A run goes on where it was stopped, without loss or doubles, and only with what it was begun with."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from api.cohort import run as run_module
from api.cohort.backends import PolarsBackend
from api.cohort.manifest import cannot_write
from tests.contract.doors import CANARY
from tests.unit.cohort.conftest import Cohort, answers, write

PATIENTS = 25


@pytest.fixture
def people(tmp_path: Path) -> Path:
    ids = [f"p{at}" for at in range(PATIENTS)]
    return write(tmp_path, "patients", {"patient": ids, "age": [50] * PATIENTS})


def stop_at(part: int, monkeypatch: pytest.MonkeyPatch, why: BaseException | None = None) -> None:
    """Let the disk be full (or *why* happen) when *part* is to be written."""
    real = run_module.put

    def put(file: Path, write: object) -> int:
        if file.name.startswith(f"part-{part:05d}"):
            raise why or cannot_write()
        return real(file, write)  # type: ignore[arg-type]

    monkeypatch.setattr(run_module, "put", put)


def test_a_full_disk_keeps_what_is_finished_and_the_same_command_goes_on(
    people: Path, tmp_path: Path, cohort: Cohort
) -> None:
    words = (people, "--out", tmp_path / "out", "--chunk", "10", "--on", "2026-03-01")
    with pytest.MonkeyPatch.context() as patch:
        stop_at(2, patch)
        stopped = cohort(*words)
    kept = {f.name: f.stat().st_mtime_ns for f in (tmp_path / "out").glob("part-*")}

    done = cohort(*words)

    assert stopped.code == 5
    assert "all finished parts are kept" in stopped.err
    assert sorted(kept) == ["part-00000.parquet", "part-00001.parquet"]
    assert done.code == 0
    assert len(answers(tmp_path / "out")) == PATIENTS
    after = {f.name: f.stat().st_mtime_ns for f in (tmp_path / "out").glob("part-*")}
    assert kept.items() <= after.items()


def test_a_run_stopped_by_hand_says_how_to_go_on_and_does(
    people: Path, tmp_path: Path, cohort: Cohort
) -> None:
    words = (people, "--out", tmp_path / "out", "--chunk", "10", "--on", "2026-03-01")
    with pytest.MonkeyPatch.context() as patch:
        stop_at(2, patch, KeyboardInterrupt())
        stopped = cohort(*words)

    done = cohort(*words)

    assert stopped.code == 5
    assert "run the same command again" in stopped.err
    assert done.code == 0
    assert len(answers(tmp_path / "out")) == PATIENTS


def test_an_engine_that_fails_says_how_to_go_on_and_keeps_its_words_to_itself(
    people: Path, tmp_path: Path, cohort: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (people, "--out", tmp_path / "out", "--chunk", "10", "--backend", "polars")
    keep, kept = PolarsBackend.keep, iter(range(PATIENTS))

    def fail(self: PolarsBackend, name: str, plan: object) -> None:
        if next(kept) == 1:
            raise MemoryError(CANARY)
        keep(self, name, plan)

    monkeypatch.setattr(PolarsBackend, "keep", fail)
    stopped, done = cohort(*words), cohort(*words)

    assert stopped.code == 5
    assert stopped.err.startswith(
        "engine-failed: --backend: the engine stopped with MemoryError; all finished"
    )
    assert CANARY not in stopped.err
    assert done.code == 0
    assert len(answers(tmp_path / "out")) == PATIENTS


def test_a_part_that_is_not_as_the_manifest_says_is_made_again(
    people: Path, tmp_path: Path, cohort: Cohort
) -> None:
    words = (people, "--out", tmp_path / "out", "--chunk", "10")
    cohort(*words)
    (tmp_path / "out/part-00001.parquet").write_bytes(b"half")
    (tmp_path / "out/.part-00002.parquet.tmp").write_bytes(b"half")

    assert cohort(*words).code == 0
    assert len(answers(tmp_path / "out")) == PATIENTS
    assert not list((tmp_path / "out").glob(".*.tmp"))


def test_a_changed_input_does_not_go_on_in_the_same_folder(
    people: Path, tmp_path: Path, cohort: Cohort
) -> None:
    cohort(people, "--out", tmp_path / "out")
    write(tmp_path, "patients", {"patient": ["p1"], "age": [51]})

    done = cohort(people, "--out", tmp_path / "out")

    assert done.code == 2
    assert "since then the input changed" in done.err


@pytest.mark.parametrize(
    ("words", "what"),
    [(("--settings", "payer"), "the settings"), (("--on", "2026-04-01"), "the date of the question"),
     (("--format", "csv"), "the format of the answers")],
)  # fmt: skip
def test_another_question_does_not_go_on_in_the_same_folder(
    words: tuple[str, ...], what: str, people: Path, tmp_path: Path, cohort: Cohort
) -> None:
    write(tmp_path, "patients", {"patient": ["p1"], "age": [51]})
    cohort(people, "--out", tmp_path / "out", "--on", "2026-03-01")
    more = words if "--on" in words else ("--on", "2026-03-01", *words)

    done = cohort(people, "--out", tmp_path / "out", *more)

    assert done.code == 2
    assert what in done.err


def test_another_pathway_does_not_go_on_in_the_same_folder(
    people: Path, tmp_path: Path, cohort: Cohort
) -> None:
    cohort(people, "--out", tmp_path / "out", "--on", "2026-03-01")
    manifest = tmp_path / "out/run.json"
    said = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**said, "content_hash": "0" * 64}))

    done = cohort(people, "--out", tmp_path / "out", "--on", "2026-03-01")

    assert done.code == 2
    assert "the pathway's documents changed" in done.err


def test_a_folder_with_something_else_in_it_is_refused(
    people: Path, tmp_path: Path, cohort: Cohort
) -> None:
    assert cohort(people, "--out", tmp_path).code == 2


def test_two_runs_do_not_write_in_one_folder(people: Path, tmp_path: Path, cohort: Cohort) -> None:
    from api.cohort.manifest import alone

    with alone(tmp_path / "out"):
        done = cohort(people, "--out", tmp_path / "out")

    assert done.code == 2
    assert "another run is writing" in done.err


@pytest.mark.slow
def test_a_file_that_may_not_grow_stops_the_command_with_its_own_exit_code(
    people: Path, tmp_path: Path
) -> None:
    command = [
        sys.executable, "-c", "from api.cli import main; main()", "cohort", str(people),
        "--out", str(tmp_path / "out"), "--backend", "bedside", "--on", "2026-03-01",
    ]  # fmt: skip

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))

    full = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit, check=False)
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert full.returncode == 5
    assert full.stderr.startswith("cannot-write:")
    assert done.returncode == 0
    assert len(answers(tmp_path / "out")) == PATIENTS
