"""Section J of the checklist, and lines A1, A4 to A6 and I: status codes, error bodies, and other origins."""

from __future__ import annotations

import time
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.cds_hooks import routes
from api.fhir.requirements import HOOKS
from api.library import get_decider
from api.strict_json import RECORD_BYTES
from schemas.errors import EngineFault
from tests.benchmarks import patient_view
from tests.contract.cds_hooks.asking import cards, code_of, refused, said
from tests.contract.cds_hooks.charts import (
    OPERATED,
    RETENTION,
    call,
    person,
    prefetch,
    problem,
    service,
)
from tests.contract.cds_hooks.conftest import Knock, knocking, opened
from tests.contract.doors import CANARY, JSON, as_bytes

VIEW = service("patient-view")
ORIGIN = "https://ehr.example.org"


def test_a5_no_resource_is_ever_a_text_that_holds_json(client: TestClient) -> None:
    for card in cards(client, call(data=prefetch(problem(OPERATED)))):
        for suggestion in card.get("suggestions", ()):
            for action in suggestion["actions"]:
                assert isinstance(action["resource"], dict)


@pytest.mark.parametrize("hook", HOOKS)
def test_a1_and_a3_an_answer_is_json_that_holds_cards_and_no_system_actions(
    client: TestClient, hook: str
) -> None:
    chart = prefetch(problem(OPERATED), forms=RETENTION)
    for data, some in ((chart, True), (prefetch(), False)):
        answer = client.post(service(hook), json=call(hook, data=data))

        assert answer.headers["content-type"] == "application/json"
        assert answer.json().keys() == {"cards"}
        assert bool(answer.json()["cards"]) is some


@pytest.mark.parametrize("address", ["/cds-services", "/cds-services/none", VIEW])
def test_a1_discovery_and_refusals_are_json_too(client: TestClient, address: str) -> None:
    assert client.get(address).headers["content-type"] == "application/json"


def test_e7_eight_times_the_record_costs_less_than_four_times_the_call(client: TestClient) -> None:
    """Judges how the cost grows, on any machine; the half second for 20 clients is measured by `make bench`."""
    bodies = {n: patient_view.body(n) for n in (200, 1_600)}
    spent: dict[int, list[float]] = {n: [] for n in bodies}
    for _ in range(7):
        for n, body in bodies.items():
            begun = time.process_time()
            answer = client.post(VIEW, content=body, headers=JSON)
            spent[n].append(time.process_time() - begun)
            assert answer.status_code == 200
            assert answer.json()["cards"]

    assert min(spent[1_600]) < 4 * min(spent[200])


def test_a6_a_body_over_the_limit_is_refused_without_being_read(client: TestClient) -> None:
    said_so = {**JSON, "content-length": str(RECORD_BYTES + 1)}
    refused(client.post(VIEW, content=b"{}", headers=said_so), 413)
    refused(client.post(VIEW, content=b" " * (RECORD_BYTES + 1), headers=JSON), 413)


def test_a6_a_chart_with_a_long_narrative_is_read_although_a_plain_input_may_not_be_so_long(
    client: TestClient,
) -> None:
    long = {"text": {"status": "generated", "div": f"<div>{'word ' * 100_000}</div>"}}
    body = call(data=prefetch(problem(OPERATED, **long)))

    assert len(cards(client, body)) == 2


@pytest.mark.parametrize("media", ["", "text/plain", "application/xml", "multipart/form-data"])
def test_a6_another_media_type_is_refused(client: TestClient, media: str) -> None:
    refused(client.post(VIEW, content=b"{}", headers={"content-type": media}), 415)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"{'a': 1}", b'{"a": NaN}', b'{"a": 1e999}', b'{"a": 1, "a": 2}', b"\xff\xfe{}",
        b'{"a": "\\ud800"}', b"[" * 40 + b"]" * 40, b"[" * 100_000, b'{"a": ' + b"1" * 40 + b"}",
    ],
    ids=[
        "nothing", "half", "single quotes", "not finite", "too large a number", "a key twice", "another encoding",
        "half a character", "too deep", "far too deep", "too many digits",
    ],
)  # fmt: skip
def test_a6_and_j_what_is_not_plain_json_is_a_400(client: TestClient, body: bytes) -> None:
    refused(client.post(VIEW, content=body, headers=JSON), 400)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/cds-services/no-such-service", 404),
        ("POST", "/cds-services/no-such-service/feedback", 404),
        ("GET", "/cds-services/", 404),
        ("GET", "/cds-services/a/b/c", 404),
        ("POST", "/cds-services/%2e%2e/x", 404),
        ("POST", "/cds-services", 405),
        ("DELETE", "/cds-services", 405),
        ("GET", VIEW, 405),
        ("PUT", VIEW, 405),
        ("GET", f"{VIEW}/feedback", 405),
        ("OPTIONS", VIEW, 405),
        ("TRACE", VIEW, 405),
    ],
)
def test_j_an_address_or_method_that_is_not_there_is_told_as_an_outcome(
    client: TestClient, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path, json={})

    refused(answer, status)
    assert (status == 405) == ("allow" in answer.headers)


def test_j_too_many_calls_at_once_are_told_to_come_back(app: Any) -> None:
    own = opened({"most_at_once": 1})
    own.state.cds_hooks.in_hand = 1

    answer = knocking(own).post(VIEW, json=call(data=prefetch()))

    refused(answer, 503)
    assert answer.headers["retry-after"] == "1"
    own.state.cds_hooks.in_hand = 0
    assert knocking(own).post(VIEW, json=call(data=prefetch())).status_code == 200
    assert own.state.cds_hooks.in_hand == 0


