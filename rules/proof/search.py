"""Asking the solver: one patient or two, minimal examples, and whether deciding them shows what the solver said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

import z3

from rules.check import Checker
from rules.decide import Decider
from rules.evaluation import Settled
from rules.network import Network
from rules.proof.meaning import Input, exact_dates, writable_dates
from rules.proof.model import SymbolicDecision, VerdictTable
from rules.proof.patient import SymbolicSettings
from rules.proof.tables import verdict_rows
from rules.proof.trial import TrialOutcomes, trial_outcomes
from rules.proof.trial_rows import TrialRows
from rules.proof.witness import Witness, check, misread
from schemas.condition import Known, Within
from schemas.decision import Decision
from schemas.errors import InputError
from schemas.pathway import Pathway
from schemas.proof import CounterExample, ExampleOutcome

USUAL = z3.Bool("the pathway's own settings")
ONE_DAY = z3.Bool("every date is a day")
WRITABLE = "every date can be written"
"""Wishes about a patient that is to be shown; a proof makes none."""


class OutOfTime(Exception):
    """The budget has ended; what has not been looked at stays open."""


@dataclass
class Budget:
    """How long a run may take, by a clock of the caller."""

    clock: Callable[[], float]
    ends: float

    def left(self) -> float:
        return self.ends - self.clock()


@dataclass
class Copies:
    """One or two symbolic patients in one solver."""

    decisions: tuple[SymbolicDecision, ...]
    solver: Any
    named: int = 0

    def name(self, formula: Any) -> Any:
        """Return a constant that stands for *formula*; a question of constants alone is answered much faster."""
        self.named += 1
        constant = z3.Bool(f"formula {self.named}")
        self.solver.add(constant == formula)
        return constant

    @property
    def first(self) -> SymbolicDecision:
        return self.decisions[0]

    @property
    def second(self) -> SymbolicDecision:
        return self.decisions[1]


class Pair(Copies):
    """Two patients that are compared, with every way in which one fact of theirs can relate."""

    def __init__(self, decisions: tuple[SymbolicDecision, ...], solver: Any) -> None:
        super().__init__(decisions, solver)
        first, second = self.first.facts, self.second.facts
        self.names = tuple(first.known)
        self.same = {name: z3.Bool(f"same {name}") for name in self.names}
        self.refined = {name: z3.Bool(f"refined {name}") for name in self.names}
        for name in self.names:
            solver.add(
                z3.Implies(self.same[name], first.same(second, name)),
                z3.Implies(self.refined[name], first.refined_by(second, name)),
            )
        self._say_it_of_leaves()
        self.same_medicines = z3.Bool("same medicines")
        mine, theirs = self.first.possible, self.second.possible
        solver.add(z3.Implies(self.same_medicines, mine.same_medicines(theirs)))

    def _say_it_of_leaves(self) -> None:
        """Add what follows for the comparisons of facts that are the same, or known better.

        It follows anyway; said outright it is found by looking instead of by arithmetic, which is many times faster.
        """
        for leaf, before in self.first.leaves.items():
            after, same = self.second.leaves[leaf], self.same[leaf.fact]
            self.solver.add(
                z3.Implies(same, before.so == after.so),
                z3.Implies(same, before.not_so == after.not_so),
            )
            if not isinstance(leaf, Known | Within):
                refined = self.refined[leaf.fact]
                self.solver.add(
                    z3.Implies(z3.And(refined, before.so), after.so),
                    z3.Implies(z3.And(refined, before.not_so), after.not_so),
                )


class Search:
    """Everything one run needs to ask about one pathway."""

    def __init__(
        self,
        pathway: Pathway,
        network: Network,
        settings: Mapping[str, Decimal] | None,
        budget: Budget,
        table: VerdictTable = verdict_rows,
    ) -> None:
        self.pathway, self.network, self.budget, self.table = pathway, network, budget, table
        self.own = Settled({name: each.value for name, each in pathway.settings.items()})
        self.given = None if settings is None else {**self.own, **settings}
        self.queries = 0
        self.checker = Checker(pathway)
        self.rows = TrialRows(pathway)

    # the patients

    @cached_property
    def settings(self) -> SymbolicSettings:
        """The settings a statement about all patients is proved for."""
        if self.given is None:
            return SymbolicSettings.any_allowed(self.pathway)
        return SymbolicSettings.fixed(self.given)

    @cached_property
    def outcomes(self) -> TrialOutcomes:
        """How trials can be judged, under the settings a statement about all patients is proved for."""
        return trial_outcomes(self.pathway, self.settings)

    @cached_property
    def one(self) -> Copies:
        """One patient, under the settings a statement about all patients is proved for."""
        return Copies(*self._copies([""], self.settings))

    @cached_property
    def pair(self) -> Pair:
        """Two patients under the same settings."""
        return Pair(*self._copies(["before: ", "after: "], self.settings))

    @cached_property
    def given_one(self) -> Copies:
        """One patient under the settings given, or the pathway's own: here it is shown that something exists."""
        return Copies(*self._copies([""], self._fixed))

    @property
    def _fixed(self) -> SymbolicSettings:
        return SymbolicSettings.fixed(self.own if self.given is None else self.given)

    def _copies(
        self, tags: list[str], settings: SymbolicSettings
    ) -> tuple[tuple[SymbolicDecision, ...], Any]:
        solver = z3.Solver()
        solver.add(*settings.inside)
        outcomes = self.outcomes if settings.free else trial_outcomes(self.pathway, settings)
        decisions = tuple(
            SymbolicDecision(self.pathway, self.network, settings, outcomes, tag, self.table)
            for tag in tags
        )
        for decision in decisions:
            solver.add(*decision.definitions)
        for name, value in settings.values.items():
            if not isinstance(value, Decimal):
                solver.add(z3.Implies(USUAL, value == str(self.own[name])))
        for decision in decisions:
            solver.add(z3.Implies(ONE_DAY, exact_dates(decision.facts)))
        return decisions, solver

    # questions

    def ask(self, copies: Copies, *literals: Any) -> Any:
        """Return a model in which all *literals* hold, or None when there is none.

        Raises OutOfTime when the budget has ended.
        """
        if not any(each is WRITABLE for each in literals):
            return copies.solver.model() if self.check(copies.solver, *literals) else None
        # Months and years make the solver slow; they are put to it only while they are wanted.
        copies.solver.push()
        copies.solver.add(*(writable_dates(each.facts) for each in copies.decisions))
        rest = [each for each in literals if each is not WRITABLE]
        model = copies.solver.model() if self.check(copies.solver, *rest) else None
        copies.solver.pop()
        return model

    def check(self, solver: Any, *literals: Any) -> bool:
        """Return whether *solver* finds all *literals* possible. Raises OutOfTime when the budget has ended."""
        left = self.budget.left()
        if left <= 0:
            raise OutOfTime
        solver.set("timeout", max(1, int(left * 1000)))
        self.queries += 1
        answer = solver.check(*literals)
        if answer == z3.unknown:
            raise OutOfTime
        return bool(answer == z3.sat)

    def possible(self, copies: Copies, *literals: Any) -> bool:
        return self.ask(copies, *literals) is not None

    def find(self, copies: Copies, *literals: Any) -> Found | None:
        """Return patients for whom all *literals* hold and who can be written down, with the pathway's own
        settings if possible.
        """
        for wishes in ((USUAL, ONE_DAY), (USUAL, WRITABLE), (ONE_DAY,), (WRITABLE,), ()):
            model = self.ask(copies, *literals, *wishes)
            if model is not None:
                return Found(self, copies, model, (*literals, *wishes))
        return None

    def example(self, copies: Copies, shows: str, *literals: Any) -> CounterExample | None:
        """Return the smallest counter-example to be had cheaply, decided again; None when there is none."""
        found = self.find(copies, *literals)
        return None if found is None else found.smallest().example(shows)

    @cached_property
    def decider(self) -> Decider:
        return Decider(self.pathway, "proof")


