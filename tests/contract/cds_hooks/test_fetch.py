"""Lines E4 and E8 of the checklist, rows 34 and 35 of the bad-input table: fetching what did not come."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from api.cds_hooks.call import read_call
from api.cds_hooks.fetch import Fetcher, allowed_server, is_public
from api.cds_hooks.settings import CdsHooksSettings
from tests.contract.cds_hooks.asking import actions_of, cards, code_of, refused, said
from tests.contract.cds_hooks.charts import (
    OPERATED,
    PATIENT,
    RETENTION,
    bundle,
    call,
    person,
    prefetch,
    problem,
    service,
)
from tests.contract.cds_hooks.conftest import knocking, opened
from tests.contract.doors import CANARY

SERVER = "https://ehr.example.org/fhir"
VIEW = service("patient-view")
TOKEN = {
    "access_token": CANARY,
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.read",
    "subject": "steppedcare",
}
Answer = Callable[[httpx.Request], httpx.Response]


def record(request: httpx.Request) -> httpx.Response:
    """Answer like a server with one operated patient who cannot pass urine."""
    path = request.url.path.rpartition("/fhir/")[2]
    held: dict[str, Any] = {
        f"Patient/{PATIENT}": person(),
        "Condition": bundle(problem(OPERATED)),
        "QuestionnaireResponse": bundle(RETENTION),
    }
    return httpx.Response(200, json=held.get(path, bundle()))


class Network:
    """Stands in for the network: what was asked of it, and where the connection would have gone."""

    def __init__(self, answer: Answer = record, addresses: tuple[str, ...] = ("8.8.4.4",)) -> None:
        self.requests: list[httpx.Request] = []
        self.names: list[str] = []
        self.addresses, self.answer = addresses, answer

    async def resolve(self, name: str, port: int) -> list[str]:
        self.names.append(name)
        return list(self.addresses)

    def transport(self) -> httpx.AsyncBaseTransport:
        def answer(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            return self.answer(request)

        return httpx.MockTransport(answer)


def connected(network: Network, **own: Any) -> TestClient:
    app = opened({"fhir_servers": [SERVER], "fetch_seconds": 5, **own})
    door = app.state.cds_hooks
    door.fetcher = replace(door.fetcher, resolve=network.resolve, transport=network.transport)
    return knocking(app)


def asking(server: str = SERVER, **more: Any) -> dict[str, Any]:
    return call(**{"fhirServer": server, "fhirAuthorization": TOKEN, **more})


def test_e4_data_that_did_not_come_is_fetched_with_the_token_of_the_call() -> None:
    network = Network()

    found = cards(connected(network), asking())

    assert actions_of(found)[0] == "red-sign"
    assert {r.headers["authorization"] for r in network.requests} == {f"Bearer {CANARY}"}
    assert {r.headers["host"] for r in network.requests} == {"ehr.example.org"}
    assert {r.url.host for r in network.requests} == {"8.8.4.4"}
    assert {r.extensions["sni_hostname"] for r in network.requests} == {"ehr.example.org"}
    assert any("patient=p1" in str(request.url) for request in network.requests)


def test_e4_what_came_is_not_asked_for_again() -> None:
    network = Network()

    cards(connected(network), asking(data=prefetch(problem(OPERATED), forms=None)))

    asked = {request.url.path.rpartition("/")[2] for request in network.requests}
    assert not asked & {PATIENT, "Condition", "QuestionnaireResponse"}


def test_e4_what_the_server_has_refused_is_not_asked_for_again() -> None:
    network = Network()
    failed = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}

    answer = connected(network).post(VIEW, json=asking(data={**prefetch(), "conditions": failed}))

    refused(answer, 412)
    assert not any("Condition" in str(request.url) for request in network.requests)


def test_e4_nothing_is_fetched_unless_it_was_configured() -> None:
    network = Network()
    client = connected(network, fhir_servers=[])

    refused(client.post(VIEW, json=asking()), 412)

    assert (network.names, network.requests) == ([], [])


ADDRESSES = [
    "http://ehr.example.org/fhir", "https://ehr.example.org", "https://ehr.example.org/fhir/../admin",
    "https://ehr.example.org.evil.example/fhir", "https://evil.example/fhir", "https://u@ehr.example.org/fhir",
    "https://ehr.example.org:8443/fhir", "https://EHR.example.org/fhir", "https://127.0.0.1/fhir",
    "https://localhost/fhir", "https://2130706433/fhir", "https://0x7f.1/fhir", "https://[::1]/fhir",
    "https://[::ffff:127.0.0.1]/fhir", "https://169.254.169.254/latest", "https://10.0.0.1/fhir",
    "file:///etc/passwd", "gopher://ehr.example.org/fhir", "//ehr.example.org/fhir", "ehr.example.org/fhir",
    "https://ehr.example.org/fhir?x=", "https://ehr.example.org/fhir#", "https://ehr.example.org\\@evil.example/fhir",
    "https://ehr.example.org/fhir\r\nHost: evil.example", "https://ehr.example.org/fhir%2f..%2fadmin", "",
]  # fmt: skip


@pytest.mark.hazard("H-65")
@pytest.mark.parametrize("server", ADDRESSES)
def test_row_34_no_name_is_resolved_and_no_connection_made_for_an_address_that_is_not_on_the_list(
    server: str,
) -> None:
    network = Network()

    answer = connected(network).post(VIEW, json=asking(server))

    assert answer.status_code in (400, 412)
    assert (network.names, network.requests) == ([], [])


PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
    "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
    "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "not an address", "",
]  # fmt: skip


@pytest.mark.hazard("H-65")
@pytest.mark.parametrize("address", PRIVATE)
def test_row_34_a_name_on_the_list_that_resolves_to_a_private_address_gets_no_connection(
    address: str,
) -> None:
    network = Network(addresses=("8.8.8.8", address))

    refused(connected(network).post(VIEW, json=asking()), 412)

    assert network.requests == []
    assert not is_public(address)


@pytest.mark.hazard("H-65")
def test_row_34_a_redirect_is_not_followed() -> None:
    network = Network(
        lambda _: httpx.Response(302, headers={"location": "https://evil.example/fhir"})
    )

    refused(connected(network).post(VIEW, json=asking()), 412)

    assert {request.headers["host"] for request in network.requests} == {"ehr.example.org"}


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: httpx.Response(500, json={}),
        lambda _: httpx.Response(200, content=b"<html>"),
        lambda _: httpx.Response(200, content=b'{"a": 1, "a": 2}'),
        lambda _: httpx.Response(200, content=b" " * (6 * 1024 * 1024)),
        lambda _: httpx.Response(200, json=[]),
    ],
    ids=["500", "html", "a key twice", "too large", "a list"],
)
def test_e4_a_server_that_fails_counts_as_not_asked(answer: Answer) -> None:
    refused(connected(Network(answer)).post(VIEW, json=asking()), 412)


def test_e4_the_time_for_all_fetching_is_bounded() -> None:
    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(30)
            raise AssertionError

    app = opened({"fhir_servers": [SERVER], "fetch_seconds": 0.1})
    door = app.state.cds_hooks
    door.fetcher = replace(door.fetcher, resolve=Network().resolve, transport=Slow)
    begun = time.perf_counter()

    refused(knocking(app).post(VIEW, json=asking()), 412)

    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize("patient", ["p2", "Patient/p2"])
def test_e4_a_token_for_another_patient_is_not_used(patient: str) -> None:
    network = Network()
    body = asking(fhirAuthorization={**TOKEN, "patient": patient})

    refused(connected(network).post(VIEW, json=body), 412)

    assert network.requests == []


def pages(last: str | None) -> Answer:
    """Answer with conditions on two pages, the first of which leads to *last*."""

    def answer(request: httpx.Request) -> httpx.Response:
        if "page=2" in str(request.url):
            return httpx.Response(200, json=bundle(problem("I10"), total=2))
        if request.url.path.endswith("Condition"):
            links = [{"relation": "next", "url": last}] if last else []
            return httpx.Response(200, json=bundle(problem(OPERATED), total=2, link=links))
        return record(request)

    return answer


def test_e8_further_pages_are_fetched_and_joined() -> None:
    network = Network(pages(f"{SERVER}/Condition?page=2"))

    found = cards(connected(network), asking())

    assert any("page=2" in str(request.url) for request in network.requests)
    assert "Only the first part" not in said(found)


def test_e8_the_next_page_of_prefetched_data_is_fetched_too() -> None:
    network = Network(pages(None))
    first = bundle(
        problem(OPERATED), total=2, link=[{"relation": "next", "url": f"{SERVER}/Condition?page=2"}]
    )

    found = cards(connected(network), asking(data={"patient": person(), "conditions": first}))

    assert "Only the first part" not in said(found)


@pytest.mark.hazard("H-65")
@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/fhir/Condition?page=2",
        "https://ehr.example.org/admin?page=2",
        "https://ehr.example.org/fhir/../admin?page=2",
        "http://ehr.example.org/fhir/Condition?page=2",
        "//evil.example/fhir/Condition?page=2",
        "",
    ],
)
def test_e8_a_next_page_anywhere_else_is_not_fetched_and_the_list_counts_as_incomplete(
    link: str,
) -> None:
    network = Network(pages(link))

    found = cards(connected(network), asking())

    assert not any("page=2" in str(request.url) for request in network.requests)
    assert {request.headers["host"] for request in network.requests} == {"ehr.example.org"}
    assert "Only the first part was looked at: conditions" in said(found)


def test_e8_pages_that_never_end_are_given_up_and_the_list_counts_as_incomplete() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "Condition" in request.url.path:
            links = [{"relation": "next", "url": f"{SERVER}/Condition?page=again"}]
            return httpx.Response(200, json=bundle(problem(OPERATED), link=links))
        return record(request)

    found = cards(connected(Network(answer)), asking())

    assert "Only the first part was looked at: conditions" in said(found)


@pytest.mark.hazard("H-08")
def test_fetched_data_of_another_patient_ends_everything() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "Condition" in request.url.path:
            return httpx.Response(200, json=bundle(problem(OPERATED, patient="p9")))
        return record(request)

    issue = refused(connected(Network(answer)).post(VIEW, json=asking()), 400)

    assert code_of(issue) == "other-patient"


@pytest.mark.hazard("H-66")
def test_row_35_the_token_stands_in_no_answer_no_log_and_no_text_of_the_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = connected(Network()).post(VIEW, json=asking())

    assert CANARY not in answer.text
    assert CANARY not in caplog.text
    asked = read_call(asking(), ("patient-view",))
    assert CANARY not in repr(asked)
    assert CANARY not in f"{asked.authorization} {asked.authorization!r}"


def test_the_list_is_compared_whole_apart_from_a_final_stroke() -> None:
    settings = CdsHooksSettings(fhir_servers=(f"{SERVER}/",))

    for given in (SERVER, f"{SERVER}/"):
        assert allowed_server(read_call(asking(given), ("patient-view",)), settings) == SERVER
    assert Fetcher(settings).settings.fhir_servers == (SERVER,)
    assert json.dumps(settings.fhir_servers)
