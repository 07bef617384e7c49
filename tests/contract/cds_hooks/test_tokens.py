"""Section H of the checklist and row 38 of the bad-input table: who may call."""

from __future__ import annotations

import base64
import datetime as dt
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import FastAPI
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from starlette.testclient import TestClient

from api.access.key_sets import PAUSE_SECONDS, KeySet
from api.cds_hooks.settings import CdsHooksSettings, Client, read_cds_hooks
from api.cds_hooks.state import State
from api.cds_hooks.tokens import Tokens
from api.settings import read_settings
from schemas.errors import AccessError, SettingsError
from tests.contract.cds_hooks.asking import cards, refused
from tests.contract.cds_hooks.charts import OPERATED, RETENTION, call, prefetch, problem, service
from tests.contract.cds_hooks.conftest import NOW, knocking, opened
from tests.contract.test_same_answer import python

ISS = "https://ehr.example.org"
BASE = "http://127.0.0.1:8000"
VIEW = service("patient-view")
NUMBER = iter(range(10**9))
P384 = ec.generate_private_key(ec.SECP384R1())
P256 = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SHORT_RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)
STRANGER = ec.generate_private_key(ec.SECP384R1())


def jwk(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    algorithm = ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else RSAAlgorithm
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig", **more}


KEYS = {
    "keys": [
        jwk(P384, "p384"),
        jwk(P256, "p256"),
        jwk(RSA, "rsa"),
        jwk(SHORT_RSA, "short"),
        jwk(P384, "for-encryption", use="enc"),
        {"kty": "oct", "kid": "secret", "k": base64.urlsafe_b64encode(b"s" * 64).decode()},
        {"kty": "EC", "kid": "broken"},
        "rubbish",
    ]
}


def token(
    address: str = f"{BASE}{VIEW}",
    key: Any = P384,
    alg: str = "ES384",
    header: dict[str, Any] | None = None,
    **claims: Any,
) -> str:
    """Return a token in order for *address*; *claims* change it, None takes a claim away."""
    now = int(NOW.timestamp())
    told = {
        "iss": ISS, "aud": address, "iat": now, "exp": now + 300, "jti": f"token-{next(NUMBER)}", **claims,
    }  # fmt: skip
    told = {name: value for name, value in told.items() if value is not None}
    named = {"kid": "p384", **(header or {})}
    named = {name: value for name, value in named.items() if value is not None}
    return jwt.encode(told, key, algorithm=alg, headers=named)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(KEYS))
    return file


@pytest.fixture
def guarded(keys: Path) -> Callable[..., FastAPI]:
    """Return an application that knows one client; *more* changes the client, *own* the door."""

    def make(own: dict[str, Any] | None = None, **more: Any) -> FastAPI:
        client = {"iss": ISS, "jwks_file": str(keys), **more}
        return opened({"clients": [client], **(own or {})})

    return make


@pytest.fixture
def client(guarded: Callable[..., FastAPI]) -> TestClient:
    return knocking(guarded())


def ask(client: TestClient, *tokens: str, path: str = VIEW) -> Any:
    headers = [("authorization", f"Bearer {each}") for each in tokens]
    if path.endswith("services"):
        return client.get(path, headers=headers)
    body = {"feedback": []} if path.endswith("feedback") else call(data=prefetch())
    return client.post(path, json=body, headers=headers)


@pytest.mark.parametrize(("key", "alg", "kid"), [(P384, "ES384", "p384"), (RSA, "RS384", "rsa")])
def test_h3_the_two_usual_algorithms_are_accepted(
    client: TestClient, key: Any, alg: str, kid: str
) -> None:
    assert ask(client, token(key=key, alg=alg, header={"kid": kid})).status_code == 200


def test_b7_and_h2_discovery_calls_and_feedback_each_need_a_token_for_their_own_address(
    client: TestClient,
) -> None:
    for path in ("/cds-services", VIEW, f"{VIEW}/feedback"):
        refused(ask(client, path=path), 401)
        refused(ask(client, token(f"{BASE}/elsewhere"), path=path), 401)
        good = ask(client, token(f"{BASE}{path}"), path=path)
        assert good.status_code == (400 if path.endswith("feedback") else 200)


