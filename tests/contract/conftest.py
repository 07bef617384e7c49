"""The HTTP door as the tests of this folder knock at it."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import ServiceSettings


@pytest.fixture(scope="session")
def app() -> FastAPI:
    return create_app(ServiceSettings())


@pytest.fixture(scope="session")
def client(app: FastAPI) -> TestClient:
    """A client that lets an exception through, if one gets out of the application."""
    return TestClient(app, base_url="http://127.0.0.1")
