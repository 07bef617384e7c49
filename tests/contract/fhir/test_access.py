"""Checklist 2.8: who may call, and from which pages, is the same as for CDS Hooks; /metadata is open to all."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from starlette.testclient import TestClient

from api.app import create_app
from api.cds_hooks.settings import CdsHooksSettings, Client
from api.settings import ServiceSettings
from tests.contract.fhir.asking import APPLY, data, outcome, parameters, subject

ISSUER, PUBLIC = "https://ehr.example.org", "http://127.0.0.1:8000"
READ = "/fhir/PlanDefinition/fbss"
QUESTION = parameters(subject(), data())

Token = Callable[[str], dict[str, str]]


@pytest.fixture
def token(tmp_path: Path) -> Token:
    """Return a maker of headers with a fresh token for an address; its key lies in `keys.json`."""
    key = ec.generate_private_key(ec.SECP384R1())
    public = json.loads(ECAlgorithm.to_jwk(key.public_key()))
    keys = {"keys": [{**public, "kid": "k1", "alg": "ES384", "use": "sig"}]}
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    numbers = itertools.count()

    def make(path: str) -> dict[str, str]:
        now = int(time.time())
        claims = {
            "iss": ISSUER, "aud": PUBLIC + path, "iat": now, "exp": now + 60, "jti": f"t{next(numbers)}",
        }  # fmt: skip
        made = jwt.encode(claims, key, "ES384", headers={"kid": "k1"})
        return {"Authorization": f"Bearer {made}"}

    return make


def guarded(tmp_path: Path, **limits: Any) -> TestClient:
    """Return a client of an application that knows one EHR."""
    known = Client(iss=ISSUER, jwks_file=str(tmp_path / "keys.json"), **limits)
    settings = ServiceSettings(cds_hooks=CdsHooksSettings(clients=(known,)))
    return TestClient(create_app(settings), base_url="http://127.0.0.1")


def test_2_8_without_a_token_only_the_capability_statement_is_given(
    token: Token, tmp_path: Path
) -> None:
    client = guarded(tmp_path)

    assert client.get("/fhir/metadata").status_code == 200
    for response in (
        client.get(READ),
        client.get("/fhir/PlanDefinition"),
        client.get(f"{READ}/_history"),
        client.get(f"{READ}/$data-requirements"),
        client.post(APPLY, json=QUESTION),
    ):
        issue = outcome(response, 401)
        assert issue["code"] == "login"
        assert response.headers["www-authenticate"].startswith("Bearer")


def test_2_8_with_a_token_made_for_the_address_the_answer_is_given_once(
    token: Token, tmp_path: Path
) -> None:
    client = guarded(tmp_path)
    headers = token(APPLY)

    assert client.get(READ, headers=token(READ)).status_code == 200
    assert client.post(APPLY, json=QUESTION, headers=headers).status_code == 200
    outcome(client.post(APPLY, json=QUESTION, headers=headers), 401)
    outcome(client.post(APPLY, json=QUESTION, headers=token(READ)), 401)


def test_2_8_a_client_limited_to_some_services_evaluates_only_when_fhir_is_one_of_them(
    token: Token, tmp_path: Path
) -> None:
    limited = guarded(tmp_path, services=("steppedcare-fbss-patient-view",))
    allowed = guarded(tmp_path, services=("steppedcare-fbss-patient-view", "fhir"))

    assert limited.get(READ, headers=token(READ)).status_code == 200
    outcome(limited.post(APPLY, json=QUESTION, headers=token(APPLY)), 403)
    assert allowed.post(APPLY, json=QUESTION, headers=token(APPLY)).status_code == 200


def test_2_8_a_client_is_judged_by_its_own_settings(token: Token, tmp_path: Path) -> None:
    plans = [
        guarded(tmp_path, settings=profile).post(APPLY, json=QUESTION, headers=token(APPLY)).json()
        for profile in ("default", "payer")
    ]

    profiles = [
        part["valueString"]
        for plan in plans
        for part in plan["extension"][0]["extension"]
        if part["url"] == "settings"
    ]
    assert profiles == ["default", "payer"]


def test_2_8_a_page_of_a_named_origin_may_call_and_no_other() -> None:
    origin = "https://ehr.example.org"
    client = TestClient(create_app(ServiceSettings(origins=(origin,))), base_url="http://127.0.0.1")
    asking = {"Origin": origin, "Access-Control-Request-Method": "POST",
              "Access-Control-Request-Headers": "content-type"}  # fmt: skip

    preflight = client.options(APPLY, headers=asking)
    answer = client.post(APPLY, json=QUESTION, headers={"Origin": origin})
    wrong = client.post(APPLY, json={}, headers={"Origin": origin})
    other = client.get("/fhir/metadata", headers={"Origin": "https://elsewhere.example"})

    assert preflight.status_code == 200
    for response in (preflight, answer, wrong):
        assert response.headers["access-control-allow-origin"] == origin
    assert wrong.status_code == 400
    assert "access-control-allow-origin" not in other.headers
