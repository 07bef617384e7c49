"""The solver, the compiled evaluator and the rule engine read the same patients in the same way."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import pytest
import z3

from rules.check import Checker
from rules.decide import Decider
from rules.proof.search import Budget, Search
from schemas.decision import Decision
from schemas.errors import InputError
from schemas.pathway import Pathway
from schemas.verification import BorderPatient
from schemas.vignette import Vignette
from tests.conftest import ON
from tests.properties.patients import generator_of
from tests.unit.proof.pinned import pinned, truths, verdicts_of

AT_RANDOM, AT_BORDERS = 100, 60


@pytest.fixture(scope="module")
def search(pathway: Pathway, decider: Decider) -> Search:
    settings = {name: each.value for name, each in pathway.settings.items()}
    return Search(pathway, decider.network, settings, Budget(lambda: 0.0, 600.0))


def drawn(number: int, dice: random.Random, checker: Checker) -> list[Any]:
    """Return random patients that the checker accepts; it refuses pain older than the patient."""
    found: list[Any] = []
    while len(found) < number:
        data = generator_of("fbss").patient(dice)
        with suppress(InputError):
            checker.check(data, ON)
            found.append(data)
    return found


def usual(patients: list[Any]) -> list[Any]:
    return [each for each in patients if each.get("settings", "default") == "default"]


@pytest.mark.hazard("H-30")
@pytest.mark.slow
def test_three_evaluators_agree_and_no_patient_is_left_out_of_the_proofs(
    search: Search, decider: Decider, checker: Checker, vignettes: tuple[Vignette, ...]
) -> None:
    dice = random.Random(4)
    patients = [look.input for vignette in vignettes for look in vignette.looks]
    patients += drawn(AT_RANDOM, dice, checker)

    assert sum("incomplete" in each for each in patients) > 3
    assert differences(search, decider, checker, usual(patients)) == []


@pytest.mark.hazard("H-30")
def test_they_agree_on_patients_at_the_borders(
    search: Search, decider: Decider, checker: Checker, border: tuple[BorderPatient, ...]
) -> None:
    patients = [each.input for each in random.Random(4).sample(border, AT_BORDERS)]

    assert differences(search, decider, checker, usual(patients)) == []


def differences(
    search: Search, decider: Decider, checker: Checker, patients: list[Any]
) -> list[str]:
    """Return in what the solver differs from the evaluator and the decision, for any of *patients*."""
    copies = search.one
    differ: list[str] = []
    for data in patients:
        patient = checker.check(data, ON)
        evaluation = decider.voices.evaluate(patient, search.own)
        assert evaluation.faults == []
        symbolic = copies.first
        copies.solver.push()
        copies.solver.add(*pinned(symbolic.facts, evaluation.reading.values, patient.on))
        possible = copies.solver.check() == z3.sat
        found = truths(symbolic, copies.solver.model()) if possible else {}
        verdicts = verdicts_of(symbolic, copies.solver.model()) if possible else {}
        copies.solver.pop()
        decision: Decision = decider.decide(patient)
        if found != evaluation.nodes:
            differ.append("a patient the proofs leave out" if not found else "a conclusion")
        if verdicts != {each.treatment: each.verdict.value for each in decision.treatments}:
            differ.append("a verdict")
    return differ
