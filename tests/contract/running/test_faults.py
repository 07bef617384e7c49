"""Something breaks inside while people ask over HTTP: red signs are answered, nothing sounds routine, and it heals."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

import rules.engine
from api import service
from api.library import get_decider
from api.running.admission import Admission
from api.running.hurry import hurry
from api.running.watch import EngineGate
from rules.decide import _Writer
from rules.evaluator import Screen
from schemas.decision import OFFERS
from tests.contract.doors import CANARY, DECISIONS, JSON
from tests.contract.running.asgi import asked
from tests.properties.planted import (
    INPUTS,
    NATIVE_FAULTS,
    PATIENTS,
    SIGNS,
    Native,
    drops_a_firing,
    reports_another,
)

pytestmark = [pytest.mark.hazard("H-29"), pytest.mark.hazard("H-30"), pytest.mark.hazard("H-31")]
BODIES = {name: json.dumps(INPUTS[name]).encode() for name in PATIENTS}


def raising(*_: Any, **__: Any) -> Any:
    raise RuntimeError(CANARY)


def decisions(app: FastAPI, together: int = 1) -> list[tuple[str, dict[str, Any]]]:
    """Ask for every patient *together* times at once; return what each was told."""

    async def run() -> list[tuple[str, dict[str, Any]]]:
        names = [name for name in PATIENTS for _ in range(together)]
        found = await asyncio.gather(*(asked(app, [BODIES[name]]) for name in names))
        assert {status for status, _, _ in found} == {200}
        assert not any(CANARY.encode() in body for _, _, body in found)
        return [(name, json.loads(body)) for name, (_, _, body) in zip(names, found, strict=True)]

    return asyncio.run(run())


def holds_in_spite_of_it(name: str, decision: dict[str, Any]) -> None:
    """Check that the red signs are those of the patient, and that the rest makes nobody feel safe."""
    assert {sign["id"] for sign in decision["red_signs"]} == SIGNS[name]
    assert decision["incomplete"]
    assert decision["faults"]
    assert decision["urgency"] != "U3"
    assert not [item for item in decision["treatments"] if item["verdict"] in OFFERS]


def is_whole(name: str, decision: dict[str, Any]) -> None:
    assert {sign["id"] for sign in decision["red_signs"]} == SIGNS[name]
    assert not decision["incomplete"]


@contextmanager
def broken(fault: str) -> Iterator[None]:
    """Break the decider that every door uses, and put it back."""
    voices = get_decider("fbss").voices
    with pytest.MonkeyPatch.context() as patch:
        if fault in NATIVE_FAULTS:
            patch.setattr(rules.engine, "core", Native(**NATIVE_FAULTS[fault]))
        elif fault == "the engine drops a firing":
            patch.setattr(voices.engine, "_run", drops_a_firing(voices.engine))
        elif fault == "the engine reports another":
            patch.setattr(voices.engine, "_run", reports_another(voices.engine))
        elif fault == "the screen raises":
            patch.setattr(Screen, "__call__", raising)
        elif fault == "the explanation raises":
            patch.setattr(_Writer, "write", raising)
        else:
            rule = fault.removeprefix("rule ")
            patch.setattr(voices, "compiled", with_a_rule_that_raises(voices, f"rule:{rule}"))
        yield
    # One engine bears the faults of all tests in this process: more than a service puts up with.
    voices.engine.rules_left = 0


def with_a_rule_that_raises(voices: Any, node: str) -> Any:
    """Return `compiled` with an evaluator that gets as far as *node*; the screen alone is whole."""
    compiled, at = voices.compiled, voices.network.index[node]

    class Raising:
        def __init__(self, evaluator: Any) -> None:
            self.evaluator = evaluator

        def leaves(self, values: Any, on: dt.date) -> Any:
            return self.evaluator.leaves(values, on)

        def nodes(self, leaves: Any) -> Any:
            raise ZeroDivisionError(f"{CANARY} {self.evaluator.nodes(leaves)[:at]}")

        def __getattr__(self, name: str) -> Any:
            return getattr(self.evaluator, name)

    def with_one(settings: Any) -> Any:
        evaluator, *others = compiled(settings)
        return (Raising(evaluator), *others)

    return with_one


FAULTS = (
    *NATIVE_FAULTS, "the engine drops a firing", "the engine reports another", "the screen raises",
    "the explanation raises", "rule r1-cauda-equina", "rule nsaid-first",
)  # fmt: skip


QUICK = ("a fact raises", "the engine drops a firing", "the screen raises", "rule r1-cauda-equina")
"""One of each kind; `make full` tries them all."""


@pytest.mark.parametrize(
    "fault",
    [pytest.param(f, marks=() if f in QUICK else (pytest.mark.slow,)) for f in FAULTS],
)
def test_a_fault_costs_no_red_sign_and_is_over_when_it_is_over(
    fault: str, app: FastAPI, entrance: Admission
) -> None:
    with broken(fault):
        for name, decision in decisions(app):
            holds_in_spite_of_it(name, decision)
    for name, decision in decisions(app):
        is_whole(name, decision)


@contextmanager
def hanging(first: int = 1) -> Iterator[EngineGate]:
    """Let the first evaluations that enter the engine hang there; the gate stands before it as in a service."""
    engine = get_decider("fbss").voices.engine
    run, go, left = engine.run, threading.Event(), [first]

    def hangs(leaves: Any) -> set[int]:
        if left[0] > 0:
            left[0] -= 1
            go.wait(60)
        return run(leaves)

    gate = EngineGate(hangs, 0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "run", gate)
        try:
            yield gate
        finally:
            go.set()


def test_an_engine_that_hangs_keeps_nobody_waiting_and_is_used_again(
    app: FastAPI, warm: Admission
) -> None:
    with hanging() as gate:
        for name, decision in decisions(app, together=2):
            holds_in_spite_of_it(name, decision)
        assert gate.is_silent
        for name, decision in decisions(app):
            holds_in_spite_of_it(name, decision)


def test_of_one_that_hangs_alone_the_red_sign_comes_first_and_an_answer_in_the_end(
    app: FastAPI, warm: Admission
) -> None:
    told = {}
    for name in PATIENTS:
        with hanging():

            async def one(name: str = name) -> tuple[int, dict[str, Any], float]:
                loop = asyncio.get_running_loop()
                begun = loop.time()
                status, _, body = await asked(app, [BODIES[name]])
                return status, json.loads(body), loop.time() - begun

            status, decision, seconds = asyncio.run(one())
        assert status == 200
        holds_in_spite_of_it(name, decision)
        told[name] = decision["faults"], seconds

    for name, (faults, seconds) in told.items():
        if SIGNS[name]:
            assert faults == ["overload"]
            assert seconds < 1.4
        else:
            assert faults == ["no-answer-in-time"]


@pytest.mark.hazard("H-41")
def test_a_fault_in_the_hurried_answer_leaves_the_whole_one_to_come(
    app: FastAPI, warm: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "decide_in_a_hurry", raising)
    whole = service.decide_input

    def late(*given: Any) -> Any:
        if hurry() is None:
            time.sleep(0.5)
        return whole(*given)

    monkeypatch.setattr("api.records.keeper.decide_input", late)
    for name in PATIENTS:
        status, _, body = asyncio.run(asked(app, [BODIES[name]]))
        assert status == 200
        is_whole(name, json.loads(body))


@pytest.mark.hazard("H-41")
def test_a_fault_in_the_hurried_answer_without_room_for_a_whole_one_is_a_refusal(
    client: TestClient, crowded: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "decide_in_a_hurry", raising)

    answer = client.post(DECISIONS, content=BODIES["V03"], headers=JSON)

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert CANARY not in answer.text
    assert crowded.lane.in_work == 0
