"""A command line that cannot be read: each command and option says what, where and the way out, and repeats nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from api.cli import app
from tests.contract.doors import CANARY, run

DAY = "2026-02-30"
PEOPLE = "people.csv"


def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command below *group*."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name)


COMMANDS = sorted(commands(typer.main.get_command(app)))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a patient, a table of patients, a record and what is none of these; a command runs in it."""
    monkeypatch.chdir(tmp_path)
    for name in ("STEPPEDCARE_DATABASE", "STEPPEDCARE_LOG_KEY_FILE", "STEPPEDCARE_KEYS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "bulk").mkdir()
    (tmp_path / "bulk/Patient.000.ndjson").write_text('{"resourceType": "Patient", "id": "1"}\n')
    (tmp_path / "patient.json").write_text(json.dumps({"facts": {"age": 50}}))
    (tmp_path / PEOPLE).write_text("patient,age\na,50\n")
    (tmp_path / "a-file").write_text("\N{LATIN SMALL LETTER E WITH ACUTE}")
    return tmp_path


@pytest.mark.hazard("H-61")
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_repeats_a_line_it_cannot_read(words: tuple[str, ...]) -> None:
    for rest in ((f"--{CANARY}",), (f"--{CANARY}={CANARY}",), ("--help=x", *[CANARY] * 20)):
        answer = run(*words, *rest)

        assert answer.code == 2
        assert [code for code, _ in answer.problems] == ["bad-usage"]
        assert answer.words.count("\n  help: ") == 1
        assert CANARY not in answer.words


@pytest.mark.parametrize(
    ("line", "where"),
    [
        (CANARY, "steppedcare"),
        (f"cases {CANARY}", "steppedcare cases"),
        (f"decide patient.json {CANARY}", "steppedcare decide"),
        ("decide", "FILE|-"),
        ("what-if patient.json", "B"),
        ("keys revoke", "ID"),
        ("keys add --scope decide", "--label"),
        ("log prune", "--before"),
        ("decide - --on", "--on"),
        (f"verify --prove={CANARY}", "--prove"),
        (f"serve --port {CANARY}", "--port"),
        ("serve --port 0", "--port"),
        ("serve --workers 65", "--workers"),
        (f"verify --mutation --sample {CANARY}", "--sample"),
        ("verify --mutation --sample 101", "--sample"),
        ("verify --prove --seconds 0", "--seconds"),
        ("verify --prove --seconds nan", "--seconds"),
        ("verify --seconds 5", "--seconds"),
        ("verify --certificate out.json", "--certificate"),
        ("verify --sample 5", "--sample"),
        ("verify --coverage --hazards", "steppedcare verify"),
        ("keys add --label x --scope decide --days 731", "--days"),
        ("cohort people.csv --out run --check -1", "--check"),
        ("cohort people.csv --out run --chunk 9", "--chunk"),
        (f"cohort synth {CANARY} --out run", "N"),
        ("cohort synth 5 --out run --seed -1", "--seed"),
    ],
)
def test_a_line_that_cannot_be_read_names_the_place(line: str, where: str) -> None:
    answer = run(*line.split())

    assert (answer.code, answer.problems) == (2, (("bad-usage", where),))
    assert CANARY not in answer.words


@pytest.mark.parametrize(
    ("line", "exit_code", "code", "where"),
    [
        (f"decide - --on {CANARY}", 2, "not-a-date", "on"),
        (f"explain - --on {DAY}", 2, "not-a-date", "on"),
        (f"what-if patient.json patient.json --on {CANARY}", 2, "not-a-date", "on"),
        (f"batch bulk --out o --errors e --on {CANARY}", 2, "not-a-date", "--on"),
        (f"cohort {PEOPLE} --out run --on {CANARY}", 2, "not-a-date", "--on"),
        (f"card --on {CANARY}", 2, "not-a-date", "--on"),
        (f"card --on {DAY}", 2, "not-a-date", "--on"),
        ("card --on 2026", 2, "not-a-date", "--on"),
        ("card --on=", 2, "not-a-date", "--on"),
        (f"log export --from {CANARY}", 2, "bad-option", "--from"),
        (f"log export --to {CANARY}", 2, "bad-option", "--to"),
        (f"log prune --before {CANARY}", 2, "bad-option", "--before"),
        (f"log verify --head {CANARY}", 2, "bad-option", "--head"),
        (f"log step --to {CANARY}", 2, "unknown-step", "--to"),
        (f"decide - --settings {CANARY}", 2, "unknown-profile", "settings"),
        (f"decide - --settings {CANARY}.yaml", 2, "cannot-read", "--settings"),
        (f"explain - --settings {CANARY}.yaml", 2, "cannot-read", "--settings"),
        (f"journey patient.json --settings {CANARY}.yml", 2, "cannot-read", "--settings"),
        (f"batch bulk --out o --errors e --settings {CANARY}.yml", 2, "cannot-read", "--settings"),
        (f"batch bulk --out o --errors e --settings {CANARY}", 2, "unknown-profile", "--settings"),
        (f"cohort {PEOPLE} --out run --settings {CANARY}.yml", 2, "cannot-read", "--settings"),
        (f"cohort {PEOPLE} --out run --settings {CANARY}", 2, "not-a-choice", "--settings"),
        (f"explain - --format {CANARY}", 2, "not-a-choice", "--format"),
        (f"what-if patient.json patient.json --format {CANARY}", 2, "not-a-choice", "--format"),
        (f"journey patient.json --format {CANARY}", 2, "not-a-choice", "--format"),
        (f"diagram --format {CANARY}", 2, "not-a-choice", "--format"),
        (f"cohort {PEOPLE} --out run --format {CANARY}", 2, "not-a-choice", "--format"),
        (f"cohort {PEOPLE} --out run --backend {CANARY}", 2, "not-a-choice", "--backend"),
        (f"cohort {PEOPLE} --out run --whole {CANARY}", 2, "not-a-choice", "--whole"),
        (f"cohort {CANARY} --out run", 2, "cannot-read", "INPUT"),
        (f"cohort {PEOPLE} --out a-file", 2, "cannot-write", "--out"),
        ("cohort synth 5 --out a-file", 2, "cannot-write", "--out"),
        ("cohort synth 5 --out a-file/run", 2, "cannot-write", "--out"),
        ("cohort synth 5 --out bulk", 2, "not-empty", "--out"),
        (f"cohort report {CANARY} --html page.html", 2, "not-a-run", "OUT"),
        (f"batch {CANARY} --out o --errors e", 2, "cannot-read", "FOLDER"),
        ("batch bulk --out a-file/o --errors e", 2, "cannot-write", "--out"),
        ("batch bulk --out o --errors a-file/e", 2, "cannot-write", "--errors"),
        (f"replay {CANARY}", 2, "cannot-read", "FILE"),
        (f"diagram {CANARY}", 2, "cannot-read", "FILE"),
        (f"journey {CANARY}", 2, "cannot-read", "FILE"),
        (f"diff {CANARY} bulk", 2, "cannot-read", "OLD or NEW"),
        (f"ledger --source {CANARY}", 2, "cannot-read", "--source"),
        (f"sbom --lock {CANARY}", 2, "cannot-read", "--lock"),
        (f"feedback {CANARY}", 2, "no-state-file", "FILE"),
        (f"serve --tls-certificate {CANARY}", 2, "bad-certificate", "--tls-key"),
        (f"serve --tls-certificate {CANARY} --tls-key {CANARY}", 2, "bad-certificate", "--tls-key"),
        ("serve --host 0.0.0.0", 2, "no-public-address", "--host"),
        (f"verify --prove --certificate {CANARY}/c.json", 2, "unwritable-file", "--certificate"),
        ("verify --prove --certificate bulk", 2, "unwritable-file", "--certificate"),
        (f"keys add --label x --scope {CANARY}", 2, "bad-option", "--scope"),
        ("keys add --label= --scope decide", 2, "bad-option", "--label"),
        (f"keys revoke {CANARY}", 4, "unknown-key", "ID"),
        (f"cases show {CANARY}", 4, "unknown-case", "ID"),
    ],
)  # fmt: skip
def test_a_bad_value_of_any_option_is_told_by_code_and_place_and_never_repeated(
    line: str, exit_code: int, code: str, where: str
) -> None:
    answer = run(*line.split(), stdin=b'{"facts": {"age": 50}}')

    assert (answer.code, answer.problems) == (exit_code, ((code, where),))
    assert answer.words.count("\n  help: ") == 1
    assert CANARY not in answer.words


def test_a_group_without_a_command_prints_its_help() -> None:
    answer = run("cases")

    assert (answer.code, answer.problems) == (2, ())
    assert answer.words.startswith("Usage: steppedcare cases ")