def forged(part: dict[str, Any], signature: bytes = b"", **more: Any) -> str:
    """Return a token put together by hand; *more* changes its claims."""
    claims = {**jwt.decode(token(), options={"verify_signature": False}), **more}
    parts = [json.dumps(part).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts)


def hmac_with_the_public_key() -> str:
    public = P384.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    import hashlib
    import hmac

    unsigned = forged({"alg": "HS384", "kid": "p384", "typ": "JWT"}).rsplit(".", 1)[0]
    mac = hmac.new(public, unsigned.encode(), hashlib.sha384).digest()
    return f"{unsigned}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def at(seconds: float) -> int:
    return int(NOW.timestamp() + seconds)


DEEP: list[Any] = []
for _ in range(400):
    DEEP = [DEEP]

WRONG: dict[str, Callable[[], str]] = {
    "not a token": lambda: "abc",
    "two parts": lambda: "a.b",
    "three parts of nothing": lambda: "..",
    "64 KB": lambda: f"{'a' * 30_000}.{'b' * 30_000}.c",
    "algorithm none": lambda: forged({"alg": "none", "kid": "p384"}),
    "HMAC with the public key": hmac_with_the_public_key,
    "HMAC with a secret of the set": lambda: token(
        key=b"s" * 64, alg="HS384", header={"kid": "secret"}
    ),
    "a signature cut off": lambda: token()[:-4],
    "a stranger's signature": lambda: token(key=STRANGER),
    "an algorithm not allowed": lambda: token(key=RSA, alg="RS256", header={"kid": "rsa"}),
    "a key of another kind": lambda: token(key=RSA, alg="RS384"),
    "a key on another curve": lambda: token(key=P256, alg="ES256", header={"kid": "p256"}),
    "a key too short": lambda: token(key=SHORT_RSA, alg="RS384", header={"kid": "short"}),
    "a key for encryption": lambda: token(header={"kid": "for-encryption"}),
    "an unknown kid": lambda: token(header={"kid": "other"}),
    "no kid": lambda: token(header={"kid": None}),
    "a kid that is a path": lambda: token(header={"kid": "../../etc/passwd"}),
    "a hostile jku": lambda: token(header={"jku": "https://evil.example/k"}),
    "a hostile x5u": lambda: token(header={"x5u": "https://evil.example/c"}),
    "a key it brings itself": lambda: token(
        key=STRANGER, header={"kid": "mine", "jwk": jwk(STRANGER, "mine")}
    ),
    "a duty we do not know": lambda: token(header={"crit": ["x"], "x": 1}),
    "another issuer": lambda: token(iss="https://evil.example"),
    "no issuer": lambda: token(iss=None),
    "an issuer that is a list": lambda: forged({"alg": "ES384", "kid": "p384"}, iss=[ISS]),
    "claims nested too deep": lambda: forged({"alg": "ES384", "kid": "p384"}, deep=DEEP),
    "another audience": lambda: token("https://evil.example"),
    "the audience of another service": lambda: token(f"{BASE}{service('order-sign')}"),
    "no audience": lambda: token(aud=None),
    "no end": lambda: token(exp=None),
    "no beginning": lambda: token(iat=None),
    "no number of its own": lambda: token(jti=None),
    "an empty number": lambda: token(jti=""),
    "a number too long": lambda: token(jti="x" * 1000),
    "expired": lambda: token(iat=at(-400), exp=at(-100)),
    "made in the future": lambda: token(iat=at(120), exp=at(200)),
    "not yet valid": lambda: token(nbf=at(120)),
    "valid for ten years": lambda: token(exp=at(10 * 365 * 86_400)),
    "valid for too long": lambda: token(exp=at(301)),
    "ended before it began": lambda: token(iat=at(0), exp=at(-10)),
    "times that are no numbers": lambda: token(exp=True),
    "a tenant that is a list": lambda: token(tenant=["a"]),
}


