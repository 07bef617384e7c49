"""Under load: an open red sign is answered at every door, the rest is refused quickly and told when to return."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api import door
from api.fhir import routes
from api.library import get_vignettes
from api.page.form import fields_of
from api.running.admission import Admission
from api.running.pool import Pool
from schemas.decision import OFFERS
from tests.contract.cds_hooks.charts import OPERATED, call, prefetch, problem
from tests.contract.cds_hooks.charts import answers as form
from tests.contract.cds_hooks.conftest import NOW
from tests.contract.doors import DECISIONS, JSON
from tests.contract.fhir.asking import APPLY, ON, answers, data, parameters, subject
from tests.contract.running.asgi import ask

pytestmark = [pytest.mark.hazard("H-41"), pytest.mark.hazard("H-31")]

LOOKS = [vignette.looks[0].input for vignette in get_vignettes("fbss")]
CALM = {"facts": {"age": 51}}
RED = {"facts": {"age": 51, "bladder_disturbance": "new"}}
SIGN = {"bladder_disturbance": "new"}
CDS = "/cds-services/steppedcare-fbss-patient-view"


def is_refused(answer: Any) -> bool:
    """Check that *answer* is a refusal for want of time, with the time to come again."""
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["cache-control"] == "no-store"
    return "more is asked here than can be answered in time" in answer.text


def chart(**facts: Any) -> dict[str, Any]:
    """Return a call for a patient who was operated on the spine."""
    return call(data=prefetch(problem(OPERATED), **({"forms": form(facts)} if facts else {})))


def test_where_there_is_room_a_decision_is_whole(client: TestClient, entrance: Admission) -> None:
    answer = client.post(DECISIONS, json=RED).json()

    assert not answer["incomplete"]
    assert (entrance.deciding.in_work, entrance.deciding.waiting) == (0, 0)


@pytest.mark.parametrize("data", LOOKS)
def test_every_open_red_sign_is_answered_and_every_other_patient_refused(
    data: dict[str, Any], client: TestClient, entrance: Admission
) -> None:
    whole = client.post(DECISIONS, json=data).json()
    pool = entrance.deciding
    most, pool.in_work, pool.most_waiting = pool.most_waiting, 99, 0
    answer = client.post(DECISIONS, json=data)
    pool.in_work, pool.most_waiting = 0, most

    signs = {sign["id"]: sign["urgency"] for sign in whole["red_signs"]}
    if not signs:
        assert is_refused(answer)
        return
    bare = answer.json()
    assert {sign["id"]: sign["urgency"] for sign in bare["red_signs"]} == signs
    assert (bare["urgency"], bare["faults"]) == (min(signs.values()), ["overload"])
    assert bare["incomplete"]
    assert bare["caveats"][0].startswith("Incomplete")
    assert not [item for item in bare["treatments"] if item["verdict"] in OFFERS]
    assert answer.headers["steppedcare-recorded"] == "no"


@pytest.fixture
def no_turn(entrance: Admission, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Let somebody be at work and stay; tell who came to wait, and whether in front."""
    pool, came = entrance.deciding, []
    enter = pool.enter

    async def entered(first: bool = False, patient: bool = True) -> float:
        came.append(first)
        return await enter(first, patient)

    monkeypatch.setattr(Admission, "is_warm", True)
    monkeypatch.setattr("api.running.pool._PATIENCE", 0)
    for name, value in (
        ("in_work", pool.most_in_work), ("most_seconds", 0.05), ("turn_seconds", 0.0), ("enter", entered),
    ):  # fmt: skip
        monkeypatch.setattr(pool, name, value)
    return came


