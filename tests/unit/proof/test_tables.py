"""The tables as the solver knows them say what the ordinary code says, over every combination of their inputs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from rules.decide import Decider
from rules.network import ASSESSED, IN_SCOPE
from rules.proof.logic import SetLogic, Three
from rules.proof.logic import every as conjoined
from rules.proof.logic import some as disjoined
from rules.proof.tables import Standing, decided, state_rows, urgency_rows, verdict_rows
from rules.truth import FALSE, TRUE, UNKNOWN
from rules.verdict import FAILED, HELPED, verdict
from rules.verdict import Standing as PlainStanding
from schemas.decision import Verdict
from schemas.pathway import Effect, Pathway

ONE = SetLogic(1)
TRUTHS = (FALSE, UNKNOWN, TRUE)
TRIED = (None, "none", *FAILED, *HELPED, "worn-off", "running", "inadequate")


def three(truth: int) -> Three[int]:
    return Three(int(truth == TRUE), int(truth == FALSE))


def chosen(rows: Any) -> Any:
    """Return the one outcome that holds; more than one, or none, is an error."""
    (outcome,) = [outcome for outcome, holds in decided(ONE, rows).items() if holds]
    return outcome


def standings() -> Iterator[PlainStanding]:
    for has_rule, assessed, tried in itertools.product((False, True), (False, True), TRIED):
        for truths in itertools.product(TRUTHS, repeat=8):
            blocked, unjustified, indicated, recommended, ready, exhausted, red, scope = truths
            if exhausted != FALSE and not has_rule:
                continue
            yield PlainStanding(
                blocked, unjustified, indicated, recommended, ready, exhausted, has_rule, tried,
                red, scope, assessed,
            )  # fmt: skip


def mask(holds: Iterable[bool]) -> int:
    """Return the set of those, by their number, for whom it holds."""
    return int("".join("1" if each else "0" for each in reversed(list(holds))) or "0", 2)


@pytest.mark.parametrize("held", [True, False], ids=["under the hold", "the hold put aside"])
@pytest.mark.parametrize("has_rule", [True, False], ids=["exhaust rules", "no exhaust rule"])
def test_the_table_of_verdicts_is_that_of_the_decision_for_every_standing(
    has_rule: bool, held: bool
) -> None:
    every = [plain for plain in standings() if plain.has_exhaust_rule is has_rule]

    def truth(name: str) -> Three[int]:
        values = [getattr(plain, name) for plain in every]
        return Three(mask(v == TRUE for v in values), mask(v == FALSE for v in values))

    symbolic = Standing(
        blocked=truth("blocked"),
        unjustified=truth("unjustified"),
        indicated=truth("indicated"),
        recommended=truth("recommended"),
        ready=truth("ready"),
        exhausted_by_trial=truth("exhausted_by_trial"),
        has_exhaust_rule=has_rule,
        tried={word: mask(p.tried == word for p in every) for word in TRIED if word},
        red=truth("red"),
        scope=truth("scope"),
        assessed=mask(plain.assessed for plain in every),
    )
    logic = SetLogic((1 << len(every)) - 1)

    expected = [verdict(plain, held) for plain in every]

    assert len(every) >= 3**7 * len(TRIED) * 2
    found = decided(logic, verdict_rows(logic, symbolic, held))
    assert found == {v: mask(each == v for each in expected) for v in found}
    assert set(expected) == set(found) - ({Verdict.ON_HOLD} if not held else set())


@pytest.mark.parametrize("screen", [True, False], ids=["screen complete", "screen open"])
def test_the_table_of_states_is_that_of_the_decision(
    decider: Decider, pathway: Pathway, screen: bool
) -> None:
    at, outliner = decider.network.index, decider.outliner
    open_question = next(name for name in decider.network.screen(pathway))
    stages = list(pathway.stages)
    for truths in itertools.product(TRUTHS, repeat=3 + len(stages)):
        red, scope, assessed, *passed = truths
        nodes = [FALSE] * len(decider.network.nodes)
        nodes[at["red(any)"]], nodes[at[IN_SCOPE]], nodes[at[ASSESSED]] = red, scope, assessed
        for stage, truth in zip(stages, passed, strict=True):
            nodes[at[f"passed({stage})"]] = truth
        if not screen:
            nodes[at[open_question]] = UNKNOWN
        rows = state_rows(
            ONE,
            three(red),
            three(scope),
            three(assessed),
            int(outliner.complete(nodes)),
            {stage: three(truth) for stage, truth in zip(stages, passed, strict=True)},
        )
        assert chosen(rows) == outliner.state(nodes), truths


def test_the_table_of_urgencies_is_that_of_the_decision(decider: Decider, pathway: Pathway) -> None:
    at, outliner = decider.network.index, decider.outliner
    urgent = [
        rule
        for rule in pathway.rules.values()
        if rule.urgency is not None
        and rule.effect in (Effect.RED_SIGN, Effect.ADVISE, Effect.CAUSE)
    ]
    for raised in itertools.chain(
        [()], itertools.combinations(urgent, 1), itertools.combinations(urgent, 2)
    ):
        nodes = [FALSE] * len(decider.network.nodes)
        for rule in raised:
            nodes[at[f"rule:{rule.id}"]] = TRUE
        rows = urgency_rows(
            ONE, ((r.urgency, nodes[at[f"rule:{r.id}"]] // TRUE) for r in urgent if r.urgency)
        )
        assert chosen(rows) == outliner.urgency(nodes), [rule.id for rule in raised]


def test_conjunction_and_disjunction_are_kleenes() -> None:
    for left, right in itertools.product(TRUTHS, repeat=2):
        both = conjoined(ONE, map(three, (left, right)))
        either = disjoined(ONE, map(three, (left, right)))
        assert both == three(min(left, right))
        assert either == three(max(left, right))
