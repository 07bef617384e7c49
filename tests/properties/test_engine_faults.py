"""Faults planted in the rule engine: they cost no red sign, end when they end, and leave little behind."""

from __future__ import annotations

from typing import Any

import pytest

import rules.engine
from rules.engine import Engine
from rules.network import build_network
from rules.truth import UNKNOWN
from schemas.decision import Decision
from schemas.errors import EngineFault
from schemas.pathway import Pathway
from tests.properties.planted import (
    EMERGENCY,
    NATIVE_FAULTS,
    PATIENTS,
    Native,
    Patient,
    broken,
    drops_a_firing,
    forgiven,
    healthy,
    holds_in_spite_of_it,
    raising,
    reports_another,
)

__all__ = ["broken", "forgiven", "healthy"]

pytestmark = [pytest.mark.hazard("H-29"), pytest.mark.hazard("H-30"), pytest.mark.hazard("H-31")]


@pytest.mark.parametrize("name", PATIENTS)
@pytest.mark.parametrize(
    "fault", [drops_a_firing, reports_another], ids=["a firing dropped", "another conclusion"]
)
def test_a_lying_engine_is_contradicted_by_the_witness(
    fault: Any, name: str, broken: Patient, healthy: dict[str, Decision], monkeypatch: Any
) -> None:
    voices = broken.decider.voices
    before = voices.disagreements
    with monkeypatch.context() as patch:
        patch.setattr(voices.engine, "_run", fault(voices.engine))
        faulty = broken.case(name)

    assert faulty.decision.faults == ("voices-differ",)
    assert voices.disagreements == before + 1
    holds_in_spite_of_it(faulty, healthy[name], name)
    assert broken.case(name).decision.red_signs == healthy[name].red_signs
    assert not broken.case(name).decision.incomplete


def test_every_conclusion_the_engine_drops_is_noticed(broken: Patient, monkeypatch: Any) -> None:
    voices = broken.decider.voices
    case = broken.case(EMERGENCY)
    evaluator, _ = voices.compiled(case.settings)
    leaves = evaluator.leaves(case.facts, case.patient.on)
    truths, fired = evaluator.nodes(leaves), voices.engine.run(leaves)
    named = {at for at, _, _ in voices.engine.checked}

    assert len(fired & named) > 200
    assert len(named) > 700
    assert voices.engine.disagreements(fired, truths) == []
    for at in named:
        assert voices.engine.disagreements(fired ^ {at}, truths) == [
            voices.engine.conclusions[at].name
        ]


@pytest.mark.parametrize("name", PATIENTS)
@pytest.mark.parametrize("calls", NATIVE_FAULTS.values(), ids=NATIVE_FAULTS)
def test_a_native_fault_that_lasts_costs_no_red_sign_and_heals_when_it_ends(
    calls: dict[str, Any],
    name: str,
    broken: Patient,
    healthy: dict[str, Decision],
    monkeypatch: Any,
) -> None:
    engine = broken.decider.voices.engine
    builds = engine.builds
    with monkeypatch.context() as patch:
        patch.setattr(rules.engine, "core", Native(**calls))
        for _ in range(2):
            faulty = broken.case(name)
            assert faulty.decision.faults == ("rule-engine",)
            holds_in_spite_of_it(faulty, healthy[name], name)

    assert not broken.case(name).decision.incomplete
    assert broken.case(name).decision.red_signs == healthy[name].red_signs
    assert engine.builds > builds
    assert engine.live_states() == 0


@pytest.mark.hazard("H-32")
@pytest.mark.parametrize("calls", NATIVE_FAULTS.values(), ids=NATIVE_FAULTS)
def test_a_native_fault_that_lasts_leaves_little_behind(
    calls: dict[str, Any], pathway: Pathway, monkeypatch: Any
) -> None:
    network = build_network(pathway)
    engine, leaves = Engine(network), (UNKNOWN,) * len(network.leaves)
    good = engine.run(leaves)
    with monkeypatch.context() as patch:
        patch.setattr(rules.engine, "core", Native(**calls))
        for _ in range(30):
            with pytest.raises(EngineFault):
                engine.run(leaves)

    # The stratum in which it broke off, once; afterwards a ruleset of one rule each time.
    assert engine.rules_left <= 800 + 30
    assert engine.run(leaves) == good


@pytest.mark.hazard("H-32")
def test_an_engine_that_is_doubted_again_and_again_leaves_nothing_behind(pathway: Pathway) -> None:
    network = build_network(pathway)
    engine, leaves = Engine(network), (UNKNOWN,) * len(network.leaves)
    good = engine.run(leaves)
    for _ in range(20):
        engine.renew()
        assert engine.run(leaves) == good

    assert engine.rules_left == 0


@pytest.mark.hazard("H-32")
def test_there_is_an_end_to_what_faults_leave_behind(pathway: Pathway, monkeypatch: Any) -> None:
    network = build_network(pathway)
    engine, leaves = Engine(network), (UNKNOWN,) * len(network.leaves)
    with monkeypatch.context() as patch:
        patch.setattr(rules.engine, "core", Native(**NATIVE_FAULTS["a fact raises"]))
        for _ in range(3):
            with pytest.raises(EngineFault):
                engine.run(leaves)
    monkeypatch.setattr(rules.engine, "MOST_RULES_LEFT", 2)
    builds = engine.builds

    for _ in range(3):
        with pytest.raises(EngineFault):
            engine.run(leaves)
    assert engine.builds == builds


@pytest.mark.hazard("H-61")
def test_the_fault_of_the_engine_carries_nothing_of_the_patient(
    broken: Patient, monkeypatch: Any
) -> None:
    case = broken.case(EMERGENCY)
    evaluator, _ = broken.decider.voices.compiled(case.settings)
    leaves = evaluator.leaves(case.facts, case.patient.on)
    monkeypatch.setattr(rules.engine, "core", Native(assert_fact=raising))

    with pytest.raises(EngineFault) as caught:
        broken.decider.voices.engine.run(leaves)

    told: Any = caught.value
    while told is not None:
        assert "38.9" not in str(told)
        told = told.__context__ or told.__cause__
