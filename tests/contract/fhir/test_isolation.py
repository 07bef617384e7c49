"""No door, cache or worker can answer with another patient's decision."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.fhir.requirements import HOOKS
from tests.contract.cds_hooks import charts
from tests.contract.cds_hooks.conftest import knocking, opened
from tests.contract.doors import DECISIONS
from tests.contract.fhir.asking import APPLY, R5_APPLY, answers, bundle, parameters, subject

PATIENTS, THREADS = 50, 8
SIGNS = ("none", "new", "worsening", "stable", "onset-unknown")


@pytest.fixture(scope="module")
def quiet() -> FastAPI:
    return opened()


def facts_of(number: int) -> dict[str, Any]:
    """Return the answers of one patient, which no other gives."""
    return {
        "pain_now": number % 2 == 0,
        "pain_back_nrs": number % 11,
        "bladder_disturbance": SIGNS[number % 5],
        "leg_weakness": SIGNS[number // 5 % 5],
        "diabetes": number % 3 == 0,
        "fever_or_chills": number % 7 == 0,
        "stimulator_implanted": number >= 25,
    }


def question(number: int, door: str) -> tuple[str, dict[str, Any]]:
    """Return the address and body of the question that *door* takes about one patient."""
    name = f"p{number}"
    reference = {"subject": {"reference": f"Patient/{name}"}}
    born = f"{1940 + number}-06-01"
    patient = {"resourceType": "Patient", "id": name, "birthDate": born}
    told = {**answers(**facts_of(number)), **reference}
    if door.startswith("/v1"):
        return door, {"facts": {"age": 20 + number, **facts_of(number)}, "on": "2026-03-01"}
    if door.startswith("/fhir"):
        rows = [
            subject(f"Patient/{name}"),
            {"name": "data", "resource": bundle(patient, told)},
            {"name": "encounter", "valueString": f"Encounter/{name}"},
        ]
        return door, parameters(*rows)
    operated = charts.problem(charts.OPERATED, patient=name)
    data = {"patient": patient, "conditions": charts.bundle(operated), "forms": told}
    context: dict[str, Any] = {"patientId": name}
    if door.startswith("order"):
        drafts = [charts.order(each, patient=name) for each in ("ibuprofen", "oxycodone")]
        context |= {"draftOrders": charts.bundle(*drafts), "selections": ["m-ibuprofen"]}
    return charts.service(door), charts.call(door, context, data)


def content(answer: Any) -> Any:
    """Return what an answer says; of cards all but their uuids, which differ every time."""
    if "cards" not in answer:
        return answer
    return [
        (each["summary"], each["detail"], each["extension"], _named(each))
        for each in answer["cards"]
    ]


def _named(card: dict[str, Any]) -> list[Any]:
    """Return the patients that the suggestions of a card are for."""
    actions = [action for each in card.get("suggestions", ()) for action in each["actions"]]
    return [action["resource"]["subject"] for action in actions if "resource" in action]


def all_at_once(app: FastAPI, doors: tuple[str, ...], rounds: int) -> None:
    """Ask every door about every patient, alone and all together, and compare."""
    local = threading.local()

    def send(task: tuple[int, str]) -> Any:
        if not hasattr(local, "client"):
            local.client = knocking(app)
        path, body = question(*task)
        response = local.client.post(path, json=body)
        assert response.status_code == 200, (task, response.text)
        return content(response.json())

    tasks = [(number, door) for number in range(PATIENTS) for door in doors]
    alone = {task: send(task) for task in tasks}
    shuffled = tasks * rounds
    random.Random(8).shuffle(shuffled)
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(send, shuffled))

    for door in doors:
        # Cards about an order say less than a decision does: a few patients may get the same.
        least = PATIENTS if door.startswith("/") else PATIENTS // 2
        assert len({repr(alone[task]) for task in tasks if task[1] == door}) >= least, door
    assert [t for t, found in zip(shuffled, together, strict=True) if found != alone[t]] == []
    for (number, door), found in zip(shuffled, together, strict=True):
        if door.startswith("/fhir"):
            assert f"'Patient/p{number}'" in str(found)
        assert f"'Patient/p{(number + 1) % PATIENTS}'" not in str(found)


@pytest.mark.hazard("H-08")
@pytest.mark.hazard("H-32")
@pytest.mark.hazard("H-33")
def test_of_fifty_patients_in_eight_threads_every_door_answers_each_with_its_own(
    quiet: FastAPI,
) -> None:
    all_at_once(quiet, (DECISIONS, "order-sign", APPLY), rounds=1)


@pytest.mark.hazard("H-08")
@pytest.mark.slow
def test_of_fifty_patients_all_hooks_and_operations_answer_each_with_its_own(
    quiet: FastAPI,
) -> None:
    all_at_once(quiet, (DECISIONS, *HOOKS, APPLY, R5_APPLY), rounds=2)


@pytest.mark.hazard("H-08")
def test_the_decision_in_an_answer_is_that_of_the_patient_alone() -> None:
    """Asked in one order and in the other, by fresh applications, each patient's answer is the same."""

    def run(numbers: list[int]) -> dict[int, bytes]:
        client: TestClient = knocking(opened())
        found = {}
        for number in numbers:
            path, body = question(number, APPLY)
            found[number] = client.post(path, json=body).content
        return found

    forwards, backwards = run(list(range(12))), run(list(reversed(range(12))))

    assert forwards == backwards
