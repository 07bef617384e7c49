"""One patient over several visits: the decision at each, what changed and why, what was not done, what is due.

Reads no clock: every visit brings its own date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from rules.explaining.whatif import what_if
from schemas.decision import OFFERS, Decision
from schemas.errors import InputError, Problem
from schemas.explanation import Journey, Visit
from schemas.patient import Patient


def journey(patients: Sequence[Patient], decide: Callable[[Patient], Decision]) -> Journey:
    """Decide every visit in turn.

    Raises InputError for no visit, visits out of order or two on one day, and for a history that a later
    visit contradicts (an operation or a sex that has gone).
    """
    check_order(patients)
    visits: list[Visit] = []
    for at, patient in enumerate(patients):
        decision = decide(patient)
        before = visits[-1] if visits else None
        visits.append(
            Visit(
                on=decision.on,
                decision=decision,
                changed=what_if(before.decision, decision).text if before else (),
                not_done=tuple(_not_done(visits, patients[at])),
                due=tuple(_due(before, decision)),
            )
        )
    return Journey(visits=tuple(visits))


def check_order(patients: Sequence[Patient]) -> None:
    """Refuse a history that cannot be one patient's."""
    if not patients:
        raise _problem("no-visits", "visits", "there is no visit", "send at least one")
    for at, (earlier, later) in enumerate(pairwise(patients), start=1):
        if later.on <= earlier.on:
            raise _problem(
                "out-of-order",
                f"visits[{at}].on",
                "this visit is not after the one before it",
                "send the visits in the order of their dates, one a day",
            )
        operated, now = len(earlier.surgeries or ()), later.surgeries
        if now is not None and "surgeries" not in later.incomplete and len(now) < operated:
            raise _problem(
                "contradiction",
                f"visits[{at}].surgeries",
                "an operation of an earlier visit is missing",
                "list every operation at every visit",
            )
        for fact in ("sex",):
            old, new = earlier.facts.get(fact), later.facts.get(fact)
            if old and new and None not in (old.value, new.value) and old.value != new.value:
                raise _problem(
                    "contradiction",
                    f"visits[{at}].facts.{fact}",
                    f"`{fact}` differs from the visit before",
                    "is this the same patient?",
                )


def _problem(code: str, where: str, message: str, help: str) -> InputError:
    return InputError(Problem(code=code, message=message, help=help, where=where))


def _not_done(visits: Iterable[Visit], now: Patient) -> Iterable[str]:
    """Name what was offered at an earlier visit and is not found among the trials since."""
    tried = {trial.treatment for trial in now.trials or ()}
    seen: dict[str, tuple[str, str]] = {}
    for visit in visits:
        for item in visit.decision.treatments:
            if item.verdict in OFFERS:
                seen.setdefault(item.treatment, (item.title, visit.on))
    for treatment, (title, since) in seen.items():
        if treatment not in tried:
            yield f"{title}: offered on {since}, not recorded since"


def _due(before: Visit | None, now: Decision) -> Iterable[str]:
    if before is None:
        return
    by = before.decision.next_review.by
    if by is not None and by < now.on:
        yield f"the review was due by {by}: overdue"
    elif by is not None and by == now.on:
        yield f"the review is due today ({by})"
    for item in before.decision.treatments:
        if item.reconsider is not None and item.reconsider <= now.on:
            yield f"{item.title}: could be reconsidered from {item.reconsider}"
