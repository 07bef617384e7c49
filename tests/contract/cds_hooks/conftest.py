"""The CDS Hooks door as these tests knock at it: a clock that stands still, and settings of each test's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.cds_hooks.settings import CdsHooksSettings
from api.running.settings import RunningSettings
from api.settings import ServiceSettings

AT_EASE = RunningSettings(
    most_waiting=1_000, wait_seconds=30, red_seconds=30, answer_seconds=120, engine_seconds=60
)
"""On a busy machine a service answers late patients shortly or not at all; what these tests read must be whole."""
NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
Knock = Callable[..., TestClient]


def opened(cds_hooks: dict[str, Any] | None = None, **settings: Any) -> FastAPI:
    """Return an application whose clock stands at NOW."""
    own = CdsHooksSettings.model_validate(cds_hooks or {})
    app = create_app(ServiceSettings(cds_hooks=own, **{"running": AT_EASE, **settings}))
    app.state.cds_hooks.clock = lambda: NOW
    return app


def knocking(app: FastAPI) -> TestClient:
    return TestClient(app, base_url="http://127.0.0.1")


@pytest.fixture(scope="session")
def app() -> FastAPI:
    return opened()


@pytest.fixture(scope="session")
def client(app: FastAPI) -> TestClient:
    return knocking(app)


@pytest.fixture
def knock() -> Knock:
    """Return a client of an application with settings of the test's own."""
    return lambda cds_hooks=None, **settings: knocking(opened(cds_hooks, **settings))
