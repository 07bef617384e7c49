"""One engine, two doors: the same record by CDS Hooks and by `$apply` fires the same rules and says the same."""

from __future__ import annotations

from typing import Any

import pytest

from api.cds_hooks.cards import TRACE, shortened
from api.library import get_vignettes
from tests.contract.cds_hooks.asking import actions_of, cards
from tests.contract.cds_hooks.charts import call
from tests.contract.cds_hooks.test_same_patients import as_prefetch, asked_on
from tests.contract.fhir.asking import APPLY, group_of, parameters, subject
from tests.fhir_records import PATIENT, day_of, record_of

INDICATOR = {"routine": "info", "urgent": "warning", "stat": "critical"}
LOOKS = [
    pytest.param(look.input, id=f"{vignette.id}: {look.name}")
    for vignette in get_vignettes("fbss")
    for look in vignette.looks
    if record_of(look.input) is not None
]


def rules_of(action: dict[str, Any]) -> list[str]:
    return [part["extension"][0]["valueString"] for part in action.get("extension", [])]


@pytest.mark.parametrize("data", LOOKS)
def test_6_a_card_and_an_action_are_two_writings_of_one_thing(
    data: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, day = asked_on(data), day_of(data)
    monkeypatch.setattr("api.fhir.routes.today", lambda: day)
    prefetch = as_prefetch(data)
    parts = [
        {"name": "prefetchData", "part": [
            {"name": "key", "valueString": key}, {"name": "data", "resource": resource}]}
        for key, resource in prefetch.items()
    ]  # fmt: skip

    found = cards(client, call(context={"patientId": PATIENT}, data=prefetch))
    plan = client.post(APPLY, json=parameters(subject(f"Patient/{PATIENT}"), *parts)).json()

    actions = group_of(plan)["action"] if "activity" in plan else []
    assert len(actions) == len(found)
    for action, card, id in zip(actions, found, actions_of(found), strict=True):
        assert action["id"].startswith(id)
        assert shortened(action["title"]) == card["summary"]
        assert INDICATOR[action["priority"]] == card["indicator"]
        assert rules_of(action) == card["extension"][TRACE].get("rules", [])
        assert action["documentation"][0]["display"] == card["source"]["label"]
        assert action["documentation"][0].get("url") == card["source"].get("url")
        labels = [part["title"] for part in action.get("action", [])]
        assert labels == [each["label"] for each in card.get("suggestions", [])]
        assert action.get("selectionBehavior") == card.get("selectionBehavior")
