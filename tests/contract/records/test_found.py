"""Recorded decisions looked up: by patient and time, by whom they belong to, and by nobody else."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretBytes
from starlette.testclient import TestClient

from api.app import create_app
from api.cds_hooks.settings import CdsHooksSettings
from api.records.settings import RecordSettings
from api.settings import ServiceSettings
from tests.contract.doors import CANARY, DECISIONS
from tests.contract.records.kept import ID, PATIENT, PLAIN, RECORDED, SECRET, Make, keeper


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
