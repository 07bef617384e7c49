"""One way to write a value as bytes, so that the same answer has the same hash on every machine."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import orjson

from rules.derive import canonical_value
from schemas.facts import FactEntry
from schemas.patient import Patient


def canonical_json(value: Any) -> str:
    """Return compact JSON with sorted keys and no escapes beyond what JSON demands.

    Raises ValueError for a number that is not finite.
    """
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )


def sha256(value: Any) -> str:
    """Return the sha256 (hex) of the canonical JSON of *value*, whose numbers are finite.

    It is written by a faster writer than `canonical_json`, to the same bytes, but for numbers that need an exponent.
    """
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # A whole number beyond 64 bits, which only the slower writer knows.
        text = canonical_json(value).encode()
    return hashlib.sha256(text).hexdigest()


def _entry(entry: FactEntry) -> Any:
    parts = {
        "value": canonical_value(entry.value),
        "date": entry.date.text if entry.date else None,
        "source": entry.source,
        "unknown": entry.unknown,
    }
    kept = {key: value for key, value in parts.items() if value is not None}
    return kept["value"] if kept.keys() == {"value"} else kept


def _row(row: Any) -> dict[str, Any]:
    return {
        name: canonical_value(value)
        for name in type(row).model_fields
        if (value := getattr(row, name)) is not None
    }


def patient_input(patient: Patient) -> dict[str, Any]:
    """Return *patient* in the form a client sends, as it was understood.

    Facts without a value and a reason are left out, lists are sorted: their order means nothing.
    """
    result: dict[str, Any] = {
        "facts": {
            name: _entry(entry)
            for name, entry in sorted(patient.facts.items())
            if entry.value is not None or entry.unknown is not None
        },
        "on": patient.on.isoformat(),
        "settings": patient.settings,
    }
    for name in ("trials", "medications", "surgeries", "overrides", "not_used"):
        rows = getattr(patient, name)
        if rows is not None and (rows or name not in ("overrides", "not_used")):
            result[name] = sorted((_row(row) for row in rows), key=canonical_json)
    if patient.incomplete:
        result["incomplete"] = list(patient.incomplete)
    return result
