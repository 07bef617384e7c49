"""What an EHR is told stands in the decision log where a site keeps one, and a log in trouble keeps nothing back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretBytes
from starlette.testclient import TestClient

from api.cds_hooks.settings import Client
from api.cds_hooks.tokens import Caller
from api.fhir.requirements import HOOKS
from api.library import get_vignettes
from api.records.keeper import LogKeeper
from api.records.settings import RecordSettings
from tests.contract.cds_hooks.charts import (
    OPERATED,
    PATIENT,
    RETENTION,
    call,
    prefetch,
    problem,
    service,
)
from tests.contract.cds_hooks.conftest import NOW, knocking, opened
from tests.contract.doors import CANARY
from tests.contract.fhir.asking import APPLY, R5_APPLY, parameters, subject
from tests.fhir_records import record_of

RECORDED, ID = "steppedcare-recorded", "steppedcare-decision-id"
CHART = {"data": prefetch(problem(OPERATED), forms=RETENTION)}
RED = get_vignettes("fbss")[0]
Make = Callable[..., TestClient]


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.fhir.routes.today", NOW.date)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Return services that keep what they decide, all in one log."""
    made: list[TestClient] = []

    def start(record: str = "full", **cds_hooks: Any) -> TestClient:
        records = RecordSettings.model_validate(
            {
                "record": record,
                "database": str(tmp_path / "log.sqlite3"),
                "key": SecretBytes(b"kq3V8cXw0ZbT5nYr1LhEo7sUd2GfJ9aM"),
                "wait_seconds": 3.0,
            }
        )
        made.append(knocking(opened(cds_hooks, records=records)))
        return made[-1]

    yield start
    for each in made:
        keeper(each).recorder.close()


def keeper(client: TestClient) -> LogKeeper:
    assert isinstance(client.app, FastAPI)
    found = client.app.state.keeper
    assert isinstance(found, LogKeeper)
    return found


def asked(client: TestClient, door: str) -> httpx2.Response:
    """Ask one door about the patient of CHART: a hook by its name, an operation by its address."""
    if door.startswith("/fhir"):
        record = {"resourceType": "Bundle", "type": "collection", "entry": [
            {"resource": each} for each in (CHART["data"]["patient"], RETENTION)]}  # fmt: skip
        body = parameters(subject(f"Patient/{PATIENT}"), {"name": "data", "resource": record})
        return client.post(door, json=body)
    return client.post(service(door), json=call(door, **CHART))


DOORS = [*HOOKS, APPLY, R5_APPLY]


class Away:
    """A log whose database has gone."""

    def __init__(self, log: Any) -> None:
        self.log = log

    def __getattr__(self, name: str) -> Any:
        if name == "close":
            return self.log.close
        raise ConnectionError(CANARY)


def test_every_hook_and_both_operations_keep_what_they_decide_and_say_so(make: Make) -> None:
    client = make()
    ids = []
    for door in DOORS:
        answer = asked(client, door)
        assert answer.status_code == 200, door
        assert answer.headers[RECORDED] == "full", door
        ids.append(answer.headers[ID])
        kept = client.get(f"/v1/decisions/{ids[-1]}").json()["decision"]
        assert [each["id"] for each in kept["red_signs"]], door
        if not door.startswith("/fhir"):
            trace = answer.json()["cards"][0]["extension"]["example.steppedcare.trace"]
            assert kept["receipt"]["decision"] == trace["decision"]

    found = client.post("/v1/decisions/search", json={"patient": PATIENT}).json()["decisions"]
    assert len(set(ids)) == len(DOORS)
    assert {each["id"] for each in found} == set(ids)


def test_what_apply_decided_is_kept_byte_for_byte(make: Make) -> None:
    client = make()
    record = record_of(RED.input)
    assert record is not None
    patient = next(
        e["resource"] for e in record["entry"] if e["resource"]["resourceType"] == "Patient"
    )
    body = parameters(subject(f"Patient/{patient['id']}"), {"name": "data", "resource": record})

    id = client.post(APPLY, json=body).headers[ID]

    assert client.post(f"/v1/decisions/{id}/replay", json={}).json()["same"] is True


