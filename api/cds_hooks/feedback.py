"""Feedback: what an EHR reports of the cards it showed, read with the tolerance real reports need."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from api.cds_hooks.state import Outcome
from schemas.errors import InputError, Problem

MOST_REPORTS = 1_000
LONGEST_COMMENT = 2_000
_NAME = re.compile(r"^[\x21-\x7e]{1,200}$")


def read_feedback(data: Any, keep_comments: bool = False) -> tuple[Outcome, ...]:
    """Return what *data* reports, in its order. Raises InputError that names the first member that is wrong.

    A comment may tell of the patient: it is kept only with *keep_comments*.
    """
    rows = data.get("feedback") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not rows:
        raise _wrong("feedback", "`feedback` is missing or no list with entries")
    if len(rows) > MOST_REPORTS:
        raise _wrong("feedback", f"`feedback` has more than {MOST_REPORTS} entries")
    return tuple(_read(row, f"feedback[{at}]", keep_comments) for at, row in enumerate(rows))


def _wrong(where: str, message: str) -> InputError:
    return InputError(
        Problem(
            code="missing" if "missing" in message else "wrong-type",
            message=message,
            help="see CDS Hooks 2.0.1, feedback",
            where=where,
        )
    )


def _read(row: Any, where: str, keep_comments: bool) -> Outcome:
    if not isinstance(row, dict):
        raise _wrong(where, "a report is no object")
    card, outcome = row.get("card"), row.get("outcome")
    if not isinstance(card, str) or not _NAME.match(card):
        raise _wrong(f"{where}.card", "`card` is missing or no uuid")
    if outcome not in ("accepted", "overridden"):
        raise _wrong(f"{where}.outcome", "`outcome` is missing, or neither accepted nor overridden")
    taken = row.get("acceptedSuggestions")
    suggestions = _suggestions(taken, where) if taken is not None else 0
    if outcome == "accepted" and not suggestions:
        raise _wrong(f"{where}.acceptedSuggestions", "`acceptedSuggestions` is missing or empty")
    reason, comment = _reason(row.get("overrideReason"), where)
    return Outcome(
        card=card,
        outcome=outcome,
        at=_moment(row.get("outcomeTimestamp"), where),
        suggestions=suggestions,
        reason=reason,
        comment=comment if keep_comments else None,
    )


def _suggestions(taken: Any, where: str) -> int:
    place = f"{where}.acceptedSuggestions"
    if not isinstance(taken, list):
        raise _wrong(place, "`acceptedSuggestions` is no list")
    for at, each in enumerate(taken):
        if not isinstance(each, dict) or not isinstance(each.get("id"), str) or not each["id"]:
            raise _wrong(f"{place}[{at}].id", "`id` is missing or no uuid")
    return len(taken)


def _reason(given: Any, where: str) -> tuple[str | None, str | None]:
    """Return the code of the reason and the comment; a dismissal without either is a plain dismissal."""
    if given is None:
        return None, None
    place = f"{where}.overrideReason"
    if not isinstance(given, dict):
        raise _wrong(place, "`overrideReason` is no object")
    reason, comment = given.get("reason"), given.get("userComment")
    if reason is None and comment is None:
        raise _wrong(place, "`reason` and `userComment` are missing")
    if reason is not None and not isinstance(reason, dict):
        raise _wrong(f"{place}.reason", "`reason` is no object")
    code = reason.get("code") if reason is not None else None
    if reason is not None and (not isinstance(code, str) or not _NAME.match(code)):
        raise _wrong(f"{place}.reason.code", "`code` is missing or no code")
    if comment is not None and not isinstance(comment, str):
        raise _wrong(f"{place}.userComment", "`userComment` is no text")
    return code, comment[:LONGEST_COMMENT] if comment else None


def _moment(value: Any, where: str) -> dt.datetime:
    place = f"{where}.outcomeTimestamp"
    if not isinstance(value, str) or len(value) > 40 or "T" not in value.upper():
        raise _wrong(place, "`outcomeTimestamp` is missing or no date and time")
    try:
        moment = dt.datetime.fromisoformat(value.upper())
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise _wrong(place, "`outcomeTimestamp` is no date and time with its zone") from None
