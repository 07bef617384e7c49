"""What became of a recorded decision, told over HTTP and kept beside it."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.contract.doors import CANARY, DECISIONS
from tests.contract.records.kept import ID, PLAIN, RED, Make, key


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
