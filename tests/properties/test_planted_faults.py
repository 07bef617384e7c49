"""Faults planted inside: the red signs are still answered, nothing is offered, and it never sounds routine."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import pytest

import rules.engine
import rules.evaluation
from api import library, reports
from api.library import get_pathway
from rules.decide import _Writer
from rules.evaluator import evaluate
from rules.invariants import Case
from rules.network import Network
from rules.treatments import TreatmentWriter
from schemas.decision import OFFERS, Decision
from schemas.pathway import Urgency
from tests.properties.planted import (
    CLEAN,
    EMERGENCY,
    PATIENTS,
    SIGNS,
    WEAK,
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


class Walked:
    """An evaluator that walks the network and breaks at one node."""

    def __init__(self, network: Network, case: Case, at: str) -> None:
        self.network, self.case, self.at = network, case, at

    def leaves(self, values: Any, on: dt.date) -> tuple[int, ...]:
        return ()

    def nodes(self, leaves: Any) -> tuple[int, ...]:
        nodes: dict[str, int] = {}
        for node in self.network.nodes:
            if node.name == self.at:
                raise ZeroDivisionError("a rule broke")
            condition, on = node.condition, self.case.patient.on
            nodes[node.name] = evaluate(condition, self.case.facts, self.case.settings, on, nodes)
        return tuple(nodes.values())


def some_nodes() -> Iterator[str]:
    """Yield nodes of every kind, early and late, red ones among them."""
    pathway = get_pathway("fbss")
    yield from ("cauda_equina_feature", "rule:r1-cauda-equina", "sign:R1", "red(U0)", "red(any)")
    yield from ("in_scope", "assessed", "passed(S1)", "agent:nsaid/ibuprofen")
    for verb in (
        "held",
        "blocked",
        "unjustified",
        "indicated",
        "required",
        "exhausted",
        "done",
        "open",
    ):
        yield f"{verb}(nsaid)"
    yield from (f"rule:{rule}" for rule in list(pathway.rules)[::20])


@pytest.mark.parametrize("name", PATIENTS)
@pytest.mark.parametrize("node", dict.fromkeys(some_nodes()))
def test_a_conclusion_that_raises_takes_no_red_sign_with_it(
    node: str, name: str, broken: Patient, healthy: dict[str, Decision], monkeypatch: Any
) -> None:
    voices = broken.decider.voices
    case = broken.case(name)
    key = case.settings.key
    walked = Walked(broken.decider.network, case, node)
    monkeypatch.setitem(voices._compiled, key, (walked, voices._compiled[key][1]))

    faulty = broken.case(name)

    assert faulty.decision.faults == ("evaluator",)
    holds_in_spite_of_it(faulty, healthy[name], name)


@pytest.mark.parametrize("name", PATIENTS)
@pytest.mark.parametrize("part", ["leaves", "nodes"])
def test_a_witness_that_raises_takes_no_red_sign_with_it(
    part: str, name: str, broken: Patient, healthy: dict[str, Decision], monkeypatch: Any
) -> None:
    evaluator, _ = broken.decider.voices.compiled(broken.case(name).settings)
    monkeypatch.setattr(evaluator, part, raising)

    faulty = broken.case(name)

    assert "evaluator" in faulty.decision.faults
    holds_in_spite_of_it(faulty, healthy[name], name)


@pytest.mark.parametrize("name", PATIENTS)
def test_a_screen_that_raises_leaves_the_red_signs_to_the_witness(
    name: str, broken: Patient, healthy: dict[str, Decision], monkeypatch: Any
) -> None:
    _, screen = broken.decider.voices.compiled(broken.case(name).settings)
    monkeypatch.setattr(screen, "_evaluator", Walked(broken.decider.network, broken.case(name), ""))
    monkeypatch.setattr(screen._evaluator, "leaves", raising)

    faulty = broken.case(name)

    assert faulty.decision.faults == ("red-sign-screen",)
    holds_in_spite_of_it(faulty, healthy[name], name)


@pytest.mark.parametrize("name", PATIENTS)
def test_a_sign_that_only_the_screen_sees_is_open(
    name: str, broken: Patient, monkeypatch: Any
) -> None:
    """Of two voices that differ about a red sign the graver one is believed."""
    voices = broken.decider.voices
    evaluator, _ = voices.compiled(broken.case(name).settings)
    names, nodes = list(broken.decider.network.index), evaluator.nodes
    silenced = [at for at, n in enumerate(names) if n.startswith(("sign:", "red(", "rule:r"))]

    def silent(leaves: Any) -> tuple[int, ...]:
        truths = list(nodes(leaves))
        for at in silenced:
            truths[at] = 0
        return tuple(truths)

    monkeypatch.setattr(evaluator, "nodes", silent)
    decision = broken.case(name).decision

    assert {sign.id for sign in decision.red_signs} == SIGNS[name]
    assert not [item for item in decision.treatments if item.verdict in OFFERS]
    if SIGNS[name]:
        assert "red-sign-screen" in decision.faults
        assert decision.urgency <= Urgency.U1


def test_a_sign_that_only_the_witness_sees_is_open(broken: Patient, monkeypatch: Any) -> None:
    _, screen = broken.decider.voices.compiled(broken.case(EMERGENCY).settings)
    monkeypatch.setattr(type(screen), "__call__", lambda self, *_: dict.fromkeys(self.names, 0))

    decision = broken.case(EMERGENCY).decision

    assert {sign.id for sign in decision.red_signs} == SIGNS[EMERGENCY]
    assert decision.faults == ("red-sign-screen",)
    assert decision.urgency is Urgency.U0


@pytest.mark.parametrize("name", PATIENTS)
def test_an_answer_that_cannot_be_written_still_shows_the_red_signs(
    name: str, broken: Patient, healthy: dict[str, Decision], monkeypatch: Any
) -> None:
    monkeypatch.setattr(TreatmentWriter, "write", raising)

    faulty = broken.case(name)

    holds_in_spite_of_it(faulty, healthy[name], name)


@pytest.mark.parametrize("name", PATIENTS)
def test_lists_that_cannot_be_read_take_no_sign_with_them_that_was_stated(
    name: str, broken: Patient, monkeypatch: Any
) -> None:
    monkeypatch.setattr(rules.evaluation, "read_patient", raising)

    decision = broken.case(name).decision

    stated = {EMERGENCY: {"R1"}, WEAK: {"R2"}, CLEAN: set()}[name]
    assert {sign.id for sign in decision.red_signs} >= stated
    assert decision.faults == ("reading",)
    assert decision.incomplete
    assert decision.urgency < Urgency.U3
    assert not [item for item in decision.treatments if item.verdict in OFFERS]


@pytest.mark.hazard("H-33")
def test_however_many_ask_first_one_engine_is_built(monkeypatch: Any) -> None:
    built: list[str] = []
    together = threading.Barrier(8)

    def slowly(id: str) -> object:
        built.append(id)
        time.sleep(0.05)
        return object()

    monkeypatch.setattr(library, "_decider", cache(slowly))

    def ask(_: int) -> object:
        together.wait()
        return library.get_decider("fbss")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))

    assert built == ["fbss"]
    assert len({id(each) for each in found}) == 1


# -- the self-test ---------------------------------------------------------------------------------


def plant_nothing(broken: Patient, patch: Any) -> None:
    """The control: without a fault the self-test passes."""


def plant_a_dropped_firing(broken: Patient, patch: Any) -> None:
    patch.setattr(
        broken.decider.voices.engine, "_run", drops_a_firing(broken.decider.voices.engine)
    )


def plant_another_conclusion(broken: Patient, patch: Any) -> None:
    patch.setattr(
        broken.decider.voices.engine, "_run", reports_another(broken.decider.voices.engine)
    )


def plant_a_native_fault(broken: Patient, patch: Any) -> None:
    patch.setattr(rules.engine, "core", Native(assert_fact=raising))


def plant_a_silent_rule(broken: Patient, patch: Any) -> None:
    """One red-sign rule falls silent for both voices alike: only a known patient can show it."""
    conditions = broken.decider.network.conditions
    never = conditions["indicated(revision-surgery)"]
    nodes = tuple(
        type(node)(node.name, never) if node.name == "rule:r1-cauda-equina" else node
        for node in broken.decider.network.nodes
    )
    network = Network(nodes, broken.decider.network.leaves)
    voices = type(broken.decider.voices)(broken.decider.pathway, network)
    patch.setattr(broken.decider, "voices", voices)


def plant_lost_caveats(broken: Patient, patch: Any) -> None:
    """The answer forgets what it must always say: no vignette states that, only a law does."""
    patch.setattr(_Writer, "caveats", lambda self, complete: ())


@pytest.mark.hazard("H-55")
@pytest.mark.hazard("H-14")
@pytest.mark.parametrize(
    ("plant", "notices"),
    [
        (plant_nothing, False),
        (plant_a_dropped_firing, True),
        (plant_another_conclusion, True),
        (plant_a_native_fault, True),
        (plant_a_silent_rule, True),
        (plant_lost_caveats, True),
    ],
    ids=[
        "no fault",
        "a firing dropped",
        "another conclusion",
        "the engine raises",
        "a silent rule",
        "caveats lost",
    ],
)
@pytest.mark.slow
def test_the_self_test_notices_a_planted_fault(
    plant: Any, notices: bool, broken: Patient, monkeypatch: Any
) -> None:
    monkeypatch.setattr(reports, "get_decider", lambda _: broken.decider)
    with monkeypatch.context() as patch:
        plant(broken, patch)
        lines, result, good = reports.cases_report("fbss")

    assert good is not notices
    assert any(" DIFFERS: " in line for line in lines) is notices
    assert result.endswith("as expected")


def test_the_service_names_the_patients_that_come_out_wrong(
    broken: Patient, monkeypatch: Any
) -> None:
    monkeypatch.setattr(reports, "get_decider", lambda _: broken.decider)
    assert not any(reports.not_ready("fbss"))

    plant_a_silent_rule(broken, monkeypatch)

    found = set(reports.not_ready("fbss"))
    assert EMERGENCY in found
    assert CLEAN not in found
