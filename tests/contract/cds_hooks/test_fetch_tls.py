"""Fetching from a real server over TLS: the connection goes to an address, the certificate is still checked by name."""

from __future__ import annotations

import datetime as dt
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.testclient import TestClient

from tests.contract.cds_hooks.asking import actions_of, cards, refused
from tests.contract.cds_hooks.charts import (
    OPERATED,
    PATIENT,
    RETENTION,
    bundle,
    call,
    person,
    problem,
    service,
)
from tests.contract.cds_hooks.conftest import knocking, opened

NAME = "ehr.example.org"
TOKEN = {
    "access_token": "secret-of-the-call",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.read",
    "subject": "steppedcare",
}
Serve = Callable[[str], tuple[int, ssl.SSLContext, list[tuple[str, str, str]]]]


def certificate(name: str, folder: Path) -> Path:
    """Write a certificate for *name* that vouches for itself, with its key, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start FHIR servers that show a certificate for a name; return port, trust, and what they were asked."""
    running: list[ThreadingHTTPServer] = []

    def start(name: str) -> tuple[int, ssl.SSLContext, list[tuple[str, str, str]]]:
        asked: list[tuple[str, str, str]] = []

        class Record(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                token = self.headers.get("authorization", "")
                asked.append((self.path, self.headers.get("host", ""), token))
                held: dict[str, Any] = {
                    f"/fhir/Patient/{PATIENT}": person(),
                    "/fhir/Condition": bundle(problem(OPERATED)),
                    "/fhir/QuestionnaireResponse": bundle(RETENTION),
                }
                body = json.dumps(held.get(self.path.partition("?")[0], bundle())).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        file = certificate(name, tmp_path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        server = ThreadingHTTPServer(("127.0.0.1", 0), Record)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return server.server_port, ssl.create_default_context(cafile=str(file)), asked

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


async def here(name: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def connected(port: int, trust: ssl.SSLContext) -> tuple[TestClient, dict[str, Any]]:
    """Return a client of a service that takes this machine for the open network, and a call that needs data."""
    base = f"https://{NAME}:{port}/fhir"
    app = opened({"fhir_servers": [base], "fetch_seconds": 5})
    door = app.state.cds_hooks
    door.fetcher = replace(
        door.fetcher,
        resolve=here,
        public=lambda _: True,
        transport=lambda: httpx.AsyncHTTPTransport(verify=trust),
    )
    return knocking(app), call(fhirServer=base, fhirAuthorization=TOKEN)


def test_e4_data_is_fetched_over_tls_from_the_server_whose_name_is_on_the_list(
    serve: Serve,
) -> None:
    port, trust, asked = serve(NAME)
    client, body = connected(port, trust)

    assert actions_of(cards(client, body))[0] == "red-sign"
    assert {host for _, host, _ in asked} == {f"{NAME}:{port}"}
    assert {token for _, _, token in asked} == {f"Bearer {TOKEN['access_token']}"}


@pytest.mark.hazard("H-65")
def test_e4_a_server_with_a_certificate_for_another_name_gets_no_token(serve: Serve) -> None:
    port, trust, asked = serve("evil.example.org")
    client, body = connected(port, trust)

    refused(client.post(service("patient-view"), json=body), 412)

    assert asked == []
