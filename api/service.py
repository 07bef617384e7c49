"""From a client's bytes to a decision: the one way every door takes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from api.library import get_decider, get_pathway
from api.running.hurry import decide_in_a_hurry, hurry
from rules.check import Checker
from schemas.decision import Decision
from schemas.patient import Patient


@cache
def get_checker(pathway: str) -> Checker:
    return Checker(get_pathway(pathway))


def decide_input(
    pathway: str,
    data: Any,
    today: dt.date,
    changed: Mapping[str, Decimal] | None = None,
) -> Decision:
    """Check *data* (parsed JSON) and decide; *today* stands in when `on` is left out.

    Raises InputError, SettingsError or NotFoundError; BusyError where only red signs are answered and none is open.
    """
    decider, patient = get_decider(pathway), read_checked(pathway, data, today)
    if why := hurry():
        return decide_in_a_hurry(decider, patient, why, changed)
    return decider.decide(patient, changed)


def read_checked(pathway: str, data: Any, today: dt.date) -> Patient:
    """Return the patient that *data* describes; raise InputError with every problem."""
    return get_checker(pathway).check(data, today)
