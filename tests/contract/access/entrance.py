"""A service reached from outside, credentials for it, and a way to knock at every address of it in one go."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import FastAPI
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from pydantic import SecretBytes
from starlette.routing import Route

from api.access.gate import Gate
from api.access.keys import KeyStore, drawn
from api.access.scopes import SCOPES, Scope
from api.access.settings import AccessSettings
from api.app import create_app
from api.cds_hooks.settings import CdsHooksSettings
from api.records.settings import RecordSettings
from api.settings import ServiceSettings

PUBLIC = "https://cds.example.org"
HOST = "cds.example.org"
EHR, SERVER, ONCE = (f"https://{name}.example.org" for name in ("ehr", "login", "once"))
AUDIENCE = "steppedcare"
P384 = ec.generate_private_key(ec.SECP384R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER = ec.generate_private_key(ec.SECP384R1())
SECRET = "kq3V8cXw0ZbT5nYr1LhEo7sUd2GfJ9aM"


def jwk(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    algorithm = ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else RSAAlgorithm
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig", **more}


KEYS = [jwk(P384, "p384"), jwk(RSA, "rsa")]


def token(
    iss: str = SERVER,
    aud: str = AUDIENCE,
    key: Any = P384,
    alg: str = "ES384",
    header: dict[str, Any] | None = None,
    **claims: Any,
) -> str:
    """Return an access token in order; *claims* and *header* change it, None takes a part away."""
    now = int(time.time())
    told = {
        "iss": iss, "aud": aud, "iat": now, "exp": now + 300, "jti": str(uuid.uuid4()), "sub": "somebody",
        "client_id": "program", "scope": " ".join(SCOPES), **claims,
    }  # fmt: skip
    named = {"kid": "p384", "typ": "at+jwt", **(header or {})}
    return jwt.encode(
        {name: value for name, value in told.items() if value is not None},
        key,
        algorithm=alg,
        headers={name: value for name, value in named.items() if value is not None},
    )


@dataclass
class Entrance:
    """One service with its store of keys."""

    app: FastAPI
    store: KeyStore
    folder: Path
    good: str = ""
    made: dict[str, str] = field(default_factory=dict)

    def key(
        self, *scopes: Scope, tenant: str = "north", days: float = 30, label: str = "a test"
    ) -> str:
        now = int(time.time())
        key, text = drawn(label, tenant, scopes or SCOPES, now, now + int(days * 86_400))
        self.store.add(key)
        return text


def opened(
    folder: Path, record: str = "none", own: dict[str, Any] | None = None, **more: Any
) -> Entrance:
    """Return a service that asks everybody, with one key in order; *own* changes its access settings."""
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": KEYS}))
    store = KeyStore(folder / "keys.sqlite3")
    issuer = {"audiences": [AUDIENCE], "keys": KEYS, "tenant": "north"}
    access = {
        "keys_file": str(store.file),
        "issuers": [{"iss": SERVER, **issuer}, {"iss": ONCE, "single_use": True, **issuer}],
        **(own or {}),
    }
    hooks = {"clients": [{"iss": EHR, "jwks_file": str(jwks)}]}
    records: dict[str, Any] = {"record": record}
    if record != "none":
        records |= {
            "database": str(folder / "log.sqlite3"), "key": SecretBytes(SECRET.encode()), "wait_seconds": 3.0,
        }  # fmt: skip
    settings = {
        "public_url": PUBLIC,
        "hosts": (HOST, "127.0.0.1", "localhost", "[::1]"),
        "access": AccessSettings.model_validate(access),
        "cds_hooks": CdsHooksSettings.model_validate(hooks),
        "records": RecordSettings.model_validate(records),
        **more,
    }
    found = Entrance(create_app(ServiceSettings(**settings)), store, folder)
    found.good = found.key()
    return found


def gate_of(app: FastAPI) -> Gate:
    """Return the entrance of *app*, which lies somewhere between its layers."""
    layer: Any = (
        app.build_middleware_stack() if app.middleware_stack is None else app.middleware_stack
    )
    app.middleware_stack = layer
    while not isinstance(layer, Gate):
        layer = layer.app
    return layer


SAMPLES = {"id": "fbss", "pathway": "fbss", "decision": "0b0c7f60-5f5e-4f62-9a57-8d0a5f4f2a11"}


def doors(app: FastAPI) -> Iterator[tuple[str, str, str]]:
    """Yield method, pattern and one address of every route of *app*."""
    for route in app.routes:
        assert isinstance(route, Route), route
        path = re.sub(r"\{(\w+)(:\w+)?\}", lambda m: SAMPLES.get(m[1], "x"), route.path)
        for method in sorted(route.methods or ()):
            yield method, route.path, path


@dataclass(frozen=True)
class Heard:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def knock(
    app: FastAPI,
    method: str,
    path: str,
    credentials: Sequence[str | bytes] = (),
    body: bytes = b"",
    query: str = "",
    client: tuple[str, int] | None = ("203.0.113.7", 40_000),
    **headers: str,
) -> Heard:
    """Send one request straight to *app*; *credentials* are `Authorization` headers."""
    sent: list[Any] = []
    pairs = [(b"host", headers.pop("host", HOST).encode())]
    if body:
        pairs.append((b"content-type", b"application/json"))
    pairs += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    for each in credentials:
        pairs.append((b"authorization", each if isinstance(each, bytes) else each.encode()))
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": pairs, "http_version": "1.1", "scheme": "https", "client": client, "server": (HOST, 443),
    }  # fmt: skip
    given = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return given.pop() if given else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = next(each for each in sent if each["type"] == "http.response.start")
    return Heard(
        start["status"],
        {name.decode().lower(): value.decode() for name, value in start["headers"]},
        b"".join(each.get("body", b"") for each in sent if each["type"] == "http.response.body"),
    )
