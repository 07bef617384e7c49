"""Section E of the checklist: every state prefetched data comes in, and what each may be taken to mean."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.cds_hooks.prefetch import State, look
from api.fhir.requirements import requirements_of
from tests.contract.cds_hooks.asking import actions_of, cards, refused, said
from tests.contract.cds_hooks.charts import (
    NAMES,
    OPERATED,
    RETENTION,
    RXNORM,
    answers,
    bundle,
    call,
    concept,
    order,
    person,
    prefetch,
    problem,
    service,
    signing,
)

VIEW = service("patient-view")
FAILED = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "forbidden"}],
}
FORMS: dict[str, tuple[Any, State]] = {
    "absent": ("leave out", State.ABSENT),
    "null": (None, State.NONE),
    "resource": (problem(OPERATED), State.WHOLE),
    "bundle": (bundle(problem(OPERATED)), State.WHOLE),
    "empty bundle": (bundle(), State.NONE),
    "bundle without entry or total": (
        {"resourceType": "Bundle", "type": "searchset"},
        State.NONE,
    ),
    "bundle with a next link": (
        bundle(problem(OPERATED), link=[{"relation": "next", "url": "https://ehr.example/next"}]),
        State.CUT,
    ),
    "bundle that counts more than it holds": (
        bundle(problem(OPERATED), total=2),
        State.CUT,
    ),
    "bundle as long as the limit": (
        bundle(*(problem(OPERATED, id=str(at)) for at in range(250))),
        State.CUT,
    ),
    "outcome": (FAILED, State.FAILED),
    "bundle with an outcome inside": (bundle(problem(OPERATED), FAILED), State.FAILED),
    "old wrapper": (
        {"response": {"status": "200"}, "resource": bundle(problem(OPERATED))},
        State.WHOLE,
    ),
    "another type": (person(), State.FAILED),
}


def with_conditions(form: str) -> dict[str, Any]:
    value = FORMS[form][0]
    return {"patient": person()} | ({} if value == "leave out" else {"conditions": value})


@pytest.mark.hazard("H-16")
@pytest.mark.parametrize("form", FORMS)
def test_e1_each_state_of_a_key_is_told_apart(form: str) -> None:
    looked = look("patient-view", with_conditions(form))

    assert looked.states["conditions"] is FORMS[form][1]


@pytest.mark.parametrize("form", FORMS)
def test_e1_and_e5_a_required_key_needs_an_answer_and_none_is_one(
    client: TestClient, form: str
) -> None:
    answer = client.post(VIEW, json=call(data=with_conditions(form)))

    if FORMS[form][1] in (State.ABSENT, State.FAILED):
        issue = refused(answer, 412)
        assert "conditions" in issue["diagnostics"]
        assert "patient," not in issue["diagnostics"]
    else:
        assert answer.status_code == 200


def test_e5_a_call_without_prefetch_is_told_every_key_that_was_needed(client: TestClient) -> None:
    for body in (call(), call(data={})):
        issue = refused(client.post(VIEW, json=body), 412)

        assert "patient, conditions" in issue["diagnostics"]


def test_e2_a_patient_that_comes_as_a_bundle_is_read(client: TestClient) -> None:
    body = call(data={**prefetch(problem(OPERATED)), "patient": bundle(person())})

    assert len(cards(client, body)) == 2


def test_e3_keys_of_a_clients_own_are_read_by_what_they_hold(client: TestClient) -> None:
    body = call(
        data={
            "item1": person(),
            "conditionBundle": bundle(problem(OPERATED)),
            "item3": bundle(RETENTION),
        }
    )

    found = cards(client, body)

    assert actions_of(found)[0] == "red-sign"


@pytest.mark.parametrize("hook", ["patient-view", "order-sign"])
def test_e6_what_was_not_looked_at_is_said_key_by_key(client: TestClient, hook: str) -> None:
    data = prefetch(problem(OPERATED), forms=RETENTION, labs=FAILED)
    found = cards(client, call(hook, data=data))

    text = said(found)
    for each in requirements_of(hook):
        if each.key not in data:
            assert each.key in text
    assert "did not give it: labs" in text
    assert "Nothing about it counts as absent" in text


@pytest.mark.hazard("H-01")
def test_e6_no_subset_of_the_data_ever_makes_the_cards_say_that_there_is_no_red_sign(
    client: TestClient,
) -> None:
    optional = [each.key for each in requirements_of("patient-view") if not each.required]
    for length in (0, 1, len(optional)):
        for keys in itertools.islice(itertools.combinations(optional, length), 8):
            for value in (None, bundle(), FAILED):
                data = prefetch(problem(OPERATED), **dict.fromkeys(keys, value))
                found = cards(client, call(data=data))
                text = said(found).lower()
                assert "red signs are not excluded" in text
                assert "no red sign" not in text


def test_e5_an_empty_answer_on_medicines_is_read_as_none_and_said_as_an_assumption(
    client: TestClient,
) -> None:
    known = prefetch(problem(OPERATED), medications=None)
    asked = cards(client, call(data=prefetch(problem(OPERATED))))
    told = cards(client, call(data=known))

    assert "medications" in asked[1]["extension"]["example.steppedcare.trace"]["missing"]
    assert "medications" not in told[1]["extension"]["example.steppedcare.trace"]["missing"]
    assert "An empty list of medicines" in said(told)


def test_e8_a_list_that_was_cut_short_is_never_taken_for_the_whole(client: TestClient) -> None:
    cut = bundle(
        order("naproxen", status="active"),
        link=[{"relation": "next", "url": "https://ehr.example/page2"}],
    )
    found = cards(client, call(data=prefetch(problem(OPERATED), medications=cut)))

    assert "Only the first part was looked at: medications" in said(found)
    assert "medications" in found[1]["extension"]["example.steppedcare.trace"]["missing"]


CONTAINED = {"resourceType": "Medication", "id": "in", "code": concept(RXNORM, NAMES["ibuprofen"])}
ELSEWHERE = {"resourceType": "Medication", "id": "m9", "code": concept(RXNORM, NAMES["ibuprofen"])}


@pytest.mark.parametrize("shape", ["contained", "same bundle", "prefetch", "display", "unknown"])
def test_e9_a_medicine_by_reference_is_found_in_any_of_its_places(
    client: TestClient, shape: str
) -> None:
    draft = order("ibuprofen")
    del draft["medicationCodeableConcept"]
    draft["medicationReference"] = {"reference": "Medication/m9"}
    more: dict[str, Any] = {"forms": answers({"nsaid_allergy": True})}
    drafts = [draft]
    match shape:
        case "contained":
            draft |= {"contained": [CONTAINED], "medicationReference": {"reference": "#in"}}
        case "same bundle":
            drafts.append(ELSEWHERE)
        case "prefetch":
            more["medications"] = bundle(ELSEWHERE)
        case "display":
            draft["medicationReference"] = {"display": "Ibuprofen 400 MG Oral Tablet"}
        case _:
            pass

    found = cards(client, signing(*drafts, data=prefetch(problem(OPERATED), **more)))

    assert ("Ibuprofen" in said(found)) == (shape != "unknown")
