"""The built-in patients as an EHR would send them: the cards say what the decision says, at every look."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from api.cds_hooks.cards import TRACE, plain, shortened
from api.guidance import guidance
from api.library import get_vignettes
from api.service import decide_input
from schemas.pathway import Pathway
from tests.contract.cds_hooks.asking import actions_of, cards, said
from tests.contract.cds_hooks.charts import RXNORM, bundle, call, concept
from tests.contract.cds_hooks.conftest import NOW, knocking, opened
from tests.fhir_records import PATIENT, day_of, record_of

KEYS = {"Condition": "conditions", "Procedure": "procedures", "QuestionnaireResponse": "forms"}
LOOKS = [
    pytest.param(look.input, id=f"{vignette.id}: {look.name}")
    for vignette in get_vignettes("fbss")
    for look in vignette.looks
    if record_of(look.input) is not None
]


def as_prefetch(data: dict[str, Any]) -> dict[str, Any]:
    """Return a patient as prefetched data: what we ask for under our keys, the rest under the client's own."""
    record = record_of(data)
    assert record is not None
    found: dict[str, list[dict[str, Any]]] = {"conditions": [], "other": []}
    for entry in record["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] == "Patient":
            person = resource
        else:
            found.setdefault(KEYS.get(resource["resourceType"], "other"), []).append(resource)
    return {"patient": person, **{key: bundle(*rows) for key, rows in found.items()}}


def asked_on(data: dict[str, Any]) -> TestClient:
    app = opened({"most_cards": 20, "settings": data.get("settings", "default")})
    day = day_of(data)
    app.state.cds_hooks.clock = lambda: NOW.replace(day.year, day.month, day.day)
    return knocking(app)


def test_most_built_in_patients_can_be_sent_by_an_ehr() -> None:
    assert len(LOOKS) >= 18


@pytest.mark.parametrize("data", LOOKS)
def test_the_cards_of_a_built_in_patient_are_the_guidance_of_the_decision_by_json(
    data: dict[str, Any], pathway: Pathway
) -> None:
    decision = decide_input("fbss", data, day_of(data))
    expected = guidance(decision, pathway, None)

    found = cards(asked_on(data), call(context={"patientId": PATIENT}, data=as_prefetch(data)))

    assert actions_of(found) == [action.id for action in expected]
    for card, action in zip(found, expected, strict=True):
        trace = card["extension"][TRACE]
        assert card["summary"] == shortened(action.title)
        assert tuple(trace.get("rules", ())) == action.rules
        assert set(trace.get("missing", ())) == set(action.missing)
        for text in action.detail:
            assert plain(text) in card["detail"]
        assert len(card.get("suggestions", ())) == len(action.drafts)
    for caveat in decision.caveats:
        assert plain(caveat) in said(found)


def test_a_blocked_choice_is_answered_with_what_is_open_instead() -> None:
    """V07 may have an NSAID and therapy; with an allergy to NSAIDs only therapy is left, beside the warning."""
    (vignette,) = [each for each in get_vignettes("fbss") if each.id == "V07"]
    data = {**vignette.input, "facts": {**vignette.input["facts"], "nsaid_allergy": True}}
    draft = {
        "resourceType": "MedicationRequest",
        "id": "d1",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": concept(RXNORM, "5640"),
        "subject": {"reference": f"Patient/{PATIENT}"},
    }
    context = {
        "patientId": PATIENT,
        "draftOrders": bundle(draft),
        "selections": ["MedicationRequest/d1"],
    }

    found = cards(asked_on(data), call("order-select", context, as_prefetch(data)))

    assert actions_of(found) == ["order-ibuprofen", "offer-physical-therapy"]
    assert found[0]["suggestions"][0]["actions"][0]["type"] == "delete"
    assert found[1]["suggestions"][0]["actions"][0]["type"] == "create"


def test_signing_what_is_open_is_not_commented() -> None:
    (vignette,) = [each for each in get_vignettes("fbss") if each.id == "V07"]
    draft = {
        "resourceType": "MedicationRequest",
        "id": "d1",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": concept(RXNORM, "5640"),
        "subject": {"reference": f"Patient/{PATIENT}"},
    }
    context = {"patientId": PATIENT, "draftOrders": bundle(draft)}

    found = cards(
        asked_on(vignette.input), call("order-sign", context, as_prefetch(vignette.input))
    )

    assert found == []
