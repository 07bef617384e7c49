"""Checklist line 8.6: the OpenAPI document describes both doors of an EHR, and what it says of them is what happens."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, checks
from starlette.routing import Route
from starlette.testclient import TestClient

from api.app import create_app
from api.fhir.capability import capability_statement
from api.fhir.requirements import HOOKS
from api.settings import ServiceSettings
from tests.contract.cds_hooks.charts import (
    OPERATED,
    RETENTION,
    call,
    order,
    prefetch,
    problem,
    service,
)
from tests.contract.cds_hooks.conftest import AT_EASE
from tests.contract.fhir.asking import APPLY

DOCUMENT: dict[str, Any] = create_app(ServiceSettings()).openapi()
DOORS = ("/fhir", "/cds-services")
OURS = [
    (path, method)
    for path, each in DOCUMENT["paths"].items()
    if path.startswith(DOORS)
    for method in each
]
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


def answered(path: str, method: str, status: int, media: str) -> jsonschema_rs.Validator:
    """Return the validator of one answer of the document."""
    content = DOCUMENT["paths"][path][method]["responses"][str(status)]["content"]
    schema = {**content[media]["schema"], "components": DOCUMENT["components"]}
    return jsonschema_rs.validator_for(schema)


def test_8_6_every_route_of_both_doors_is_described(app: FastAPI) -> None:
    routes = {
        (route.path, method.lower())
        for route in app.routes
        if isinstance(route, Route) and route.path.startswith(DOORS)
        for method in route.methods or ()
        if method != "HEAD"
    }

    assert routes == set(OURS)
    assert len(routes) == 19


def test_8_6_operations_are_named_once() -> None:
    names = [each["operationId"] for ops in DOCUMENT["paths"].values() for each in ops.values()]

    assert len(set(names)) == len(names)


def test_8_6_what_the_capability_statement_advertises_is_described() -> None:
    rest = capability_statement("http://127.0.0.1/fhir")["rest"][0]
    operations = {op["name"] for each in rest["resource"] for op in each.get("operation", ())}
    described = {path.rpartition("$")[2] for path, _ in OURS if "$" in path}

    assert operations == described
    types = DOCUMENT["paths"]["/fhir/{type}"]["get"]["parameters"][0]["schema"]["enum"]
    assert types == [each["type"] for each in rest["resource"]]


@pytest.mark.parametrize("path", ["/fhir/PlanDefinition/{id}/$apply", "/cds-services/{service}"])
def test_8_6_the_worked_example_of_an_operation_is_answered_as_described(
    client: TestClient, path: str
) -> None:
    content = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]
    address = path.replace("{id}", "fbss").replace("{service}", "steppedcare-fbss-patient-view")

    for media, told in content.items():
        answer = client.post(address, json=told["example"], headers={"Content-Type": media})
        assert answer.status_code == 200
        kind = answer.headers["content-type"].partition(";")[0]
        answered(path, "post", 200, kind).validate(answer.json())


@pytest.mark.parametrize("hook", HOOKS)
def test_8_6_cards_and_refusals_have_the_shape_the_document_gives_them(
    client: TestClient, hook: str
) -> None:
    path = "/cds-services/{service}"
    drafts = {
        "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": order("ibuprofen")}]}
    }
    context = {**drafts, "selections": ["m-ibuprofen"]} if hook.startswith("order") else {}
    chart = prefetch(problem(OPERATED), forms=RETENTION)

    good = client.post(service(hook), json=call(hook, context, chart))
    missing = client.post(service(hook), json=call(hook, context, {}))

    assert (good.status_code, missing.status_code) == (200, 412)
    assert good.json()["cards"]
    answered(path, "post", 200, "application/json").validate(good.json())
    answered(path, "post", 412, "application/json").validate(missing.json())


@pytest.mark.parametrize(
    ("path", "address", "method", "status"),
    [
        ("/fhir/{type}/{id}", "/fhir/PlanDefinition/none", "get", 404),
        ("/fhir/PlanDefinition/{id}/$apply", APPLY, "get", 412),
        ("/fhir/PlanDefinition/{id}/$apply", APPLY, "post", 415),
    ],
)
def test_8_6_a_refusal_below_fhir_has_the_shape_the_document_gives_it(
    client: TestClient, path: str, address: str, method: str, status: int
) -> None:
    answer = client.request(method, address)

    assert answer.status_code == status
    answered(path, method, status, "application/fhir+json").validate(answer.json())


@cache
def schema() -> Any:
    app = create_app(ServiceSettings(hosts=("testserver",), running=AT_EASE))
    return schemathesis.openapi.from_asgi("/openapi.json", app)


def send(path: str, method: str, mode: GenerationMode, run: Callable[[Any], None]) -> None:
    """Send generated requests, the same ones every time."""
    operation = schema()[path][method.upper()]
    settled = settings(
        max_examples=60, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    settled(given(case=operation.as_strategy(generation_mode=mode))(run))()


def takes_something(path: str, method: str) -> bool:
    return bool({"parameters", "requestBody"} & DOCUMENT["paths"][path][method].keys())


SENT = [(*each, GenerationMode.POSITIVE) for each in OURS]
SENT += [(*each, GenerationMode.NEGATIVE) for each in OURS if takes_something(*each)]


@pytest.mark.hazard("H-43")
@pytest.mark.slow
@pytest.mark.parametrize(("path", "method", "mode"), SENT)
def test_8_6_sixty_requests_to_every_route_get_documented_answers_and_no_fault(
    path: str, method: str, mode: GenerationMode
) -> None:
    def run(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    send(path, method, mode, run)
