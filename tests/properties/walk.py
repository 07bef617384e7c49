"""One random walk over patients: every law on every decision, and what was seen on the way."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rules.invariants import RELATIONS, Ask, Case, Change, check
from rules.truth import TRUE
from tests.properties.patients import Generator


@dataclass
class Walk:
    """Counts of one run, and the first patients that broke a law."""

    decisions: int = 0
    refused: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    offered: Counter[str] = field(default_factory=Counter)
    violations: dict[str, Any] = field(default_factory=dict)
    """Each violation in words, with the input that first showed it."""

    def see(self, case: Case) -> None:
        """Check every law of one decision and count what it shows."""
        self.decisions += 1
        self.rules.update(r for r in case.pathway.rules if case.truths[f"rule:{r}"] == TRUE)
        self.verdicts.update(item.verdict.value for item in case.decision.treatments)
        self.states[case.decision.state.value] += 1
        self.offered.update(case.offers)
        for text in check(case):
            self.violations.setdefault(text, case.data)

    def compare(self, case: Case, ask: Ask, law: str, rng: random.Random) -> None:
        """Check one law between two decisions, for one change picked at random."""

        def one(changes: Sequence[Change]) -> Sequence[Change]:
            return rng.sample(changes, min(1, len(changes)))

        def seen(data: Any) -> Case | None:
            other = ask(data)
            if other is not None:
                self.see(other)
            return other

        for text in RELATIONS[law].check(case, seen, one):
            self.violations.setdefault(text, case.data)


def walk(ask: Ask, generator: Generator, rng: random.Random, decisions: int) -> Walk:
    """Make at least *decisions* decisions: patients at random, built backwards from a rule, and from an offer.

    The laws between two decisions take turns, three to a patient, so that each is called equally often.
    """
    seen = Walk()
    rules, laws = sorted(generator.pathway.rules), list(RELATIONS)
    steps = [t.id for t in generator.pathway.treatments.values() if t.stage]
    stages = list(generator.pathway.stages)
    rng.shuffle(rules)
    at = 0
    while seen.decisions < decisions:
        at += 1
        match at % 5:
            case 0 | 1:
                data = generator.patient(rng)
            case 2 | 3:
                data = generator.for_rule(rules[at % len(rules)], rng)
            case _ if at % 2:
                data = generator.for_offer(rng.choice(steps), rng)
            case _:
                data = generator.for_stage(rng.choice(stages), rng)
        case = ask(data)
        if case is None:
            seen.refused += 1
            continue
        seen.see(case)
        for turn in range(3):
            seen.compare(case, ask, laws[(3 * at + turn) % len(laws)], rng)
    return seen
