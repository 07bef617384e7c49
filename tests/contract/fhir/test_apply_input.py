"""Checklist 5.1 to 5.5: what `$apply` takes and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.contract.fhir.asking import (
    APPLY,
    PATIENT,
    R5_APPLY,
    answers,
    bundle,
    data,
    outcome,
    parameters,
    subject,
)

TYPE_LEVEL = "/fhir/PlanDefinition/$apply"
URL = "https://steppedcare.example/fhir/PlanDefinition/fbss"


def row(name: str, **value: Any) -> dict[str, Any]:
    return {"name": name, **value}


CONCEPT = {"text": "any"}
OPTIONAL = {
    "encounter": row("encounter", valueString="Encounter/e1"),
    "practitioner": row("practitioner", valueString="Practitioner/d1"),
    "a role": row("practitioner", valueString="PractitionerRole/d1"),
    "organization": row("organization", valueString="Organization/o1"),
    "userType": row("userType", valueCodeableConcept=CONCEPT),
    "userLanguage": row("userLanguage", valueCodeableConcept=CONCEPT),
    "userTaskContext": row("userTaskContext", valueCodeableConcept=CONCEPT),
    "setting": row("setting", valueCodeableConcept=CONCEPT),
    "settingContext": row("settingContext", valueCodeableConcept=CONCEPT),
    "useServerData false": row("useServerData", valueBoolean=False),
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIONAL)
def test_5_1_the_parameters_of_the_operation_are_taken(name: str, client: TestClient) -> None:
    body = parameters(subject(), data(), OPTIONAL[name])

    assert client.post(APPLY, json=body).status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        {"valueString": "Patient/p1"},
        {"valueReference": {"reference": "Patient/p1"}},
        {"valueUri": "Patient/p1"},
        {"valueString": "https://ehr.example.org/fhir/Patient/p1"},
    ],
    ids=["text", "reference", "uri", "address"],
)
def test_5_1_the_subject_is_a_reference_however_it_is_typed(
    given: dict[str, Any], client: TestClient
) -> None:
    body = parameters(row("subject", **given), data())

    plan = client.post(APPLY, json=body).json()

    assert plan["subject"]["reference"].endswith("Patient/p1")


WRONG_SUBJECTS: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "two": [subject(), subject("Patient/p2")],
    "a group": [subject("Group/g1")],
    "a practitioner": [subject("Practitioner/d1")],
    "no reference": [subject("somebody")],
    "a number": [row("subject", valueInteger=1)],
}


@pytest.mark.parametrize("name", WRONG_SUBJECTS)
def test_5_1_anything_but_exactly_one_patient_is_refused(name: str, client: TestClient) -> None:
    outcome(client.post(APPLY, json=parameters(*WRONG_SUBJECTS[name], data())), 400)


def test_5_2_at_type_level_a_plan_is_named_by_address_and_version_or_by_itself(
    client: TestClient,
) -> None:
    at_instance = client.post(APPLY, json=parameters(subject(), data())).json()
    plan = client.get("/fhir/PlanDefinition/fbss").json()
    version = plan["version"]

    for named in (
        [row("url", valueUri=URL)],
        [row("url", valueUri=f"{URL}|{version}")],
        [row("url", valueUri=URL), row("version", valueString=version)],
        [row("planDefinition", resource=plan)],
    ):
        response = client.post(TYPE_LEVEL, json=parameters(subject(), data(), *named))
        assert response.json() == at_instance


def test_5_2_a_plan_named_twice_not_at_all_or_wrongly_is_refused(client: TestClient) -> None:
    plan = client.get("/fhir/PlanDefinition/fbss").json()
    url = row("url", valueUri=URL)

    outcome(client.post(TYPE_LEVEL, json=parameters(subject(), data())), 400)
    both = parameters(subject(), data(), url, row("planDefinition", resource=plan))
    outcome(client.post(TYPE_LEVEL, json=both), 400)
    outcome(client.post(APPLY, json=parameters(subject(), data(), url)), 400)
    old = parameters(subject(), data(), url, row("version", valueString="0.0.1"))
    outcome(client.post(TYPE_LEVEL, json=old), 404)
    for changed in ({"version": "0.0.1"}, {"url": "https://example.org/another"}, {"url": None}):
        sent = row("planDefinition", resource={**plan, **changed})
        outcome(client.post(TYPE_LEVEL, json=parameters(subject(), data(), sent)), 404)
    outcome(
        client.post("/fhir/PlanDefinition/nobody/$apply", json=parameters(subject(), data())), 404
    )
    part = "/fhir/PlanDefinition/fbss-rule-nsaid-allergy/$apply"
    assert (
        outcome(client.post(part, json=parameters(subject(), data())), 400)["code"]
        == "not-supported"
    )


def test_5_2_a_record_in_parts_gives_the_answer_of_the_same_record_in_one_bundle(
    client: TestClient,
) -> None:
    told = answers(pain_now=True, pain_back_nrs=6)
    parts = [
        row("prefetchData", part=[
            row("key", valueString="patient"), row("data", resource=PATIENT)]),
        row("prefetchData", part=[
            row("key", valueString="forms"), row("data", resource=bundle(told, type="searchset"))]),
    ]  # fmt: skip

    in_parts = client.post(APPLY, json=parameters(subject(), *parts))
    at_once = client.post(APPLY, json=parameters(subject(), data(told)))

    assert in_parts.status_code == 200
    assert in_parts.json() == at_once.json()
    outcome(client.post(APPLY, json=parameters(subject(), data(), *parts)), 400)


REFUSED = {
    "server data": row("useServerData", valueBoolean=True),
    "a data endpoint": row("dataEndpoint", resource={"resourceType": "Endpoint"}),
    "a content endpoint": row("contentEndpoint", resource={"resourceType": "Endpoint"}),
    "a terminology endpoint": row("terminologyEndpoint", resource={"resourceType": "Endpoint"}),
    "parameters of a library": row("parameters", resource={"resourceType": "Parameters"}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_5_2_what_would_need_another_server_is_refused(name: str, client: TestClient) -> None:
    issue = outcome(client.post(APPLY, json=parameters(subject(), data(), REFUSED[name])), 400)

    assert issue["code"] == "not-supported"


WRONG: dict[str, Any] = {
    "an unknown parameter": parameters(subject(), data(), row("colour", valueString="green")),
    "a parameter without a name": parameters(subject(), data(), {"valueString": "x"}),
    "a parameter that is no object": parameters(subject(), data(), "x"),  # type: ignore[arg-type]
    "a text where a concept belongs": parameters(subject(), data(), row("setting", valueString="x")),
    "a text where a yes or no belongs": parameters(subject(), data(), row("useServerData", valueString="no")),
    "data that is no bundle": parameters(subject(), row("data", resource=PATIENT)),
    "data twice": parameters(subject(), data(), data()),
    "an encounter that is a patient": parameters(subject(), data(), row("encounter", valueString="Patient/1")),
    "prefetch without data": parameters(subject(), row("prefetchData", part=[row("key", valueString="patient")])),
    "prefetch without parts": parameters(subject(), row("prefetchData")),
    "parameters that are no list": {"resourceType": "Parameters", "parameter": {}},
    "a bundle by itself": bundle(PATIENT),
    "a list": [],
    "a text": "Parameters",
}  # fmt: skip


@pytest.mark.parametrize("path", [APPLY, R5_APPLY])
@pytest.mark.parametrize("name", WRONG)
def test_5_3_what_the_operation_does_not_define_is_refused(
    name: str, path: str, client: TestClient
) -> None:
    outcome(client.post(path, json=WRONG[name]), 400)


@pytest.mark.parametrize(
    "text",
    [b"", b"null", b"{", b'{"a": 1, "a": 2}', b"\xff\xfe", b'{"x": NaN}', b"[" * 100],
    ids=["empty", "null", "half", "a key twice", "not utf-8", "not a number", "too deep"],
)
def test_5_3_what_is_no_json_is_refused(text: bytes, client: TestClient) -> None:
    headers = {"Content-Type": "application/fhir+json"}

    outcome(client.post(APPLY, content=text, headers=headers), 400)


def test_5_3_a_body_over_the_limit_is_refused_unread(client: TestClient) -> None:
    body = b'{"x": "' + b"a" * (5 * 1024 * 1024) + b'"}'

    outcome(client.post(APPLY, content=body, headers={"Content-Type": "application/json"}), 413)


LENIENT: dict[str, dict[str, Any]] = {
    "a searchset": bundle(PATIENT, type="searchset"),
    "a transaction": bundle(PATIENT, type="transaction"),
    "a bundle without a type": {"resourceType": "Bundle", "entry": [{"resource": PATIENT}]},
    "a bundle without entries": {"resourceType": "Bundle", "type": "collection"},
    "an entry without a resource": {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:x"}]},
    "entries that are none": {"resourceType": "Bundle", "entry": [None, 1, "x", {"resource": 5}]},
    "resources without what they need": bundle(
        PATIENT, {"resourceType": "Condition"}, {"resourceType": "Observation"}, {"resourceType": "Procedure"}),
    "resources of no known type": bundle(PATIENT, {"resourceType": "Nonsense", "id": 5}),
}  # fmt: skip


@pytest.mark.parametrize("name", LENIENT)
def test_5_4_the_record_is_read_leniently(name: str, client: TestClient) -> None:
    body = parameters(subject(), row("data", resource=LENIENT[name]))

    assert client.post(APPLY, json=body).status_code == 200


def test_5_4_resources_of_another_patient_end_it_without_a_result(client: TestClient) -> None:
    other = {**answers(pain_now=True), "subject": {"reference": "Patient/somebody-else"}}

    for path in (APPLY, R5_APPLY):
        response = client.post(path, json=parameters(subject(), data(other)))
        outcome(response, 422)
        assert "somebody-else" not in response.text


@pytest.mark.parametrize("place", ["", "/fbss"])
@pytest.mark.parametrize("operation", ["$apply", "$r5.apply"])
def test_5_5_without_a_record_the_answer_says_that_one_is_needed(
    operation: str, place: str, client: TestClient
) -> None:
    response = client.get(f"/fhir/PlanDefinition{place}/{operation}?subject=Patient/p1")

    issue = outcome(response, 412)
    assert "$data-requirements" in issue["diagnostics"]
    assert "p1" not in response.text


def test_5_4_a_patient_known_by_the_address_of_its_entry_alone_is_found(client: TestClient) -> None:
    address = "urn:uuid:6f1c5a34-2f0e-4a54-9c2c-0d9b3f1a7e11"
    told = {**answers(pain_now=True), "subject": {"reference": address}}
    record = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": address, "resource": {k: v for k, v in PATIENT.items() if k != "id"}},
            {"resource": told},
        ],
    }

    body = parameters(subject(address), row("data", resource=record))
    response = client.post(APPLY, json=body)

    assert response.status_code == 200
    asked = {
        part["type"]["text"]
        for each in response.json()["contained"]
        if each["resourceType"] == "Task"
        for part in each["input"]
    }
    assert "pain_back_nrs" in asked
    assert not {"age", "pain_now"} & asked
