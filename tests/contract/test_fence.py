"""Beyond its own machine the service serves only the doors that know who calls."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.cds_hooks.settings import CdsHooksSettings, Client
from api.settings import ServiceSettings

PUBLIC = "https://cds.example.org"
EHR = Client(iss="https://ehr.example.org", jwks_url="https://ehr.example.org/jwks.json")
ADDRESSES = [
    "/",
    "/v1/pathways",
    "/v1/pathways/fbss/decisions",
    "/openapi.json",
    "/cds-services-x",
    "//v1/pathways",
]


def reached_at(address: str, hooks: CdsHooksSettings) -> TestClient:
    settings = ServiceSettings(
        hosts=("cds.example.org", "127.0.0.1"), public_url=address, cds_hooks=hooks
    )
    return TestClient(create_app(settings), base_url=PUBLIC)


@pytest.mark.hazard("H-57")
@pytest.mark.parametrize("host", ["cds.example.org", "127.0.0.1"], ids=["its name", "a local name"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_what_asks_nobody_who_they_are_is_not_served_beyond_this_machine(
    address: str, host: str
) -> None:
    client = reached_at(PUBLIC, CdsHooksSettings(clients=(EHR,)))

    for method in ("GET", "POST"):
        answer = client.request(method, address, headers={"Host": host})
        assert answer.status_code == 403
        assert answer.json()["code"] == "not-open"


def test_the_guarded_doors_are_served(  # each with its own check of who calls
) -> None:
    client = reached_at(PUBLIC, CdsHooksSettings(clients=(EHR,)))

    assert client.get("/health/live").status_code == 200
    assert client.get("/fhir/metadata").status_code == 200
    assert client.post("/cds-services/steppedcare-fbss-patient-view", json={}).status_code == 401


def test_a_site_that_checks_callers_itself_gets_everything() -> None:
    client = reached_at(PUBLIC, CdsHooksSettings(open=True))

    assert client.get("/v1/pathways").status_code == 200
