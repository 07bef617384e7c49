"""Plain random patients, and patients built backwards from every rule: no law is broken, every rule fires."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from rules.invariants import INVARIANTS, RELATIONS, Ask, check
from rules.truth import TRUE
from schemas.condition import Or
from schemas.decision import State, Verdict
from tests.properties.budget import BUDGET
from tests.properties.patients import Generator, generator_of
from tests.properties.walk import walk

SHARDS = 2
PARTS = 4
TRIES = 200
"""How often a patient is built for one rule before the rule counts as unreachable."""

STEPS = [t.id for t in generator_of("fbss").pathway.treatments.values() if t.stage]
RULES = sorted(generator_of("fbss").pathway.rules)


@pytest.mark.hazard("H-01")
@pytest.mark.hazard("H-02")
@pytest.mark.hazard("H-11")
@pytest.mark.hazard("H-16")
@pytest.mark.hazard("H-20")
@pytest.mark.hazard("H-21")
@pytest.mark.hazard("H-22")
@pytest.mark.hazard("H-23")
@pytest.mark.hazard("H-24")
@pytest.mark.hazard("H-25")
@pytest.mark.hazard("H-26")
@pytest.mark.hazard("H-27")
@pytest.mark.hazard("H-37")
@pytest.mark.hazard("H-38")
@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_random_patient_breaks_a_law_and_every_verdict_is_seen(
    shard: int, ask: Ask, generator: Generator
) -> None:
    seen = walk(ask, generator, random.Random(f"walk {shard}"), BUDGET.decisions // SHARDS)

    assert seen.violations == {}
    assert set(seen.verdicts) == {verdict.value for verdict in Verdict}
    assert seen.refused < seen.decisions / 20, "the generator makes inputs that cannot be"


@pytest.mark.hazard("H-30")
@pytest.mark.hazard("H-35")
@pytest.mark.parametrize("part", range(PARTS))
def test_a_patient_can_be_built_for_every_rule_so_that_it_fires_and_no_law_breaks(
    part: int, ask: Ask, generator: Generator
) -> None:
    fired: Counter[str] = Counter()
    broken: list[str] = []
    mine = RULES[part::PARTS]
    for rule in mine:
        for attempt in range(TRIES * BUDGET.per_rule):
            case = ask(generator.for_rule(rule, random.Random(f"{rule} {attempt}")))
            if case is not None and case.truths[f"rule:{rule}"] == TRUE:
                broken += check(case)
                fired[rule] += 1
            if fired[rule] >= BUDGET.per_rule:
                break

    assert [rule for rule in mine if fired[rule] < BUDGET.per_rule] == []
    assert broken == []


@pytest.mark.hazard("H-22")
@pytest.mark.parametrize("treatment", STEPS)
def test_each_of_the_nine_treatments_is_offered_to_somebody(
    treatment: str, ask: Ask, generator: Generator
) -> None:
    rng = random.Random(f"offer {treatment}")
    cases = (ask(generator.for_offer(treatment, rng)) for _ in range(TRIES))
    offered = next((case for case in cases if case is not None and treatment in case.offers), None)

    assert offered is not None
    assert check(offered) == []


@pytest.mark.parametrize("state", State, ids=lambda state: state.value)
def test_each_state_is_reached_by_somebody(state: State, ask: Ask, generator: Generator) -> None:
    rng = random.Random(f"state {state}")
    staged = state.value in generator.pathway.stages
    inputs = (
        generator.for_stage(state.value, rng) if staged else generator.patient(rng)
        for _ in range(TRIES)
    )  # fmt: skip
    cases = (case for data in inputs if (case := ask(data)) is not None)
    reached = next((case for case in cases if case.decision.state is state), None)

    assert reached is not None
    assert check(reached) == []


def test_revision_surgery_is_no_step_and_can_be_offered_to_nobody(generator: Generator) -> None:
    assert "revision-surgery" not in STEPS
    assert "ready(revision-surgery)" not in generator.network.index
    assert generator.network.conditions["indicated(revision-surgery)"] == Or(items=())


@pytest.mark.hazard("H-32")
def test_a_decision_after_any_other_patients_is_the_decision_alone(
    ask: Ask, generator: Generator
) -> None:
    rng = random.Random("alone")
    inputs = [generator.patient(rng) for _ in range(40)]
    first = [case.decision.receipt for data in inputs if (case := ask(data))]
    again = [case.decision.receipt for data in reversed(inputs) if (case := ask(data))]

    assert first == again[::-1]
    assert len({receipt.decision for receipt in first}) > 35


def test_every_law_has_an_id_a_sentence_and_is_called_once() -> None:
    laws = [*INVARIANTS.values(), *RELATIONS.values()]

    assert not INVARIANTS.keys() & RELATIONS.keys()
    assert all(law.id.startswith("INV-") and len(law.says) > 15 for law in laws)
    assert len({law.says for law in laws}) == len(laws)
