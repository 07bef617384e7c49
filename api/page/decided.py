"""What a clinician decided about each suggestion, put into the decision log where the site keeps one."""

from __future__ import annotations

import json
from dataclasses import dataclass

from api.page.note import Response
from api.records.keeper import Keeper, LogKeeper
from api.records.wishes import read_feedback
from schemas.decision import Decision
from schemas.errors import Problem, SteppedCareError

OUTCOMES = {"accept": "accepted", "defer": "deferred", "done": "done", "decline": "declined"}
"""The words of the log for the answers of the page."""
NEED_WHY = frozenset({"defer", "decline"})


@dataclass(frozen=True)
class Kept:
    """What became of the wish to record."""

    id: str = ""
    """Of the decision in the log; empty where nothing was recorded."""
    level: str = ""
    """`receipt`, `full` or `spooled`."""
    count: int = 0
    problems: tuple[Problem, ...] = ()


def keeps(keeper: Keeper) -> str:
    """Return how the site keeps decisions: `receipt`, `full`, or nothing where it does not."""
    return keeper.level if isinstance(keeper, LogKeeper) else ""


def keep_responses(
    keeper: Keeper, tenant: str, decision: Decision, responses: tuple[Response, ...]
) -> Kept:
    """Record *decision* and what was decided about it; never raises, and never claims what was not kept.

    Everything is looked at before anything is written: half a record would read as if the rest had been accepted
    without a word.
    """
    if not isinstance(keeper, LogKeeper):
        return _not("no-log", "this site keeps no log, so nothing was recorded", "copy the note")
    if not responses:
        return _not("missing", "nothing has been decided yet", "choose an answer to a suggestion")
    wanting = [each.title for each in responses if each.outcome in NEED_WHY and not each.why]
    if wanting:
        return _not(
            "missing",
            f"a reason is wanting for: {', '.join(wanting)}",
            "say why it is deferred or declined",
        )
    said = [_said(each) for each in responses]
    try:
        for each in said:
            read_feedback(each, decision.pathway)
    except SteppedCareError as error:
        return Kept(problems=error.problems)
    # The log's library stays away from a service that keeps nothing.
    from api.records.shelf import Shelf

    answered = keeper.keep(decision.model_dump_json() + "\n", tenant)
    if answered.id is None:
        return _not(
            "log-away", "the log cannot be reached, so nothing was recorded", "copy the note"
        )
    shelf, told = Shelf(keeper), 0
    try:
        for each in said:
            shelf.say(tenant, answered.id, json.dumps(each).encode(), None)
            told += 1
    except SteppedCareError as error:
        return Kept(answered.id, answered.recorded, told, error.problems)
    return Kept(answered.id, answered.recorded, told)


def _said(response: Response) -> dict[str, str]:
    said = {"outcome": OUTCOMES[response.outcome], "treatment": response.treatment}
    return said | ({"reason": response.why} if response.why else {})


def _not(code: str, message: str, help: str) -> Kept:
    return Kept(problems=(Problem(code=code, message=message, help=help, where="log"),))
