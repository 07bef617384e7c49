"""Recorded decisions over HTTP: what an answer says of its record is true, and a record never stands in its way."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import jsonschema_rs
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import SecretBytes
from schemathesis import GenerationMode
from schemathesis.specs.openapi.definitions import OPENAPI_31
from starlette.testclient import TestClient

from api.app import create_app
from api.cds_hooks.settings import CdsHooksSettings
from api.library import get_vignettes
from api.records.keeper import LogKeeper
from api.records.port import pack
from api.records.settings import RecordSettings
from api.settings import ServiceSettings
from tests.contract.doors import CANARY, DECISIONS, as_bytes, run
from tests.contract.test_openapi import CHECKS

SECRET = "kq3V8cXw0ZbT5nYr1LhEo7sUd2GfJ9aM"
RECORDED, ID = "steppedcare-recorded", "steppedcare-decision-id"
PATIENT = {"Steppedcare-Patient": f"MRN-{CANARY}"}
RED: dict[str, Any] = next(each.input for each in get_vignettes("fbss") if each.id == "V14")
PLAIN: dict[str, Any] = {"facts": {"age": 51}, "on": "2026-03-01"}
Make = Callable[..., TestClient]


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def keeper(client: TestClient) -> LogKeeper:
    app = client.app
    assert isinstance(app, FastAPI)
    found = app.state.keeper
    assert isinstance(found, LogKeeper)
    return found


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Start services that keep records in one folder."""
    made: list[TestClient] = []

    def start(record: str = "full", hosts: tuple[str, ...] = ("127.0.0.1",)) -> TestClient:
        records = RecordSettings.model_validate(
            {
                "record": record,
                "database": str(tmp_path / "log.sqlite3"),
                "key": SecretBytes(SECRET.encode()),
                "wait_seconds": 3.0,
            }
        )
        app = create_app(ServiceSettings(hosts=hosts, records=records))
        made.append(TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False))
        return made[-1]

    yield start
    for each in made:
        keeper(each).recorder.close()


