"""T-16: row 38 of the bad-input table, at every address. Nobody gets in, and all hear the same."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from api.access.table import Need, need_of
from api.error_shape import CDS_HOOKS, FHIR, below
from tests.contract.access.entrance import (
    AUDIENCE,
    EHR,
    ONCE,
    P384,
    PUBLIC,
    RSA,
    SERVER,
    STRANGER,
    Entrance,
    doors,
    knock,
    opened,
    token,
)
from tests.contract.doors import CANARY

DAY = 86_400
Bad = Callable[[Entrance, Callable[..., str]], list[str | bytes]]
"""Takes the service and a maker of tokens that are in order for one address; gives `Authorization` headers."""


def by_hand(head: dict[str, Any], good: str, signature: bytes | None = None) -> str:
    """Return *good* under another head, unsigned unless *signature* is given."""
    parts = good.split(".")
    head = {**jwt.get_unverified_header(good), **head}
    first = base64.urlsafe_b64encode(json.dumps(head).encode()).rstrip(b"=").decode()
    last = base64.urlsafe_b64encode(signature or b"").rstrip(b"=").decode()
    return f"{first}.{parts[1]}.{last}"


def with_our_public_key(good: str) -> str:
    public = P384.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    unsigned = by_hand({"alg": "HS384"}, good).rsplit(".", 1)[0]
    return by_hand(
        {"alg": "HS384"}, good, hmac.new(public, unsigned.encode(), hashlib.sha384).digest()
    )


def at(seconds: int) -> int:
    return int(time.time()) + seconds


def used(service: Entrance, make: Callable[..., str]) -> str:
    """Return a token that was let in once already."""
    text = make()
    claims = jwt.decode(text, options={"verify_signature": False})
    under = "access " if claims["iss"] == ONCE else ""
    state = service.app.state.cds_hooks.state
    assert state.first_use(under + claims["iss"], claims["jti"], claims["exp"], at(0))
    return text


def bearer(text: str) -> list[str | bytes]:
    return [f"Bearer {text}"]


BAD: dict[str, Bad] = {
    "none": lambda s, t: [],
    "an empty header": lambda s, t: [""],
    "the word alone": lambda s, t: ["Bearer"],
    "two headers, both in order": lambda s, t: [f"Bearer {s.good}", f"Bearer {t()}"],
    "two headers, one of them empty": lambda s, t: [f"Bearer {s.good}", ""],
    "another scheme": lambda s, t: [f"Basic {s.good}"],
    "a password": lambda s, t: [
        f"Basic {base64.b64encode(s.good.replace('.', ':').encode()).decode()}"
    ],
    "64 KB": lambda s, t: bearer("a" * 65_536),
    "64 KB in three parts": lambda s, t: bearer(".".join(["a" * 20_000] * 3)),
    "no ASCII": lambda s, t: [b"Bearer " + "schl\u00fcssel".encode("latin-1")],
    "three parts of nothing": lambda s, t: bearer(".."),
    "two parts of nothing": lambda s, t: bearer("a.b"),
    "a key nobody has": lambda s, t: bearer(f"{'a' * 16}.{s.good.partition('.')[2]}"),
    "a key with a wrong secret": lambda s, t: bearer(f"{s.good[:17]}{'A' * 43}"),
    "a key with the secret of another": lambda s, t: bearer(f"{s.good[:17]}{s.made['north'][17:]}"),
    "a key cut short": lambda s, t: bearer(s.good[:-1]),
    "a key with more behind it": lambda s, t: bearer(f"{s.good}x"),
    "a key in capitals": lambda s, t: bearer(s.good.upper()),
    "the id of a key alone": lambda s, t: bearer(s.good[:16]),
    "a key taken back": lambda s, t: bearer(s.made["revoked"]),
    "a key that has expired": lambda s, t: bearer(s.made["expired"]),
    "algorithm none": lambda s, t: bearer(by_hand({"alg": "none"}, t())),
    "HMAC with our public key": lambda s, t: bearer(with_our_public_key(t())),
    "a wrong audience": lambda s, t: bearer(t(aud="https://elsewhere.example")),
    "no audience": lambda s, t: bearer(t(aud=None)),
    "an unknown issuer": lambda s, t: bearer(t(iss="https://evil.example")),
    "no issuer": lambda s, t: bearer(t(iss=None)),
    "expired": lambda s, t: bearer(t(iat=at(-900), exp=at(-600))),
    "not yet valid": lambda s, t: bearer(t(nbf=at(600))),
    "made in the future": lambda s, t: bearer(t(iat=at(600), exp=at(900))),
    "good for ten years": lambda s, t: bearer(t(exp=at(3650 * DAY))),
    "without an end": lambda s, t: bearer(t(exp=None)),
    "no jti": lambda s, t: bearer(t(jti=None)),
    "a jti that was used": lambda s, t: bearer(used(s, t)),
    "an unknown kid": lambda s, t: bearer(t(header={"kid": "nobody"})),
    "no kid": lambda s, t: bearer(t(header={"kid": None})),
    "a hostile jku": lambda s, t: bearer(t(header={"jku": "https://evil.example/jwks.json"})),
    "a hostile x5u": lambda s, t: bearer(t(header={"x5u": "https://evil.example/chain.pem"})),
    "a key in the token": lambda s, t: bearer(t(header={"jwk": {"kty": "EC"}})),
    "crit": lambda s, t: bearer(t(header={"crit": ["exp"]})),
    "a stranger's signature": lambda s, t: bearer(t(key=STRANGER)),
    "a signature cut off": lambda s, t: bearer(t()[:-6]),
    "an algorithm not allowed": lambda s, t: bearer(t(key=RSA, alg="RS256", header={"kid": "rsa"})),
    "a key of another kind": lambda s, t: bearer(t(key=RSA, alg="RS384")),
}
EVERYWHERE_BUT = {"/health/live", "/fhir/metadata"}
"""Liveness tells nothing; what a FHIR server speaks is read before one can speak with it (checklist 2.8)."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Entrance:
    found = opened(tmp_path_factory.mktemp("entrance"))
    found.made["north"] = found.key()
    found.made["expired"] = found.key(days=-1)
    found.made["revoked"] = found.key()
    found.store.revoke(found.made["revoked"][:16], int(time.time()))
    return found