@pytest.mark.hazard("H-58")
@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits")
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_h3_to_h6_and_row_38_whatever_is_wrong_with_a_token_is_one_and_the_same_401(
    client: TestClient, wrong: Callable[[], str]
) -> None:
    answer = ask(client, wrong())

    issue = refused(answer, 401)
    assert issue["code"] == "login"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.content == ask(client).content


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Basic abc", "bearer  ", "Bearer a.b.c d", "Token a.b.c"]
)
def test_h2_a_header_that_is_no_bearer_token_is_refused(client: TestClient, header: str) -> None:
    answer = client.post(VIEW, json=call(), headers={"authorization": header})

    refused(answer, 401)


def test_row_38_two_authorization_headers_are_refused_even_if_both_are_in_order(
    client: TestClient,
) -> None:
    refused(ask(client, token(), token()), 401)


def test_h3_a_client_s_own_algorithms_and_longer_life_can_be_configured(
    guarded: Callable[..., FastAPI],
) -> None:
    lax = knocking(guarded(algorithms=["RS256"], most_seconds=86_400))
    day = token(key=RSA, alg="RS256", header={"kid": "rsa"}, exp=at(86_400))

    assert ask(lax, day).status_code == 200


@pytest.mark.parametrize("aud", [["https://a.example", f"{BASE}{VIEW}"], f"{BASE}{VIEW}"])
def test_h4_the_audience_may_be_one_or_a_list(client: TestClient, aud: Any) -> None:
    assert ask(client, token(aud=aud)).status_code == 200


def test_h4_the_audience_is_built_from_the_public_address_and_not_from_the_host_header(
    client: TestClient,
) -> None:
    address = f"http://localhost{VIEW}"
    answer = client.post(
        VIEW,
        json=call(data=prefetch()),
        headers={"host": "localhost", "authorization": f"Bearer {token(address)}"},
    )

    refused(answer, 401)


def test_h4_a_wrong_audience_a_site_has_typed_can_be_configured(
    guarded: Callable[..., FastAPI],
) -> None:
    lax = knocking(guarded(audiences=["https://typed.example"]))

    assert ask(lax, token("https://typed.example")).status_code == 200


def test_h5_keys_are_read_again_when_their_file_changes_and_old_ones_stop_working(
    guarded: Callable[..., FastAPI], keys: Path
) -> None:
    client = knocking(guarded())
    assert ask(client, token()).status_code == 200

    fresh = ec.generate_private_key(ec.SECP384R1())
    keys.write_text(json.dumps({"keys": [jwk(fresh, "new-and-longer-name")]}))

    assert ask(client, token(key=fresh, header={"kid": "new-and-longer-name"})).status_code == 200
    refused(ask(client, token()), 401)


def test_h5_a_set_behind_an_address_is_kept_and_fetched_again_at_most_once_a_minute() -> None:
    fetched: list[float] = []
    clock = [0.0]
    sets = [KEYS, {"keys": [jwk(STRANGER, "new")]}]

    def read(_: Client) -> bytes:
        fetched.append(clock[0])
        return json.dumps(sets[min(len(fetched), 2) - 1]).encode()

    found = KeySet(Client(iss=ISS, jwks_url=f"{ISS}/keys"), read, lambda: clock[0])
    assert found.key("p384")
    for _ in range(50):
        assert found.key("new") is None
    assert len(fetched) == 1

    clock[0] = PAUSE_SECONDS
    assert found.key("new")
    assert found.key("p384") is None
    assert fetched == [0, PAUSE_SECONDS]


def test_h5_a_jku_is_accepted_where_it_is_the_configured_address_and_never_fetched_elsewhere() -> (
    None
):
    asked: list[str | None] = []

    def read(client: Client) -> bytes:
        asked.append(client.jwks_url)
        return json.dumps(KEYS).encode()

    known = Client(iss=ISS, jwks_url=f"{ISS}/keys")
    tokens = Tokens([known], State(), lambda: NOW.timestamp(), read)
    url = f"{BASE}{VIEW}"

    good = token(header={"jku": f"{ISS}/keys"})
    assert tokens.check([f"Bearer {good}"], url, None).client == known
    for hostile in ("https://evil.example/keys", f"{ISS}/keys/../evil", f"{ISS}/keys?x", ""):
        with pytest.raises(AccessError):
            tokens.check([f"Bearer {token(header={'jku': hostile})}"], url, None)
    assert asked == [f"{ISS}/keys"]