@pytest.fixture(params=["full", "receipt"])
def level(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One service that keeps records, for tests that do not count them."""
    records = RecordSettings(
        record="full",
        database=str(tmp_path_factory.mktemp("keeping") / "log.sqlite3"),
        key=SecretBytes(SECRET.encode()),
        wait_seconds=3,
    )
    client = TestClient(create_app(ServiceSettings(records=records)), base_url="http://127.0.0.1")
    yield client
    keeper(client).recorder.close()


def stored(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.iterdir() if each.is_file())


class Away:
    """A log whose database has gone; the rest of it is as it was."""

    def __init__(self, log: Any) -> None:
        self.log = log

    def __getattr__(self, name: str) -> Any:
        if name in ("close", "verify"):
            return getattr(self.log, name)
        raise ConnectionError(CANARY)


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


def test_decisions_are_found_by_patient_and_by_time_page_by_page(make: Make) -> None:
    client = make()
    start = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    ids = []
    for hour in range(5):
        moment = start + dt.timedelta(hours=hour)
        keeper(client)._now = lambda moment=moment: moment
        ids.append(client.post(DECISIONS, json=PLAIN, headers=PATIENT).headers[ID])
    client.post(DECISIONS, json=PLAIN, headers={"Steppedcare-Patient": "MRN-2"})
    patient = {"patient": PATIENT["Steppedcare-Patient"]}

    def search(**wanted: Any) -> dict[str, Any]:
        answer = client.post("/v1/decisions/search", json=wanted)
        assert answer.status_code == 200
        return answer.json()  # type: ignore[no-any-return]

    first = search(**patient, most=3)
    second = search(**patient, most=3, after=first["next"])
    found = [each["id"] for each in (*first["decisions"], *second["decisions"])]

    assert found == ids
    assert second["next"] is None
    assert [
        each["id"]
        for each in search(
            **patient, **{"from": "2026-03-01T14:00:00+01:00", "to": "2026-03-01T15:00:00Z"}
        )["decisions"]
    ] == ids[1:3]
    assert len(search()["decisions"]) == 6
    assert search(patient="MRN-3")["decisions"] == []


@pytest.mark.hazard("H-61")
@pytest.mark.parametrize(
    "body",
    [
        {"patient": f"{CANARY} x"}, {"patient": 7}, {f"{CANARY}": 1}, {"from": f"{CANARY}"}, {"from": "2026-03-01"},
        {"to": "2026-03-01T00:00:00"}, {"after": -1}, {"after": "1"}, {"after": True}, {"most": 0}, {"most": 201},
        {"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}, [], "x", None,
    ],
    ids=str,
)  # fmt: skip
def test_a_search_that_cannot_be_understood_is_refused_and_not_repeated(
    keeping: TestClient, body: Any
) -> None:
    sent = {"content-type": "application/json"}
    answer = keeping.post("/v1/decisions/search", content=json.dumps(body), headers=sent)

    assert answer.status_code == 422
    assert CANARY not in answer.text


def test_no_route_takes_a_patient_from_the_address(keeping: TestClient) -> None:
    document = keeping.get("/openapi.json").json()

    for path, operations in document["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                assert "patient" not in parameter["name"].lower() or parameter["in"] == "header"
        assert "patient" not in path


@pytest.mark.hazard("H-67")
def test_an_unknown_id_a_wrong_one_and_another_tenants_are_the_same_404(make: Make) -> None:
    client = make()
    id = client.post(DECISIONS, json=PLAIN).headers[ID]
    elsewhere = TestClient(_as_tenant(client.app, "south"), base_url="http://127.0.0.1")

    answers = [
        client.get(f"/v1/decisions/{uuid.uuid4()}"),
        client.get(f"/v1/decisions/{CANARY}"),
        client.get(f"/v1/decisions/{id.upper()}"),
        client.get(f"/v1/decisions/%2e%2e%2f{'x' * 30}"),
        client.get("/v1/decisions/search"),
        elsewhere.get(f"/v1/decisions/{id}"),
        elsewhere.post(f"/v1/decisions/{id}/replay", json={}),
        elsewhere.post(f"/v1/decisions/{id}/feedback", json={"outcome": "done"}),
    ]

    wrong_method = answers.pop(4)
    assert wrong_method.status_code in (404, 405)
    assert {each.status_code for each in answers} == {404}
    assert len({each.content for each in answers if b"unknown-decision" in each.content}) == 1
    assert client.get(f"/v1/decisions/{id}").status_code == 200
    assert elsewhere.post("/v1/decisions/search", json={}).json()["decisions"] == []


def _as_tenant(app: Any, tenant: str) -> Any:
    async def run(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "steppedcare.tenant": tenant}, receive, send)

    return run


@pytest.mark.hazard("H-60")
def test_beyond_this_machine_decisions_are_recorded_and_shown_to_nobody(tmp_path: Path) -> None:
    records = RecordSettings(
        record="full", database=str(tmp_path / "log.sqlite3"), key=SecretBytes(SECRET.encode())
    )
    public = ServiceSettings(
        public_url="https://cds.example.org",
        cds_hooks=CdsHooksSettings(open=True),
        records=records,
    )
    client = TestClient(create_app(public), base_url="http://127.0.0.1")

    answer = client.post(DECISIONS, json=PLAIN)

    assert answer.headers[RECORDED] in ("full", "spooled")
    assert client.get(f"/v1/decisions/{answer.headers[ID]}").status_code == 404
    assert client.post("/v1/decisions/search", json={}).status_code == 404
    keeper(client).recorder.close()


@pytest.mark.parametrize("outcome", ["accepted", "overridden", "done", "deferred", "declined"])
def test_feedback_stands_beside_the_decision_it_is_about(keeping: TestClient, outcome: str) -> None:
    client = keeping
    id = client.post(DECISIONS, json=RED).headers[ID]
    said = {
        "outcome": outcome,
        "treatment": "opioid",
        "reason": "the patient prefers it",
        "by": "Dr. A",
    }

    answer = client.post(f"/v1/decisions/{id}/feedback", json=said)
    shown = client.get(f"/v1/decisions/{id}").json()["feedback"]

    assert (answer.status_code, answer.json()["recorded"]) == (200, "full")
    assert len(shown) == 1
    assert {name: shown[0][name] for name in said} == said
    assert shown[0]["id"] == answer.json()["id"]


@pytest.mark.hazard("H-61")
@pytest.mark.parametrize(
    "body",
    [
        {}, {"outcome": CANARY}, {"outcome": "declined"}, {"outcome": "overridden", "reason": "  "},
        {"outcome": "done", "treatment": CANARY}, {"outcome": "done", "treatment": ["opioid"]},
        {"outcome": "done", "reason": f"{CANARY}\u202e"}, {"outcome": "done", "reason": CANARY * 200},
        {"outcome": "done", CANARY: 1}, {"outcome": "done", "by": 7}, [CANARY],
    ],
    ids=lambda body: str(body)[:40],
)  # fmt: skip
def test_feedback_that_cannot_be_understood_is_refused_and_not_repeated(
    keeping: TestClient, body: Any
) -> None:
    client = keeping
    id = client.post(DECISIONS, json=PLAIN).headers[ID]

    answer = client.post(f"/v1/decisions/{id}/feedback", json=body)

    assert answer.status_code == 422
    assert CANARY not in answer.text
    assert client.get(f"/v1/decisions/{id}").json()["feedback"] == []


@pytest.mark.hazard("H-52")
def test_feedback_sent_twice_under_a_key_counts_once(make: Make) -> None:
    client, same = make(), key()
    id = client.post(DECISIONS, json=PLAIN, headers=same).headers[ID]
    where = f"/v1/decisions/{id}/feedback"

    one = client.post(where, json={"outcome": "done"}, headers=same)
    two = client.post(where, json={"outcome": "done"}, headers=same)
    other = client.post(where, json={"outcome": "accepted"}, headers=same)

    assert one.content == two.content
    assert other.status_code == 409
    assert len(client.get(f"/v1/decisions/{id}").json()["feedback"]) == 1


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


@pytest.mark.hazard("H-54")
def test_every_recorded_decision_is_made_again_with_the_same_bytes(make: Make) -> None:
    client = make()
    for vignette in get_vignettes("fbss")[::4]:
        id = client.post(DECISIONS, json=vignette.input).headers[ID]

        answer = client.post(f"/v1/decisions/{id}/replay", json={})

        assert answer.json() == {"id": id, "same": True, "differences": []}


@pytest.mark.hazard("H-54")
def test_a_receipt_knows_the_decision_it_was_made_for_and_no_other(make: Make) -> None:
    client = make("receipt")
    answer = client.post(DECISIONS, json=RED)
    other = client.post(DECISIONS, json=PLAIN)
    where = f"/v1/decisions/{answer.headers[ID]}/replay"
    sent = {"content-type": "application/json"}

    assert client.post(where, json={}).json()["code"] == "answer-not-kept"
    assert client.post(where, content=answer.content, headers=sent).json()["same"] is True
    wrong = client.post(where, content=other.content, headers=sent)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "other-decision")


@pytest.mark.hazard("H-54")
def test_a_decision_of_another_version_is_named_and_not_compared(make: Make) -> None:
    client = make()
    id = client.post(DECISIONS, json=PLAIN).headers[ID]
    recorder = keeper(client).recorder
    entry = recorder.find("", id)
    assert entry is not None
    text = entry.text() or ""
    program = json.loads(text)["receipt"]["program"]
    old = replace(
        entry, id=str(uuid.uuid4()), body=pack(text.replace(program, "0.0.1+0")), seq=None
    )
    recorder.record(old)

    answer = client.post(f"/v1/decisions/{old.id}/replay", json={})

    assert (answer.status_code, answer.json()["code"]) == (409, "other-version")


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
    environment = {
        **os.environ,
        "STEPPEDCARE_RECORD": "full",
        "STEPPEDCARE_DATABASE": str(tmp_path / "log.sqlite3"),
        "STEPPEDCARE_LOG_KEY": SECRET,
    }
    with _served(environment) as (server, base):
        answer = httpx2.post(f"{base}{DECISIONS}", json=RED, timeout=30)
        server.send_signal(signal.SIGKILL)

    assert answer.headers[RECORDED] == "full"
    found = make().get(f"/v1/decisions/{answer.headers[ID]}")
    assert answer.text.strip() in found.text


class _served:
    """A server of our own on a free port, as `steppedcare serve` starts it."""

    def __init__(self, environment: dict[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment = environment

    def __enter__(self) -> tuple[subprocess.Popen[bytes], str]:
        command = [
            str(Path(sys.executable).with_name("steppedcare")),
            "serve",
            "--port",
            str(self.port),
        ]
        self.server = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        base = f"http://127.0.0.1:{self.port}"
        end = time.monotonic() + 40
        while time.monotonic() < end:
            try:
                httpx2.get(f"{base}/health/live", timeout=2)
                return self.server, base
            except httpx2.TransportError:
                time.sleep(0.1)
        raise RuntimeError("the server does not start")

    def __exit__(self, *_: object) -> None:
        self.server.kill()
        self.server.wait(30)


def test_the_document_of_a_recording_service_is_valid_and_true(make: Make) -> None:
    client = make()
    document = client.get("/openapi.json").json()
    found = list(jsonschema_rs.Draft202012Validator(OPENAPI_31).iter_errors(document))
    id = client.post(DECISIONS, json=PLAIN).headers[ID]
    client.post(f"/v1/decisions/{id}/feedback", json={"outcome": "done"})

    assert found == []
    for path, method, answer in (
        ("/v1/decisions/{decision}", "get", client.get(f"/v1/decisions/{id}")),
        ("/v1/decisions/search", "post", client.post("/v1/decisions/search", json={})),
        (
            "/v1/decisions/{decision}/replay",
            "post",
            client.post(f"/v1/decisions/{id}/replay", json={}),
        ),
    ):
        operation = document["paths"][path][method]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": document["components"]}
        jsonschema_rs.validator_for(whole).validate(answer.json())
    named = {
        p["name"] for p in document["paths"]["/v1/pathways/{id}/decisions"]["post"]["parameters"]
    }
    assert named == {"id", "Idempotency-Key", "Steppedcare-Patient"}


@pytest.mark.hazard("H-43")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_whatever_is_sent_to_the_log_gets_a_documented_answer_and_never_a_fault(
    make: Make, mode: GenerationMode
) -> None:
    client = make(hosts=("testserver",))
    schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
    settled = settings(
        max_examples=8, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    for path in schema:
        if path.startswith("/v1/decisions"):
            for method in schema[path]:
                if method.upper() == "GET" and mode is GenerationMode.NEGATIVE:
                    continue  # every text may be an id
                operation = schema[path][method]

                def send(case: Any) -> None:
                    case.call_and_validate(checks=CHECKS)

                settled(given(case=operation.as_strategy(generation_mode=mode))(send))()
