"""How the tests of this folder ask for an evaluation, and who looks at what leaves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cache
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from httpx2 import Response
from pyrofile_validator.config import ValidatorConfig
from pyrofile_validator.core.engine import Validator
from starlette.testclient import TestClient

ON = dt.date(2026, 3, 1)
APPLY = "/fhir/PlanDefinition/fbss/$apply"
R5_APPLY = "/fhir/PlanDefinition/fbss/$r5.apply"
PATIENT = {"resourceType": "Patient", "id": "p1", "birthDate": "1975-06-01"}

# The checker looks for the narrative `text` of a resource where a group of questions has its own `text`.
_MISTAKEN = ("Unknown element Questionnaire.item[", "].text")


def bundle(*resources: dict[str, Any], type: str = "collection") -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": type,
        "entry": [{"resource": resource} for resource in resources],
    }


def parameters(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(rows)}


def subject(reference: str = "Patient/p1") -> dict[str, Any]:
    return {"name": "subject", "valueString": reference}


def data(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"name": "data", "resource": bundle(PATIENT, *resources)}


def answers(**facts: Any) -> dict[str, Any]:
    """Return a QuestionnaireResponse that states *facts*: booleans, whole numbers, words or dates."""

    def value(given: Any) -> dict[str, Any]:
        match given:
            case bool():
                return {"valueBoolean": given}
            case int():
                return {"valueInteger": given}
            case _:
                return {"valueCoding": {"code": given}}

    return {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "subject": {"reference": "Patient/p1"},
        "authored": ON.isoformat(),
        "item": [{"linkId": name, "answer": [value(given)]} for name, given in facts.items()],
    }


def ask(client: TestClient, *resources: dict[str, Any], path: str = APPLY) -> dict[str, Any]:
    """Evaluate the patient with *resources*; the answer must be there."""
    response = client.post(path, json=parameters(subject(), data(*resources)))
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def group_of(plan: dict[str, Any]) -> dict[str, Any]:
    """Return the RequestGroup of a CarePlan."""
    found: dict[str, Any] = next(
        each for each in plan["contained"] if each["resourceType"] == "RequestGroup"
    )
    return found


def guidance_of(plan: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(
        each for each in plan["contained"] if each["resourceType"] == "GuidanceResponse"
    )
    return found


def walk(value: Any) -> Iterator[Any]:
    """Yield *value* and everything inside it."""
    yield value
    if isinstance(value, dict):
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


@cache
def checker() -> Validator:
    return Validator(ValidatorConfig(allow_unknown_extensions=True))


def faults(resource: dict[str, Any]) -> list[str]:
    """Return what two outside checkers find wrong with *resource*: models of every element, and a rule checker."""
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    found = [
        f"{issue.severity}: {issue.path}: {issue.message}"
        for issue in checker().validate_resource(resource).issues
        if str(issue.severity).lower().endswith(("error", "fatal"))
    ]
    return [text for text in found if not (_MISTAKEN[0] in text and text.endswith(_MISTAKEN[1]))]


def outcome(response: Response, status: int) -> dict[str, Any]:
    """Return the one issue of an error, which must be a sound OperationOutcome."""
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    assert body["resourceType"] == "OperationOutcome"
    assert response.headers["content-type"].startswith("application/fhir+json")
    assert faults(body) == []
    issue: dict[str, Any] = body["issue"][0]
    assert issue["details"]["text"]
    return issue
