"""The verdict on one treatment where several things stand against it at once."""

from __future__ import annotations

import datetime as dt

from rules.leaves import is_within
from rules.truth import FALSE, TRUE, UNKNOWN
from rules.verdict import Standing, verdict
from schemas.decision import Verdict
from schemas.facts import PartialDate

OFFERED = Standing(
    blocked=FALSE,
    unjustified=FALSE,
    indicated=TRUE,
    recommended=TRUE,
    ready=TRUE,
    exhausted_by_trial=FALSE,
    has_exhaust_rule=True,
    tried="none",
    red=TRUE,
    scope=TRUE,
    assessed=True,
)


def test_an_open_red_sign_holds_what_would_be_offered_and_what_it_holds_can_be_asked_for() -> None:
    assert verdict(OFFERED) is Verdict.ON_HOLD
    assert verdict(OFFERED, held=False) is Verdict.RECOMMEND


def test_days_that_may_be_today_or_later_are_not_known_to_lie_within_none_ahead() -> None:
    today = dt.date(2026, 3, 1)
    soon = PartialDate(text="2026-03", earliest=today, latest=today + dt.timedelta(days=2))

    assert is_within(soon, 0, "future", today) == UNKNOWN