@pytest.mark.parametrize(
    ("at_once", "came"), [(False, [False, True]), (True, [False, False, True])]
)
def test_who_gets_no_turn_is_sent_away_unless_a_red_sign_is_to_be_told(
    at_once: bool,
    came: list[bool],
    client: TestClient,
    entrance: Admission,
    no_turn: list[bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if at_once:  # two who come in one moment both find a free place
        monkeypatch.setattr(Pool, "is_full", False)

    calm, red = (client.post(DECISIONS, json=data) for data in (CALM, RED))

    assert is_refused(calm)
    assert red.status_code == 200
    assert red.json()["red_signs"]
    assert red.json()["faults"] == ["overload"]
    assert no_turn == came
    assert entrance.deciding.waiting == 0


def test_while_somebody_waits_to_be_screened_all_others_are_only_screened_too(
    client: TestClient, entrance: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though there is a free place: whole decisions would take the processor from the screens that wait."""
    whole = client.post(DECISIONS, json=RED).json()
    monkeypatch.setattr(entrance, "lane", Backlog(1, 10, 60))

    red, calm = (client.post(DECISIONS, json=data) for data in (RED, CALM))

    assert not whole["faults"]
    assert red.json()["red_signs"]
    assert red.json()["faults"] == ["overload"]
    assert is_refused(calm)


class Backlog(Pool):
    """Places that somebody always waits for, and that everybody gets at once."""

    waiting = 1


def test_a_refusal_has_our_shape(client: TestClient, crowded: Admission) -> None:
    answer = client.post(DECISIONS, json=CALM)

    assert is_refused(answer)
    assert (answer.json()["code"], answer.json()["where"]) == ("busy", "service")


def test_cds_hooks_tells_of_a_red_sign_and_refuses_the_rest(
    app: FastAPI, client: TestClient, crowded: Admission
) -> None:
    app.state.cds_hooks.clock = lambda: NOW
    red, calm, grey = (client.post(CDS, json=chart(**facts)) for facts in (
        SIGN, {}, {"bladder_disturbance": "none"},
    ))  # fmt: skip

    assert red.json()["cards"][0]["indicator"] == "critical"
    for answer in (calm, grey):
        assert is_refused(answer)
        assert answer.json()["resourceType"] == "OperationOutcome"


def test_fhir_tells_of_a_red_sign_and_refuses_the_rest(
    client: TestClient, crowded: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "today", lambda: ON)

    def asked(**facts: Any) -> Any:
        return client.post(APPLY, json=parameters(subject(), data(answers(**facts))))

    red, calm = asked(**SIGN), asked(bladder_disturbance="none")

    assert red.status_code == 200
    assert red.json()["resourceType"] == "CarePlan"
    assert "surgical assessment" in red.text.lower()
    assert is_refused(calm)
    assert calm.headers["content-type"] == "application/fhir+json"
    assert calm.json()["resourceType"] == "OperationOutcome"


def test_the_page_shows_a_red_sign_and_refuses_the_rest(
    client: TestClient, crowded: Admission
) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}

    red, calm = (
        client.post("/", content=urlencode(fields_of(each)), headers=headers)
        for each in (RED, CALM)
    )

    assert red.status_code == 200
    assert "cauda equina" in red.text.lower()
    assert calm.status_code == 503


def test_other_addresses_are_refused_and_health_and_numbers_are_not(
    client: TestClient, crowded: Admission
) -> None:
    assert is_refused(client.get("/v1/pathways"))
    assert is_refused(client.post("/v1/pathways/fbss/explanations", json=RED))
    assert client.get("/health/live").status_code == 200
    assert 'steppedcare_refused_total{why="busy"}' in client.get("/metrics").text


def test_bad_input_of_a_red_patient_is_named_under_load_as_well(
    client: TestClient, crowded: Admission
) -> None:
    answer = client.post(DECISIONS, json={"facts": {**RED["facts"], "age": "51"}})

    assert (answer.status_code, answer.json()["code"]) == (422, "wrong-type")


def test_a_body_over_the_limit_is_refused_without_a_place(
    client: TestClient, crowded: Admission
) -> None:
    body = json.dumps({"facts": {}, "filler": "x" * 300_000}).encode()

    assert client.post(DECISIONS, content=body, headers=JSON).status_code in (413, 503)


@pytest.mark.hazard("H-42")
def test_a_body_that_does_not_come_is_given_up(
    app: FastAPI, entrance: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "RECEIVE_SECONDS", 0.05)

    status, headers, body = ask(app, [b'{"facts":'], ends=False)

    assert (status, json.loads(body)["code"]) == (408, "too-slow")
    assert headers["connection"] == "close"
    assert entrance.deciding.in_work == 0
