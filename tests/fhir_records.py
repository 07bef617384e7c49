"""A patient of ours as the FHIR R4 record an EHR would send, for every test of a door that reads one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from api.page.record_out import PATIENT as PATIENT
from api.page.record_out import UNSAYABLE, write_record


def record_of(data: dict[str, Any]) -> dict[str, Any] | None:
    """Return the input object *data* as a collection Bundle; None when FHIR has no way to say it.

    That is so without a date, with a fact that is unavailable rather than unknown, or without the facts at all.
    """
    on = data.get("on")
    if not isinstance(on, str) or not isinstance(data.get("facts"), dict):
        return None
    entries = [each for each in data["facts"].values() if isinstance(each, dict)]
    if any(each.get("unknown") in UNSAYABLE for each in entries):
        return None
    return write_record(data, on).bundle


def day_of(data: dict[str, Any]) -> dt.date:
    """Return the day of the question of an input object that states one."""
    return dt.date.fromisoformat(data["on"])
