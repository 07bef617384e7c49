"""Every answer of every address carries the headers that keep it from being stored, sniffed, embedded or scripted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from api.app import create_app
from api.settings import HSTS, ServiceSettings
from tests.contract.access.entrance import doors, knock, opened

ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
LOOSE = ("unsafe-inline", "unsafe-eval", "http:", "https:", "*", "data:", "blob:")
REQUIRED = ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'")


def every_answer(app: FastAPI, peer: str, skip: str = "") -> dict[str, Any]:
    async def ask() -> dict[str, Any]:
        found = {
            f"{method} {path}": await knock(app, method, path, client=(peer, 1))
            for method, _, path in doors(app)
            if path != skip
        }
        found["GET /nothing-here"] = await knock(app, "GET", "/nothing-here", client=(peer, 1))
        return found

    return asyncio.run(ask())


@pytest.fixture(scope="module", params=["here", "beyond"])
def answers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the answers of every address of a service on this machine, and of one reached from outside."""
    if request.param == "here":
        app = create_app(ServiceSettings(hosts=("cds.example.org",)))
        # Readiness decides every built-in patient; its headers are put on where all others are.
        return False, every_answer(app, "127.0.0.1", skip="/health/ready")
    return True, every_answer(opened(tmp_path_factory.mktemp("headers")).app, "203.0.113.7")


@pytest.mark.hazard("H-53")
@pytest.mark.hazard("H-63")
def test_every_answer_of_every_address_has_the_headers_and_a_strict_policy(answers: Any) -> None:
    beyond, found = answers
    wrong = []
    for door, answer in found.items():
        headers = answer.headers
        policy = headers.get("content-security-policy", "")
        kept = headers.get("cache-control", "")
        fine = (
            ALWAYS.items() <= headers.items()
            and all(part in policy for part in REQUIRED)
            and not any(part in policy for part in LOOSE)
            and ("no-store" in kept or (answer.status in (200, 304) and kept))
            and "server" not in headers
            and headers.get("strict-transport-security") == (HSTS if beyond else None)
        )
        if not fine:
            wrong.append((door, answer.status, headers))

    assert len(found) > 50
    assert wrong == []


def test_the_local_service_answers_from_its_own_machine_as_before(tmp_path: Path) -> None:
    app = create_app(ServiceSettings(hosts=("cds.example.org",)))

    async def ask(peer: str) -> int:
        return (await knock(app, "GET", "/v1/pathways", client=(peer, 1))).status

    assert [asyncio.run(ask(peer)) for peer in ("127.0.0.1", "127.8.0.1", "::1")] == [200] * 3