def test_h5_when_the_set_cannot_be_fetched_nobody_is_let_in_and_nothing_breaks() -> None:
    def read(_: Client) -> bytes:
        raise OSError("no network")

    assert KeySet(Client(iss=ISS, jwks_url=f"{ISS}/keys"), read).key("p384") is None


def test_h6_a_clock_that_differs_by_less_than_a_minute_is_forgiven(client: TestClient) -> None:
    assert ask(client, token(iat=at(-350), exp=at(-50))).status_code == 200
    assert ask(client, token(iat=at(50), exp=at(100))).status_code == 200


@pytest.mark.hazard("H-59")
def test_h7_a_token_is_good_for_one_call(client: TestClient) -> None:
    once = token()

    assert ask(client, once).status_code == 200
    refused(ask(client, once), 401)
    refused(
        ask(client, token(jti=jwt.decode(once, options={"verify_signature": False})["jti"])), 401
    )


@pytest.mark.hazard("H-59")
def test_h7_of_two_processes_that_get_the_same_token_at_once_one_lets_it_in(
    guarded: Callable[..., FastAPI], tmp_path: Path
) -> None:
    shared = {"state_file": str(tmp_path / "state.sqlite")}
    doors = [guarded(shared).state.cds_hooks for _ in range(4)]
    for _ in range(10):
        headers = [f"Bearer {token()}"]

        def enter(door: Any, headers: list[str] = headers) -> bool:
            try:
                door.tokens.check(headers, f"{BASE}{VIEW}", "steppedcare-fbss-patient-view")
            except Exception:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(enter, doors)) == 1
    for door in doors:
        door.state.close()


def test_h7_what_was_used_is_forgotten_once_it_has_expired(client: TestClient) -> None:
    app: Any = client.app
    door = app.state.cds_hooks
    assert ask(client, token()).status_code == 200
    assert door.state._base.execute("SELECT count(*) FROM tokens").fetchone() == (1,)

    door.clock = lambda: NOW + dt.timedelta(hours=1)
    later = token(iat=at(3600), exp=at(3700))
    assert ask(client, later).status_code == 200
    assert door.state._base.execute("SELECT count(*) FROM tokens").fetchone() == (1,)


def test_h2_a_token_in_order_for_a_service_or_tenant_the_client_may_not_use_is_a_403(
    guarded: Callable[..., FastAPI],
) -> None:
    other = knocking(guarded(services=["steppedcare-fbss-order-sign"]))
    refused(ask(other, token()), 403)

    tenants = knocking(guarded(tenants=["north"]))
    refused(ask(tenants, token(tenant="south")), 403)
    refused(ask(tenants, token()), 403)
    assert ask(tenants, token(tenant="north")).status_code == 200


