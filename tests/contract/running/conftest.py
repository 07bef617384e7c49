"""An application of this folder's own, with its entrance within reach."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.running.admission import Admission
from api.running.settings import RunningSettings
from api.settings import ServiceSettings


@pytest.fixture(scope="module")
def app() -> FastAPI:
    settings = RunningSettings(engine_seconds=0.5, red_seconds=0.3, answer_seconds=1.5)
    return create_app(ServiceSettings(running=settings))


@pytest.fixture(scope="module")
def client(app: FastAPI) -> TestClient:
    return TestClient(app, base_url="http://127.0.0.1")


@pytest.fixture
def entrance(app: FastAPI, client: TestClient) -> Admission:
    client.get("/health/live")  # the layers are built with the first request
    found = app.state.running.admission
    assert isinstance(found, Admission)
    return found


@pytest.fixture
def crowded(entrance: Admission) -> Iterator[Admission]:
    """Every place is taken, and nobody may wait for one."""
    pools = (entrance.deciding, entrance.others)
    before = [pool.most_waiting for pool in pools]
    for pool in pools:
        pool.in_work, pool.most_waiting = 99, 0
    yield entrance
    for pool, most in zip(pools, before, strict=True):
        pool.in_work, pool.most_waiting = 0, most


@pytest.fixture
def warm(app: FastAPI, entrance: Admission) -> Iterator[Admission]:
    """A self-test has passed, so that answers are expected in time."""
    app.state.running.self_test.has_passed = True
    yield entrance
    app.state.running.self_test.has_passed = False