@dataclass
class Found:
    """Patients the solver has found."""

    search: Search
    copies: Copies
    model: Any
    literals: tuple[Any, ...]
    refused: list[str] = field(default_factory=list)

    def witnesses(self) -> list[Witness]:
        return [
            Witness(self.search.pathway, decision, self.model, self.search.rows)
            for decision in self.copies.decisions
        ]

    def true(self, formula: Any) -> bool:
        return bool(z3.is_true(self.model.eval(formula, model_completion=True)))

    def smallest(self) -> Found:
        """Return patients of whom as little as possible is known."""
        keep: list[Any] = []
        model = self.model
        for name in self.copies.first.facts.known:
            unknown = [z3.Not(each.facts.known[name]) for each in self.copies.decisions]
            if all(z3.is_true(model.eval(each, model_completion=True)) for each in unknown):
                keep += unknown
                continue
            fewer = self.search.ask(self.copies, *self.literals, *keep, *unknown)
            if fewer is not None:
                keep += unknown
                model = fewer
        return Found(self.search, self.copies, model, (*self.literals, *keep))

    def example(self, shows: str) -> CounterExample:
        witnesses = self.witnesses()
        settings = witnesses[0].settings
        changed = {n: v for n, v in settings.items() if v != self.search.own[n]}
        inputs = tuple(witness.write() for witness in witnesses)
        expected = tuple(self.outcome(decision) for decision in self.copies.decisions)
        return CounterExample(
            shows=shows,
            patients=inputs,
            settings={name: float(value) for name, value in changed.items()},
            expected=expected,
            reproduced=all(
                self._decided(data, settings) == outcome
                for data, outcome in zip(inputs, expected, strict=True)
            ),
        )

    def outcome(self, decision: SymbolicDecision) -> ExampleOutcome:
        def which(options: Mapping[Any, Any]) -> str:
            return next(str(option) for option, when in options.items() if self.true(when))

        return ExampleOutcome(
            state=which(decision.states),
            urgency=which(decision.urgencies),
            red_signs=tuple(
                sign
                for sign in self.search.pathway.signs
                if self.true(decision.nodes[f"sign:{sign}"].so)
            ),
            verdicts={name: which(each) for name, each in decision.verdicts.items()},
        )

    def _decided(self, data: Input, settings: Mapping[str, Decimal]) -> ExampleOutcome | None:
        try:
            patient = check(self.search.checker, data)
        except InputError:
            return None
        return outcome_of(self.search.decider.decide(patient, settings), self.search.pathway.signs)

    def misread(self) -> tuple[str, ...]:
        """Return the facts that come out otherwise when the patients are read back, and the places the checker
        refuses.
        """
        found: dict[str, None] = {}
        for witness in self.witnesses():
            try:
                patient = check(self.search.checker, witness.write())
            except InputError as error:
                found |= dict.fromkeys(problem.where for problem in error.problems)
            else:
                leaves = self.search.network.leaves
                found |= dict.fromkeys(misread(witness, patient, leaves))
        return tuple(found)


def outcome_of(decision: Decision, signs: Iterable[str]) -> ExampleOutcome:
    """Return what a real decision says, in the words of an example."""
    open_signs = {sign.id for sign in decision.red_signs}
    return ExampleOutcome(
        state=decision.state,
        urgency=decision.urgency,
        red_signs=tuple(sign for sign in signs if sign in open_signs),
        verdicts={each.treatment: each.verdict for each in decision.treatments},
    )
