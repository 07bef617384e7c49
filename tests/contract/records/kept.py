"""What the tests of recorded decisions share: two inputs, a key, the log of a service, a database that has gone."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from api.library import get_vignettes
from api.records.keeper import LogKeeper
from tests.contract.doors import CANARY

SECRET = "kq3V8cXw0ZbT5nYr1LhEo7sUd2GfJ9aM"
RECORDED, ID = "steppedcare-recorded", "steppedcare-decision-id"
PATIENT = {"Steppedcare-Patient": f"MRN-{CANARY}"}
RED: dict[str, Any] = next(each.input for each in get_vignettes("fbss") if each.id == "V14")
PLAIN: dict[str, Any] = {"facts": {"age": 51}, "on": "2026-03-01"}
Make = Callable[..., TestClient]


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def keeper(client: TestClient) -> LogKeeper:
    app = client.app
    assert isinstance(app, FastAPI)
    found = app.state.keeper
    assert isinstance(found, LogKeeper)
    return found


def stored(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.iterdir() if each.is_file())


class Away:
    """A log whose database has gone; the rest of it is as it was."""

    def __init__(self, log: Any) -> None:
        self.log = log

    def __getattr__(self, name: str) -> Any:
        if name in ("close", "verify"):
            return getattr(self.log, name)
        raise ConnectionError(CANARY)
