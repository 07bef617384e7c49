"""Checklist 8.6: whatever is sent below /fhir gets an answer in FHIR's own shape, and never a fault."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.library import get_vignettes
from tests.contract.doors import CANARY, hostile
from tests.contract.fhir.asking import APPLY, R5_APPLY, answers, bundle, data, parameters, subject
from tests.fhir_records import PATIENT, record_of

JUNK: list[Any] = [
    None, "", CANARY, 0, -1, 1e300, True, [], {}, [[]], [None], {"resourceType": 5}, "9999-99-99", "Patient/",
    {"reference": None}, {"coding": "x"}, {"resourceType": "Bundle", "entry": {}}, "\u202e", 10**30,
]  # fmt: skip
STATUSES = {200, 400, 404, 412, 413, 415, 422}
QUESTION = parameters(subject(), data(answers(pain_now=True, pain_back_nrs=5)))
GENTLE = settings(
    max_examples=120, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def check(client: TestClient, path: str, body: bytes) -> int:
    response = client.post(path, content=body, headers={"Content-Type": "application/fhir+json"})
    assert response.status_code in STATUSES, response.text
    kind = response.json()["resourceType"]
    if response.status_code == 200:
        assert kind in ("CarePlan", "Bundle")
    else:
        assert kind == "OperationOutcome"
        assert CANARY not in response.text
    return response.status_code


def broken(value: Any, rng: random.Random) -> Any:
    """Return *value* with one place in it replaced by junk or taken away."""
    changed = copy.deepcopy(value)
    places: list[tuple[Any, Any]] = []

    def visit(item: Any) -> None:
        if isinstance(item, dict):
            places.extend((item, key) for key in item)
            for inner in item.values():
                visit(inner)
        elif isinstance(item, list):
            places.extend((item, at) for at in range(len(item)))
            for inner in item:
                visit(inner)

    visit(changed)
    holder, key = rng.choice(places)
    if rng.random() < 0.15:
        del holder[key]
    else:
        holder[key] = copy.deepcopy(rng.choice(JUNK))
    return changed


@pytest.mark.slow
def test_8_6_a_record_broken_in_any_one_place_is_answered(client: TestClient) -> None:
    rng = random.Random("broken")
    record = next(
        found
        for vignette in get_vignettes("fbss")
        if vignette.id == "V14" and (found := record_of(vignette.looks[0].input))
    )
    whole = parameters(subject(f"Patient/{PATIENT}"), {"name": "data", "resource": record})
    seen = {check(client, APPLY, json.dumps(broken(whole, rng)).encode()) for _ in range(300)}

    assert 200 in seen
    assert 400 in seen


@pytest.mark.parametrize("path", [APPLY, R5_APPLY, "/fhir/PlanDefinition/$apply"])
def test_8_6_a_key_or_value_put_anywhere_never_comes_back_in_an_error(
    path: str, client: TestClient
) -> None:
    for body in hostile(QUESTION):
        check(client, path, json.dumps(body).encode())


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8)
    | st.sampled_from(["Parameters", "subject", "data", "Bundle", "Patient/1", "Condition"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["resourceType", "parameter", "name", "valueString", "resource", "entry", "part", "subject",
                         "code", "coding", "item", "linkId", "answer"]),
        inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@pytest.mark.slow
def test_8_6_any_json_at_all_is_answered(client: TestClient) -> None:
    @GENTLE
    @given(ANYTHING)
    def run(value: Any) -> None:
        check(client, APPLY, json.dumps(value).encode())
        told = parameters(subject(), {"name": "data", "resource": bundle(value)})
        check(client, APPLY, json.dumps(told).encode())

    run()


def test_8_6_any_bytes_at_all_are_answered(client: TestClient) -> None:
    @GENTLE
    @given(st.binary(max_size=60))
    def run(value: bytes) -> None:
        check(client, APPLY, value)

    run()


def test_8_6_any_address_and_any_search_is_answered(client: TestClient) -> None:
    word = st.text(alphabet="aZ09_$-.%/?&=+:,é \u202e", max_size=20)

    @GENTLE
    @given(word, word, word)
    def run(one: str, other: str, value: str) -> None:
        for response in (
            client.get("/fhir/PlanDefinition", params={other: value, "_id": one, "_count": value}),
            client.get("/fhir/PlanDefinition", params={"name": value, "title": one}),
            client.post(
                "/fhir/Library/_search",
                content=f"{one}&{other}={value}".encode(),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            ),
        ):
            assert response.status_code in (200, 400)
            assert response.json()["resourceType"] in ("Bundle", "OperationOutcome")

    run()