@pytest.mark.hazard("H-61")
def test_j_a_fault_of_ours_is_a_500_that_tells_nothing_of_the_chart(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any, **more: Any) -> Any:
        raise RuntimeError(f"{CANARY} has a problem")

    monkeypatch.setattr(routes, "judge", broken)

    answer = client.post(VIEW, json=call(data=prefetch()))

    issue = refused(answer, 500)
    assert issue["code"] == "exception"
    assert CANARY not in answer.text
    assert CANARY not in caplog.text
    assert "RuntimeError" in caplog.text


def test_j1_a_request_for_another_host_is_told_as_an_outcome(client: TestClient) -> None:
    answer = client.get("/cds-services", headers={"host": "evil.example"})

    assert code_of(refused(answer, 400)) == "unknown-host"


@pytest.mark.hazard("H-61")
def test_j1_no_refusal_repeats_a_key_or_a_value_of_the_client(client: TestClient) -> None:
    for body in (
        {**call(data=prefetch()), "hook": CANARY},
        call(context={"patientId": f"{CANARY} x"}),
        {**call(), "prefetch": CANARY},
        call(data={CANARY: person(CANARY)}),
        call(data=prefetch(problem(OPERATED, patient=CANARY))),
        {CANARY: CANARY},
    ):
        answer = client.post(VIEW, json=body)
        assert answer.status_code in (400, 412)
        assert CANARY not in answer.text


@pytest.mark.hazard("H-29")
def test_j2_a_part_that_fails_is_told_on_a_card_and_the_others_stay(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> Any:
        raise EngineFault("gone")

    monkeypatch.setattr(get_decider("fbss").voices.engine, "run", broken)

    found = cards(client, call(data=prefetch(problem(OPERATED), forms=RETENTION)))

    assert found[0]["indicator"] == "critical"
    assert "did not run" in said(found)
    assert any(card["indicator"] == "warning" for card in found[1:])


@pytest.mark.hazard("H-29")
def test_j2_when_the_answer_cannot_be_written_out_the_red_sign_is_still_shown(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError(CANARY)

    monkeypatch.setattr("rules.decide._Writer.write", broken)

    found = cards(client, call(data=prefetch(problem(OPERATED), forms=RETENTION)))

    assert found[0]["indicator"] == "critical"
    assert "cauda equina" in found[0]["summary"].lower()
    assert "did not run" in said(found)
    assert not any("suggestions" in card for card in found)


def test_i_without_configuration_no_other_origin_may_call(client: TestClient) -> None:
    answer = client.get("/cds-services", headers={"origin": ORIGIN})

    assert not [name for name in answer.headers if name.startswith("access-control")]
    asked = {"origin": ORIGIN, "access-control-request-method": "POST"}
    assert client.options(VIEW, headers=asked).status_code == 405


@pytest.mark.parametrize("path", ["/cds-services", VIEW, f"{VIEW}/feedback"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_i1_a_preflight_is_answered_without_a_token(knock: Knock, path: str, method: str) -> None:
    client = knock(CLIENTS, origins=(ORIGIN,))
    asked = {
        "origin": ORIGIN,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,content-type",
    }

    answer = client.options(path, headers=asked)

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert method in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert "authorization" in allowed
    assert "content-type" in allowed
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_i2_the_allowing_header_is_on_every_answer(
    knock: Knock, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = knock(origins=(ORIGIN,))
    origin = {"origin": ORIGIN}
    answers = {
        200: client.post(VIEW, json=call(data=prefetch()), headers=origin),
        400: client.post(VIEW, json={}, headers=origin),
        404: client.post("/cds-services/x", json={}, headers=origin),
        405: client.get(VIEW, headers=origin),
        412: client.post(VIEW, json=call(), headers=origin),
        415: client.post(VIEW, content=b"", headers=origin),
    }
    bad_host = client.get("/cds-services", headers={**origin, "host": "evil.example"})
    monkeypatch.setattr(routes, "judge", None)
    answers[500] = client.post(VIEW, json=call(data=prefetch()), headers=origin)

    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert bad_host.headers["access-control-allow-origin"] == ORIGIN


def test_i3_an_origin_that_is_not_named_gets_nothing(knock: Knock) -> None:
    client = knock(origins=(ORIGIN,))
    other = {"origin": "https://evil.example", "access-control-request-method": "POST"}

    refused(client.options(VIEW, headers=other), 403)
    plain = client.get("/cds-services", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in plain.headers


def test_i3_every_origin_is_only_for_this_machine_and_never_with_credentials(knock: Knock) -> None:
    answer = knock(origins=("*",)).get("/cds-services", headers={"origin": ORIGIN})

    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    with pytest.raises(ValueError, match="every origin"):
        knock({"open": True}, origins=("*",), public_url="https://cds.example.org")


@pytest.mark.hazard("H-61")
def test_j1_the_frameworks_own_error_with_what_was_sent_appears_nowhere(client: TestClient) -> None:
    answer = client.get("/v1/pathways/fbss/codes", params={"verified": CANARY})

    assert answer.status_code == 422
    assert answer.json()["code"] == "wrong-type"
    assert CANARY not in answer.text


def test_the_body_of_an_answer_is_utf_8_json(client: TestClient) -> None:
    answer = client.post(VIEW, content=as_bytes(call(data=prefetch())), headers=JSON)

    assert answer.content == b'{"cards":[]}'


CLIENTS = {"clients": [{"iss": "https://ehr.example.org", "jwks_url": "https://ehr.example.org/k"}]}
