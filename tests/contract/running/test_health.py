"""What the service says of itself while it runs: ready, and no longer ready within one round of self-tests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api import reports
from api.app import create_app
from api.library import get_decider
from api.running.settings import RunningSettings
from api.settings import ServiceSettings
from tests.contract.doors import DECISIONS
from tests.contract.running.test_faults import broken, hanging
from tests.unit.running.breaking import breaks

pytestmark = [pytest.mark.hazard("H-55"), pytest.mark.slow]


@pytest.fixture
def running() -> Iterator[tuple[FastAPI, TestClient]]:
    app = create_app(ServiceSettings(running=RunningSettings(test_seconds=1)))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert until(client, 200)["wrong"] == []
        yield app, client


def until(
    client: TestClient, status: int, named: tuple[str, ...] = (), seconds: float = 60
) -> dict[str, Any]:
    """Wait until the service says *status* of itself and *named* among what is wrong; return what it says."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = client.get("/health/ready")
        found: dict[str, Any] = answer.json()
        if answer.status_code == status and (
            not named or any(each.startswith(named) for each in found["wrong"])
        ):
            return found
        time.sleep(0.1)
    raise AssertionError(f"not {status} within {seconds} s: {answer.text}")


def test_a_broken_engine_makes_the_service_not_ready_and_it_is_ready_again_afterwards(
    running: tuple[FastAPI, TestClient],
) -> None:
    _, client = running
    with broken("a fact raises"):
        assert until(client, 503)["wrong"]
    assert until(client, 200)["wrong"] == []


def test_one_of_each_kind_that_breaks_is_named(
    running: tuple[FastAPI, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, client = running
    for kind, named in (("code", "code-of-"), ("table", "class-of-"), ("file", "documents")):
        one = next(each for each in breaks() if each.kind == kind)
        with monkeypatch.context() as patch:
            one.plant(patch)
            assert until(client, 503, (named,))["wrong"]
        until(client, 200)


def test_an_engine_that_hangs_makes_the_service_not_ready_at_once(
    running: tuple[FastAPI, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, client = running
    (watch,) = app.state.running.watches
    with hanging() as gate:
        monkeypatch.setattr(watch, "gate", gate)
        answer = client.post(DECISIONS, json={"facts": {}})
        # Whoever came first to the engine hangs there, the self-test or this patient; the other is answered.
        assert answer.status_code == 200
        time.sleep(0.6)
        assert until(client, 503, ("rule-engine",))["wrong"]
    until(client, 200)


def test_watching_ends_with_the_service() -> None:
    app = create_app(ServiceSettings(running=RunningSettings(test_seconds=3600)))
    voices = get_decider("fbss").voices
    with TestClient(app, base_url="http://127.0.0.1"):
        assert "evaluate" in vars(voices)
        assert "run" in vars(voices.engine)

    assert "evaluate" not in vars(voices)
    assert "run" not in vars(voices.engine)
    assert not any(reports.not_ready("fbss"))
