"""A call that is worked on twice, once in a hurry, is one call: its token lets it in, and it counts once."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.running.hurry import hurry
from api.running.settings import RunningSettings
from tests.contract.cds_hooks.charts import OPERATED, answers, call, prefetch, problem
from tests.contract.cds_hooks.conftest import knocking, opened
from tests.contract.cds_hooks.test_tokens import ISS, VIEW, token
from tests.contract.cds_hooks.test_tokens import keys as keys  # a fixture

pytestmark = pytest.mark.hazard("H-41")

SLOW = RunningSettings(red_seconds=0.1, answer_seconds=30, wait_seconds=30)
SIGN, NO_SIGN = {"bladder_disturbance": "new"}, {"bladder_disturbance": "none"}


@pytest.fixture
def guarded(keys: Path) -> FastAPI:
    """Return an application that knows one client, passed its self-test, and takes its time for a whole answer."""
    app = opened({"clients": [{"iss": ISS, "jwks_file": str(keys)}]}, running=SLOW)
    app.state.running.self_test.has_passed = True
    door = app.state.cds_hooks
    at_once: Callable[..., Any] = door.judged

    def judged(*given: Any) -> Any:
        if hurry() is None:
            time.sleep(0.5)
        return at_once(*given)

    door.judged = judged
    return app


def chart(facts: dict[str, Any]) -> dict[str, Any]:
    return call(data=prefetch(problem(OPERATED), forms=answers(facts)))


def told(client: TestClient, facts: dict[str, Any], given: str) -> Any:
    headers = {"authorization": f"Bearer {given}"}
    return client.post(VIEW, json=chart(facts), headers=headers)


@pytest.mark.hazard("H-59")
def test_a_red_sign_is_told_in_time_to_a_client_whose_token_lets_in_once(guarded: FastAPI) -> None:
    answer = told(knocking(guarded), SIGN, token())

    assert answer.status_code == 200
    assert answer.json()["cards"][0]["indicator"] == "critical"


@pytest.mark.hazard("H-59")
def test_a_patient_looked_at_in_a_hurry_and_found_calm_gets_the_whole_answer(
    guarded: FastAPI,
) -> None:
    answer = told(knocking(guarded), NO_SIGN, token())

    assert answer.status_code == 200
    assert answer.json()["cards"]


@pytest.mark.hazard("H-59")
def test_the_same_token_in_another_call_lets_nobody_in(guarded: FastAPI) -> None:
    client, given = knocking(guarded), token()

    assert told(client, SIGN, given).status_code == 200
    assert told(client, SIGN, given).status_code == 401
