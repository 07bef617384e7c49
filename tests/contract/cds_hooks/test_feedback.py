"""Sections G and L of the checklist: what an EHR reports back, and one whole session."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.cds_hooks.state import State
from tests.contract.cds_hooks.asking import actions_of, cards, refused
from tests.contract.cds_hooks.charts import (
    OPERATED,
    answers,
    call,
    order,
    prefetch,
    problem,
    service,
    signing,
)
from tests.contract.cds_hooks.conftest import knocking, opened
from tests.contract.doors import CANARY, run

FEEDBACK = f"{service('patient-view')}/feedback"
AT = "2026-03-01T12:30:00Z"


@pytest.fixture
def app() -> FastAPI:
    """An application with a memory of its own."""
    return opened({"keep_comments": False})


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return knocking(app)


def state_of(app: FastAPI) -> State:
    found = app.state.cds_hooks.state
    assert isinstance(found, State)
    return found


def report(card: str = "a-card", **more: Any) -> dict[str, Any]:
    return {"card": card, "outcome": "overridden", "outcomeTimestamp": AT, **more}


def send(client: TestClient, *reports: Any, address: str = FEEDBACK) -> Any:
    return client.post(address, json={"feedback": list(reports)})


GOOD = {
    "accepted": {"outcome": "accepted", "acceptedSuggestions": [{"id": "s1"}]},
    "a reason": {"overrideReason": {"reason": {"code": "no-time", "system": "s", "display": "d"}}},
    "a reason without display or system": {"overrideReason": {"reason": {"code": "no-time"}}},
    "a comment": {"overrideReason": {"userComment": "later"}},
    "a plain dismissal": {},
    "another zone": {"outcomeTimestamp": "2026-03-01T14:30:00.123+02:00"},
    "members nobody knows": {"extension": {"org.example.x": {"y": 1}}},
}
BAD = {
    "no card": ({"card": None}, "card"),
    "an empty card": ({"card": ""}, "card"),
    "no outcome": ({"outcome": None}, "outcome"),
    "an unknown outcome": ({"outcome": "ignored"}, "outcome"),
    "accepted without suggestions": ({"outcome": "accepted"}, "acceptedSuggestions"),
    "accepted with none": (
        {"outcome": "accepted", "acceptedSuggestions": []},
        "acceptedSuggestions",
    ),
    "a suggestion without id": (
        {"outcome": "accepted", "acceptedSuggestions": [{}]},
        "acceptedSuggestions[0].id",
    ),
    "an empty reason": ({"overrideReason": {}}, "overrideReason"),
    "a reason that is text": ({"overrideReason": {"reason": "no"}}, "overrideReason.reason"),
    "a reason without code": ({"overrideReason": {"reason": {}}}, "overrideReason.reason.code"),
    "no time": ({"outcomeTimestamp": None}, "outcomeTimestamp"),
    "a date only": ({"outcomeTimestamp": "2026-03-01"}, "outcomeTimestamp"),
    "a time without zone": ({"outcomeTimestamp": "2026-03-01T12:00:00"}, "outcomeTimestamp"),
    "a time beyond time": ({"outcomeTimestamp": "9999-12-31T23:59:59-12:00"}, "outcomeTimestamp"),
}


@pytest.mark.parametrize("more", GOOD.values(), ids=GOOD)
def test_g1_and_g3_feedback_in_any_form_real_clients_send_is_taken(
    client: TestClient, more: dict[str, Any]
) -> None:
    answer = send(client, report(**more))

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(("more", "place"), BAD.values(), ids=BAD)
def test_g1_and_g4_feedback_that_is_malformed_is_refused_with_its_place(
    client: TestClient, app: FastAPI, more: dict[str, Any], place: str
) -> None:
    issue = refused(send(client, report(), report(**more)), 400)

    assert issue["diagnostics"].startswith(f"feedback[1].{place}:")
    assert state_of(app).tallies() == ()


@pytest.mark.parametrize("body", [{}, [], {"feedback": []}, {"feedback": {}}, {"feedback": [7]}])
def test_g4_a_body_without_reports_is_refused(client: TestClient, body: Any) -> None:
    refused(client.post(FEEDBACK, json=body), 400)


def test_g2_the_same_report_counts_once_and_reports_may_come_together_and_in_any_order(
    client: TestClient, app: FastAPI
) -> None:
    (card, other) = (card["uuid"] for card in cards(client, call(data=prefetch(problem(OPERATED)))))
    later = report(card, outcomeTimestamp="2026-03-01T13:00:00Z")
    for _ in range(3):
        assert send(client, later, report(card), report(other)).status_code == 200

    assert [(t.action, t.shown, t.overridden) for t in state_of(app).tallies()] == [
        ("ask", 1, 1),
        ("ask-red-signs", 1, 2),
    ]


def test_g4_a_card_nobody_knows_is_taken_and_counted_as_unmatched(
    client: TestClient, app: FastAPI
) -> None:
    assert send(client, report("from-before-a-restart")).status_code == 200

    (tally,) = state_of(app).tallies()
    assert (tally.action, tally.shown, tally.overridden) == ("unmatched", 0, 1)


@pytest.mark.hazard("H-61")
@pytest.mark.parametrize("keep", [False, True])
def test_g5_a_comment_is_kept_only_where_chosen_and_stands_in_no_log(
    keep: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "state.sqlite"
    app = opened({"keep_comments": keep, "state_file": str(file)})
    said = {"overrideReason": {"userComment": f"{CANARY} says no"}}

    assert send(knocking(app), report(**said)).status_code == 200
    state_of(app).close()

    assert (CANARY.encode() in file.read_bytes()) == keep
    assert CANARY not in caplog.text


def test_g_feedback_for_a_service_that_is_not_there_is_not_found(client: TestClient) -> None:
    refused(send(client, report(), address="/cds-services/other/feedback"), 404)


def test_feedback_outlives_the_process_in_a_state_file(tmp_path: Path) -> None:
    file = str(tmp_path / "state.sqlite")
    first = opened({"state_file": file})
    (card, *_) = cards(knocking(first), call(data=prefetch(problem(OPERATED))))
    state_of(first).close()

    second = opened({"state_file": file})
    send(knocking(second), report(card["uuid"]))

    by_action = {tally.action: tally for tally in state_of(second).tallies()}
    assert by_action["ask-red-signs"].overridden == 1
    state_of(second).close()


def test_the_command_counts_what_became_of_the_cards(tmp_path: Path) -> None:
    file = str(tmp_path / "state.sqlite")
    app = opened({"state_file": file})
    (card, *_) = cards(knocking(app), call(data=prefetch(problem(OPERATED))))
    reason = {"reason": {"code": "patient-declined"}}
    send(knocking(app), report(card["uuid"], overrideReason=reason), report("unknown"))

    answer = run("feedback", file)

    assert answer.code == 0
    assert answer.words.splitlines()[-1] == "2 cards shown, 0 accepted, 2 overridden"
    assert "patient-declined: 1" in answer.words
    assert "unmatched" in answer.words
    state_of(app).close()


def test_the_command_refuses_a_file_that_holds_no_feedback(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("x")

    for file in (str(other), str(tmp_path / "not there")):
        assert run("feedback", file).code == 2
    assert not (tmp_path / "not there").exists()


def test_l_one_session_from_discovery_to_two_outcomes_is_found_again_in_counts_and_audit(
    client: TestClient, app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="steppedcare.audit")
    services = client.get("/cds-services").json()["services"]
    (signer,) = [each["id"] for each in services if each["hook"] == "order-sign"]
    known = prefetch(problem(OPERATED), forms=answers({"nsaid_allergy": True}))
    assert set(known) <= {"forms", *next(e for e in services if e["id"] == signer)["prefetch"]}

    (card,) = cards(client, signing(order("ibuprofen"), data=known))
    taken = {"outcome": "accepted", "acceptedSuggestions": [{"id": card["suggestions"][0]["uuid"]}]}
    address = f"/cds-services/{signer}/feedback"
    assert send(client, report(card["uuid"], **taken), address=address).status_code == 200

    (again,) = cards(client, signing(order("naproxen"), data=known))
    assert actions_of([card, again]) == ["order-ibuprofen", "order-naproxen"]
    reason = {"reason": again["overrideReasons"][0], "userComment": CANARY}
    dismissed = report(again["uuid"], overrideReason=reason)
    assert send(client, dismissed, address=address).status_code == 200

    tallies = {tally.action: tally for tally in state_of(app).tallies()}
    one, other = tallies["order-ibuprofen"], tallies["order-naproxen"]
    assert (one.shown, one.accepted, one.overridden) == (1, 1, 0)
    assert (other.shown, other.accepted, other.overridden) == (1, 0, 1)
    assert other.reasons == {again["overrideReasons"][0]["code"]: 1}
    for uuid in (card["uuid"], again["uuid"]):
        assert uuid in caplog.text
    assert '"accepted":1' in caplog.text
    assert '"overridden":1' in caplog.text
    assert CANARY not in caplog.text
