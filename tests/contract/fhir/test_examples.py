"""Checklist lines 8.3 and 7.3: resources of every kind an example may hold are read past, and nobody exports from here.

The resources are written here in the shape of the official examples (contained resources, nested actions, siblings of
primitives, narratives, attachments, every choice of a value); the published ones of this service stand beside them.
"""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.fhir.store import published
from tests.contract.cds_hooks.charts import (
    OPERATED,
    PATIENT,
    RETENTION,
    bundle,
    call,
    prefetch,
    service,
)
from tests.contract.cds_hooks.charts import problem as recorded_problem
from tests.contract.fhir.asking import answers, ask, guidance_of, outcome

OURS = {"reference": f"Patient/{PATIENT}", "display": "Somebody"}
TEXT = {
    "status": "generated",
    "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Words</p></div>',
}
EXTRA: dict[str, Any] = {
    "meta": {"profile": ["http://example.org/profile"], "tag": [{"code": "example"}]},
    "text": TEXT,
    "extension": [
        {"url": "http://example.org/one", "extension": [{"url": "two", "valueDecimal": 1.50}]}
    ],
    "_status": {
        "id": "s1",
        "extension": [{"url": "http://example.org/why", "valueString": "an example"}],
    },
    "identifier": [{"use": "official", "system": "urn:oid:2.16.840.1", "value": "1"}],
}
ACTION = {
    "prefix": "1",
    "title": "A first step",
    "_title": {"extension": [{"url": "http://example.org/translated", "valueString": "Schritt"}]},
    "code": [{"coding": [{"code": "x"}]}],
    "condition": [
        {"kind": "applicability", "expression": {"language": "text/cql", "expression": "true"}}
    ],
    "timingTiming": {
        "repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "dayOfWeek": ["mon"]}
    },
    "action": [
        {
            "title": "inner",
            "action": [{"title": "innermost", "timingAge": {"value": 3, "unit": "wk"}}],
        }
    ],
}
SHAPES: dict[str, dict[str, Any]] = {
    "PlanDefinition": {
        "status": "draft",
        "url": "http://example.org/pd",
        "type": {"coding": [{"code": "order-set"}]},
        "subjectCodeableConcept": {"coding": [{"code": "Patient"}]},
        "action": [ACTION],
        "contained": [
            {
                "resourceType": "ActivityDefinition",
                "id": "a",
                "status": "draft",
                "dynamicValue": [{"path": "x"}],
            }
        ],
        "goal": [
            {
                "description": {"text": "less pain"},
                "target": [{"detailRange": {"low": {"value": 1}}}],
            }
        ],
        "relatedArtifact": [
            {"type": "citation", "document": {"contentType": "text/plain", "data": "QUJD"}}
        ],
    },
    "ActivityDefinition": {
        "status": "draft",
        "kind": "MedicationRequest",
        "productReference": {"reference": "#drug"},
        "contained": [{"resourceType": "Medication", "id": "drug", "code": {"text": "ibuprofen"}}],
        "dosage": [
            {
                "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "{tbl}"}}],
                "asNeededBoolean": True,
            }
        ],
        "participant": [{"type": "practitioner"}],
        "timingPeriod": {"start": "2016"},
    },
    "RequestGroup": {
        "status": "draft",
        "intent": "plan",
        "subject": OURS,
        "priority": "routine",
        "authoredOn": "2017-03-06T17:31:00Z",
        "contained": [
            {
                "resourceType": "MedicationRequest",
                "id": "m",
                "status": "unknown",
                "intent": "proposal",
                "medicationCodeableConcept": {"text": "oxycodone"},
                "subject": OURS,
            }
        ],
        "action": [
            {
                **ACTION,
                "resource": {"reference": "#m"},
                "relatedAction": [{"actionId": "x", "relationship": "after"}],
            }
        ],
    },
    "CarePlan": {
        "status": "active",
        "intent": "plan",
        "subject": OURS,
        "period": {"start": "2013-01-01"},
        "contained": [
            {"resourceType": "Condition", "id": "p1", "code": {"text": "obesity"}, "subject": OURS}
        ],
        "addresses": [{"reference": "#p1"}],
        "activity": [
            {"detail": {"status": "completed", "scheduledString": "daily"}},
            {"outcomeCodeableConcept": [{"text": "done"}], "progress": [{"text": "."}]},
        ],
        "basedOn": [{"reference": "CarePlan/2"}],
        "note": [{"authorString": "somebody", "text": "words"}],
    },
    "GuidanceResponse": {
        "status": "success",
        "moduleUri": "http://example.org/module",
        "subject": OURS,
        "contained": [
            {
                "resourceType": "Parameters",
                "id": "out",
                "parameter": [{"name": "x", "valueCode": "y"}],
            }
        ],
        "outputParameters": {"reference": "#out"},
        "dataRequirement": [{"type": "Condition", "mustSupport": ["code"]}],
    },
    "Library": {
        "status": "active",
        "type": {"coding": [{"code": "logic-library"}]},
        "parameter": [{"name": "p", "use": "in", "type": "Any"}],
        "content": [
            {"contentType": "text/cql", "data": "bGlicmFyeSBFeGFtcGxl", "size": 15, "hash": "AAAA"}
        ],
        "dataRequirement": [
            {
                "type": "Condition",
                "codeFilter": [{"path": "category", "code": [{"code": "diagnosis"}]}],
            }
        ],
    },
    "Questionnaire": {
        "status": "active",
        "url": "http://example.org/q",
        "subjectType": ["Patient"],
        "item": [
            {
                "linkId": "1",
                "type": "group",
                "item": [
                    {
                        "linkId": "1.1",
                        "type": "choice",
                        "answerOption": [
                            {"valueInteger": 1},
                            {"valueDate": "2020-01-01"},
                            {"valueReference": {"reference": "Patient/other"}},
                            {"valueCoding": {"code": "x"}, "initialSelected": True},
                        ],
                        "enableWhen": [
                            {"question": "1", "operator": "exists", "answerBoolean": True}
                        ],
                        "enableBehavior": "any",
                    },
                    {
                        "linkId": "1.2",
                        "type": "quantity",
                        "initial": [{"valueQuantity": {"value": 1.0, "comparator": "<"}}],
                    },
                ],
            }
        ],
    },
}
EXAMPLES = [
    {"resourceType": type, "id": "example", **EXTRA, **body} for type, body in SHAPES.items()
]
STORED = [resource for each in published().values() for resource in list(each.values())[:3]]
ALL = [*EXAMPLES, *STORED]


