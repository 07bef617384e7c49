"""The page behind a test client, and what a browser would send it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import ServiceSettings

Post = Callable[..., str]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="session")
def client() -> Iterator[TestClient]:
    with TestClient(create_app(ServiceSettings()), base_url="http://127.0.0.1") as found:
        yield found


@pytest.fixture(scope="session")
def post(client: TestClient) -> Post:
    """Send a form as a browser does, and return the page; *status* is what must come back."""

    def send(fields: Mapping[str, str], path: str = "/", status: int = 200) -> str:
        answer = client.post(path, content=urlencode(fields), headers=FORM)
        assert answer.status_code == status
        return answer.text

    return send
