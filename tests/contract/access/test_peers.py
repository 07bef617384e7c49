"""From where a connection may come, and what is believed of what it says of itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fastapi import FastAPI

from api.app import create_app
from api.settings import ServiceSettings
from tests.contract.access.entrance import knock, opened

OUTSIDE = [
    "10.0.0.7",
    "192.168.1.9",
    "203.0.113.7",
    "2001:db8::7",
    "::ffff:10.0.0.7",
    "fe80::1%eth0",
]
FORWARDED = {
    "x_forwarded_for": "127.0.0.1",
    "forwarded": "for=127.0.0.1;host=127.0.0.1",
    "x_real_ip": "127.0.0.1",
    "x_forwarded_host": "127.0.0.1",
}


def status(
    app: FastAPI, peer: str | None, path: str = "/v1/pathways", *given: str, **headers: str
) -> int:
    client = None if peer is None else (peer, 40_000)
    return asyncio.run(knock(app, "GET", path, given, client=client, **headers)).status


@pytest.mark.hazard("H-57")
@pytest.mark.parametrize("peer", OUTSIDE)
def test_a_service_of_this_machine_answers_no_other_machine_however_it_was_started(
    peer: str,
) -> None:
    app = create_app(ServiceSettings(hosts=("cds.example.org",)))

    assert status(app, peer) == 403
    assert status(app, peer, **FORWARDED) == 403
    assert status(app, peer, "/health/live") == 403


@pytest.mark.hazard("H-71")
@pytest.mark.parametrize("header", FORWARDED)
def test_nobody_is_believed_to_be_elsewhere_than_he_is(tmp_path: Path, header: str) -> None:
    service = opened(tmp_path, trusted_proxies=("10.0.0.0/24",))
    word = {header: FORWARDED[header]}

    assert status(service.app, "203.0.113.7", **word) == 403
    assert status(service.app, "10.0.0.7", "/health/ready", **word) == 401
    # A probe on this machine needs no key, unless it comes through a proxy on this machine.
    assert status(service.app, "127.0.0.1", "/health/ready", host="127.0.0.1", **word) == 401


@pytest.mark.hazard("H-71")
def test_where_proxies_are_named_only_they_and_this_machine_may_connect(tmp_path: Path) -> None:
    service = opened(tmp_path, trusted_proxies=("10.0.0.0/24", "2001:db8::5"))
    good = f"Bearer {service.good}"

    for peer, expected in (
        ("10.0.0.7", 200), ("10.0.1.7", 403), ("2001:db8::5", 200), ("2001:db8::6", 403),
        ("::ffff:10.0.0.9", 200), ("127.0.0.1", 200), (None, 200),
    ):  # fmt: skip
        assert status(service.app, peer, "/v1/pathways", good) == expected, peer


def test_how_the_service_does_is_told_to_a_probe_on_this_machine_and_to_who_may_audit(
    tmp_path: Path,
) -> None:
    service = opened(tmp_path)
    audit, decide = (f"Bearer {service.key(each)}" for each in ("audit", "decide"))  # type: ignore[arg-type]

    for path in ("/metrics", "/health/ready"):
        assert status(service.app, "203.0.113.7", path) == 401
        assert status(service.app, "203.0.113.7", path, decide) == 403
        # Through a proxy on this machine that does not say so, by the name clients use.
        assert status(service.app, "127.0.0.1", path) == 401
        assert status(service.app, "203.0.113.7", path, host="127.0.0.1") == 401
    for name in ("127.0.0.1", "127.0.0.1:8000", "LOCALHOST", "[::1]:8000"):
        assert status(service.app, "127.0.0.1", "/metrics", host=name) == 200
    assert status(service.app, "203.0.113.7", "/metrics", audit) == 200
    assert status(service.app, "203.0.113.7", "/health/live") == 200
