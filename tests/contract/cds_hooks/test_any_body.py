"""Whatever is sent: an answer or a refusal in the one shape, never a fault; and never another patient's cards."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.fhir.requirements import HOOKS
from tests.contract.cds_hooks.asking import lawful, refused
from tests.contract.cds_hooks.charts import (
    OPERATED,
    PATIENT,
    RETENTION,
    bundle,
    call,
    order,
    prefetch,
    problem,
    service,
)
from tests.contract.doors import CANARY, JSON, as_bytes, hostile

scalars = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=20)
scalars |= st.sampled_from(
    ["Patient/p1", "Condition", "Bundle", "2026-02-30", "#", "urn:uuid:1", "MedicationRequest/x"]
)
names = st.text(max_size=8) | st.sampled_from(
    [
        "resourceType", "entry", "resource", "subject", "reference", "code", "coding", "system", "id", "status",
        "contained", "link", "relation", "url", "item", "answer", "linkId", "hook", "context", "patientId",
        "draftOrders", "selections", "prefetch", "fhirServer", "fhirAuthorization", "medicationReference",
    ]
)  # fmt: skip
anything = st.recursive(
    scalars,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(names, inside, max_size=4),
    max_leaves=20,
)


def checked(answer: Any) -> None:
    if answer.status_code == 200:
        lawful(answer.json())
    else:
        assert 400 <= answer.status_code < 500
        refused(answer, answer.status_code)


RELAXED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@RELAXED
@given(body=anything, hook=st.sampled_from(HOOKS))
def test_any_json_at_all_gets_an_answer_or_an_outcome(
    client: TestClient, body: Any, hook: str
) -> None:
    checked(client.post(service(hook), content=as_bytes(body), headers=JSON))
    checked_feedback = client.post(
        f"{service(hook)}/feedback", content=as_bytes({"feedback": body}), headers=JSON
    )
    assert checked_feedback.status_code in (200, 400)


@RELAXED
@given(
    hook=st.sampled_from(HOOKS),
    context=st.dictionaries(names, anything, max_size=3),
    data=st.dictionaries(
        st.sampled_from(["patient", "conditions", "medications", "forms", "labs", "other"]),
        anything,
        max_size=4,
    ),
)
def test_any_prefetch_and_context_in_a_good_call_gets_an_answer_or_an_outcome(
    client: TestClient, hook: str, context: dict[str, Any], data: dict[str, Any]
) -> None:
    body = call(hook, context, {**prefetch(problem(OPERATED)), **data})

    checked(client.post(service(hook), content=as_bytes(body), headers=JSON))


@RELAXED
@given(body=st.binary(max_size=200))
def test_any_bytes_at_all_get_an_outcome(client: TestClient, body: bytes) -> None:
    checked(client.post(service("patient-view"), content=body, headers=JSON))


@pytest.mark.parametrize("hook", ["patient-view", "order-sign"])
def test_each_place_of_a_good_call_can_be_spoiled_without_a_fault(
    client: TestClient, hook: str
) -> None:
    context: dict[str, Any] = {}
    if hook.startswith("order"):
        context = {
            "draftOrders": bundle(order("ibuprofen")),
            "selections": ["MedicationRequest/m-ibuprofen"],
        }
    data = prefetch(problem(OPERATED), forms=RETENTION, medications=bundle(order("naproxen")))
    for body in hostile(call(hook, context, data)):
        answer = client.post(service(hook), json=body)
        checked(answer)
        if answer.status_code != 200:
            assert CANARY not in answer.text


def test_the_patient_of_a_suggestion_is_the_patient_of_the_call(client: TestClient) -> None:
    body = call(data=prefetch(problem(OPERATED), forms=RETENTION))
    text = client.post(service("patient-view"), json=body).text

    assert f"Patient/{PATIENT}" in text or "suggestions" not in text
