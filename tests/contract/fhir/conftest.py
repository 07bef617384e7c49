"""The FHIR face as the tests of this folder meet it: on one fixed day."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from tests.contract.cds_hooks.conftest import opened
from tests.contract.fhir.asking import ON


@pytest.fixture(autouse=True)
def fixed_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.fhir.routes.today", lambda: ON)


@pytest.fixture(scope="session")
def app() -> FastAPI:
    return opened()
