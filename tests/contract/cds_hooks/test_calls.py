"""Section D of the checklist: reading a call, with the faults real clients make."""

from __future__ import annotations

import datetime as dt
import logging
import time
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.cds_hooks.coded import Coded
from api.library import get_codes
from schemas.pathway import Pathway
from tests.contract.cds_hooks.asking import actions_of, cards, code_of, refused, said
from tests.contract.cds_hooks.charts import (
    OPERATED,
    PATIENT,
    RETENTION,
    answers,
    bundle,
    call,
    order,
    person,
    prefetch,
    problem,
    selecting,
    service,
    signing,
)
from tests.contract.cds_hooks.conftest import knocking, opened
from tests.contract.doors import JSON, as_bytes

VIEW = service("patient-view")


@pytest.mark.parametrize("member", ["hook", "hookInstance", "context"])
@pytest.mark.parametrize("value", [None, "", 7, [], True, "absent"])
def test_d1_a_required_member_that_is_missing_or_of_the_wrong_type_is_named(
    client: TestClient, member: str, value: Any
) -> None:
    body = call(data=prefetch())
    body[member] = value
    if value == "absent":
        del body[member]

    issue = refused(client.post(VIEW, json=body), 400)

    assert member in issue["diagnostics"]


@pytest.mark.parametrize("body", [[], 7, "x", None, True])
def test_d1_a_body_that_is_no_object_is_refused(client: TestClient, body: Any) -> None:
    refused(client.post(VIEW, content=as_bytes(body), headers=JSON), 400)


@pytest.mark.parametrize(
    "hook", ["order-sign", "patient-views", "PATIENT-VIEW", "medication-prescribe"]
)
def test_d2_a_hook_the_service_is_not_for_is_refused(client: TestClient, hook: str) -> None:
    issue = refused(client.post(VIEW, json={**call(data=prefetch()), "hook": hook}), 400)

    assert issue["diagnostics"].startswith("hook:")


def test_d3_an_authorization_without_its_server_is_refused(client: TestClient) -> None:
    token = {"access_token": "t", "token_type": "Bearer", "expires_in": 300}
    body = call(data=prefetch(), fhirAuthorization=token)

    issue = refused(client.post(VIEW, json=body), 400)

    assert issue["diagnostics"].startswith("fhirServer:")


@pytest.mark.parametrize(
    "given",
    [
        {
            "access_token": "t",
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "s",
            "subject": "x",
        },
        {"access_token": "t", "token_type": "bearer"},
        {"access_token": "t", "token_type": "mac", "expires_in": "300"},
        {"patient": 7, "access_token": "t", "token_type": "Bearer"},
    ],
    ids=["complete", "incomplete", "another kind", "odd patient"],
)
def test_d4_an_authorization_complete_or_not_never_stops_the_answer(
    client: TestClient, given: dict[str, Any]
) -> None:
    body = call(data=prefetch(), fhirServer="https://ehr.example/fhir", fhirAuthorization=given)

    assert client.post(VIEW, json=body).status_code == 200


def test_d5_an_empty_access_token_counts_as_none(client: TestClient) -> None:
    given = {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 0,
        "scope": "",
        "subject": "",
    }
    body = call(data=prefetch(), fhirServer="https://ehr.example/fhir", fhirAuthorization=given)

    assert client.post(VIEW, json=body).status_code == 200


def test_d6_the_same_instance_twice_and_one_that_is_no_uuid_are_both_answered(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="steppedcare.audit")
    for instance in ("d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",) * 2 + ("Mrs Canary",):
        body = {**call(data=prefetch()), "hookInstance": instance}
        assert client.post(VIEW, json=body).status_code == 200

    assert "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea" in caplog.text
    assert "Canary" not in caplog.text


@pytest.mark.parametrize(
    "given", [PATIENT, f"Patient/{PATIENT}", f"https://ehr.example/fhir/Patient/{PATIENT}"]
)
def test_d7_a_patient_id_that_is_a_reference_means_the_id_in_it(
    client: TestClient, given: str
) -> None:
    body = call(context={"patientId": given}, data=prefetch(problem(OPERATED)))

    assert actions_of(cards(client, body)) == ["ask-red-signs", "ask"]


