"""No door, cache or worker can answer with another patient's decision."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.contract.fhir.asking import APPLY, R5_APPLY, answers, bundle, parameters, subject

PATIENTS, THREADS, ROUNDS = 48, 8, 3
SIGNS = ("none", "new", "worsening", "stable", "onset-unknown")


def question(number: int) -> dict[str, Any]:
    """Return the question about one patient; each has another name and other answers."""
    name = f"p{number}"
    reference = {"reference": f"Patient/{name}"}
    told = answers(
        pain_now=number % 2 == 0,
        pain_back_nrs=number % 11,
        bladder_disturbance=SIGNS[number % 5],
        diabetes=number % 3 == 0,
        fever_or_chills=number % 7 == 0,
    )
    patient = {"resourceType": "Patient", "id": name, "birthDate": f"{1940 + number}-06-01"}
    record = bundle(patient, {**told, "subject": reference})
    return parameters(
        subject(f"Patient/{name}"),
        {"name": "data", "resource": record},
        {"name": "encounter", "valueString": f"Encounter/{name}"},
    )


@pytest.mark.hazard("H-08")
def test_no_cache_and_no_worker_answers_with_another_patients_decision(app: FastAPI) -> None:
    local = threading.local()

    def send(task: tuple[int, str]) -> tuple[tuple[int, str], bytes]:
        number, path = task
        if not hasattr(local, "client"):
            local.client = TestClient(app, base_url="http://127.0.0.1")
        response = local.client.post(path, json=question(number))
        assert response.status_code == 200
        return task, response.content

    tasks = [(number, path) for number in range(PATIENTS) for path in (APPLY, R5_APPLY)]
    alone = dict(map(send, tasks))
    shuffled = [tasks[at * 37 % len(tasks)] for at in range(len(tasks))] * ROUNDS
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(send, shuffled))

    assert len(set(alone.values())) == len(tasks)
    assert [task for task, body in together if body != alone[task]] == []
    for (number, _), body in together:
        others = f'Patient/p{(number + 1) % PATIENTS}"'.encode()
        assert f'Patient/p{number}"'.encode() in body
        assert others not in body


@pytest.mark.hazard("H-08")
def test_the_decision_in_an_answer_is_that_of_the_patient_alone(app: FastAPI) -> None:
    """Asked in one order and in the other, by fresh applications, each patient's answer is the same."""
    from api.app import create_app
    from api.settings import ServiceSettings

    def run(numbers: list[int]) -> dict[int, bytes]:
        client = TestClient(create_app(ServiceSettings()), base_url="http://127.0.0.1")
        return {n: client.post(APPLY, json=question(n)).content for n in numbers}

    forwards, backwards = run(list(range(12))), run(list(reversed(range(12))))

    assert forwards == backwards
