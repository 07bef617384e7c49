"""Faults planted inside: the red signs are still answered, nothing is offered, and it never sounds routine."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import durable_rules_engine as core
import pytest

import rules.engine
import rules.evaluation
from api import library, reports
from api.library import get_pathway, get_vignettes
from rules.check import Checker
from rules.decide import Decider, _Writer
from rules.engine import Engine
from rules.evaluator import evaluate
from rules.invariants import INVARIANTS, Case, asking
from rules.invariants.red_signs import same_signs
from rules.network import Network, build_network
from rules.treatments import TreatmentWriter
from rules.truth import UNKNOWN
from schemas.decision import OFFERS, Decision
from schemas.errors import EngineFault
from schemas.pathway import Pathway, Urgency

INPUTS = {v.id: v.input for v in get_vignettes("fbss")}
EMERGENCY, WEAK, CLEAN = "V03", "V14", "V07"
PATIENTS = (EMERGENCY, WEAK, CLEAN)
SIGNS = {EMERGENCY: {"R1", "R1a", "R6"}, WEAK: {"R2"}, CLEAN: set()}
AGREEMENT = "INV-E2"
"""The law that says there was no fault; every other law holds for a faulty decision as well."""

pytestmark = [pytest.mark.hazard("H-29"), pytest.mark.hazard("H-30"), pytest.mark.hazard("H-31")]


class Native:
    """The native engine with some of its calls replaced."""

    def __init__(self, **replaced: Any) -> None:
        self._replaced = replaced

    def __getattr__(self, name: str) -> Any:
        return self._replaced.get(name) or getattr(core, name)


class Patient:
    """Asks one decider, whose insides a test may break."""

    def __init__(self, decider: Decider, checker: Checker) -> None:
        self.decider = decider
        self.ask = asking(decider, checker)

    def case(self, name: str) -> Case:
        case = self.ask(INPUTS[name])
        assert case is not None
        return case


@pytest.fixture(scope="module")
def broken(pathway: Pathway, checker: Checker) -> Patient:
    """A decider of this module's own; every test breaks it through monkeypatch and leaves it whole."""
    return Patient(Decider(pathway, "test"), checker)


@pytest.fixture(autouse=True)
def forgiven(broken: Patient) -> None:
    """One engine bears the faults of all tests here: more than a service puts up with."""
    broken.decider.voices.engine.rules_left = 0


@pytest.fixture(scope="module")
def healthy(decider: Decider, checker: Checker) -> dict[str, Decision]:
    patient = Patient(decider, checker)
    return {name: patient.case(name).decision for name in PATIENTS}


def holds_in_spite_of_it(case: Case, healthy: Decision, name: str) -> None:
    """The red signs are those of a healthy run; the rest says incomplete, offers nothing, is never routine."""
    decision = case.decision
    assert {sign.id for sign in decision.red_signs} == SIGNS[name]
    assert list(same_signs(healthy, decision)) == []
    assert decision.incomplete
    assert decision.faults
    assert not decision.screen_complete
    assert decision.urgency < Urgency.U3
    assert not [item for item in decision.treatments if item.verdict in OFFERS]
    broken = [law.check(case) for law in INVARIANTS.values() if law.id != AGREEMENT]
    assert [text for texts in broken for text in texts] == []


# -- the engine ------------------------------------------------------------------------------------


def drops_a_firing(engine: Any) -> Callable[[Any], set[int]]:
    """The conclusion `red(any)`, or for want of it the first, never fires."""
    run = engine._run
    names = [c.name for c in engine.conclusions]

    def lossy(leaves: Any) -> set[int]:
        fired = run(leaves)
        red = [at for at in fired if names[at] == "red(any)"]
        return fired - set(red or sorted(fired)[:1])

    return lossy


def reports_another(engine: Any) -> Callable[[Any], set[int]]:
    run = engine._run
    named = {at for at, _, _ in engine.checked}

    def swapped(leaves: Any) -> set[int]:
        fired = run(leaves)
        return fired ^ {min(fired & named), min(named - fired)}

    return swapped


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


def raising(*_: Any) -> Any:
    raise Exception('{"sid":"s","temperature_c":38.9}')  # as the engine does, with the whole fact


NATIVE_FAULTS: dict[str, dict[str, Any]] = {
    "a fact raises": {"assert_fact": raising},
    "a fact is refused with code 2": {"assert_fact": lambda *_: (2, 0)},
    "the run breaks off before its canary": {"complete_and_start_action": lambda *_: None},
    "no action is begun": {"start_action_for_state": lambda *_: None},
    "an action raises": {"complete_and_start_action": raising},
    "a firing that is none of ours": {"complete_and_start_action": lambda *_: '{"r9999x9":{}}'},
    "a state cannot be deleted": {"delete_state": raising},
    "nothing can be built": {"create_ruleset": raising, "assert_fact": raising},
    "memory is out": {"assert_fact": lambda *_: (_ for _ in ()).throw(MemoryError())},
}


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


# -- the witness and the screen --------------------------------------------------------------------


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
    assert reports.ready("fbss") == ()

    plant_a_silent_rule(broken, monkeypatch)

    assert EMERGENCY in reports.ready("fbss")
    assert CLEAN not in reports.ready("fbss")
