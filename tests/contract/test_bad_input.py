"""Bad input is refused by both doors alike, by our own names for things, and nothing of it comes back."""

from __future__ import annotations

import json
import logging
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.library import get_vignettes
from api.strict_json import read_json
from rules.check import Checker
from schemas.errors import InputError, Problem
from tests.conftest import ON
from tests.contract.bad_input import GOOD, ROWS, Row
from tests.contract.doors import CANARY, CANARY_NUMBER, Answer, as_bytes, hostile, knock, run
from tests.serving import COMMAND

HEAVY = ("too-deep", "too-many-keys", "too-large", "too-many-items", "number-too-long")
"""Small to send and, read carelessly, costly to refuse."""


def say_nothing_of_it(answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    for words in (answer.words, caplog.text):
        assert CANARY not in words
        assert CANARY_NUMBER not in words


@pytest.mark.hazard("H-44")
@pytest.mark.hazard("H-61")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_bad_input_is_refused_by_http_without_an_echo(
    row: Row, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    answer = knock(client, row.body)

    assert answer.code == row.status
    assert (row.code, row.where) in answer.problems
    say_nothing_of_it(answer, caplog)


@pytest.mark.hazard("H-44")
@pytest.mark.hazard("H-61")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_bad_input_is_refused_by_the_command_with_exit_code_2_without_an_echo(
    row: Row, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    answer = run("decide", "-", "--format", "json", stdin=row.body)

    assert answer.code == 2
    assert (row.code, row.where) in answer.problems
    say_nothing_of_it(answer, caplog)


def test_a_row_of_bad_input_tells_itself_apart_and_hides_a_canary() -> None:
    names = [row.name for row in ROWS]
    bare = [
        row.name
        for row in ROWS
        if CANARY.encode() not in row.body.replace(b"\0", b"")
        and CANARY_NUMBER.encode() not in row.body
    ]

    assert len(set(names)) == len(names) > 150
    assert bare == [
        "100,000 deep",
        "objects 40,000 deep",
        "nothing",
        "blanks",
        "null at the top",
        "null for facts",
    ]


@pytest.mark.parametrize("name", GOOD)
def test_unusual_input_that_means_one_thing_is_accepted_by_both_doors(
    name: str, client: TestClient
) -> None:
    assert knock(client, GOOD[name]).code == 200
    assert run("decide", "-", stdin=GOOD[name]).code == 0


def test_a_forged_line_in_a_reason_does_not_become_a_line_of_the_text() -> None:
    words = run("decide", "-", stdin=GOOD["mark-up in a reason"]).words

    assert "URGENCY U3" in " ".join(words.split())
    assert sum(line.startswith("URGENCY") for line in words.splitlines()) == 1


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.name in ("7.0 for a whole number", "not a number", "nothing")],
    ids=lambda row: row.name,
)  # fmt: skip
def test_the_installed_command_refuses_bad_input_with_exit_code_2(row: Row) -> None:
    done = subprocess.run(
        [COMMAND, "decide", "-"], input=row.body, capture_output=True, timeout=30, check=False
    )

    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.decode().startswith(f"{row.code}: {row.where}: ")
    assert CANARY.encode() not in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "where"),
    [
        (("--on", "2026-02-30"), "not-a-date", "on"),
        (("--on", CANARY), "not-a-date", "on"),
        (("--settings", CANARY), "unknown-profile", "settings"),
        (("--format", CANARY), "not-a-choice", "--format"),
    ],
    ids=["no such day", "no date", "no such profile", "no such format"],
)
def test_a_bad_option_of_the_command_is_refused_with_exit_code_2(
    words: tuple[str, ...], code: str, where: str
) -> None:
    answer = run("decide", "-", *words, stdin=b'{"facts": {}}')

    assert answer.code == 2
    assert answer.problems == ((code, where),)
    assert CANARY not in answer.words


def test_a_file_that_is_not_there_is_refused_with_exit_code_2(tmp_path: Path) -> None:
    answer = run("decide", str(tmp_path / f"{CANARY}.json"))

    assert (answer.code, answer.problems) == (2, (("cannot-read", "FILE"),))
    assert CANARY not in answer.words


@pytest.mark.hazard("H-61")
def test_a_canary_at_any_place_of_a_real_patient_never_comes_back_in_an_error(
    checker: Checker,
) -> None:
    refused = 0
    for vignette in get_vignettes("fbss"):
        for changed in hostile(vignette.input):
            problems = problems_of(checker, changed)
            refused += bool(problems)
            assert CANARY not in str(problems)

    assert refused > 2_000


@pytest.mark.hazard("H-43")
@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.code in HEAVY], ids=lambda row: row.name
)
def test_costly_bad_input_is_refused_within_50_milliseconds_and_4_kilobytes(
    row: Row, client: TestClient
) -> None:
    assert least_seconds(lambda: refused_by(read_json, row.body)) < 0.05
    assert len(knock(client, row.body).words) < 4096 + 500


@pytest.mark.hazard("H-43")
@pytest.mark.parametrize(
    "data",
    [
        {"facts": {f"bladder_disturbanc{at}": 1 for at in range(1999)}},
        {"facts": {}, "trials": [{f"zq{at}": at for at in range(19)} for _ in range(1000)]},
        {"facts": {}, "medications": [{"agent": 1, "status": 1} for _ in range(1000)]},
        {"facts": {"age": {f"{CANARY}{at}": 1 for at in range(1999)}}},
        {"facts": {}, "surgeries": [1] * 1000},
    ],
    ids=[
        "1,999 near misses",
        "19,000 in rows",
        "2,000 wrong types",
        "in one fact",
        "1,000 numbers",
    ],
)
def test_thousands_of_problems_are_answered_with_the_first_twenty_without_delay(
    data: object, checker: Checker, client: TestClient
) -> None:
    body = as_bytes(data)

    assert least_seconds(lambda: refused_by(checker.check, data, ON)) < 0.2
    answer = knock(client, body)
    assert answer.code == 422
    assert len(answer.problems) == 20
    assert len(answer.words) < 4096 + 500
    assert CANARY not in answer.words


@pytest.mark.hazard("H-43")
def test_the_longest_lists_a_client_may_send_are_decided_without_delay(
    decide: Callable[[dict[str, object]], object],
) -> None:
    trial = {"treatment": "nsaid", "full_dose": True, "stopped_because": "no-effect"}
    data: dict[str, object] = {
        "facts": {},
        "trials": [{**trial, "weeks": at / 4} for at in range(1000)],
        "medications": [{"agent": "ibuprofen", "dose_mg_per_day": at} for at in range(1000)],
        "surgeries": [{"procedure": "fusion", "level": f"L{at}"} for at in range(1000)],
    }
    assert len(json.dumps(data)) < 256 * 1024

    assert least_seconds(lambda: decide(data), times=2) < 0.5


def problems_of(checker: Checker, data: object) -> tuple[Problem, ...]:
    try:
        checker.check(data, ON)
    except InputError as error:
        return error.problems
    return ()


def refused_by(reader: Callable[..., object], *arguments: object) -> None:
    try:
        reader(*arguments)
    except InputError:
        return
    raise AssertionError("accepted")


def least_seconds(action: Callable[[], object], times: int = 3) -> float:
    """Return the least processor time of a few runs: other work on the machine only ever adds."""
    found = []
    for _ in range(times):
        started = time.process_time()
        action()
        found.append(time.process_time() - started)
    return min(found)