def maker(path: str, once: bool) -> Callable[..., str]:
    """Return what makes tokens in order for *path*: those of CDS Hooks, or access tokens."""
    if below(path, CDS_HOOKS) or below(path, FHIR):
        return lambda **more: token(**{"iss": EHR, "aud": f"{PUBLIC}{path}", **more})
    return lambda **more: token(
        **{"iss": ONCE if once else SERVER, "aud": AUDIENCE, "client_id": "x", **more}
    )


def test_there_are_twenty_kinds_of_bad_credential_and_more() -> None:
    assert len(BAD) >= 20


@pytest.mark.hazard("H-58")
@pytest.mark.hazard("H-73")
def test_no_bad_credential_is_let_in_at_any_address_and_all_hear_the_same(
    service: Entrance,
) -> None:
    heard: dict[str, set[tuple[int, str, bytes]]] = defaultdict(set)
    made: dict[str, dict[str, list[str | bytes]]] = {}
    let_in: dict[str, list[str]] = defaultdict(list)
    asked = 0

    async def ask() -> None:
        nonlocal asked
        for method, _, path in doors(service.app):
            if path in EVERYWHERE_BUT:
                continue
            own = path if below(path, CDS_HOOKS) or below(path, FHIR) else ""
            if own not in made:
                made[own] = {
                    kind: bad(service, maker(own, "used" in kind)) for kind, bad in BAD.items()
                }
            for kind, given in made[own].items():
                answer = await knock(service.app, method, path, given)
                asked += 1
                if answer.status != 401:
                    let_in[kind].append(f"{method} {path}: {answer.status}")
                shape = next((root for root in (CDS_HOOKS, FHIR) if below(path, root)), "")
                heard[shape].add(
                    (answer.status, answer.headers.get("www-authenticate", ""), answer.body)
                )

    asyncio.run(ask())

    assert {kind: len(where) for kind, where in let_in.items()} == {}
    assert asked > 40 * len(BAD)
    assert {shape: len(answers) for shape, answers in heard.items()} == {
        "": 1,
        CDS_HOOKS: 1,
        FHIR: 1,
    }
    for shape, ((_, challenge, body),) in heard.items():
        assert challenge.startswith("Bearer ")
        if shape:
            (issue,) = json.loads(body)["issue"]
            assert issue["code"] == "login"
        else:
            assert json.loads(body)["code"] == "unauthorized"


