"""Recorded decisions made again: the same bytes, or the reason why they cannot be compared."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace

import pytest

from api.library import get_vignettes
from api.records.port import pack
from tests.contract.doors import DECISIONS
from tests.contract.records.kept import ID, PLAIN, RED, Make, keeper


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
