"""Checklist 4: what is published of the pathway is sound, whole, and made of the rules that run."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.fhir.names import BASE, FACTS, PARTS, WORDS, artifact, shelf_life
from api.fhir.requirements import REQUIREMENTS
from api.fhir.store import published
from api.library import get_codes, get_vignettes
from api.service import decide_input
from rules.cql import print_library
from rules.decide import Decider
from schemas.pathway import Effect, Pathway
from tests.contract.fhir.asking import ON, faults, walk
from tests.contract.fhir.test_apply_output import plan_of
from tests.fhir_records import record_of

Resource = dict[str, Any]
PLANS = published()["PlanDefinition"]


def of_type(code: str) -> list[Resource]:
    return [plan for plan in PLANS.values() if plan["type"]["text"] == code]


@pytest.mark.parametrize("type", sorted(published()))
def test_4_7_every_published_resource_passes_the_outside_checkers(type: str) -> None:
    wrong = {id: found for id, each in published()[type].items() if (found := faults(each))}

    assert published()[type]
    assert wrong == {}


def test_4_7_every_canonical_of_ours_is_found_here_by_its_address(client: TestClient) -> None:
    plans = [
        plan_of(decide_input("fbss", look.input, ON))
        for v in get_vignettes("fbss")
        for look in v.looks
    ]
    every = [list(each.values()) for each in published().values()]
    addresses = {
        value.partition("|")[0]
        for value in walk([every, plans])
        if isinstance(value, str) and re.match(rf"{BASE}/[A-Z][A-Za-z]+/[^/]+$", value)
    }

    assert {address.split("/")[-2] for address in addresses} == set(published())
    for address in sorted(addresses):
        type = address.split("/")[-2]
        assert client.get(f"/fhir/{type}", params={"url": address}).json()["total"] == 1, address


def test_4_7_every_code_of_our_own_systems_is_one_of_theirs() -> None:
    systems = published()["CodeSystem"].values()
    known = {each["url"]: {row["code"] for row in each["concept"]} for each in systems}
    plans = [
        plan_of(decide_input("fbss", look.input, ON))
        for v in get_vignettes("fbss")
        for look in v.looks
    ]
    every = [list(each.values()) for each in published().values()]

    used = [
        (value["system"], value["code"])
        for value in walk([every, plans])
        if isinstance(value, dict) and value.get("system") in known and "code" in value
    ]
    assert {system for system, _ in used} >= {FACTS, WORDS, PARTS}
    assert [each for each in used if each[1] not in known[each[0]]] == []


def test_4_1_every_artifact_says_what_it_is_and_that_nobody_has_signed_it_off(
    pathway: Pathway,
) -> None:
    for each in published().values():
        for resource in each.values():
            assert re.fullmatch(r"[A-Z][A-Za-z0-9_]{0,254}", resource["name"])
            assert re.fullmatch(r"[A-Za-z0-9.-]{1,64}", resource["id"])
            assert resource["version"] == pathway.version
            assert resource["url"] == f"{BASE}/{resource['resourceType']}/{resource['id']}"
            assert (resource["status"], resource["experimental"]) == ("draft", True)
            assert "approvalDate" not in resource
            for name in ("title", "date", "publisher", "description", "jurisdiction"):
                assert resource[name]
    for plan in PLANS.values():
        assert plan["purpose"] == pathway.intended_use
        assert all(caveat in plan["usage"] for caveat in pathway.caveats)
        assert plan["effectivePeriod"]["end"] == pathway.review_due


def test_4_2_the_three_layers_hang_together_and_no_rule_is_left_out(pathway: Pathway) -> None:
    def below(plan: Resource) -> list[Resource]:
        names = [
            a["definitionCanonical"].partition("|")[0].rpartition("/")[2] for a in plan["action"]
        ]
        return [PLANS[name] for name in names]

    top = PLANS["fbss"]
    strategies = below(top)
    recommendations = {each["id"]: each for plan in strategies for each in below(plan)}

    assert top["type"]["text"] == "clinical-protocol"
    assert strategies == of_type("workflow-definition")
    assert {f"fbss-rule-{rule}" for rule in pathway.rules} == set(recommendations)
    assert len(recommendations) == len(of_type("eca-rule"))
    for plan in recommendations.values():
        targets = [
            value
            for value in walk(plan["action"])
            if isinstance(value, str) and "/ActivityDefinition/" in value
        ]
        assert targets


def test_4_3_actions_of_pathway_and_strategies_say_one_title_one_description_one_code() -> None:
    for plan in (PLANS["fbss"], *of_type("workflow-definition")):
        for action in plan["action"]:
            assert set(action) == {"title", "description", "code", "definitionCanonical"}
            assert len(action["code"]) == 1


def test_4_4_every_recommendation_has_its_condition_its_source_and_its_direction(
    pathway: Pathway,
) -> None:
    for rule in pathway.rules.values():
        (action,) = PLANS[f"fbss-rule-{rule.id}"]["action"]
        (condition,) = action["condition"]

        assert condition["kind"] == "applicability"
        assert condition["expression"]["language"] == "text/cql"
        assert condition["expression"]["description"]
        assert [each["label"] for each in action["documentation"]] == list(
            dict.fromkeys(str(citation) for citation in rule.sources)
        )
        effects = [e["valueCode"] for e in action["extension"] if e["url"].endswith("/effect")]
        assert effects == [rule.effect.value]
        assert (action["priority"] == "stat") == (rule.effect is Effect.RED_SIGN)


def test_4_5_the_condition_shown_is_the_definition_in_the_library_that_is_run_and_compared(
    decider: Decider,
) -> None:
    library = published()["Library"]["SteppedCareFbss"]
    text = base64.b64decode(library["content"][0]["data"]).decode()
    defined = dict(re.findall(r'^define "(rule:[^"]+)":\n  (.*)$', text, re.MULTILINE))

    assert text == print_library(decider.pathway, decider.network)
    for rule in decider.pathway.rules:
        (action,) = PLANS[f"fbss-rule-{rule}"]["action"]
        assert action["condition"][0]["expression"]["expression"] == defined[f"rule:{rule}"]


def test_4_6_recommendations_are_triggered_by_the_hooks_that_ask(client: TestClient) -> None:
    hooks = {each["hook"] for each in client.get("/cds-services").json().get("services", [])}

    for plan in of_type("eca-rule"):
        triggers = plan["action"][0]["trigger"]
        assert {each["type"] for each in triggers} == {"named-event"}
        assert {each["name"] for each in triggers} >= {"patient-view", "order-select", "order-sign"}
        assert hooks <= {each["name"] for each in triggers}


def test_4_advice_against_a_treatment_leads_to_an_activity_not_to_be_performed(
    pathway: Pathway,
) -> None:
    activities = published()["ActivityDefinition"]
    against = {Effect.BLOCK, Effect.HOLD, Effect.BLOCK_UNLESS_JUSTIFIED}

    for rule in pathway.rules.values():
        for value in walk(PLANS[f"fbss-rule-{rule.id}"]["action"]):
            if isinstance(value, str) and "/ActivityDefinition/" in value:
                activity = activities[value.partition("|")[0].rpartition("/")[2]]
                refused = activity.get("doNotPerform") is True
                assert refused == (rule.effect in against and bool(rule.on)), rule.id
    kinds = {each["kind"] for each in activities.values()}
    assert kinds == {"MedicationRequest", "ServiceRequest", "CommunicationRequest", "Task"}


def test_4_the_data_requirements_are_the_prefetch_templates(client: TestClient) -> None:
    library = client.get("/fhir/PlanDefinition/fbss/$data-requirements").json()

    assert library["type"]["text"] == "module-definition"
    said = [
        {e["url"].rpartition("/")[2]: e.get("valueString", e.get("valueBoolean")) for e in each["extension"]}
        for each in library["dataRequirement"]
    ]  # fmt: skip
    assert [(each["prefetch-key"], each["prefetch-template"], each["required"]) for each in said] == [
        (each.key, each.template, each.required) for each in REQUIREMENTS
    ]  # fmt: skip
    for part, each in zip(library["dataRequirement"], REQUIREMENTS, strict=True):
        assert part["type"] == each.type
        assert part.get("limit", 0) == each.count
    for service in client.get("/cds-services").json().get("services", []):
        templates = {each.key: each.template for each in REQUIREMENTS}
        assert service["prefetch"].items() <= templates.items()


def test_4_the_questionnaire_asks_every_fact_with_its_unit_its_range_and_its_words(
    pathway: Pathway,
) -> None:
    form = published()["Questionnaire"]["fbss-facts"]
    items = {
        each["linkId"]: each
        for group in form["item"]
        if group["linkId"].startswith("section.")
        for each in group["item"]
    }

    assert list(items) == [
        fact.name
        for section in pathway.sections
        for fact in pathway.facts.values()
        if fact.section == section.id
    ]
    assert set(items) == set(pathway.facts)
    for name, fact in pathway.facts.items():
        item = items[name]
        assert item["text"] == fact.ask
        assert "required" not in item
        words = [option["valueCoding"]["code"] for option in item.get("answerOption", [])]
        assert words == list(fact.choices)
        help = " ".join(part["text"] for part in item.get("item", []))
        assert fact.unit in help
        bounds = {
            e["url"].rpartition("/")[2]: e.get("valueInteger", e.get("valueDecimal"))
            for e in item["extension"]
            if e["url"].endswith(("minValue", "maxValue"))
        }
        assert bounds.get("minValue") == (None if fact.minimum is None else float(fact.minimum))
        assert bounds.get("maxValue") == (None if fact.maximum is None else float(fact.maximum))


def test_4_value_sets_hold_every_code_that_has_a_system_and_mark_the_unverified() -> None:
    codes = get_codes("fbss")
    listed = [code for each in codes.concepts.values() for c in each for code in c.codes]
    listed += [code for each in codes.medicines.values() for code in each]
    wanted = sorted(
        (codes.systems[code.system].uri or "", code.verified)
        for code in listed
        if codes.systems[code.system].uri
    )

    found = []
    for value_set in published()["ValueSet"].values():
        for part in value_set["compose"]["include"]:
            marked = part.get("concept", [part] if "filter" in part else [])
            for each in marked:
                marks = {e["url"].rpartition("/")[2]: e for e in each["extension"]}
                assert marks["code-mark"]["valueString"]
                found.append((part["system"], marks["code-verified"]["valueBoolean"]))

    assert sorted(found) == wanted
    assert {verified for _, verified in found} == {True, False}


def test_4_every_answer_a_form_can_hold_has_its_question_in_the_questionnaire() -> None:
    def links(items: list[Resource]) -> dict[str, str]:
        found = {}
        for each in items:
            found[each["linkId"]] = each.get("type", "")
            found |= links(each.get("item", []))
        return found

    asked = links(published()["Questionnaire"]["fbss-facts"]["item"])
    types = {"valueBoolean": "boolean", "valueInteger": "integer", "valueDecimal": "decimal",
             "valueDate": "date", "valueString": "string", "valueCoding": "choice"}  # fmt: skip
    seen = 0
    for vignette in get_vignettes("fbss"):
        for look in vignette.looks:
            for entry in (record_of(look.input) or {"entry": []})["entry"]:
                for item in walk(entry["resource"].get("item", [])):
                    if not isinstance(item, dict) or "linkId" not in item:
                        continue
                    seen += 1
                    assert item["linkId"] in asked
                    for answer in item.get("answer", []):
                        (given,) = (types[key] for key in answer)
                        allowed = {asked[item["linkId"]]}
                        # A whole number fits where a number with a point is asked for; "not known" fits anywhere.
                        assert given in allowed or (given, *allowed) == ("integer", "decimal") or (
                            answer.get("valueCoding", {}).get("code") == "not-known"
                        ), item  # fmt: skip
    assert seen > 500


def test_4_4_once_a_clinician_has_signed_off_an_artifact_says_when(pathway: Pathway) -> None:
    signed = pathway.model_copy(update={"reviewed": "2027-02-03"})

    found = artifact("Library", "x", "a title", "what it is", signed) | shelf_life(signed)

    assert found["experimental"] is False
    assert (found["approvalDate"], found["lastReviewDate"]) == ("2027-02-03", "2027-02-03")
