"""The eye on the evaluations: silence of a rule, silence of the engine."""

from __future__ import annotations

import datetime as dt
import random
import threading
import time
from collections.abc import Iterator

import pytest

from api.library import get_vignettes
from api.running.counters import Counters
from api.running.watch import EXPECTED_AND_ABSENT, EngineGate, Quiet, Watch, own_patients
from rules.check import Checker
from rules.decide import Decider
from schemas.errors import EngineFault
from schemas.pathway import Pathway


def test_a_rule_that_no_longer_holds_for_anybody_is_called_quiet() -> None:
    quiet, rng = Quiet(), random.Random(1)
    for _ in range(1_000):
        quiet.saw(
            [name for name, rate in (("often", 0.5), ("now and then", 0.05)) if rng.random() < rate]
        )
    assert quiet.rules() == ()

    for _ in range(int(EXPECTED_AND_ABSENT * 2 / 0.05) + 100):
        quiet.saw(["often"])

    assert quiet.rules() == ("now and then",)


def test_rules_that_hold_by_chance_are_not_called_quiet() -> None:
    quiet, rng = Quiet(), random.Random(2)
    rates = {f"rule-{at}": 0.5 ** (1 + at % 9) for at in range(100)}
    called = set()
    for at in range(20_000):
        quiet.saw([name for name, rate in rates.items() if rng.random() < rate])
        if at % 500 == 0:
            called |= set(quiet.rules())

    assert called == set()


def test_a_rule_that_has_hardly_ever_held_is_not_missed() -> None:
    quiet = Quiet()
    quiet.saw(["seldom"])
    for _ in range(100_000):
        quiet.saw([])

    assert quiet.rules() == ()


@pytest.mark.hazard("H-31")
def test_an_engine_that_hangs_is_left_alone_and_used_again_when_it_comes_back() -> None:
    hangs, go = threading.Event(), threading.Event()

    def engine(leaves: tuple[int, ...]) -> set[int]:
        if leaves == (1,):
            hangs.set()
            go.wait(30)
        return {7}

    gate = EngineGate(engine, 0.2)
    assert gate(()) == {7}
    inside = threading.Thread(target=gate, args=((1,),))
    inside.start()
    hangs.wait(5)

    begun = time.monotonic()
    with pytest.raises(EngineFault):
        gate(())
    assert gate.is_silent
    first = time.monotonic() - begun
    with pytest.raises(EngineFault):
        gate(())
    second = time.monotonic() - begun - first
    go.set()
    inside.join()

    assert first < 5
    assert second < first
    assert not gate.is_silent
    assert gate(()) == {7}


def test_an_engine_that_raises_lets_the_next_one_in() -> None:
    def engine(leaves: tuple[int, ...]) -> set[int]:
        if leaves:
            raise EngineFault("no")
        return {1}

    gate = EngineGate(engine, 5)
    with pytest.raises(EngineFault):
        gate((1,))

    assert gate(()) == {1}


@pytest.fixture
def watch(pathway: Pathway) -> Iterator[Watch]:
    watch = Watch(Decider(pathway, "test"), Counters(), 5)
    watch.begin()
    yield watch
    watch.end()


def numbers(watch: Watch) -> dict[str, float]:
    told = watch._counters.text().decode()
    found = {}
    for line in told.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


@pytest.mark.hazard("H-30")
def test_every_rule_that_holds_for_a_patient_is_counted_and_those_of_self_tests_are_not(
    watch: Watch, checker: Checker
) -> None:
    data = next(v.input for v in get_vignettes("fbss") if v.id == "V03")
    patient = checker.check(data, dt.date.min)
    watch._decider.decide(patient)
    with own_patients():
        watch._decider.decide(patient)

    found = numbers(watch)
    assert found["steppedcare_evaluations_total"] == 1
    assert found['steppedcare_rule_fired_total{rule="r1-cauda-equina"}'] == 1
    watch.end()
    watch._decider.decide(patient)
    assert numbers(watch)["steppedcare_evaluations_total"] == 1
