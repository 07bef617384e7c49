"""The OpenAPI document is valid, and true: what it says of input, answers and statuses is what happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi.definitions import OPENAPI_31
from starlette.testclient import TestClient

from api.app import create_app
from api.library import get_vignettes
from api.settings import ServiceSettings
from schemas.pathway import Pathway
from tests.contract.bad_input import GOOD, ROWS, Row
from tests.contract.doors import DECISIONS, JSON

DOCUMENT: dict[str, Any] = create_app(ServiceSettings()).openapi()
OPERATIONS = [(path, method) for path, each in DOCUMENT["paths"].items() for method in each]
POST = DOCUMENT["paths"]["/v1/pathways/{id}/decisions"]["post"]


def validator(part: dict[str, Any]) -> jsonschema_rs.Validator:
    """Return the validator of one schema of the document, whose references resolve inside the document."""
    return jsonschema_rs.validator_for({**part, "components": DOCUMENT["components"]})


REQUEST = validator(POST["requestBody"]["content"]["application/json"]["schema"])
ERROR = validator(POST["responses"]["422"]["content"]["application/json"]["schema"])


def test_the_document_is_valid_openapi() -> None:
    found = list(jsonschema_rs.Draft202012Validator(OPENAPI_31).iter_errors(DOCUMENT))

    assert DOCUMENT["openapi"].startswith("3.1")
    assert found == []


def test_the_document_served_is_the_document_tested(client: TestClient) -> None:
    assert client.get("/openapi.json").json() == DOCUMENT


def test_no_answer_is_described_by_the_frameworks_own_validation_error() -> None:
    assert "HTTPValidationError" not in str(DOCUMENT)


@pytest.mark.parametrize("vignette", get_vignettes("fbss"), ids=lambda each: each.id)
def test_a_vignette_matches_the_request_schema_and_its_decision_the_response_schema(
    vignette: Any, client: TestClient
) -> None:
    response = validator(POST["responses"]["200"]["content"]["application/json"]["schema"])
    for look in vignette.looks:
        REQUEST.validate(look.input)
        response.validate(client.post(DECISIONS, json=look.input).json())


def test_the_worked_examples_of_the_document_are_decided(client: TestClient) -> None:
    examples = POST["requestBody"]["content"]["application/json"]["examples"]

    assert len(examples) >= 3
    for example in examples.values():
        REQUEST.validate(example["value"])
        assert client.post(DECISIONS, json=example["value"]).status_code == 200


def test_the_request_schema_knows_every_fact_with_its_range_and_words(pathway: Pathway) -> None:
    schema = POST["requestBody"]["content"]["application/json"]["schema"]
    facts = schema["properties"]["facts"]["properties"]

    assert list(facts) == list(pathway.facts)
    for name, definition in pathway.facts.items():
        value = facts[name]["anyOf"][0]
        assert definition.ask in value["description"]
        if definition.minimum is not None and definition.maximum is not None:
            bounds = (float(definition.minimum), float(definition.maximum))
            assert (value["minimum"], value["maximum"]) == bounds
        if definition.choices:
            assert value["enum"] == list(definition.choices)


SHAPE = {
    "unknown-field", "missing-field", "wrong-type", "not-a-choice", "out-of-range", "unknown-profile",
    "text-not-allowed", "text-too-short",
}  # fmt: skip
"""Problems that JSON schema can see; calendars, contradictions and limits of the whole text it cannot."""
STRICTER = {
    "7.0 for a whole number", "7e0 for a whole number", "4.0 sessions", "more decimals than are measured",
}  # fmt: skip
"""Where the door is stricter than JSON schema can be: to a schema 7.0 is a whole number."""


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row.code in SHAPE and row.name not in STRICTER],
    ids=lambda row: row.name,
)
def test_what_the_door_refuses_for_its_shape_the_request_schema_refuses_too(row: Row) -> None:
    assert not REQUEST.is_valid(json.loads(row.body))


@pytest.mark.parametrize("name", GOOD)
def test_what_the_door_accepts_the_request_schema_accepts_too(name: str) -> None:
    REQUEST.validate(json.loads(GOOD[name]))


def test_every_error_has_the_shape_the_document_gives_it(client: TestClient) -> None:
    for row in ROWS[::7]:
        ERROR.validate(client.post(DECISIONS, content=row.body, headers=JSON).json())


@cache
def schema() -> Any:
    """Read the document the way a client generator would."""
    return schemathesis.openapi.from_asgi(
        "/openapi.json", create_app(ServiceSettings(hosts=("testserver",)))
    )


CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


UNSEEN = {
    "not-a-date", "in-the-future", "contradiction", "out-of-range", "wrong-type", "number-not-finite",
}  # fmt: skip
"""Why an input that fits the schema may still be refused: calendars, digits, 7.0, 5e-324, two fields at odds."""


@pytest.mark.hazard("H-43")
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_what_fits_the_document_gets_a_documented_answer_and_never_a_fault(
    path: str, method: str
) -> None:
    def run(case: Any) -> None:
        answer = case.call_and_validate(checks=CHECKS)
        if answer.status_code == 422 and path.endswith("/decisions"):
            assert {problem["code"] for problem in answer.json()["problems"]} <= UNSEEN

    send(path, method, GenerationMode.POSITIVE, run)


@pytest.mark.hazard("H-43")
@pytest.mark.parametrize(("path", "method"), [(p, m) for p, m in OPERATIONS if "{id}" in p])
def test_what_does_not_fit_the_document_gets_a_documented_answer_and_never_a_fault(
    path: str, method: str
) -> None:
    def run(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    send(path, method, GenerationMode.NEGATIVE, run)


def send(path: str, method: str, mode: GenerationMode, run: Callable[[Any], None]) -> None:
    """Send generated requests, the same ones every time."""
    operation = schema()[path][method.upper()]
    settled = settings(
        max_examples=40 if path.endswith("/decisions") else 4, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    settled(given(case=operation.as_strategy(generation_mode=mode))(run))()
