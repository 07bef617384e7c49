"""The small form of what `make soak` does for long."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.running.pressing import hold_half_sent, overload, throw_malformed

pytestmark = [pytest.mark.slow, pytest.mark.timed]


@pytest.mark.hazard("H-41")
def test_three_times_ten_seconds_of_ten_times_the_load_cost_no_red_sign(tmp_path: Path) -> None:
    overload(tmp_path, 3, 10)


@pytest.mark.hazard("H-43")
@pytest.mark.hazard("H-56")
@pytest.mark.hazard("H-61")
def test_three_thousand_malformed_bodies_break_nothing(tmp_path: Path) -> None:
    throw_malformed(tmp_path, 3_000)


@pytest.mark.hazard("H-42")
def test_two_hundred_half_sent_requests_are_closed(tmp_path: Path) -> None:
    hold_half_sent(tmp_path, 200, 12)
