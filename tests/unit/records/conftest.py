"""Every test of the log runs on SQLite, and on PostgreSQL where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.records.keys import Keys
from api.records.store import SqlLog
from tests.unit.records.logs import KEYS, open_log
from tests.unit.records.servers import MISSING, Postgres, programs


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    bin = programs()
    if bin is None:
        pytest.skip(MISSING)
    server = Postgres(bin)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that is not there yet, or is empty."""
    if request.param == "sqlite":
        return str(tmp_path / "decisions.sqlite3")
    server: Postgres = request.getfixturevalue("postgres")
    return server.database()


Open = Callable[..., SqlLog]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Open logs that are closed after the test."""
    logs: list[SqlLog] = []

    def open_one(address: str | Path, keys: Keys = KEYS) -> SqlLog:
        logs.append(open_log(address, keys))
        return logs[-1]

    yield open_one
    for each in logs:
        each.close()


@pytest.fixture
def log(address: str, opened: Open) -> SqlLog:
    return opened(address)
