"""Recorded decisions over HTTP: what an answer says of its record is true."""

from __future__ import annotations

import datetime as dt
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.contract.doors import CANARY, DECISIONS, as_bytes, run
from tests.contract.records.kept import ID, PATIENT, PLAIN, RECORDED, RED, Make, keeper, key, stored


def test_a_service_that_was_not_told_to_keep_anything_says_so_and_has_no_such_routes(
    client: TestClient,
) -> None:
    answer = client.post(DECISIONS, json=PLAIN, headers=key() | PATIENT)

    assert answer.headers[RECORDED] == "no"
    assert ID not in answer.headers
    assert client.post("/v1/decisions/search", json={}).status_code == 404
    assert not [
        path
        for path in client.get("/openapi.json").json()["paths"]
        if path.startswith("/v1/decisions")
    ]


def test_the_bytes_of_a_recorded_answer_are_those_of_the_command(
    make: Make, level: str, tmp_path: Path
) -> None:
    (tmp_path / "patient.json").write_bytes(as_bytes(RED))

    answer = make(level).post(DECISIONS, json=RED, headers=key() | PATIENT)
    by_command = run("decide", str(tmp_path / "patient.json"), "--format", "json")

    assert answer.headers[RECORDED] == level
    assert by_command.words.startswith(answer.text)


@pytest.mark.hazard("H-48")
def test_a_recorded_decision_is_found_by_a_service_started_later(make: Make) -> None:
    answer = make().post(DECISIONS, json=RED)

    found = make().get(f"/v1/decisions/{answer.headers[ID]}")

    assert found.status_code == 200
    assert answer.text.strip() in found.text
    assert found.json()["decision"] == answer.json()
    assert found.json()["recorded"] == "full"


@pytest.mark.hazard("H-61")
def test_a_receipt_holds_no_fact_and_no_log_holds_the_patients_id(
    make: Make, level: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"facts": {"smoker": {"value": False, "source": f"{CANARY} clinic"}}}
    client = make(level)
    with caplog.at_level(logging.DEBUG):
        answer = client.post(DECISIONS, json=body, headers=key() | PATIENT)
        client.post("/v1/decisions/search", json={"patient": PATIENT["Steppedcare-Patient"]})
        client.post(
            f"/v1/decisions/{answer.headers[ID]}/feedback",
            json={"outcome": "declined", "reason": f"because {CANARY}", "by": CANARY},
        )
    shown = client.get(f"/v1/decisions/{answer.headers[ID]}").json()

    assert CANARY.encode() not in stored(tmp_path)
    assert CANARY not in caplog.text
    assert f"MRN-{CANARY}" not in json.dumps(shown)
    assert (shown["decision"] is None) == (level == "receipt")
    if level == "receipt":
        links = [entry for _, entry in keeper(client).recorder.log.export() if entry]
        assert {entry.body for entry in links} == {None}
        assert answer.json()["receipt"]["facts"].encode() not in stored(tmp_path)
        assert shown["feedback"][0]["reason"] is None
    else:
        assert shown["feedback"][0]["reason"] == f"because {CANARY}"


@pytest.mark.hazard("H-52")
def test_the_same_request_under_a_key_gets_the_recorded_answer_byte_for_byte(
    make: Make, level: str
) -> None:
    client, same = make(level), key() | PATIENT
    undated = {"facts": PLAIN["facts"]}

    first = client.post(DECISIONS, json=undated, headers=same)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=23, minutes=50)
    keeper(client)._now = lambda: later
    again = client.post(DECISIONS, json=undated, headers=same)
    restarted = make(level).post(DECISIONS, json=undated, headers=same)

    assert first.content == again.content == restarted.content
    assert first.headers[ID] == again.headers[ID] == restarted.headers[ID]
    assert keeper(client).recorder.log.verify().links == 1


@pytest.mark.hazard("H-52")
@pytest.mark.parametrize("other", ["body", "patient", "pathway"])
def test_another_request_under_a_key_is_a_conflict(make: Make, level: str, other: str) -> None:
    client, same = make(level), key()
    first = client.post(DECISIONS, json=PLAIN, headers=same)

    body = {"facts": {"age": 52}, "on": "2026-03-01"} if other == "body" else PLAIN
    more = PATIENT if other == "patient" else {}
    where = DECISIONS.replace("fbss", "nowhere") if other == "pathway" else DECISIONS
    answer = client.post(where, json=body, headers=same | more)

    assert first.status_code == 200
    assert answer.status_code == 409
    assert answer.json()["code"] == "key-used"


@pytest.mark.hazard("H-52")
def test_a_hundred_requests_at_once_under_one_key_make_one_decision(make: Make) -> None:
    client, same = make(), key()
    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(lambda _: client.post(DECISIONS, json=PLAIN, headers=same), range(100))
        )

    assert {each.status_code for each in answers} == {200}
    assert len({each.content for each in answers}) == 1
    assert len({each.headers[ID] for each in answers}) == 1
    assert keeper(client).recorder.log.verify().links == 1


def test_a_key_may_be_used_again_after_a_day(make: Make) -> None:
    client, same = make(), key()
    first = client.post(DECISIONS, json=PLAIN, headers=same)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=24, minutes=1)
    keeper(client)._now = lambda: later

    second = client.post(DECISIONS, json={"facts": {}}, headers=same)

    assert second.status_code == 200
    assert second.headers[ID] != first.headers[ID]


@pytest.mark.hazard("H-61")
@pytest.mark.parametrize("name", ["Idempotency-Key", "Steppedcare-Patient"])
@pytest.mark.parametrize(
    "value", ["", f"{CANARY} Jane", f"{CANARY}é".encode("latin-1"), f"{CANARY}{'x' * 200}"],
    ids=["empty", "a blank", "beyond ASCII", "too long"],
)  # fmt: skip
def test_a_header_that_cannot_be_an_id_is_refused_and_not_repeated(
    keeping: TestClient, name: str, value: str | bytes
) -> None:
    raw = value if isinstance(value, bytes) else value.encode()

    answer = keeping.post(DECISIONS, json=PLAIN, headers={name.encode(): raw})

    assert (answer.status_code, answer.json()["code"], answer.json()["where"]) == (
        422,
        "bad-id",
        name,
    )
    assert CANARY not in answer.text


def test_another_door_may_keep_what_it_has_decided(make: Make, client: TestClient) -> None:
    keeping = make()
    text = client.post(DECISIONS, json=RED).text

    kept = keeper(keeping).keep(text, patient="MRN-1")
    broken = keeper(keeping).keep("[]")
    found = keeping.post("/v1/decisions/search", json={"patient": "MRN-1"}).json()["decisions"]

    assert (kept.recorded, [each["id"] for each in found]) == ("full", [kept.id])
    assert keeping.get(f"/v1/decisions/{kept.id}").json()["decision"] == json.loads(text)
    assert broken.headers == {"Steppedcare-Recorded": "no"}
    assert client.app.state.keeper.keep(text).headers == {"Steppedcare-Recorded": "no"}  # type: ignore[attr-defined]