@pytest.mark.hazard("H-61")
def test_h8_and_h9_the_audit_line_says_who_and_what_and_holds_no_patient_and_no_token(
    guarded: Callable[..., FastAPI], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sent = token(tenant="north")
    assert ask(knocking(guarded()), sent).status_code == 200

    (line,) = [r.getMessage() for r in caplog.records if r.name == "steppedcare.audit"]
    told = json.loads(line)
    assert (told["iss"], told["tenant"]) == (ISS, "north")
    assert told["service"] == "steppedcare-fbss-patient-view"
    assert told["hookInstance"] == call()["hookInstance"]
    assert {"time", "patient", "version", "content", "milliseconds"} <= set(told)
    assert told["patient"] != call()["context"]["patientId"]
    for word in (sent, sent.split(".")[2], "birthDate", "Patient/"):
        assert word not in caplog.text


def test_h1_without_clients_a_warning_says_so_at_the_start(
    caplog: pytest.LogCaptureFixture, guarded: Callable[..., FastAPI]
) -> None:
    guarded()
    assert "without a token" not in caplog.text
    opened()
    assert "without a token" in caplog.text


@pytest.mark.hazard("H-57")
def test_h1_a_service_reached_from_outside_does_not_start_without_knowing_who_may_call(
    tmp_path: Path, keys: Path
) -> None:
    outside = {"STEPPEDCARE_PUBLIC_URL": "https://cds.example.org"}
    with pytest.raises(SettingsError, match="who may call"):
        read_settings(outside)

    file = tmp_path / "cds.json"
    for inside in ({"open": True}, {"clients": [{"iss": ISS, "jwks_file": str(keys)}]}):
        file.write_text(json.dumps(inside))
        found = read_settings({**outside, "STEPPEDCARE_CDS_HOOKS": str(file)})
        assert found.public_url == "https://cds.example.org"
        assert "cds.example.org" in found.hosts


BAD_FILES: dict[str, Any] = {
    "not JSON": "{",
    "unknown setting": {"clients": [], "typo": 1},
    "no keys": {"clients": [{"iss": ISS}]},
    "two places for keys": {"clients": [{"iss": ISS, "jwks_file": "a", "jwks_url": f"{ISS}/k"}]},
    "keys not behind https": {"clients": [{"iss": ISS, "jwks_url": "http://ehr.example.org/k"}]},
    "a secret": {"clients": [{"iss": ISS, "jwks_url": f"{ISS}/k", "algorithms": ["HS256"]}]},
    "none": {"clients": [{"iss": ISS, "jwks_url": f"{ISS}/k", "algorithms": ["none"]}]},
    "one issuer twice": {"clients": [{"iss": ISS, "jwks_url": f"{ISS}/k"}] * 2},
    "a server not behind https": {"fhir_servers": ["http://ehr.example.org/fhir"]},
    "a server with a password": {"fhir_servers": ["https://u:p@ehr.example.org/fhir"]},
    "an unknown key": {"templates": {"labz": "Observation"}},
    "a key file that is not there": {"clients": [{"iss": ISS, "jwks_file": "/no/such/file"}]},
}


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES)
def test_settings_that_cannot_be_right_stop_the_start(content: Any, tmp_path: Path) -> None:
    file = tmp_path / "cds.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))

    with pytest.raises(SettingsError) as caught:
        read_cds_hooks({"STEPPEDCARE_CDS_HOOKS": str(file)})

    assert "p@ehr" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "cds.example.org"),
        ("PUBLIC_URL", "https://cds.example.org/"),
        ("PUBLIC_URL", "https://cds.example.org/x"),
        ("PUBLIC_URL", "ftp://cds.example.org"),
        ("ORIGINS", "ehr.example.org"),
        ("ORIGINS", "https://ehr.example.org/path"),
        ("CDS_HOOKS", "/no/such/file"),
    ],
)
def test_a_setting_that_is_not_an_address_stops_the_start_and_is_named(
    name: str, value: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({f"STEPPEDCARE_{name}": value})

    assert caught.value.problems[0].where == f"STEPPEDCARE_{name}"


def test_a_profile_or_state_file_that_does_not_exist_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="profile"):
        opened({"settings": "no-such-profile"})
    with pytest.raises(SettingsError, match="state file"):
        opened({"state_file": "/no/such/folder/file"})


def test_the_defaults_are_closed_where_they_can_be() -> None:
    found = CdsHooksSettings()

    assert (found.clients, found.fhir_servers, found.keep_comments) == ((), (), False)
    assert read_settings({}).origins == ()


def test_neither_tokens_nor_the_network_are_loaded_before_they_are_needed() -> None:
    code = """
import sys
from api.app import create_app
from api.settings import ServiceSettings
create_app(ServiceSettings())
print(sorted({"jwt", "cryptography", "httpx"} & set(sys.modules)))
"""
    assert python(code).decode().strip() == "[]"


@pytest.mark.hazard("H-47")
def test_when_the_memory_does_not_answer_tokens_are_refused_and_cards_are_given_all_the_same(
    guarded: Callable[..., FastAPI],
) -> None:
    known = guarded()
    known.state.cds_hooks.state.close()
    answer = ask(knocking(known), token())
    refused(answer, 503)
    assert answer.headers["retry-after"] == "1"

    free = opened()
    free.state.cds_hooks.state.close()
    body = call(data=prefetch(problem(OPERATED), forms=RETENTION))
    assert cards(knocking(free), body)[0]["indicator"] == "critical"
    told = {
        "feedback": [
            {"card": "c", "outcome": "overridden", "outcomeTimestamp": "2026-03-01T12:00:00Z"}
        ]
    }
    refused(knocking(free).post(f"{VIEW}/feedback", json=told), 503)