@pytest.mark.parametrize(
    "path", ["/nothing-here", "//v1/pathways", "/v1", "/cds-services-x", "/v1/decisions"]
)  # fmt: skip
def test_what_does_not_exist_is_not_told_from_what_does(service: Entrance, path: str) -> None:
    there = asyncio.run(knock(service.app, "GET", "/v1/pathways"))

    assert asyncio.run(knock(service.app, "GET", path)) == there
    assert there.status == 401
    found = asyncio.run(knock(service.app, "GET", path, [f"Bearer {service.good}"]))
    assert found.status == 404


def test_a_credential_in_an_address_or_a_cookie_lets_nobody_in(service: Entrance) -> None:
    for given in ({"query": f"access_token={service.good}"}, {"cookie": f"token={service.good}"}):
        answer = asyncio.run(knock(service.app, "GET", "/v1/pathways", **given))
        assert answer.status == 401


@pytest.mark.parametrize("kind", ["a key", "an access token", "one that lets in once"])
def test_the_same_credentials_in_order_are_let_in(service: Entrance, kind: str) -> None:
    texts = {
        "a key": service.good, "an access token": token(), "one that lets in once": token(iss=ONCE),
    }  # fmt: skip
    answer = asyncio.run(knock(service.app, "GET", "/v1/pathways", [f"Bearer {texts[kind]}"]))

    assert answer.status == 200


def test_a_token_that_lets_in_once_lets_in_once(service: Entrance) -> None:
    text = [f"Bearer {token(iss=ONCE)}"]

    async def ask() -> list[int]:
        return [(await knock(service.app, "GET", "/v1/pathways", text)).status for _ in range(3)]

    assert asyncio.run(ask()) == [200, 401, 401]


@pytest.mark.hazard("H-66")
@pytest.mark.hazard("H-61")
def test_a_credential_stands_in_no_answer_no_log_and_no_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    service = opened(tmp_path, record="full")
    secret, marked = service.good.partition(".")[2], token(sub=CANARY, client_id=CANARY)
    words = [secret, marked.split(".")[2], CANARY, service.good]
    given = [
        service.good, marked, f"{CANARY}.{CANARY}", f"{'a' * 16}.{secret}", f"{CANARY}.{CANARY}.{CANARY}",
        f"{marked[:-4]}{CANARY}", f"{service.good}{CANARY}",
    ]  # fmt: skip

    async def ask() -> list[Any]:
        return [
            await knock(service.app, method, path, [f"Bearer {each}"], body)
            for each in given
            for method, path, body in (
                ("GET", "/v1/pathways", b""),
                ("POST", "/v1/pathways/fbss/decisions", b'{"facts": {}}'),
                ("POST", "/v1/pathways/fbss/decisions", b'{"facts": '),
                ("GET", "/fhir/PlanDefinition", b""),
                ("GET", "/nothing", b""),
            )
        ]

    answers = asyncio.run(ask())
    service.app.state.keeper.recorder.close()
    files = b"".join(each.read_bytes() for each in tmp_path.iterdir() if each.is_file())
    told = caplog.text + "".join(capfd.readouterr())
    told += "".join(f"{each.headers} {each.body!r}" for each in answers)

    assert {each.status for each in answers} >= {200, 401}
    assert len(files) > 10_000
    for word in words:
        assert word not in told
        assert word.encode() not in files


def test_no_address_is_open_that_the_table_does_not_call_so(service: Entrance) -> None:
    free = {path for m, _, path in doors(service.app) if need_of(m, path) is Need.NOTHING}

    assert free == EVERYWHERE_BUT
