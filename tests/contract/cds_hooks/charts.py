"""Calls as an EHR would make them: charts written for these tests, about nobody."""

from __future__ import annotations

import copy
from typing import Any

PATIENT = "p1"
INSTANCE = "0b7f7d2e-30a5-4f10-9a4e-2f3f5b7b3a11"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
CPT = "http://www.ama-assn.org/go/cpt"
NAMES = {"ibuprofen": "5640", "naproxen": "7258", "oxycodone": "7804", "tramadol": "10689"}


def service(hook: str) -> str:
    """Return the address of the service for *hook*."""
    return f"/cds-services/steppedcare-fbss-{hook}"


def person(id: str = PATIENT, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id, "birthDate": "1980-04-01", **more}


def bundle(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a complete search result."""
    rows = [{"resource": each, "search": {"mode": "match"}} for each in resources]
    found: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": len(rows)}
    if rows:
        found["entry"] = rows
    return found | more


def concept(system: str, code: str, text: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"coding": [{"system": system, "code": code}]}
    return {**found, "text": text} if text else found


def problem(code: str, patient: str = PATIENT, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": f"c-{code}",
        "clinicalStatus": concept(
            "http://terminology.hl7.org/CodeSystem/condition-clinical", "active"
        ),
        "verificationStatus": concept(
            "http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"
        ),
        "code": concept(ICD, code),
        "subject": {"reference": f"Patient/{patient}"},
        **more,
    }


def order(name: str, patient: str = PATIENT, **more: Any) -> dict[str, Any]:
    """Return a MedicationRequest by its code; a draft unless *more* says otherwise."""
    return {
        "resourceType": "MedicationRequest",
        "id": f"m-{name}",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": concept(RXNORM, NAMES[name], name),
        "subject": {"reference": f"Patient/{patient}"},
        **more,
    }


def answers(facts: dict[str, Any], patient: str = PATIENT) -> dict[str, Any]:
    """Return our own form filled in: truths, numbers and chosen words."""
    items = []
    for name, value in facts.items():
        kind = {bool: "valueBoolean", int: "valueInteger", str: "valueCoding"}[type(value)]
        said = {"code": value} if isinstance(value, str) else value
        items.append({"linkId": name, "answer": [{kind: said}]})
    return {
        "resourceType": "QuestionnaireResponse",
        "id": "form",
        "status": "completed",
        "authored": "2026-02-27",
        "subject": {"reference": f"Patient/{patient}"},
        "item": items,
    }


RETENTION = answers({"bladder_disturbance": "new"})
"""A red sign."""
OPERATED = "M96.1"
CAUDA = "G83.4"
HEART_FAILURE = "I50.9"


def prefetch(*conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return what is always needed, and what *more* names."""
    return {"patient": person(), "conditions": bundle(*conditions), **more}


def call(
    hook: str = "patient-view",
    context: dict[str, Any] | None = None,
    data: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return the body of a call; *data* is its prefetch, None leaves it out."""
    inside: dict[str, Any] = {"userId": "Practitioner/u1", "patientId": PATIENT}
    if hook == "encounter-start":
        inside["encounterId"] = "e1"
    if hook in ("order-select", "order-sign"):
        inside["draftOrders"] = bundle()
        if hook == "order-select":
            inside["selections"] = []
    body: dict[str, Any] = {
        "hook": hook,
        "hookInstance": INSTANCE,
        "context": {**inside, **(context or {})},
        **more,
    }
    if data is not None:
        body["prefetch"] = data
    return copy.deepcopy(body)


def signing(*drafts: dict[str, Any], data: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return an order-sign call for *drafts*."""
    return call("order-sign", {"draftOrders": bundle(*drafts)}, data or prefetch(problem(OPERATED)))


def selecting(*drafts: dict[str, Any], chosen: list[str], data: Any = None) -> dict[str, Any]:
    """Return an order-select call for *drafts* of which *chosen* were selected."""
    context = {"draftOrders": bundle(*drafts), "selections": chosen}
    return call("order-select", context, data or prefetch(problem(OPERATED)))
