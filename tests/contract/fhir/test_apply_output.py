"""Checklist 5.6 to 5.14 and 6: what `$apply` answers with, for every built-in patient."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from api import fhir
from api.fhir.answer import bundle, care_plan
from api.fhir.asked import Asked
from api.fhir.names import BASE
from api.guidance import guidance
from api.library import get_codes, get_pathway, get_vignettes
from api.service import decide_input
from schemas.decision import Decision, State
from tests.contract.fhir.asking import (
    ON,
    R5_APPLY,
    answers,
    ask,
    faults,
    group_of,
    guidance_of,
    walk,
)

ASKED = Asked("Patient/p1", "Encounter/e1", ())
LOOKS = [(v.id, look.input) for v in get_vignettes("fbss") for look in v.looks]
REQUESTS = ("MedicationRequest", "ServiceRequest", "CommunicationRequest", "Task")

Resource = dict[str, Any]


def decided(data: Resource) -> Decision:
    return decide_input("fbss", data, ON)


def plan_of(decision: Decision) -> Resource:
    return care_plan(decision, get_pathway("fbss"), get_codes("fbss"), ASKED)


def bundle_of(decision: Decision) -> Resource:
    return bundle(decision, get_pathway("fbss"), get_codes("fbss"), ASKED)


@pytest.fixture(scope="module")
def answered() -> list[tuple[Decision, Resource]]:
    """Every look of every built-in patient, decided, with its CarePlan."""
    found = [decided(data) for _, data in LOOKS]
    return [(decision, plan_of(decision)) for decision in found]


Answered = list[tuple[Decision, Resource]]


def test_5_6_the_answer_is_a_draft_care_plan_of_one_activity(
    answered: Answered, pathway: Any
) -> None:
    for decision, plan in answered:
        assert (plan["resourceType"], plan["status"], plan["intent"]) == (
            "CarePlan", "draft", "proposal",
        )  # fmt: skip
        assert plan["instantiatesCanonical"] == [f"{BASE}/PlanDefinition/fbss|{pathway.version}"]
        assert plan["created"] == decision.on
        assert plan["subject"] == {"reference": "Patient/p1"}
        assert plan["encounter"] == {"reference": "Encounter/e1"}
        for activity in plan.get("activity", []):
            assert set(activity) == {"reference"}
            assert activity["reference"]["reference"] == f"#{group_of(plan)['id']}"


def test_5_7_what_is_contained_is_one_deep_all_of_it_referred_to_and_nothing_else(
    answered: Answered,
) -> None:
    for _, plan in answered:
        ids = [each["id"] for each in plan["contained"]]
        inside = [
            value["reference"]
            for value in walk(plan)
            if isinstance(value, dict)
            and isinstance(value.get("reference"), str)
            and value["reference"].startswith("#")
        ]
        assert len(ids) == len(set(ids))
        assert set(inside) == {f"#{id}" for id in ids}
        assert not any("contained" in each for each in plan["contained"])


def test_5_8_every_action_has_a_resource_or_actions_and_says_why(answered: Answered) -> None:
    for decision, plan in answered:
        if "activity" not in plan:
            continue
        group = group_of(plan)
        assert (group["status"], group["intent"]) == ("draft", "proposal")
        assert group["authoredOn"] == decision.on
        for action in group["action"]:
            assert ("resource" in action) != ("action" in action)
            assert action["title"]
            assert action["description"]
            assert action["documentation"]
            assert ("selectionBehavior" in action) == ("action" in action)
            rules = [e["extension"][0]["valueString"] for e in action.get("extension", [])]
            shown = [c["expression"]["expression"] for c in action.get("condition", [])]
            assert shown == [f'"rule:{rule}"' for rule in rules]
            for part in action.get("action", []):
                assert part["resource"]


def test_5_9_requests_inside_are_options_and_point_at_what_they_rest_on(
    answered: Answered,
) -> None:
    seen = set()
    for _, plan in answered:
        for each in plan["contained"]:
            if each["resourceType"] in REQUESTS:
                seen.add(each["resourceType"])
                assert each["status"] == "draft"
                if each["resourceType"] != "CommunicationRequest":  # it has no intent in R4
                    assert each["intent"] == "option"
                if each["resourceType"] == "MedicationRequest":
                    assert each["supportingInformation"] == [{"reference": "#guidance"}]
    assert seen >= {"MedicationRequest", "ServiceRequest", "CommunicationRequest", "Task"}


def test_5_10_only_an_open_red_sign_is_stat(answered: Answered) -> None:
    for decision, plan in answered:
        if "activity" in plan:
            group = group_of(plan)
            stat = [a["id"] for a in group["action"] if a["priority"] == "stat"]
            assert stat == (["red-sign"] if decision.red_signs else [])
            assert (group["priority"] == "stat") == bool(decision.red_signs)
            assert {a["priority"] for a in group["action"]} <= {"routine", "urgent", "stat"}


def _titles(actions: list[Resource]) -> list[Any]:
    return [(a["id"], a["title"], a.get("priority"), _titles(a.get("action", []))) for a in actions]


def test_5_11_the_bundle_says_what_the_care_plan_says(answered: Answered) -> None:
    for decision, plan in answered:
        found = bundle_of(decision)
        addresses = [entry["fullUrl"] for entry in found["entry"]]
        by_type = [entry["resource"]["resourceType"] for entry in found["entry"]]

        assert found["type"] == "collection"
        assert all(address.startswith("urn:uuid:") for address in addresses)
        assert len(addresses) == len(set(addresses))
        assert by_type == [each["resourceType"] for each in plan["contained"]]
        if "activity" in plan:
            group = found["entry"][0]["resource"]
            assert _titles(group["action"]) == _titles(group_of(plan)["action"])
        for value in walk(found):
            if isinstance(value, dict) and isinstance(value.get("reference"), str):
                assert not value["reference"].startswith("#")
                if value["reference"].startswith("urn:"):
                    assert value["reference"] in addresses


def test_5_12_where_nothing_applies_there_is_no_activity_and_a_note_says_so() -> None:
    decision = decided({"facts": {"age": 12, "pain_now": False}, "surgeries": [], "trials": [],
                        "medications": []})  # fmt: skip
    assert decision.state is State.OUT_OF_SCOPE

    plan = plan_of(decision)

    assert "activity" not in plan
    assert not any(
        each["resourceType"] in ("RequestGroup", *REQUESTS) for each in plan["contained"]
    )
    assert plan["note"][0]["text"] == "Nothing of the pathway applies."
    assert faults(plan) == []
    assert faults(bundle_of(decision)) == []


def test_5_13_what_is_missing_is_said_and_every_question_has_a_requirement(
    answered: Answered,
) -> None:
    seen = set()
    for decision, plan in answered:
        response = guidance_of(plan)
        seen.add(response["status"])
        assert len(response.get("dataRequirement", [])) == len(decision.missing)
        assert (response["status"] == "success") == (not decision.missing)
        assert response["moduleCanonical"] == plan["instantiatesCanonical"][0]
        assert response["occurrenceDateTime"] == decision.on
        assert response["performer"] == {"reference": "#service"}
        asked = [
            row["type"]["text"]
            for each in plan["contained"]
            if each["resourceType"] == "Task"
            for row in each["input"]
        ]
        assert set(asked) <= {item.fact for item in decision.missing}
        red = {item.fact for item in decision.missing if item.red_sign}
        assert red <= set(asked) or decision.state is State.OUT_OF_SCOPE
    assert seen >= {"data-required", "data-requested"}


def test_5_13_what_was_not_used_and_every_caveat_stand_in_the_answer(answered: Answered) -> None:
    for decision, plan in answered:
        for place in (plan, guidance_of(plan)):
            words = " ".join(note["text"] for note in place["note"])
            assert all(caveat in words for caveat in decision.caveats)
        messages = json.dumps(
            [e for e in plan["contained"] if e["resourceType"] == "OperationOutcome"]
        )
        for item in decision.not_used:
            assert json.dumps(item.why)[1:-1] in messages


def test_5_13_an_evaluation_that_failed_in_part_is_a_failure_and_shows_the_red_signs(
    answered: Answered,
) -> None:
    decision = next(d for d, _ in answered if d.red_signs)
    broken = decision.model_copy(update={"incomplete": True, "faults": ("rule-engine",)})

    plan = plan_of(broken)

    assert guidance_of(plan)["status"] == "failure"
    assert {"red-sign", "fault"} <= {action["id"] for action in group_of(plan)["action"]}
    assert faults(plan) == []


def test_5_14_the_same_question_on_the_same_day_gives_the_same_bytes(client: TestClient) -> None:
    from tests.contract.fhir.asking import APPLY, data, parameters, subject

    body = parameters(subject(), data(answers(pain_now=True, bladder_disturbance="new")))
    for path in (APPLY, R5_APPLY):
        first, again = (client.post(path, json=body).content for _ in range(2))
        assert first == again


def test_5_14_every_action_names_the_rules_and_facts_it_comes_from(
    answered: Answered, pathway: Any
) -> None:
    named = 0
    for decision, plan in answered:
        assert {e["url"]: e["valueString"] for e in plan["extension"][0]["extension"]}[
            "decision-hash"
        ] == decision.receipt.decision
        if "activity" not in plan:
            continue
        for action in group_of(plan)["action"]:
            for extension in action.get("extension", []):
                parts = [(part["url"], part["valueString"]) for part in extension["extension"]]
                assert parts[0][1] in pathway.rules
                assert parts[1] == ("version", pathway.version)
                facts = [value for url, value in parts if url == "fact"]
                assert set(facts) <= {*pathway.facts, *pathway.derivations}
                named += len(facts)
    assert named > 100


def test_6_every_action_of_the_guidance_is_an_action_of_the_group_and_the_other_way_round(
    answered: Answered, pathway: Any
) -> None:
    for decision, plan in answered:
        expected = guidance(decision, pathway, most=None)
        found = group_of(plan)["action"] if "activity" in plan else []
        assert [a["title"] for a in found] == [a.title for a in expected]
        for action, said in zip(found, expected, strict=True):
            assert action["priority"] == said.priority
            assert all(paragraph in action["description"] for paragraph in said.detail)
            drafts = [part["title"] for part in action.get("action", [])]
            assert drafts == [draft.label for draft in said.drafts]


def test_8_1_every_answer_passes_the_outside_checkers(answered: Answered) -> None:
    wrong = {}
    for (id, _), (decision, plan) in zip(LOOKS, answered, strict=True):
        if found := [*faults(plan), *faults(bundle_of(decision))]:
            wrong[id] = found

    assert wrong == {}


def test_8_1_the_outside_checkers_notice_planted_faults(answered: Answered) -> None:
    plan = json.dumps(next(p for d, p in answered if d.red_signs))
    planted = [
        ('"status": "draft"', '"status": "wobbly"'),
        ('"intent": "proposal"', '"intention": "proposal"'),
        ('"reference": "#actions"', '"reference": "#nowhere"'),
    ]

    for right, wrong in planted:
        assert right in plan
        broken = json.loads(plan.replace(right, wrong))
        assert _is_wrong(broken)


def _is_wrong(resource: Resource) -> bool:
    """Tell whether either checker finds fault: the models raise, the rule checker lists."""
    try:
        return faults(resource) != []
    except ValidationError:
        return True


def test_the_day_of_the_question_is_the_day_of_the_answer(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.fhir.routes.today", lambda: dt.date(2027, 2, 3))

    assert ask(client)["created"] == "2027-02-03"


def test_the_question_the_readme_asks_is_answered(client: TestClient) -> None:
    readme = (Path(fhir.__file__).parent / "README.md").read_text(encoding="utf-8")
    (body,) = re.findall(r"-d '(\{.*?\})'\n", readme, re.DOTALL)
    addresses = re.findall(r"curl -s '?http://127\.0\.0\.1:8000(/[^' \n]+)", readme)

    answer = client.post(addresses[-1], json=json.loads(body))

    assert answer.json()["resourceType"] == "CarePlan"
    assert [client.get(each).status_code for each in addresses[:-1]] == [200] * 3
