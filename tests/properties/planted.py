"""One decider whose insides a test may break, what is planted in its engine, and what must hold all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import durable_rules_engine as core
import pytest

from api.library import get_vignettes
from rules.check import Checker
from rules.decide import Decider
from rules.invariants import INVARIANTS, Case, asking
from rules.invariants.red_signs import same_signs
from schemas.decision import OFFERS, Decision
from schemas.pathway import Pathway, Urgency

INPUTS = {v.id: v.input for v in get_vignettes("fbss")}
EMERGENCY, WEAK, CLEAN = "V03", "V14", "V07"
PATIENTS = (EMERGENCY, WEAK, CLEAN)
SIGNS = {EMERGENCY: {"R1", "R1a", "R6"}, WEAK: {"R2"}, CLEAN: set()}
AGREEMENT = "INV-E2"
"""The law that says there was no fault; every other law holds for a faulty decision as well."""


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
