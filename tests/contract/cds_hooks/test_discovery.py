"""Sections A, B and C of the checklist: JSON, discovery, and the prefetch templates."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.cds_hooks.discovery import HOOK_VERSIONS, services, written
from api.cds_hooks.settings import CdsHooksSettings
from api.fhir.requirements import HOOKS, REQUIREMENTS, requirements_of
from schemas.pathway import Pathway
from tests.contract.cds_hooks.asking import everything
from tests.contract.cds_hooks.charts import call, prefetch, service
from tests.contract.cds_hooks.conftest import Knock

TOKEN = re.compile(r"\{\{(.*?)\}\}")


@pytest.fixture
def listed(client: TestClient) -> list[dict[str, Any]]:
    return list(client.get("/cds-services").json()["services"])


def templates(listed: list[dict[str, Any]]) -> list[str]:
    return [template for each in listed for template in each["prefetch"].values()]


def test_a2_nothing_in_discovery_is_null_or_empty(client: TestClient) -> None:
    for name, value in everything(client.get("/cds-services").json()):
        assert value not in (None, "", {}, []), name


def test_b1_discovery_is_an_object_with_the_list_of_services(client: TestClient) -> None:
    answer = client.get("/cds-services")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"services"}
    assert len(answer.json()["services"]) == 6


def test_b2_each_service_has_hook_description_id_and_title(listed: list[dict[str, Any]]) -> None:
    for each in listed:
        for name in ("hook", "description", "id", "title"):
            assert isinstance(each[name], str)
            assert each[name]
    assert [each["hook"] for each in listed] == list(HOOKS)


def test_b3_every_listed_service_answers_at_its_id(
    client: TestClient, listed: list[dict[str, Any]]
) -> None:
    for each in listed:
        body = call(each["hook"], data=prefetch())
        assert client.post(f"/cds-services/{each['id']}", json=body).status_code == 200


def test_b4_each_service_names_the_version_of_cds_hooks_and_of_its_hook(
    listed: list[dict[str, Any]],
) -> None:
    for each in listed:
        assert each["version"] == "2.0.1"
        assert each["hookVersion"] == HOOK_VERSIONS[each["hook"]]
    assert HOOK_VERSIONS["problem-list-item-create"] == "0.1.0"
    assert HOOK_VERSIONS["patient-view"] == "1.0"


def test_b5_each_hook_has_an_id_of_its_own_unless_sharing_is_chosen(
    listed: list[dict[str, Any]], knock: Knock
) -> None:
    assert len({each["id"] for each in listed}) == len(listed)

    shared = knock({"one_id": True})
    found = shared.get("/cds-services").json()["services"]
    assert {each["id"] for each in found} == {"steppedcare-fbss"}
    for hook in HOOKS:
        body = call(hook, data=prefetch())
        assert shared.post("/cds-services/steppedcare-fbss", json=body).status_code == 200


def test_b6_discovery_answers_within_50_ms_and_may_be_kept(client: TestClient) -> None:
    client.get("/cds-services")
    times = []
    for _ in range(9):
        begun = time.perf_counter()
        answer = client.get("/cds-services")
        times.append(time.perf_counter() - begun)
    again = client.get("/cds-services", headers={"If-None-Match": answer.headers["etag"]})

    assert sorted(times)[4] < 0.05
    assert answer.headers["cache-control"] == "max-age=300"
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/cds-services", headers={"If-None-Match": '"old"'}).status_code == 200


def test_b6_the_tag_of_discovery_changes_with_what_it_says(pathway: Pathway) -> None:
    usual = written(services(CdsHooksSettings(), pathway))
    changed = written(services(CdsHooksSettings(templates={"labs": "Observation?x=1"}), pathway))

    assert usual[1] != changed[1]
    assert usual == written(services(CdsHooksSettings(), pathway))


def test_c1_and_c2_tokens_hold_only_the_id_of_the_patient_in_context(
    listed: list[dict[str, Any]],
) -> None:
    found = [token for template in templates(listed) for token in TOKEN.findall(template)]

    assert found
    assert set(found) == {"context.patientId"}


def test_c3_templates_are_readings_and_plain_searches_of_one_type(
    listed: list[dict[str, Any]],
) -> None:
    for template in templates(listed):
        type, _, query = template.partition("?")
        if not query:
            assert template == "Patient/{{context.patientId}}"
            continue
        assert re.fullmatch(r"[A-Z][A-Za-z]+", type)
        names = {part.partition("=")[0] for part in query.split("&")}
        assert names <= {"patient", "category", "_sort", "_count"}


def test_c4_no_template_needs_anything_a_client_of_2_0_cannot_fill(
    listed: list[dict[str, Any]],
) -> None:
    for template in templates(listed):
        assert "today()" not in template
        assert "%" not in template


def test_c5_every_search_says_how_many_it_wants(listed: list[dict[str, Any]]) -> None:
    for template in templates(listed):
        assert "?" not in template or re.search(r"[?&]_count=[1-9]\d*$", template)


def test_c6_there_are_about_nine_keys_and_none_needs_another(listed: list[dict[str, Any]]) -> None:
    keys = {each.key for each in REQUIREMENTS}
    for each in listed:
        assert len(each["prefetch"]) <= 11
        assert not any(f"{{{{{key}" in t for t in each["prefetch"].values() for key in keys)


def test_c_the_templates_are_the_table_of_requirements_and_a_site_may_change_one(
    listed: list[dict[str, Any]], knock: Knock
) -> None:
    for each in listed:
        assert each["prefetch"] == {r.key: r.template for r in requirements_of(each["hook"])}

    own = "MedicationRequest?patient={{context.patientId}}&intent=order&_count=250"
    changed = knock({"templates": {"medications": own}}).get("/cds-services").json()["services"]
    assert changed[0]["prefetch"]["medications"] == own
    assert changed[0]["prefetch"]["labs"] == listed[0]["prefetch"]["labs"]


@pytest.mark.parametrize(
    ("key", "type", "hooks", "required"),
    [
        ("patient", "Patient", 6, True),
        ("conditions", "Condition", 6, True),
        ("procedures", "Procedure", 6, False),
        ("medications", "MedicationRequest", 5, False),
        ("scores", "Observation", 6, False),
        ("labs", "Observation", 3, False),
        ("allergies", "AllergyIntolerance", 2, False),
        ("imaging", "DiagnosticReport", 4, False),
        ("devices", "Device", 3, False),
        ("forms", "QuestionnaireResponse", 2, False),
    ],
)
def test_k_the_table_asks_for_what_the_checklist_lists(
    key: str, type: str, hooks: int, required: bool
) -> None:
    (found,) = [each for each in REQUIREMENTS if each.key == key]

    assert (found.type, len(found.hooks), found.required) == (type, hooks, required)


def test_k_no_search_filters_by_status_because_what_was_tried_has_ended(
    listed: list[dict[str, Any]],
) -> None:
    assert not any("status" in template for template in templates(listed))


def test_discovery_says_what_it_is_for_and_that_it_never_orders(
    listed: list[dict[str, Any]], pathway: Pathway
) -> None:
    for each in listed:
        assert pathway.intended_use in each["description"]
        assert pathway.status in each["description"]
        assert "patient and conditions" in each["usageRequirements"]


def test_a_service_nobody_lists_is_not_there(client: TestClient) -> None:
    assert client.post(service("patient-view") + "x", json=call()).status_code == 404