def verdicts(plan: dict[str, Any]) -> Any:
    return guidance_of(plan)["extension"]


@pytest.mark.hazard("H-29")
@pytest.mark.parametrize(
    "example", ALL, ids=lambda each: f"{each['resourceType']}-{each['id']}"[:60]
)
def test_8_3_an_example_beside_a_record_changes_no_verdict_and_breaks_nothing(
    client: TestClient, example: dict[str, Any]
) -> None:
    told = answers(bladder_disturbance="new", pain_now=True)

    with_it = ask(client, told, example)

    assert verdicts(with_it) == verdicts(_alone(client))


_kept: dict[int, dict[str, Any]] = {}


def _alone(client: TestClient) -> dict[str, Any]:
    if id(client) not in _kept:
        _kept[id(client)] = ask(client, answers(bladder_disturbance="new", pain_now=True))
    return _kept[id(client)]


def test_8_3_all_examples_together_are_read_past_by_a_hook_too(client: TestClient) -> None:
    chart = prefetch(recorded_problem(OPERATED), forms=RETENTION, others=bundle(*ALL))

    found = client.post(service("patient-view"), json=call(data=chart))

    assert found.status_code == 200
    assert found.json()["cards"][0]["indicator"] == "critical"
    said = "\n".join(card["detail"] for card in found.json()["cards"])
    assert "CarePlan: 1 of a type that is not read" in said.replace("\\", "")


@pytest.mark.hazard("H-08")
@pytest.mark.parametrize("type", ["RequestGroup", "CarePlan", "GuidanceResponse"])
def test_8_3_an_example_about_another_patient_ends_everything(
    client: TestClient, type: str
) -> None:
    (example,) = [each for each in EXAMPLES if each["resourceType"] == type]
    foreign = {**example, "subject": {"reference": "Patient/example"}}
    chart = prefetch(recorded_problem(OPERATED), others=bundle(foreign))

    refused = client.post(service("patient-view"), json=call(data=chart))

    assert refused.status_code == 400
    assert "cards" not in refused.json()


@pytest.mark.parametrize(
    "address", ["/fhir/$export", "/fhir/Patient/$export", "/fhir/Group/1/$export"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_7_3_nobody_exports_from_here(
    client: TestClient, app: FastAPI, address: str, method: str
) -> None:
    answer = client.request(method, address, headers={"Prefer": "respond-async"})

    assert answer.status_code in (404, 405)
    outcome(answer, answer.status_code)
    assert "export" not in client.get("/fhir/metadata").text