@pytest.mark.parametrize("door", DOORS)
def test_a_site_that_keeps_nothing_says_so_at_every_door(client: TestClient, door: str) -> None:
    answer = asked(client, door)

    assert (answer.status_code, answer.headers[RECORDED]) == (200, "no")
    assert ID not in answer.headers


def test_a_log_of_receipts_says_receipt(make: Make) -> None:
    assert asked(make("receipt"), "patient-view").headers[RECORDED] == "receipt"


def test_a_call_that_is_refused_leaves_no_entry(make: Make) -> None:
    client = make()

    refused = client.post(service("patient-view"), json=call(data={}))

    assert refused.status_code == 412
    assert RECORDED not in refused.headers
    assert client.post("/v1/decisions/search", json={}).json()["decisions"] == []


@pytest.mark.hazard("H-46")
@pytest.mark.parametrize("door", ["patient-view", APPLY])
def test_with_the_database_away_the_answer_comes_and_says_that_it_waits(
    make: Make, door: str
) -> None:
    client = make()
    recorder = keeper(client).recorder
    recorder.log = Away(recorder.log)

    answer = asked(client, door)

    assert (answer.status_code, answer.headers[RECORDED]) == (200, "spooled")
    assert answer.headers[ID]


@pytest.mark.hazard("H-47")
@pytest.mark.parametrize("door", DOORS)
def test_the_red_sign_is_told_at_every_door_when_nothing_can_be_recorded(
    make: Make, door: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = make()
    recorder = keeper(client).recorder
    recorder.log = Away(recorder.log)
    recorder.spool.file.mkdir()

    with caplog.at_level(logging.INFO):
        begun = time.monotonic()
        answer = asked(client, door)

    assert (answer.status_code, answer.headers[RECORDED]) == (200, "no")
    assert ID not in answer.headers
    assert "Red sign" in answer.text
    assert time.monotonic() - begun < 5
    assert CANARY not in caplog.text
    recorder.spool.file.rmdir()


@pytest.mark.parametrize("door", ["patient-view", APPLY])
def test_a_fault_of_the_keeper_itself_costs_no_answer(
    make: Make, door: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError(CANARY)

    client = make()
    monkeypatch.setattr(keeper(client), "keep", broken)

    answer = asked(client, door)

    assert (answer.status_code, answer.headers[RECORDED]) == (200, "no")
    assert "Red sign" in answer.text
    assert CANARY not in caplog.text


@pytest.mark.hazard("H-60")
@pytest.mark.parametrize(
    ("may_name", "named", "owner"),
    [(("a", "b"), "a", "a"), (None, "b", "https://ehr.example.org"), (None, None, "https://ehr.example.org")],
    ids=["a tenant it may name", "a tenant nobody allowed it", "no tenant"],
)  # fmt: skip
def test_no_client_writes_into_the_log_of_a_tenant_it_may_not_name(
    client: TestClient, may_name: tuple[str, ...] | None, named: str | None, owner: str
) -> None:
    assert isinstance(client.app, FastAPI)
    door = client.app.state.cds_hooks
    known = Client(iss="https://ehr.example.org", jwks_file="keys.json", tenants=may_name)

    assert door.tenant_in_log(Caller(known, named)) == owner
    assert door.tenant_in_log(None) is None


def test_a_door_that_lets_callers_in_itself_keeps_under_their_name(make: Make) -> None:
    client = make()
    door = client.app.state.cds_hooks  # type: ignore[attr-defined]
    known = Client(iss="https://ehr.example.org", jwks_file="keys.json")
    object.__setattr__(door.own, "clients", (known,))
    door.tokens.check = lambda *_: Caller(known)

    ids = [asked(client, each).headers[ID] for each in ("patient-view", APPLY)]

    assert [keeper(client).recorder.find("", id) for id in ids] == [None, None]
    assert all(keeper(client).recorder.find("https://ehr.example.org", id) for id in ids)
