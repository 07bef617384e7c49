"""A log in trouble: the answer comes, says so, and is found later; a red sign is never held back."""

from __future__ import annotations

import signal
import time
import uuid
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.contract.doors import CANARY, DECISIONS
from tests.contract.records.kept import (
    ID,
    PATIENT,
    PLAIN,
    RECORDED,
    RED,
    SECRET,
    Away,
    Make,
    keeper,
    key,
)
from tests.serving import COMMAND, free_port, running


@pytest.mark.hazard("H-46")
def test_with_the_database_away_the_answer_waits_in_the_spool_and_says_so(
    make: Make, level: str, tmp_path: Path
) -> None:
    client, same = make(level), key() | PATIENT
    recorder = keeper(client).recorder
    log = recorder.log
    recorder.log = Away(log)  # type: ignore[assignment]
    recorder._rest = 0.05

    answer = client.post(DECISIONS, json=RED, headers=same)
    again = client.post(DECISIONS, json=RED, headers=same)
    unknown = client.get(f"/v1/decisions/{uuid.uuid4()}")
    many = client.post("/v1/decisions/search", json={})

    assert answer.headers[RECORDED] == again.headers[RECORDED] == "spooled"
    assert answer.content == again.content
    assert answer.headers[ID] == again.headers[ID]
    assert answer.json()["red_signs"]
    for each in (unknown, many):
        assert (each.status_code, each.headers["retry-after"]) == (503, "1")
    assert CANARY not in unknown.text

    recorder.log = log
    end = time.monotonic() + 10
    while recorder.spool.holds() and time.monotonic() < end:
        time.sleep(0.02)
    found = client.get(f"/v1/decisions/{answer.headers[ID]}")

    assert found.json()["recorded"] == level
    assert log.verify().links == 1
    assert log.verify().problems == ()


@pytest.mark.hazard("H-52")
def test_a_second_answer_given_while_no_key_could_be_looked_up_leads_to_the_first(
    make: Make,
) -> None:
    client, same = make(), key()
    recorder = keeper(client).recorder
    log = recorder.log
    first = client.post(DECISIONS, json=PLAIN, headers=same)
    recorder.log = Away(log)  # type: ignore[assignment]
    recorder._rest = 0.05

    second = client.post(DECISIONS, json=PLAIN, headers=same)
    recorder.log = log
    end = time.monotonic() + 10
    while recorder.spool.holds() and time.monotonic() < end:
        time.sleep(0.02)
    found = client.get(f"/v1/decisions/{second.headers[ID]}")

    assert second.content == first.content
    assert second.headers[RECORDED] == "spooled"
    assert second.headers[ID] != first.headers[ID]
    assert found.json()["id"] == first.headers[ID]
    assert len(client.post("/v1/decisions/search", json={}).json()["decisions"]) == 1


@pytest.mark.hazard("H-47")
def test_a_red_sign_is_told_when_nothing_can_be_recorded(make: Make, tmp_path: Path) -> None:
    client = make()
    recorder = keeper(client).recorder
    recorder.log = Away(recorder.log)  # type: ignore[assignment]
    recorder.spool.file.mkdir()

    begun = time.monotonic()
    answer = client.post(DECISIONS, json=RED, headers=key())

    assert (answer.status_code, answer.headers[RECORDED]) == (200, "no")
    assert ID not in answer.headers
    assert answer.json()["red_signs"]
    assert answer.json()["urgency"] in ("U0", "U1")
    assert time.monotonic() - begun < 5
    recorder.spool.file.rmdir()


@pytest.mark.hazard("H-55")
@pytest.mark.slow
def test_a_service_that_could_record_nothing_is_not_ready(make: Make) -> None:
    client = make()
    recorder = keeper(client).recorder

    well = client.get("/health/ready")
    recorder.log = Away(recorder.log)  # type: ignore[assignment]
    spooling = client.get("/health/ready")
    recorder.spool.file.unlink()
    recorder.spool.file.mkdir()
    nothing = client.get("/health/ready")

    assert (well.status_code, spooling.status_code, nothing.status_code) == (200, 200, 503)
    assert nothing.json()["wrong"] == ["decision-log"]
    recorder.spool.file.rmdir()


@pytest.mark.parametrize("part", ["notes", "entry", "marks"])
def test_a_fault_in_the_record_itself_never_costs_the_answer(
    make: Make, part: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError(CANARY)

    client = make()
    monkeypatch.setattr(keeper(client), part, broken)

    answer = client.post(DECISIONS, json=RED, headers=key())

    assert (answer.status_code, answer.headers[RECORDED]) == (200, "no")
    assert answer.json()["red_signs"]
    assert CANARY not in caplog.text


@pytest.mark.hazard("H-48")
def test_a_decision_told_by_a_server_that_is_then_killed_is_found_by_the_next(
    make: Make, tmp_path: Path
) -> None:
    told = {
        "STEPPEDCARE_RECORD": "full",
        "STEPPEDCARE_DATABASE": str(tmp_path / "log.sqlite3"),
        "STEPPEDCARE_LOG_KEY": SECRET,
    }
    port = free_port()
    words = [str(COMMAND), "serve", "--port", str(port)]
    with running(words, port, tmp_path / "service.log", **told) as server:
        answer = httpx2.post(f"http://127.0.0.1:{port}{DECISIONS}", json=RED, timeout=30)
        server.send_signal(signal.SIGKILL)

    assert answer.headers[RECORDED] == "full"
    found = make().get(f"/v1/decisions/{answer.headers[ID]}")
    assert answer.text.strip() in found.text
