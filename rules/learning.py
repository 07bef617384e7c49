"""What a learner can be asked about a decision, and which answers it bears out."""

from __future__ import annotations

from schemas.decision import Decision, NextStep, State, Verdict
from schemas.vignette import Ask, Look

NEXT_STEP, URGENCY = "next-step", "urgency"
RED_SIGN, REFER, QUESTION, OUT = "red-sign", "refer", "ask", "out-of-scope"
URGENCIES = ("U0", "U1", "U2", "U3")

STANDINGS: dict[str, frozenset[Verdict]] = {
    "offer": frozenset({Verdict.RECOMMEND, Verdict.CONSIDER}),
    "keep": frozenset({Verdict.TRIED_HELPED}),
    "not-yet": frozenset({Verdict.NOT_YET}),
    "ask": frozenset({Verdict.NEEDS_DATA}),
    "no": frozenset({Verdict.NOT_INDICATED, Verdict.TRIED_FAILED}),
    "against": frozenset({Verdict.BLOCK, Verdict.BLOCK_UNLESS_JUSTIFIED, Verdict.ON_HOLD}),
}
"""The verdicts as a learner chooses between them: a hold and a block look alike from the bedside."""


def answer_of(step: NextStep) -> str:
    """Return the answer that stands for *step*: a general one, or a treatment's id."""
    match step.kind:
        case "red-sign":
            return RED_SIGN
        case "scope":
            return OUT
        case "offer" | "prepare" | "keep" if step.treatment is not None:
            return step.treatment
        case "refer":
            return REFER
        case _:
            return QUESTION


def answers(decision: Decision, about: str) -> tuple[str, ...]:
    """Return what is right about *about*, and after it what is right too.

    With an open red sign only the first step counts. Raises KeyError for a treatment the decision does not name.
    """
    if about == URGENCY:
        return (decision.urgency.value,)
    if about == NEXT_STEP:
        found = tuple(dict.fromkeys(answer_of(step) for step in decision.next_steps))
        return found[:1] if decision.state is State.RED_SIGN else found
    verdicts = {item.treatment: item.verdict for item in decision.treatments}
    return tuple(name for name, held in STANDINGS.items() if verdicts[about] in held)


def wrong_answers(decision: Decision, look: Look) -> tuple[str, ...]:
    """Return every question of *look* whose written answer is not the one *decision* gives, in words."""
    found = []
    for ask in look.asks:
        right = _right(decision, ask)
        if right[:1] != (ask.answer,):
            found.append(
                f"question on {ask.about}: expected {ask.answer}, got {' or '.join(right) or 'none'}"
            )
    return tuple(found)


def _right(decision: Decision, ask: Ask) -> tuple[str, ...]:
    try:
        return answers(decision, ask.about)
    except KeyError:
        return ()
