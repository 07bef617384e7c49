"""Services that keep records, each test's in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretBytes
from starlette.testclient import TestClient

from api.app import create_app
from api.records.settings import RecordSettings
from api.settings import ServiceSettings
from tests.contract.records.kept import SECRET, Make, keeper


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Start services that keep records in one folder."""
    made: list[TestClient] = []

    def start(record: str = "full", hosts: tuple[str, ...] = ("127.0.0.1",)) -> TestClient:
        records = RecordSettings.model_validate(
            {
                "record": record,
                "database": str(tmp_path / "log.sqlite3"),
                "key": SecretBytes(SECRET.encode()),
                "wait_seconds": 3.0,
            }
        )
        app = create_app(ServiceSettings(hosts=hosts, records=records))
        made.append(TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False))
        return made[-1]

    yield start
    for each in made:
        keeper(each).recorder.close()


@pytest.fixture(params=["full", "receipt"])
def level(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="package")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One service that keeps records, for tests that do not count them."""
    records = RecordSettings(
        record="full",
        database=str(tmp_path_factory.mktemp("keeping") / "log.sqlite3"),
        key=SecretBytes(SECRET.encode()),
        wait_seconds=3,
    )
    client = TestClient(create_app(ServiceSettings(records=records)), base_url="http://127.0.0.1")
    yield client
    keeper(client).recorder.close()
