"""The command, started beyond this machine with TLS and keys, as somebody on the network meets it."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.serving import free_port, running
from tests.unit.api.test_serve import certificate

BODY = {"facts": {}}


def steppedcare(*words: str, **told: str) -> list[str]:
    return [sys.executable, "-c", "from api.cli import main; main()", *words]


class Service:
    """A running process, and a client that trusts its certificate."""

    def __init__(self, folder: Path, *words: str, **told: str) -> None:
        self.port = free_port()
        cert, key = certificate(folder)
        usual = {
            "STEPPEDCARE_PUBLIC_URL": "https://cds.example.org",
            "STEPPEDCARE_KEYS": str(folder / "keys.sqlite3"),
        }
        self.environment = {**os.environ, **usual, **told}
        made = subprocess.run(
            steppedcare("keys", "add", "--label", "x", "--scope", "decide"),
            env=self.environment, capture_output=True, check=True, text=True,
        )  # fmt: skip
        self.key = made.stdout.strip()
        self.log = (folder / "log").open("w+b")
        self.process = subprocess.Popen(
            steppedcare(
                "serve", "--host", "0.0.0.0", "--port", str(self.port), "--tls-certificate", cert,
                "--tls-key", key, *words,
            ),
            env=self.environment, stdout=self.log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.client = httpx2.Client(
            base_url=f"https://127.0.0.1:{self.port}", verify=ssl.create_default_context(cafile=cert), timeout=10
        )  # fmt: skip

    def wait(self) -> None:
        for _ in range(600):
            try:
                if self.client.get("/health/live").status_code == 200:
                    return
            except httpx2.HTTPError:
                assert self.process.poll() is None, "the service ended"
            time.sleep(0.1)
        raise AssertionError("the service did not start")

    def stop(self) -> bytes:
        """Stop the process; return what it has written."""
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.log.seek(0)
        with self.log:
            return self.log.read()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    found = Service(tmp_path_factory.mktemp("wire"))
    try:
        found.wait()
        yield found
    finally:
        assert found.key.partition(".")[2].encode() not in found.stop()


@pytest.mark.slow
@pytest.mark.hazard("H-57")
def test_over_tls_a_key_is_let_in_and_nobody_else(service: Service) -> None:
    path = "/v1/pathways/fbss/decisions"
    answers: list[Any] = [
        service.client.post(path, json=BODY, headers={"Authorization": f"Bearer {word}"})
        for word in (service.key, service.key[:-1], "x")
    ]

    address = own_address()
    if address is not None:
        # As somebody else on the network: the certificate is not made out to this address, so its name is not checked.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with httpx2.Client(base_url=f"https://{address}:{service.port}", verify=context) as far:
            named = {"Host": "cds.example.org"}
            known = {**named, "Authorization": f"Bearer {service.key}"}
            assert far.get("/v1/pathways", headers=known).status_code == 200
            assert far.get("/v1/pathways", headers=named).status_code == 401
            assert far.get("/", headers=known).status_code == 403
    assert [each.status_code for each in answers] == [200, 401, 401]
    assert "server" not in answers[0].headers
    with pytest.raises(httpx2.HTTPError):
        httpx2.post(f"http://127.0.0.1:{service.port}{path}", json=BODY)


@pytest.mark.slow
@pytest.mark.hazard("H-71")
def test_two_lengths_of_one_body_are_refused_and_the_connection_is_closed(service: Service) -> None:
    """What one server reads as one request and the next as two is how requests are smuggled past a check."""
    context = ssl.create_default_context(cafile=None)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    body = json.dumps(BODY)
    head = (
        "POST /v1/pathways/fbss/decisions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {service.key}\r\n"
    )
    for twice in (
        f"Content-Length: {len(body)}\r\nContent-Length: 0\r\n",
        f"Content-Length: {len(body)}\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: -1\r\n",
    ):
        with (
            socket.create_connection(("127.0.0.1", service.port), timeout=10) as plain,
            context.wrap_socket(plain) as wire,
        ):
            wire.sendall(f"{head}{twice}\r\n{body}".encode())
            heard = b""
            while part := wire.recv(65_536):
                heard += part
        assert heard.startswith(b"HTTP/1.1 400"), heard[:80]
        assert heard.count(b"HTTP/1.1") == 1


def own_address() -> str | None:
    """Return an address of this machine that is not loopback; None where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        try:
            found.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = str(found.getsockname()[0])
    return None if address.startswith("127.") else address


@pytest.mark.slow
@pytest.mark.hazard("H-57")
def test_the_application_put_on_the_network_by_another_server_answers_this_machine_alone(
    tmp_path: Path,
) -> None:
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback")
    port = free_port()
    words = [
        sys.executable,
        "-m",
        "uvicorn",
        "api.main:app",
        "--host",
        "0.0.0.0",
        "--port",
        str(port),
    ]
    with running(words, port, tmp_path / "log"):
        here = httpx2.get(f"http://127.0.0.1:{port}/v1/pathways").status_code
        there = httpx2.get(f"http://{address}:{port}/v1/pathways", headers={"Host": "127.0.0.1"})

    assert (here, there.status_code) == (200, 403)
    assert there.json()["code"] == "not-from-there"
