"""One decision beside everything it was made from, and what a law about decisions looks like."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rules.check import Checker
from rules.decide import Decider
from rules.derive import Reading, read_patient
from rules.evaluator import evaluate_network
from rules.leaves import Settings
from rules.network import Network
from rules.truth import TRUE
from schemas.condition import Leaf
from schemas.decision import OFFERS, Decision, TreatmentDecision, Verdict
from schemas.errors import InputError
from schemas.pathway import Effect, Pathway, Rule, Urgency
from schemas.patient import Patient

NO_DAY = dt.date(1900, 1, 1)

Input = Mapping[str, Any]
"""A patient as a client sends one: facts, trials, medications, surgeries, overrides, on."""


@dataclass(frozen=True)
class Case:
    """One patient with the decision made for it.

    What an invariant needs to know is worked out here a second time, by the plain walker and from the
    patient: never read off the evaluation that made the decision.
    """

    pathway: Pathway
    network: Network
    settings: Settings
    data: Input
    patient: Patient
    decision: Decision
    given: tuple[Reading, dict[str, int]] | None = None
    """Reading and truths where they were worked out already (sketches); otherwise they are worked out anew."""

    @cached_property
    def reading(self) -> Reading:
        if self.given is not None:
            return self.given[0]
        return read_patient(self.pathway, self.patient, self.settings)

    @property
    def facts(self) -> dict[str, Any]:
        """Every stated and derived fact that has a value and is not stale."""
        return self.reading.values

    @cached_property
    def truths(self) -> dict[str, int]:
        """The truth of every node, by the plain walker."""
        if self.given is not None:
            return self.given[1]
        truths = evaluate_network(self.network, self.facts, self.settings, self.patient.on)
        return dict(zip(self.network.index, truths, strict=True))

    @cached_property
    def leaves(self) -> dict[str, list[Leaf]]:
        """The comparisons of the network, by the fact they are about."""
        found: dict[str, list[Leaf]] = {}
        for leaf in self.network.leaves:
            found.setdefault(leaf.fact, []).append(leaf)
        return found

    @cached_property
    def treatments(self) -> dict[str, TreatmentDecision]:
        return {item.treatment: item for item in self.decision.treatments}

    @cached_property
    def offers(self) -> frozenset[str]:
        return frozenset(name for name, item in self.treatments.items() if item.verdict in OFFERS)

    @cached_property
    def red(self) -> dict[str, Urgency]:
        """The open red signs of the decision, with their urgency."""
        return {sign.id: sign.urgency for sign in self.decision.red_signs}

    @cached_property
    def asked(self) -> frozenset[str]:
        """The facts and lists that the decision asks for."""
        return frozenset(item.fact for item in self.decision.missing)

    def verdict(self, treatment: str) -> Verdict:
        return self.treatments[treatment].verdict

    def is_true(self, fact: str) -> bool:
        return self.facts.get(fact) is True

    def holds(self, rule: Rule) -> bool:
        return self.truths[f"rule:{rule.id}"] == TRUE

    def rules(self, *effects: Effect, on: str | None = None) -> list[Rule]:
        """Return the rules with one of *effects*, those that act on the treatment *on* if it is given."""
        return [
            rule
            for rule in self.pathway.rules.values()
            if rule.effect in effects and (on is None or on in rule.on)
        ]


Ask = Callable[[Input], Case | None]
"""Decides for an input; None when the input is refused (an age below the duration of the pain, say)."""


def asking(decider: Decider, checker: Checker) -> Ask:
    """Return the way to ask *decider*. Inputs must say `on`: there is no clock here."""

    def ask(data: Input) -> Case | None:
        try:
            patient = checker.check(data, NO_DAY)
        except InputError:
            return None
        return Case(
            decider.pathway,
            decider.network,
            decider.voices.settings(patient.settings),
            data,
            patient,
            decider.decide(patient),
        )

    return ask


@dataclass(frozen=True)
class Change:
    """One way to change a patient: in words, the fact or list it is about, and the changed input."""

    words: str
    about: str
    data: Input
    base: Input | None = None
    """What to compare with, when it is not the patient itself."""


Violations = Iterator[str]


@dataclass(frozen=True)
class Invariant:
    """A law that one decision must obey."""

    id: str
    says: str
    find: Callable[[Case], Violations]
    outline: bool = False
    """Whether urgency, state, open signs and verdicts are all it needs to see of a decision."""

    def check(self, case: Case) -> list[str]:
        """Return every violation in words, without a value of the patient; nothing when the law holds."""
        return [f"{self.id}: {text}" for text in self.find(case)]


@dataclass(frozen=True)
class Relation:
    """A law between two decisions: that of a patient, and that of the patient with one thing changed."""

    id: str
    says: str
    changes: Callable[[Case], Iterator[Change]]
    compare: Callable[[Case, Case, Change], Violations]

    def check(
        self,
        case: Case,
        ask: Ask,
        choose: Callable[[Sequence[Change]], Sequence[Change]] = tuple,
    ) -> list[str]:
        """Return every violation among the changes that *choose* picks (all, unless told otherwise)."""
        found = []
        for change in choose(list(self.changes(case))):
            before = case if change.base is None else ask(change.base)
            after = ask(change.data)
            if before is not None and after is not None:
                texts = self.compare(before, after, change)
                found += [f"{self.id}: {change.words}: {text}" for text in texts]
        return found
