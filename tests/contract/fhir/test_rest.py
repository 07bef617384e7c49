"""Checklist 2: reading and searching what is published, errors, and the forms an answer may have."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.contract.doors import CANARY
from tests.contract.fhir.asking import APPLY, data, faults, outcome, parameters, subject

PLAN = "/fhir/PlanDefinition/fbss"
TYPES = (
    "PlanDefinition", "ActivityDefinition", "Library", "Questionnaire", "ValueSet", "CodeSystem",
    "StructureDefinition", "OperationDefinition",
)  # fmt: skip


@pytest.mark.parametrize(
    "accept", ["application/fhir+json", "application/json", "*/*", "text/html;q=0.5, */*;q=0.1"]
)
def test_2_1_whatever_json_is_called_it_is_given(accept: str, client: TestClient) -> None:
    response = client.get(PLAN, headers={"Accept": accept})

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/fhir+json; charset=utf-8"


@pytest.mark.parametrize("form", ["json", "application/fhir%2Bjson", "application/fhir+json"])
def test_2_1_a_form_in_the_address_outranks_the_header(form: str, client: TestClient) -> None:
    accept = {"Accept": "application/fhir+xml"}

    assert client.get(f"{PLAN}?_format={form}", headers=accept).status_code == 200


@pytest.mark.parametrize("accept", ["application/fhir+xml", "text/xml", "application/json;q=0"])
def test_2_1_xml_is_not_acceptable(accept: str, client: TestClient) -> None:
    outcome(client.get(PLAN, headers={"Accept": accept}), 406)
    outcome(client.get(f"{PLAN}?_format=xml"), 406)


@pytest.mark.parametrize(
    "media", ["application/fhir+json", "application/json", "application/fhir+json; charset=utf-8"]
)
def test_2_2_a_body_may_be_called_fhir_json_or_json(media: str, client: TestClient) -> None:
    import json

    body = json.dumps(parameters(subject(), data()))

    assert client.post(APPLY, content=body, headers={"Content-Type": media}).status_code == 200


@pytest.mark.parametrize("media", ["text/plain", "application/fhir+xml", ""])
def test_2_2_a_body_of_another_media_type_is_refused(media: str, client: TestClient) -> None:
    outcome(client.post(APPLY, content=b"{}", headers={"Content-Type": media}), 415)


def test_2_3_every_error_is_an_operation_outcome(client: TestClient) -> None:
    assert outcome(client.get("/fhir/PlanDefinition/nobody"), 404)["code"] == "not-found"
    assert outcome(client.get("/fhir/Patient/1"), 404)["code"] == "not-found"
    assert outcome(client.get("/fhir/no/such/place/at/all"), 404)["code"] == "not-found"
    assert outcome(client.put(PLAN, json={}), 405)["code"] == "not-supported"
    assert outcome(client.delete(PLAN), 405)["code"] == "not-supported"
    assert outcome(client.post("/fhir/PlanDefinition", json={}), 405)["code"] == "not-supported"
    malformed = client.post(APPLY, content=b"{", headers={"Content-Type": "application/fhir+json"})
    assert outcome(malformed, 400)["code"] == "structure"
    foreign = client.get(PLAN, headers={"Host": "elsewhere.example"})
    assert outcome(foreign, 400)["code"] == "security"


def test_2_3_an_error_points_at_the_element(client: TestClient) -> None:
    issue = outcome(client.post(APPLY, json=parameters(subject(), {"name": "nonsense"})), 400)

    assert issue["expression"] == ["Parameters.parameter[1]"]


def test_2_3_no_error_repeats_what_a_client_sent(client: TestClient) -> None:
    for response in (
        client.get(f"/fhir/{CANARY}/1"),
        client.get(f"/fhir/PlanDefinition/{CANARY}"),
        client.get(f"/fhir/PlanDefinition?{CANARY}={CANARY}", headers={"Prefer": "handling=strict"}),
        client.get(f"/fhir/PlanDefinition?_count={CANARY}"),
        client.post(APPLY, json=parameters(subject(CANARY))),
        client.post(APPLY, json=parameters(subject(), {"name": CANARY, "valueString": CANARY})),
        client.post(APPLY, json={"resourceType": CANARY}),
        client.post("/fhir/PlanDefinition/$apply", json=parameters(
            subject(), data(), {"name": "url", "valueUri": f"http://example.org/{CANARY}"})),
    ):  # fmt: skip
        assert response.status_code >= 400
        assert CANARY not in f"{response.text} {response.headers!r}"


@pytest.mark.parametrize("type", TYPES)
def test_2_4_a_read_carries_its_version_and_its_date(type: str, client: TestClient) -> None:
    first = client.get(f"/fhir/{type}?_count=1").json()["entry"][0]["resource"]

    response = client.get(f"/fhir/{type}/{first['id']}")

    assert response.json() == first
    assert response.headers["etag"] == f'W/"{first["meta"]["versionId"]}"'
    assert response.headers["last-modified"].endswith("GMT")
    assert first["meta"]["lastUpdated"]


def test_2_4_a_version_a_client_has_already_is_not_sent_again(client: TestClient) -> None:
    tag = client.get(PLAN).headers["etag"]

    again = client.get(PLAN, headers={"If-None-Match": tag})
    changed = client.get(PLAN, headers={"If-None-Match": 'W/"older"'})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert changed.status_code == 200


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("_id=fbss", 1),
        ("_id=fbss,fbss-stage-s1", 2),
        ("url=https://steppedcare.example/fhir/PlanDefinition/fbss", 1),
        ("url=https://example.org/another", 0),
        ("name=SteppedCareFbssStage", 3),
        ("title=failed BACK", 1),
        ("_id=fbss&status=draft", 1),
        ("_id=fbss&status=active", 0),
        ("_id=fbss&version=9.9.9", 0),
    ],
)  # fmt: skip
def test_2_5_a_search_finds_what_it_names(query: str, total: int, client: TestClient) -> None:
    by_get = client.get(f"/fhir/PlanDefinition?{query}").json()
    by_post = client.post(
        "/fhir/PlanDefinition/_search",
        content=query,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ).json()

    assert by_get["total"] == len(by_get.get("entry", [])) == total
    assert by_post == by_get


def test_2_5_an_unknown_parameter_is_left_aside_unless_the_client_is_strict(
    client: TestClient,
) -> None:
    found = client.get("/fhir/Library?colour=green").json()

    assert found["total"] == 3
    assert "colour" not in str(found["link"])
    strict = {"Prefer": "handling=strict"}
    outcome(client.get("/fhir/Library?colour=green", headers=strict), 400)
    assert client.get("/fhir/Library?_id=x&_count=3", headers=strict).status_code == 200


def test_2_6_the_pages_of_a_search_lead_through_all_of_it_once(client: TestClient) -> None:
    seen: list[str] = []
    address: str | None = "/fhir/PlanDefinition?_count=100"
    while address:
        page = client.get(address).json()
        assert page["type"] == "searchset"
        assert faults(page) == []
        links = {link["relation"]: link["url"] for link in page["link"]}
        assert links["self"].startswith("http://127.0.0.1:8000/fhir/PlanDefinition?")
        for entry in page["entry"]:
            assert entry["fullUrl"].startswith("http://")
            assert entry["search"] == {"mode": "match"}
            seen.append(entry["resource"]["id"])
        address = links.get("next", "").removeprefix("http://127.0.0.1:8000") or None

    assert len(seen) == len(set(seen)) == page["total"] > 300


def test_2_6_a_search_for_the_number_alone_gives_the_number_alone(client: TestClient) -> None:
    found = client.get("/fhir/ValueSet?_count=0").json()

    assert found["total"] > 100
    assert "entry" not in found


def test_2_7_each_resource_has_one_version_and_a_history_of_one(client: TestClient) -> None:
    plan: dict[str, Any] = client.get(PLAN).json()

    version = client.get(f"{PLAN}/_history/{plan['meta']['versionId']}")
    history = client.get(f"{PLAN}/_history").json()

    assert version.json() == plan
    assert (history["type"], history["total"]) == ("history", 1)
    assert history["entry"][0]["resource"] == plan
    assert faults(history) == []
    outcome(client.get(f"{PLAN}/_history/another"), 404)
