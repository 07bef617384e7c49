"""The tables of the decision once more, for the solver: verdict, state and urgency as lists of which the first holds.

These are copies of `rules/verdict.py` and of two methods of `rules/decide.py`, and copies drift. A test therefore holds
each of them to the original over every combination of its inputs: there are only finitely many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rules.proof.logic import B, Logic, Three, unknown
from rules.verdict import FAILED, HELPED
from schemas.decision import State, Verdict
from schemas.pathway import Urgency

Outcome = TypeVar("Outcome")
Rows = Sequence[tuple[B, Outcome]]
"""Conditions with what follows; the first that holds decides, and the last always holds."""


@dataclass(frozen=True)
class Standing(Generic[B]):
    """The inputs of the verdict table, as in `rules.verdict.Standing`."""

    blocked: Three[B]
    unjustified: Three[B]
    indicated: Three[B]
    recommended: Three[B]
    ready: Three[B]
    exhausted_by_trial: Three[B]
    has_exhaust_rule: bool
    tried: Mapping[str, B]
    """For every outcome: the trials were judged so. None holds: not settled."""
    red: Three[B]
    scope: Three[B]
    assessed: B


def verdict_rows(logic: Logic[B], s: Standing[B], held: bool = True) -> Rows[B, Verdict]:
    """Return the rows of the verdict table in their order."""
    failed = logic.some(s.tried[word] for word in FAILED if word in s.tried)
    helped = logic.some(s.tried[word] for word in HELPED if word in s.tried)
    unsettled = [unknown(logic, each) for each in (s.blocked, s.unjustified, s.indicated, s.ready)]
    return [
        (s.blocked.so, Verdict.BLOCK),
        (s.unjustified.so, Verdict.BLOCK_UNLESS_JUSTIFIED),
        (s.red.so if held else logic.no, Verdict.ON_HOLD),
        (s.scope.not_so, Verdict.NOT_INDICATED),
        (logic.opposite(logic.every((s.scope.so, s.assessed))), Verdict.NEEDS_DATA),
        (
            s.exhausted_by_trial.so
            if s.has_exhaust_rule
            else logic.some((s.exhausted_by_trial.so, failed)),
            Verdict.TRIED_FAILED,
        ),
        (helped, Verdict.TRIED_HELPED),
        (s.indicated.not_so, Verdict.NOT_INDICATED),
        (s.ready.not_so, Verdict.NOT_YET),
        (
            logic.some((*unsettled, logic.opposite(logic.some(s.tried.values())))),
            Verdict.NEEDS_DATA,
        ),
        (s.recommended.so, Verdict.RECOMMEND),
        (logic.yes, Verdict.CONSIDER),
    ]


def state_rows(
    logic: Logic[B],
    red: Three[B],
    scope: Three[B],
    assessed: Three[B],
    complete: B,
    passed: Mapping[str, Three[B]],
) -> Rows[B, State]:
    """Return the rows of `_Writer.state`; *passed* holds the stages in the order of the documents."""
    ready = logic.every((scope.so, assessed.so, complete))
    return [
        (red.so, State.RED_SIGN),
        (scope.not_so, State.OUT_OF_SCOPE),
        (logic.opposite(ready), State.NEEDS_ASSESSMENT),
        *((logic.opposite(truth.so), State(stage)) for stage, truth in passed.items()),
        (logic.yes, State.SPECIALIST_REVIEW),
    ]


def urgency_rows(logic: Logic[B], raised: Iterable[tuple[Urgency, B]]) -> Rows[B, Urgency]:
    """Return the rows of `_Writer.urgency`: *raised* are the rules that carry one, with their truth."""
    raised = tuple(raised)
    classes = [urgency for urgency in Urgency if urgency is not Urgency.U3]
    return [
        *((logic.some(so for mine, so in raised if mine is each), each) for each in classes),
        (logic.yes, Urgency.U3),
    ]


def decided(logic: Logic[B], rows: Rows[B, Outcome]) -> dict[Outcome, B]:
    """Return for every outcome when it is the answer: one of its rows holds and none before it."""
    found: dict[Outcome, list[B]] = {}
    earlier: list[B] = []
    for condition, outcome in rows:
        alone = (condition, *(logic.opposite(each) for each in earlier))
        found.setdefault(outcome, []).append(logic.every(alone))
        earlier.append(condition)
    return {outcome: logic.some(parts) for outcome, parts in found.items()}