@pytest.mark.parametrize(
    "given", [None, "", "Patient/", "a b", 7, {}, "x" * 200, "../1", "Group/1"]
)
def test_d7_a_context_without_a_patient_is_refused(client: TestClient, given: Any) -> None:
    issue = refused(client.post(VIEW, json=call(context={"patientId": given})), 400)

    assert issue["diagnostics"].startswith("context.patientId:")


@pytest.mark.parametrize(
    "drafts",
    [
        {"resourceType": "Bundle", "entry": [{"resource": order("ibuprofen")}]},
        bundle(order("ibuprofen"), type="transaction"),
        bundle(order("ibuprofen", status="stopped")),
        bundle(order("ibuprofen", category={"coding": []})),
        bundle(order("ibuprofen", code={"coding": [{}]}, reasonCode=[])),
        bundle({"resourceType": "MedicationRequest", "id": "x", "status": "draft"}),
        bundle({"resourceType": "ServiceRequest", "code": {"coding": [{}]}}),
        bundle(),
        {"resourceType": "Bundle", "entry": [{}, None, 7, {"resource": None}]},
        {"resourceType": "Bundle", "entry": {"resource": order("ibuprofen")}},
    ],
    ids=[
        "no type", "a transaction", "a stopped order", "category as an object", "empty coding and reason",
        "no intent and no medicine", "no subject", "no drafts", "empty entries", "entry as an object",
    ],
)  # fmt: skip
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_d8_odd_drafts_are_answered_and_give_no_card_where_there_is_nothing_to_judge(
    client: TestClient, hook: str, drafts: Any
) -> None:
    body = call(hook, {"draftOrders": drafts, "selections": ["MedicationRequest/x"]}, prefetch())

    assert cards(client, body) == []


@pytest.mark.parametrize("drafts", [None, "x", 7, []])
def test_d8_drafts_that_are_no_bundle_at_all_are_refused(client: TestClient, drafts: Any) -> None:
    body = call("order-sign", {"draftOrders": drafts}, prefetch())

    issue = refused(client.post(service("order-sign"), json=body), 400)

    assert issue["diagnostics"].startswith("context.draftOrders:")


def test_d9_only_what_was_selected_is_judged(client: TestClient) -> None:
    known = prefetch(problem(OPERATED), forms=answers({"nsaid_allergy": True}))
    drafts = (order("ibuprofen"), order("naproxen"))

    one = cards(client, selecting(*drafts, chosen=["MedicationRequest/m-naproxen"], data=known))
    none = cards(client, selecting(*drafts, chosen=[], data=known))

    assert "Naproxen" in said(one)
    assert "Ibuprofen" not in said(one)
    assert none == []


def test_d9_a_client_that_sends_no_selections_has_every_draft_judged(client: TestClient) -> None:
    known = prefetch(problem(OPERATED), forms=answers({"nsaid_allergy": True}))
    body = selecting(order("ibuprofen"), chosen=[], data=known)
    del body["context"]["selections"]

    assert "Ibuprofen" in said(cards(client, body))


@pytest.mark.hazard("H-08")
@pytest.mark.parametrize(
    "where",
    [
        "conditions",
        "patient",
        "a key of the client's own",
        "a draft",
        "an absolute reference",
        "nested",
    ],
)
def test_d10_one_resource_of_another_patient_ends_everything(
    client: TestClient, where: str
) -> None:
    other = problem(OPERATED, patient="p10")
    body = signing(order("ibuprofen"), data=prefetch(problem(OPERATED)))
    match where:
        case "conditions":
            body["prefetch"]["conditions"] = bundle(problem(OPERATED), other)
        case "patient":
            body["prefetch"]["patient"] = person("p2")
        case "a key of the client's own":
            body["prefetch"]["item7"] = other
        case "a draft":
            body["context"]["draftOrders"] = bundle(order("ibuprofen", patient="p2"))
        case "an absolute reference":
            other["subject"]["reference"] = "https://ehr.example/fhir/Patient/p10"
            body["prefetch"]["conditions"] = bundle(other)
        case _:
            body["prefetch"]["conditions"] = bundle(bundle(problem(OPERATED), other))

    issue = refused(client.post(service("order-sign"), json=body), 400)

    assert code_of(issue) == "other-patient"
    assert "p10" not in str(issue)


