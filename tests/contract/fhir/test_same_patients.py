"""Each built-in patient that FHIR can express gets through `$apply` the decision the product itself makes."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from api.guidance import guidance
from api.library import get_vignettes
from api.service import decide_input
from schemas.decision import OFFERS
from schemas.pathway import Pathway
from tests.contract.fhir.asking import APPLY, R5_APPLY, group_of, parameters, subject
from tests.fhir_records import PATIENT, day_of, record_of

LOOKS = [
    (vignette.id, look)
    for vignette in get_vignettes("fbss")
    for look in vignette.looks
    if record_of(look.input) is not None and look.input.get("settings", "default") == "default"
]


def verdicts(resources: list[dict[str, Any]]) -> dict[str, tuple[str, str | None]]:
    """Return the verdict on each treatment, and the one a hold has put aside, as an answer tells them."""
    (response,) = (each for each in resources if each["resourceType"] == "GuidanceResponse")
    found = {}
    for extension in response["extension"]:
        parts = {each["url"]: each for each in extension["extension"]}
        aside = parts.get("put-aside", {}).get("valueCode")
        found[parts["treatment"]["valueCode"]] = (parts["verdict"]["valueCode"], aside)
    return found


def test_most_built_in_patients_can_be_written_as_a_record() -> None:
    every = [look for vignette in get_vignettes("fbss") for look in vignette.looks]

    assert len(LOOKS) > len(every) * 0.75


@pytest.mark.parametrize(
    ("id", "look"), LOOKS, ids=[f"{id}: {look.name}" for id, look in LOOKS]
)  # fmt: skip
def test_a_built_in_patient_gets_the_same_next_steps_as_a_fhir_record(
    id: str, look: Any, client: TestClient, pathway: Pathway, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = day_of(look.input)
    monkeypatch.setattr("api.fhir.routes.today", lambda: on)
    expected = decide_input("fbss", look.input, on)
    body = parameters(
        subject(f"Patient/{PATIENT}"), {"name": "data", "resource": record_of(look.input)}
    )

    plan = client.post(APPLY, json=body).json()
    bundle = client.post(R5_APPLY, json=body).json()

    actions = group_of(plan)["action"] if "activity" in plan else []
    wanted = guidance(expected, pathway, most=None)
    assert [action["title"] for action in actions] == [action.title for action in wanted]
    assert [action["priority"] for action in actions] == [action.priority for action in wanted]
    offered = {item.treatment for item in expected.treatments if item.verdict in OFFERS}
    drafted = {
        action["id"].removeprefix("offer-")
        for action in actions
        if action["id"].startswith("offer-")
    }
    assert drafted == (set() if expected.red_signs else offered)
    assert plan["description"].startswith(expected.urgency_text)
    for step in expected.next_steps:
        assert step.text in plan["description"]
    assert verdicts(plan["contained"]) == {
        item.treatment: (item.verdict.value, item.otherwise and item.otherwise.value)
        for item in expected.treatments
    }
    entries = [entry["resource"] for entry in bundle["entry"]]
    assert verdicts(entries) == verdicts(plan["contained"])
    if "activity" in plan:
        in_bundle = bundle["entry"][0]["resource"]["action"]
        assert [each["title"] for each in in_bundle] == [each["title"] for each in actions]
