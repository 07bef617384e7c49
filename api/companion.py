"""What explains decisions, for the doors that ask; kept apart so that `decide` starts fast."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from api.library import get_decider
from api.service import read_checked
from rules.explaining.companion import Companion
from rules.explaining.journey import journey
from schemas.explanation import Journey


@cache
def _companion(pathway: str) -> Companion:
    return Companion(get_decider(pathway))


def get_companion(pathway: str, changed: Mapping[str, Decimal] | None = None) -> Companion:
    """Return what explains decisions, under the pathway's profiles or under *changed* settings."""
    return _companion(pathway) if changed is None else Companion(get_decider(pathway), changed)


def decide_journey(
    pathway: str,
    visits: list[Any],
    today: dt.date,
    changed: Mapping[str, Decimal] | None = None,
) -> Journey:
    """Check every visit and decide them in turn, under *changed* settings where there are any.

    Raises InputError for visits that cannot be one patient's.
    """
    patients = [read_checked(pathway, visit, today) for visit in visits]
    decider = get_decider(pathway)
    return journey(patients, lambda patient: decider.decide(patient, changed))