@pytest.mark.parametrize(
    "reference",
    [f"Patient/{PATIENT}", f"https://ehr.example/fhir/Patient/{PATIENT}", "urn:uuid:nobody-knows"],
)
def test_d10_a_reference_to_this_patient_or_to_nobody_known_is_no_mix_up(
    client: TestClient, reference: str
) -> None:
    mine = problem(OPERATED)
    mine["subject"]["reference"] = reference
    body = call(data={"patient": person(), "conditions": bundle(mine)})

    assert client.post(VIEW, json=body).status_code == 200


def test_d11_the_date_of_the_question_comes_from_one_clock_that_can_be_turned() -> None:
    app: FastAPI = opened()
    body = call(
        data={"patient": person(birthDate="2015-04-01"), "conditions": bundle(problem(OPERATED))}
    )

    assert cards(knocking(app), body) == []
    app.state.cds_hooks.clock = lambda: dt.datetime(2040, 1, 1, tzinfo=dt.UTC)
    assert len(cards(knocking(app), body)) == 2


@pytest.mark.parametrize("born", ["1980", "1980-04", "1980-04-01", "19", "01.04.1980", 1980, None])
def test_d11_a_birth_date_of_any_precision_or_none_at_all_is_answered(
    client: TestClient, born: Any
) -> None:
    body = call(data={"patient": person(birthDate=born), "conditions": bundle(problem(OPERATED))})

    assert len(cards(client, body)) == 2


def test_a4_members_nobody_knows_are_left_aside(client: TestClient) -> None:
    body = call(data=prefetch(problem(OPERATED)), extension={"org.example.x": {"y": 1}}, later=[1])
    body["context"]["somethingNew"] = {"a": None}

    assert len(cards(client, body)) == 2


@pytest.mark.parametrize("value", ["x", 7, [], True])
def test_a_prefetch_that_is_no_object_is_refused(client: TestClient, value: Any) -> None:
    issue = refused(client.post(VIEW, json={**call(), "prefetch": value}), 400)

    assert issue["diagnostics"].startswith("prefetch:")


def test_row_36_hostile_text_of_a_chart_is_inert_in_every_card(client: TestClient) -> None:
    hostile = [
        "<script>alert(1)</script>", "[x](javascript:alert(1))", "![x](http://evil.example/x.png)",
        '=HYPERLINK("http://evil.example")', 'a\n{"event":"call"}', "\x1b[31mred\u202e",
    ]  # fmt: skip
    medicines = [
        {
            **order("ibuprofen", id=f"m{at}", status="active"),
            "medicationCodeableConcept": {"text": text},
        }
        for at, text in enumerate(hostile)
    ]
    known = prefetch(problem(OPERATED), medications=bundle(*medicines), forms=RETENTION)

    text = said(cards(client, call(data=known)))

    assert "<" not in text
    assert "](" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "http://" not in text


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Ibuprofen 400 MG Oral Tablet", {"ibuprofen"}),
        ("TRAMADOL-hydrochloride 50 mg", {"tramadol"}),
        ("take naproxen or ibuprofen", {"ibuprofen", "naproxen"}),
        ("naproxenol", set()),
        ("", set()),
    ],
)
def test_e9_a_medicine_without_a_known_code_is_found_by_whole_words(
    text: str, named: set[str], pathway: Pathway
) -> None:
    coded = Coded(pathway, get_codes("fbss"))

    assert coded.medicines_named(text) == named


def test_row_33_circles_of_references_and_thousands_of_contained_resources_end_quickly(
    client: TestClient,
) -> None:
    circle = order("ibuprofen", id="a", medicationReference={"reference": "#b"})
    del circle["medicationCodeableConcept"]
    circle["contained"] = [{"resourceType": "Medication", "id": "b", "code": {"reference": "#b"}}]
    many = order(
        "naproxen", contained=[{"resourceType": "Medication", "id": str(n)} for n in range(6000)]
    )
    lots = [order("ibuprofen", id=str(n)) for n in range(1000)]
    for draft in lots:
        draft["medicationCodeableConcept"] = {"text": "something with many words in it " * 10}

    begun = time.perf_counter()
    assert cards(client, signing(circle)) == []
    refused(client.post(service("order-sign"), json=signing(many)), 400)
    assert cards(client, signing(*lots)) == []
    assert time.perf_counter() - begun < 5
