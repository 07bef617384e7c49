"""The service under everything at once and for long; `make soak`.

STEPPEDCARE_SOAK=0.01 runs a hundredth of it, to see that it works.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fastapi import FastAPI

from api.app import create_app
from api.library import get_decider, get_pathway
from api.running.settings import RunningSettings
from api.settings import ServiceSettings
from tests.contract.running.pressing import (
    decide_many,
    hold_half_sent,
    overload,
    throw_malformed,
    told,
)
from tests.contract.running.test_faults import (
    FAULTS,
    broken,
    decisions,
    holds_in_spite_of_it,
    is_whole,
)
from tests.unit.running.breaking import breaks, notices

SHARE = float(os.environ.get("STEPPEDCARE_SOAK", "1"))


def share(count: float, least: int = 1) -> int:
    return max(least, int(count * SHARE))


@pytest.mark.hazard("H-41")
def test_ten_times_the_load_costs_no_red_sign_and_is_over_when_it_is_over(tmp_path: Path) -> None:
    overload(tmp_path, share(10), share(60, 5))


@pytest.mark.hazard("H-43")
@pytest.mark.hazard("H-56")
@pytest.mark.hazard("H-61")
def test_a_hundred_thousand_malformed_bodies_break_nothing_and_come_back_nowhere(
    tmp_path: Path,
) -> None:
    throw_malformed(tmp_path, share(100_000, 1_000))


@pytest.mark.hazard("H-42")
def test_two_thousand_half_sent_requests_are_closed_and_others_answered_meanwhile(
    tmp_path: Path,
) -> None:
    hold_half_sent(tmp_path, share(2_000, 100), 30 if SHARE >= 1 else 16)


@pytest.mark.hazard("H-31")
@pytest.mark.hazard("H-32")
def test_a_million_decisions_leave_nothing_behind(tmp_path: Path) -> None:
    decide_many(tmp_path, share(1_000_000, 2_000), share(10_000, 200))


@pytest.fixture(scope="module")
def app() -> FastAPI:
    # Three patients fifty times at once are more than usually may wait; here nobody is to be refused.
    return create_app(ServiceSettings(running=RunningSettings(most_waiting=1_000)))


@pytest.mark.hazard("H-29")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_under_fifty_at_once_costs_no_red_sign(fault: str, app: FastAPI) -> None:
    with broken(fault):
        for name, decision in decisions(app, share(50, 4)):
            holds_in_spite_of_it(name, decision)
    for name, decision in decisions(app):
        is_whole(name, decision)


@pytest.mark.hazard("H-29")
def test_each_rule_in_turn_may_raise_and_costs_no_red_sign(app: FastAPI) -> None:
    rules = list(get_pathway("fbss").rules)
    for rule in rules[:: max(1, int(1 / SHARE))]:
        with broken(f"rule {rule}"):
            for name, decision in decisions(app):
                holds_in_spite_of_it(name, decision)
    assert get_decider("fbss").voices.engine.live_states() == 0


@pytest.mark.hazard("H-14")
@pytest.mark.hazard("H-55")
def test_whatever_is_broken_alone_the_self_test_notices() -> None:
    all_of_them = list(breaks())
    tried = all_of_them[:: max(1, int(1 / SHARE))]
    unnoticed = [str(one) for one in tried if not notices(one)]
    told("broken alone", tried=len(tried), of=len(all_of_them), noticed=len(tried) - len(unnoticed))

    assert unnoticed == []
