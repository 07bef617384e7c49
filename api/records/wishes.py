"""What a client may send about records: a search, feedback, and a decision to replay."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from api.library import get_pathway
from api.records.asked import SHAPE, checked
from api.records.keys import Keys
from api.records.port import MOST_PER_PAGE, Wanted, microseconds
from schemas.errors import InputError, Problem

OUTCOMES = ("accepted", "overridden", "done", "deferred", "declined")
NEED_REASON = frozenset({"overridden", "deferred", "declined"})
LONGEST_REASON = 1000
LONGEST_NAME = 100

SEARCH_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "patient": {**SHAPE, "description": "the patient's id at the client"},
        "from": {"type": "string", "format": "date-time", "description": "included"},
        "to": {"type": "string", "format": "date-time", "description": "left out"},
        "after": {"type": "integer", "minimum": 0, "description": "`next` of the page before"},
        "most": {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE},
    },
}
FEEDBACK_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["outcome"],
    "properties": {
        "outcome": {"enum": list(OUTCOMES)},
        "treatment": {
            "type": "string",
            "description": "which of the ten; left out: the decision as a whole",
        },
        "reason": {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST_REASON,
            "description": "needed for overridden, deferred and declined",
        },
        "by": {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST_NAME,
            "description": "who says so",
        },
    },
}


@dataclass(frozen=True, slots=True)
class Feedback:
    """What became of a decision, or of one treatment in it."""

    outcome: str
    treatment: str | None = None
    reason: str | None = None
    by: str | None = None


def read_search(data: Any, tenant: str, keys: Keys) -> Wanted:
    """Return what *data* looks for; the patient's id is hashed here and goes no further. Raises InputError."""
    given = _object(data, SEARCH_SCHEMA)
    patient = given.get("patient")
    begin, end = (_moment(given.get(name), name) for name in ("from", "to"))
    if begin is not None and end is not None and begin > end:
        raise _wrong("from", "out-of-order", "`from` is later than `to`", "exchange the two")
    return Wanted(
        tenant=tenant,
        patient=None if patient is None else keys.pseudonym(tenant, checked(patient, "patient")),
        begin=begin,
        end=end,
        after=_number(given.get("after", 0), "after", 0, 2**62),
        most=_number(given.get("most", MOST_PER_PAGE), "most", 1, MOST_PER_PAGE),
    )


def read_feedback(data: Any, pathway: str) -> Feedback:
    """Return what *data* says about a decision of *pathway*; raise InputError."""
    given = _object(data, FEEDBACK_SCHEMA)
    outcome, treatment = given.get("outcome"), given.get("treatment")
    if outcome not in OUTCOMES:
        raise _wrong("outcome", "not-a-choice", "no such outcome", f"one of {', '.join(OUTCOMES)}")
    known = get_pathway(pathway).treatments
    if treatment is not None and not (isinstance(treatment, str) and treatment in known):
        raise _wrong(
            "treatment", "not-a-choice", "no such treatment", "use an id of the decision's list"
        )
    reason = _text(given.get("reason"), "reason", LONGEST_REASON)
    if reason is None and outcome in NEED_REASON:
        raise _wrong("reason", "missing-field", "a reason is missing", "say why in a few words")
    return Feedback(str(outcome), treatment, reason, _text(given.get("by"), "by", LONGEST_NAME))


def _object(data: Any, schema: dict[str, Any]) -> dict[str, Any]:
    known = schema["properties"]
    if not isinstance(data, dict):
        raise _wrong("$", "wrong-type", "the request is no object", f"send {', '.join(known)}")
    for at, name in enumerate(data, 1):
        if name not in known:
            raise _wrong(
                f"$.[key {at}]", "unknown-field", "no such field", f"fields: {', '.join(known)}"
            )
    return {name: value for name, value in data.items() if value is not None}


def _moment(value: Any, where: str) -> int | None:
    if value is None:
        return None
    try:
        if not isinstance(value, str) or len(value) > 40:
            raise ValueError
        moment = dt.datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return microseconds(moment)
    except (ValueError, OverflowError):
        raise _wrong(
            where, "not-a-date", "no date and time with its zone", "such as 2026-03-01T00:00:00Z"
        ) from None


def _number(value: Any, where: str, least: int, most: int) -> int:
    if type(value) is not int:
        raise _wrong(where, "wrong-type", "no whole number", f"{least} to {most}")
    if not least <= value <= most:
        raise _wrong(where, "out-of-range", "outside what is allowed", f"{least} to {most}")
    return value


def _text(value: Any, where: str, longest: int) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise _wrong(where, "wrong-type", "no text", "send a text")
    plain = " ".join(value.split())
    if not plain or len(value) > longest or any(not letter.isprintable() for letter in plain):
        raise _wrong(
            where, "text-not-allowed", "a text is empty, too long or holds control characters",
            f"1 to {longest} printable characters",
        )  # fmt: skip
    return plain


def _wrong(where: str, code: str, message: str, help: str) -> InputError:
    return InputError(Problem(code=code, message=message, help=help, where=where))
