"""Checklist 1 and 3: the CapabilityStatement is true: all it says works, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.contract.fhir.asking import bundle, data, faults, outcome, parameters, subject

ALL_TYPES = (
    "Patient", "Condition", "Observation", "CarePlan", "RequestGroup",
    "Measure", "Task", "QuestionnaireResponse", "GuidanceResponse", "CapabilityStatement",
)  # fmt: skip


@pytest.fixture
def statement(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/fhir/metadata").json()
    return found


def test_3_1_the_capability_statement_is_sound(statement: dict[str, Any]) -> None:
    assert faults(statement) == []
    assert (statement["kind"], statement["fhirVersion"]) == ("instance", "4.0.1")
    assert "json" in statement["format"]
    assert statement["software"]["version"]
    assert statement["implementation"]["url"] == "http://127.0.0.1:8000/fhir"
    assert statement["rest"][0]["mode"] == "server"


def test_3_2_every_advertised_interaction_works(
    statement: dict[str, Any], client: TestClient
) -> None:
    for part in statement["rest"][0]["resource"]:
        type = part["type"]
        first = client.get(f"/fhir/{type}?_count=1").json()["entry"][0]["resource"]
        place = f"/fhir/{type}/{first['id']}"
        calls = {
            "search-type": f"/fhir/{type}",
            "read": place,
            "vread": f"{place}/_history/{first['meta']['versionId']}",
            "history-instance": f"{place}/_history",
        }
        assert {each["code"] for each in part["interaction"]} == set(calls)
        for path in calls.values():
            assert client.get(path).status_code == 200
        for parameter in part["searchParam"]:
            value = first["id"] if parameter["name"] == "_id" else first[parameter["name"]]
            found = client.get(f"/fhir/{type}", params={parameter["name"]: value, "_count": 500})
            ids = [entry["resource"]["id"] for entry in found.json()["entry"]]
            assert first["id"] in ids, (type, parameter)


def test_3_2_every_advertised_operation_works(
    statement: dict[str, Any], client: TestClient
) -> None:
    plan = next(r for r in statement["rest"][0]["resource"] if r["type"] == "PlanDefinition")
    gives = {"apply": "CarePlan", "r5.apply": "Bundle", "data-requirements": "Library"}

    assert {each["name"] for each in plan["operation"]} == set(gives)
    for name, type in gives.items():
        body = parameters(subject(), data())
        response = client.post(f"/fhir/PlanDefinition/fbss/${name}", json=body)
        assert response.json()["resourceType"] == type
    assert all(each["definition"].startswith("http://hl7.org/fhir/") for each in plan["operation"])


def test_3_2_nothing_unadvertised_answers(statement: dict[str, Any], client: TestClient) -> None:
    types = [part["type"] for part in statement["rest"][0]["resource"]]

    for type in types:
        place = f"/fhir/{type}/fbss"
        for method, path in (
            ("POST", f"/fhir/{type}"), ("PUT", place), ("PATCH", place), ("DELETE", place),
            ("GET", f"/fhir/{type}/_history"), ("POST", f"{place}/$everything"), ("GET", "/fhir/_history"),
            ("GET", f"{place}/$validate"), ("POST", "/fhir"), ("GET", "/fhir"),
        ):  # fmt: skip
            response = client.request(method, path, json={} if method != "GET" else None)
            assert response.status_code in (404, 405), (method, path)
    for type in ALL_TYPES:
        outcome(client.get(f"/fhir/{type}"), 404)
        outcome(client.get(f"/fhir/{type}/1"), 404)


def test_1_no_patient_data_is_kept_from_one_request_to_the_next(client: TestClient) -> None:
    body = parameters(subject("Patient/kept"), {"name": "data", "resource": bundle(
        {"resourceType": "Patient", "id": "kept", "birthDate": "1960-01-01"})})  # fmt: skip
    assert client.post("/fhir/PlanDefinition/fbss/$apply", json=body).status_code == 200

    outcome(client.get("/fhir/Patient/kept"), 404)
    outcome(client.get("/fhir/CarePlan?subject=Patient/kept"), 404)
    outcome(
        client.post("/fhir/PlanDefinition/fbss/$apply", json=parameters(subject("Patient/kept"))),
        412,
    )


def test_3_3_no_guide_is_named_whose_profiles_nobody_has_checked(
    statement: dict[str, Any],
) -> None:
    assert "instantiates" not in statement
    assert "implementationGuide" not in statement
