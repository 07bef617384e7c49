"""The bucket of tokens: what is let in at once, on average, and after a rest."""

from __future__ import annotations

import pytest

from api.access import limits
from api.access.limits import Limit


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_is_let_in_and_then_so_many_a_second(clock: Clock) -> None:
    limit = Limit(50, 100, clock)

    assert [limit.allows("a") for _ in range(100)] == [0.0] * 100
    assert limit.allows("a") == pytest.approx(0.02)
    clock.now = 1.0
    assert [limit.allows("a") for _ in range(50)] == [0.0] * 50
    assert limit.allows("a") > 0


def test_who_waits_as_told_is_let_in_and_a_refusal_costs_nothing(clock: Clock) -> None:
    limit = Limit(2, 1, clock)
    assert limit.allows("a") == 0
    for _ in range(1000):
        wait = limit.allows("a")
    clock.now += wait

    assert limit.allows("a") == 0


def test_a_long_rest_earns_no_more_than_one_burst(clock: Clock) -> None:
    limit = Limit(50, 3, clock)
    clock.now = 1e6

    assert [limit.allows("a") == 0 for _ in range(4)] == [True, True, True, False]


def test_many_callers_take_bounded_room_and_none_of_them_gains_by_it(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_CALLERS", 100)
    limit = Limit(1, 2, clock)
    limit.allows("busy")
    limit.allows("busy")
    for at in range(10_000):
        clock.now += 0.001
        limit.allows(f"caller {at}")
        if at % 50 == 0:
            limit.allows("busy")

    assert len(limit._buckets) <= 101
