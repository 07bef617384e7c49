"""One evaluation behind every door: the same bytes from each, on any process, with nothing heavy behind the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.library import get_vignettes
from tests.contract.doors import DECISIONS, as_bytes, run

HEAVY = {
    "fastapi", "starlette", "uvicorn", "sqlalchemy", "z3", "ibis", "polars", "pyspark", "hypothesis", "jinja2",
    "httpx", "httpx2", "requests", "rich", "pyarrow", "numpy", "pandas", "duckdb", "matplotlib",
}  # fmt: skip
LOOKS = [(vignette.id, look) for vignette in get_vignettes("fbss") for look in vignette.looks]


def python(code: str, seed: str = "0", stdin: bytes = b"") -> bytes:
    """Run *code* in a new process and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code], input=stdin, capture_output=True, timeout=60, check=False,
        env={**os.environ, "PYTHONHASHSEED": seed},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize(
    "look", [look for _, look in LOOKS], ids=[f"{i}: {x.name}" for i, x in LOOKS]
)
def test_the_http_answer_and_the_answer_of_the_command_are_the_same_bytes(
    look: Any, client: TestClient, tmp_path: Path
) -> None:
    file = tmp_path / "patient.json"
    file.write_bytes(as_bytes(look.input))

    by_http = client.post(DECISIONS, json=look.input)
    by_command = run("decide", str(file), "--format", "json")

    assert (by_http.status_code, by_command.code) == (200, 0)
    assert by_command.words.startswith(by_http.text)
    assert by_command.words.removeprefix(by_http.text).startswith("decided: ")


def test_the_installed_command_prints_the_bytes_of_the_http_answer(client: TestClient) -> None:
    _, look = LOOKS[0]
    command = Path(sys.executable).with_name("steppedcare")

    done = subprocess.run(
        [command, "decide", "-", "--format", "json"], input=as_bytes(look.input),
        capture_output=True, timeout=60, check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip

    assert done.stdout == client.post(DECISIONS, json=look.input).content


def test_the_options_of_the_command_mean_what_the_fields_of_the_input_mean(
    client: TestClient,
) -> None:
    body = {"facts": {"age": 50}}
    given = client.post(DECISIONS, json={**body, "on": "2026-03-01", "settings": "payer"})

    answer = run(
        "decide", "-", "--format", "json", "--on", "2026-03-01", "--settings", "payer",
        stdin=as_bytes(body),
    )  # fmt: skip

    assert answer.words.startswith(given.text)


@pytest.mark.parametrize("command", ["decide", "explain", "journey"])
def test_a_sites_own_settings_are_those_that_each_command_decides_under(
    command: str, tmp_path: Path
) -> None:
    file = tmp_path / "site.yaml"
    file.write_text("title: Ours\nsays: Ours.\nsettings:\n  pain_severe_nrs: 6\n")

    answer = run(
        command, "-", "--format", "json", "--settings", str(file), stdin=as_bytes({"facts": {}})
    )

    told = json.loads(answer.words.splitlines()[0])
    decision = told["visits"][0]["decision"] if command == "journey" else told.get("decision", told)
    used = {each["name"]: each["value"] for each in decision["settings"]["used"]}
    assert used["pain_severe_nrs"] == 6


def test_decide_imports_no_server_no_database_no_solver_and_no_data_frames() -> None:
    code = f"""
import sys
sys.argv = ["steppedcare", "decide", "-"]
from api.cli import main
try:
    main()
except SystemExit as left:
    assert not left.code, left.code
print("LOADED", sorted(set(sys.modules) & {HEAVY!r}))
"""
    printed = python(code, stdin=b'{"facts": {}}').decode()

    assert "RED SIGNS" in printed
    assert printed.splitlines()[-1] == "LOADED []"


@pytest.mark.hazard("H-38")
def test_every_patient_gets_the_same_bytes_in_two_processes_with_different_hash_seeds() -> None:
    code = """
import datetime as dt
from api.library import get_vignettes
from api.service import decide_input
for vignette in get_vignettes("fbss"):
    for look in vignette.looks:
        print(decide_input("fbss", look.input, dt.date.min).model_dump_json())
"""
    one, other = (python(code, seed).splitlines() for seed in ("1", "4711"))

    assert len(one) == len(LOOKS)
    assert one == other
    assert len({json.loads(line)["receipt"]["decision"] for line in one}) > len(LOOKS) / 2
