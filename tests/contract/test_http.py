"""The HTTP door: what each address gives, what it refuses, and that no fault gets out as text."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api import door, reports
from api.app import create_app
from api.library import get_cases, get_vignettes
from api.records import keeper as keeper_module
from api.settings import ServiceSettings
from schemas.pathway import Pathway
from tests.contract.doors import CANARY, DECISIONS, JSON

HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
BASE = "/v1/pathways"
ADDRESSES = (
    BASE,
    f"{BASE}/fbss",
    *(f"{BASE}/fbss/{part}" for part in ("facts", "rules", "sources", "ledger", "cases")),
    "/health/live",
    "/health/ready",
    "/openapi.json",
)


def shape_of_error(answer: Any) -> tuple[str, str]:
    """Return code and place of an error answer after checking that it has our shape and nothing else."""
    body = answer.json()
    assert body.keys() == {"code", "message", "help", "where", "problems"}
    assert body["problems"][0] == {key: body[key] for key in ("code", "message", "help", "where")}
    assert all(isinstance(text, str) and text for text in body["problems"][0].values())
    assert answer.headers["content-type"] == "application/json"
    return body["code"], body["where"]


def test_the_list_of_pathways_names_this_one_with_its_version_and_hash(
    client: TestClient, pathway: Pathway
) -> None:
    (one,) = client.get(BASE).json()

    assert one["id"] == "fbss"
    assert (one["version"], one["content_hash"]) == (pathway.version, pathway.content_hash)
    assert (one["status"], one["review_due"]) == (pathway.status, pathway.review_due)


def test_a_pathway_shows_its_use_its_stages_its_ten_treatments_and_its_settings_as_numbers(
    client: TestClient, pathway: Pathway
) -> None:
    body = client.get(f"{BASE}/fbss").json()

    assert body["intended_use"] == pathway.intended_use
    assert body["caveats"] == list(pathway.caveats)
    assert [stage["id"] for stage in body["stages"]] == list(pathway.stages)
    assert [treatment["id"] for treatment in body["treatments"]] == list(pathway.treatments)
    assert len(body["treatments"]) == 10
    assert [sign["id"] for sign in body["red_signs"]] == list(pathway.signs)
    assert body["profiles"] == sorted(pathway.profiles)
    for setting in body["settings"]:
        own = pathway.settings[setting["name"]]
        assert (setting["minimum"], setting["value"]) == (float(own.minimum), float(own.value))
        assert setting["signed_off"] == own.signed_off


def test_the_fact_dictionary_gives_each_fact_with_question_unit_range_and_choices(
    client: TestClient, pathway: Pathway
) -> None:
    body = client.get(f"{BASE}/fbss/facts").json()
    facts = {fact["name"]: fact for fact in body["facts"]}

    assert list(facts) == list(pathway.facts)
    assert {fact["section"] for fact in facts.values()} <= {part["id"] for part in body["sections"]}
    for name, fact in facts.items():
        own = pathway.facts[name]
        assert (fact["ask"], fact["unit"], fact["kind"]) == (own.ask, own.unit, own.kind.value)
        assert fact["minimum"] == (None if own.minimum is None else float(own.minimum))
        assert fact["choices"] == list(own.choices)
        assert fact["shelf_days"] == own.shelf_days


def test_each_rule_is_given_in_words_with_its_sources_and_place(
    client: TestClient, pathway: Pathway
) -> None:
    rules = client.get(f"{BASE}/fbss/rules").json()

    assert [rule["id"] for rule in rules] == list(pathway.rules)
    for rule in rules:
        assert rule["when"]
        assert rule["says"]
        assert rule["sources"]
        assert rule["place"].count(":") == 1


def test_sources_and_ledger_are_complete(client: TestClient, pathway: Pathway) -> None:
    sources = client.get(f"{BASE}/fbss/sources").json()
    ledger = client.get(f"{BASE}/fbss/ledger").json()

    assert [source["key"] for source in sources] == list(pathway.sources)
    assert [line["statement"] for line in ledger] == list(pathway.statements)
    assert all(line.keys() == {"statement", "says", "cited_by"} for line in ledger)
    assert sum(bool(line["cited_by"]) for line in ledger) > len(ledger) / 2


def test_each_built_in_patient_can_be_sent_back_as_it_is_given(client: TestClient) -> None:
    cases = client.get(f"{BASE}/fbss/cases").json()

    assert [case["id"] for case in cases] == [each.id for each in get_cases("fbss")]
    for case in cases[:3]:
        assert client.post(DECISIONS, json=case["input"]).status_code == 200


@pytest.mark.hazard("H-53")
@pytest.mark.parametrize("address", [*ADDRESSES, "/nothing-here", f"{BASE}/nobody"])
def test_no_answer_may_be_stored_sniffed_or_embedded(address: str, client: TestClient) -> None:
    answer = client.get(address)

    assert HEADERS.items() <= dict(answer.headers).items()
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.hazard("H-67")
@pytest.mark.parametrize(
    "address",
    [
        "/v1", f"{BASE}/", f"{BASE}/nobody", f"{BASE}/nobody/facts", f"{BASE}/FBSS", f"{BASE}/fbss/",
        f"{BASE}/..", f"{BASE}/%2e%2e", f"{BASE}/..%2f..%2fpyproject.toml", f"{BASE}/fbss%00",
        f"{BASE}/%c0%ae%c0%ae/facts", "//v1/pathways", "/v1\\pathways", f"{BASE}/fbss/facts.yaml",
        f"{BASE}/fbss/vignettes", f"{BASE}/fbss%2ffacts.yaml", "/docs", "/redoc", f"{BASE}/{CANARY}",
    ],
)  # fmt: skip
def test_an_address_that_is_not_ours_gives_404_in_our_shape(
    address: str, client: TestClient
) -> None:
    answer = client.get(address, follow_redirects=False)

    assert answer.status_code == 404
    assert shape_of_error(answer) in (("not-found", "request"), ("unknown-pathway", "pathway"))
    assert CANARY not in answer.text


def test_a_decision_asked_of_a_pathway_nobody_has_gives_404(client: TestClient) -> None:
    answer = client.post(f"{BASE}/nobody/decisions", json={"facts": {}})

    assert answer.status_code == 404
    assert shape_of_error(answer) == ("unknown-pathway", "pathway")


@pytest.mark.hazard("H-68")
@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [
        ("POST", BASE, "GET"),
        ("DELETE", f"{BASE}/fbss", "GET"),
        ("TRACE", BASE, "GET"),
        ("OPTIONS", BASE, "GET"),
        ("GET", DECISIONS, "POST"),
        ("PUT", DECISIONS, "POST"),
        ("OPTIONS", DECISIONS, "POST"),
    ],
)
def test_a_wrong_method_gives_405_and_names_the_right_one(
    method: str, address: str, allowed: str, client: TestClient
) -> None:
    answer = client.request(method, address, headers={"origin": "http://elsewhere.example"})

    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert shape_of_error(answer) == ("method-not-allowed", "request")
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.hazard("H-68")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": ""},
        {"content-type": "text/plain"},
        {"content-type": "text/json"},
        {"content-type": "application/jsonp"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {**JSON, "content-encoding": "gzip"},
        {**JSON, "content-encoding": "deflate"},
        {**JSON, "content-encoding": "identity"},
    ],
    ids=lambda headers: " ".join(headers.values()) or "nothing said",
)
def test_a_body_that_is_not_sent_as_plain_json_gives_415(
    headers: dict[str, str], client: TestClient
) -> None:
    answer = client.post(DECISIONS, content=b'{"facts": {}}', headers=headers)

    assert answer.status_code == 415
    assert shape_of_error(answer) == ("not-plain-json", "request")


def test_json_may_name_its_character_set_and_stand_in_capitals(client: TestClient) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}

    assert client.post(DECISIONS, content=b'{"facts": {}}', headers=headers).status_code == 200


def test_a_body_sent_in_pieces_without_a_length_is_decided(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        yield from (b'{"fa', b'cts": ', b"{}}")

    answer = client.post(DECISIONS, content=pieces(), headers=JSON)

    assert "content-length" not in answer.request.headers
    assert answer.status_code == 200


async def call(
    app: FastAPI, headers: dict[str, str], pieces: list[bytes], more: bool
) -> tuple[int, int]:
    """Post *pieces* without a client; return the status and how many of them were taken. With *more*, none is last."""
    sent: list[dict[str, Any]] = []
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        if taken == len(pieces):
            await asyncio.sleep(60)
        taken += 1
        last = taken == len(pieces) and not more
        return {"type": "http.request", "body": pieces[taken - 1], "more_body": not last}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    given = {"host": "127.0.0.1", **JSON, **headers}
    scope = {
        "type": "http", "method": "POST", "path": DECISIONS, "raw_path": DECISIONS.encode(), "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in given.items()], "http_version": "1.1", "scheme": "http",
    }  # fmt: skip
    await app(scope, receive, send)  # type: ignore[arg-type]
    return sent[0]["status"], taken


@pytest.mark.hazard("H-43")
def test_a_body_declared_too_long_is_refused_unread(app: FastAPI) -> None:
    told = {"content-length": str(1 << 40)}

    assert asyncio.run(call(app, told, [b"{"] * 9, more=True)) == (413, 0)


@pytest.mark.hazard("H-43")
def test_an_endless_body_is_refused_as_soon_as_it_is_too_long(app: FastAPI) -> None:
    assert asyncio.run(call(app, {}, [b" " * 65536] * 99, more=True)) == (413, 5)


@pytest.mark.hazard("H-42")
def test_a_body_that_does_not_arrive_is_given_up(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "RECEIVE_SECONDS", 0.05)

    waited = asyncio.wait_for(call(app, {}, [b'{"facts"'], more=True), 1)

    assert asyncio.run(waited) == (408, 1)


@pytest.mark.hazard("H-68")
@pytest.mark.parametrize(
    "host",
    [
        "elsewhere.example",
        "127.0.0.1.evil",
        "localhost.evil",
        "10.0.0.1",
        "[::2]",
        "",
        "127.0.0.1:x",
    ],
)
def test_a_forged_host_gives_400_in_our_shape(host: str, client: TestClient) -> None:
    answer = client.get(BASE, headers={"host": host})

    assert answer.status_code == 400
    assert shape_of_error(answer) == ("unknown-host", "Host")
    assert HEADERS.items() <= dict(answer.headers).items()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8000", "localhost:1", "LOCALHOST", "[::1]", "[::1]:8000"]
)
def test_a_loopback_host_is_served_with_or_without_a_port(host: str, client: TestClient) -> None:
    assert client.get("/health/live", headers={"host": host}).status_code == 200


def test_a_request_that_names_two_hosts_is_refused(client: TestClient) -> None:
    two = client.get(BASE, headers=[("host", "127.0.0.1"), ("host", "127.0.0.1")])  # type: ignore[arg-type]

    assert two.status_code == 400


def test_a_site_may_name_its_own_hosts_and_then_loopback_is_no_longer_one() -> None:
    client = TestClient(create_app(ServiceSettings(hosts=("Care.Example",))))

    assert client.get("/health/live", headers={"host": "care.example:443"}).status_code == 200
    assert client.get("/health/live", headers={"host": "127.0.0.1"}).status_code == 400


@pytest.mark.hazard("H-61")
def test_a_fault_inside_gives_500_in_our_shape_and_its_text_reaches_neither_client_nor_log(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ValueError(f"the patient {CANARY} is 86420975")

    monkeypatch.setattr(keeper_module, "decide_input", broken)
    caplog.set_level(logging.DEBUG)

    answer = client.post(DECISIONS, json={"facts": {}})

    assert answer.status_code == 500
    assert shape_of_error(answer) == ("internal", "service")
    assert HEADERS.items() <= dict(answer.headers).items()
    for text in (answer.text, caplog.text, str(answer.headers)):
        assert CANARY not in text
        assert "86420975" not in text
        assert "Traceback" not in text
    assert "fault: ValueError at test_http.py:" in caplog.text


def test_health_says_ready_when_every_built_in_patient_comes_out_right(client: TestClient) -> None:
    answer = client.get("/health/ready")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "wrong": []})


@pytest.mark.hazard("H-55")
def test_health_says_not_ready_when_a_built_in_patient_comes_out_wrong(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = get_vignettes("fbss")
    look = first.looks[0]
    expect = look.expect.model_copy(update={"urgency": "U3"})
    assert look.expect.urgency != "U3"
    changed = first.model_copy(update={"looks": (look.model_copy(update={"expect": expect}),)})
    monkeypatch.setattr(reports, "get_vignettes", lambda _: (changed, *others[:1]))

    answer = client.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "wrong": [first.id]}


@pytest.mark.hazard("H-55")
def test_health_says_not_ready_when_the_self_test_itself_breaks(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr(reports, "get_vignettes", broken)

    answer = client.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json()["status"] == "not ready"
    assert CANARY not in answer.text
