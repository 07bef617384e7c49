"""The solver, the compiled evaluator and the rule engine read the same patients in the same way."""

from __future__ import annotations

import random
from typing import Any

import pytest
import z3

from rules.check import Checker
from rules.decide import Decider
from rules.proof.search import Budget, Search
from schemas.decision import Decision
from schemas.pathway import Pathway
from schemas.verification import BorderPatient
from schemas.vignette import Vignette
from tests.conftest import ON
from tests.properties.patients import generator_of
from tests.unit.proof.pinned import pinned, truths, verdicts_of

AT_RANDOM, AT_BORDERS = 60, 60


@pytest.fixture(scope="module")
def search(pathway: Pathway, decider: Decider) -> Search:
    settings = {name: each.value for name, each in pathway.settings.items()}
    return Search(pathway, decider.network, settings, Budget(lambda: 0.0, 600.0))


def inputs(border: tuple[BorderPatient, ...], vignettes: tuple[Vignette, ...]) -> list[Any]:
    dice = random.Random(4)
    looks = [look.input for vignette in vignettes for look in vignette.looks]
    found = [*looks, *(each.input for each in dice.sample(border, AT_BORDERS))]
    found += [generator_of("fbss").patient(dice) for _ in range(AT_RANDOM)]
    return [each for each in found if each.get("settings", "default") == "default"]


@pytest.mark.hazard("H-30")
def test_three_evaluators_agree_and_no_patient_is_left_out_of_the_proofs(
    search: Search,
    decider: Decider,
    checker: Checker,
    border: tuple[BorderPatient, ...],
    vignettes: tuple[Vignette, ...],
) -> None:
    copies = search.one
    differ: list[str] = []
    for data in inputs(border, vignettes):
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
    assert differ == []
