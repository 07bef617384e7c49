"""The table that judges one treatment trial, for the solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import z3

from rules.proof.logic import Three, Z3Logic, every, some
from rules.proof.patient import SymbolicFacts, SymbolicSettings
from schemas.condition import And, Condition, Leaf, Not, Or, Ref
from schemas.pathway import Pathway, Treatment

LOGIC = Z3Logic()
ADEQUATE = "adequate"


class Comparisons(Protocol):
    """Whoever knows the truth of single comparisons."""

    def leaf(self, leaf: Leaf) -> Three[Any]: ...


def translate(condition: Condition, facts: Comparisons, nodes: dict[str, Three[Any]]) -> Three[Any]:
    """Translate a condition tree; *nodes* holds the earlier conclusions it refers to."""
    match condition:
        case And():
            return every(LOGIC, [translate(item, facts, nodes) for item in condition.items])
        case Or():
            return some(LOGIC, [translate(item, facts, nodes) for item in condition.items])
        case Not():
            return translate(condition.item, facts, nodes).negated()
        case Ref():
            return nodes[condition.name]
        case _:
            return facts.leaf(condition)


class SymbolicTrial:
    """One arbitrary trial of *treatment*, and how it is judged."""

    def __init__(
        self, pathway: Pathway, treatment: Treatment, settings: SymbolicSettings, tag: str = ""
    ) -> None:
        self.pathway = pathway
        self.facts = SymbolicFacts(pathway.trial_facts.__getitem__, settings, tag)
        self.facts.add(pathway.trial_facts)
        # Whether the trial was adequate is no field of it but follows from the treatment's own condition.
        self.constraints: list[Any] = list(self.facts.well_formed)
        known, value = self.facts.known[ADEQUATE], self.facts.value[ADEQUATE]
        if treatment.adequate is None:
            self.constraints.append(z3.Not(known))
        else:
            adequate = translate(treatment.adequate, self.facts, {})
            self.constraints += [
                z3.And(known, value) == adequate.so,
                z3.And(known, z3.Not(value)) == adequate.not_so,
            ]
        self.fields = tuple(name for name in pathway.trial_facts if name != ADEQUATE)

    def outcomes(self) -> dict[str, Any]:
        """Return for every outcome when the trial is judged so: its row holds, and every row before it does not."""
        found: dict[str, list[Any]] = {}
        before: list[Any] = []
        for row in self.pathway.outcomes:
            truth = translate(row.when, self.facts, {})
            found.setdefault(row.outcome, []).append(z3.And(truth.so, *before))
            before.append(truth.not_so)
        return {outcome: z3.Or(*parts) for outcome, parts in found.items()}


@dataclass(frozen=True)
class TrialOutcomes:
    """How trials of each treatment can be judged."""

    possible: dict[str, tuple[str, ...]]
    without_session: dict[str, tuple[str, ...]]
    """Outcomes no trial can have that counts as a session or more."""


def trial_outcomes(pathway: Pathway, settings: SymbolicSettings) -> TrialOutcomes:
    """Return how trials can be judged at all, under some allowed setting."""
    possible, without = {}, {}
    for treatment in pathway.treatments.values():
        trial = SymbolicTrial(pathway, treatment, settings)
        solver = z3.Solver()
        solver.add(*settings.inside, *trial.constraints)
        outcomes = trial.outcomes()
        facts = trial.facts
        # A trial without a number of sessions is counted as one.
        session = z3.Implies(facts.known["sessions"], facts.value["sessions"] > 0)
        possible[treatment.id] = tuple(o for o, so in outcomes.items() if _can(solver, so))
        without[treatment.id] = tuple(
            o for o in possible[treatment.id] if not _can(solver, outcomes[o], session)
        )
    return TrialOutcomes(possible, without)


def _can(solver: Any, *formulas: Any) -> bool:
    solver.push()
    solver.add(*formulas)
    found = bool(solver.check() == z3.sat)
    solver.pop()
    return found
