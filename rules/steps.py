"""What could be done next: a list that is never empty, the most urgent first."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.decision import (
    Advice,
    Missing,
    NextStep,
    RedSign,
    State,
    SurgicalAssessment,
    TreatmentDecision,
    Verdict,
)
from schemas.pathway import Stage, Urgency

ASKED_AT_ONCE = 5
REVIEW_TEXT = (
    "Specialist review: no further step of this pathway is open; "
    "review goals, diagnosis and options with a pain specialist"
)
_OFFERED = {Verdict.RECOMMEND: "Default next step", Verdict.CONSIDER: "Option"}


def next_steps(
    state: State,
    red_signs: Sequence[RedSign],
    assessment: SurgicalAssessment | None,
    treatments: Sequence[TreatmentDecision],
    missing: Sequence[Missing],
    advice: Sequence[Advice],
    stages: Sequence[Stage],
) -> tuple[NextStep, ...]:
    """Return the next steps of one decision, never none."""
    steps: list[NextStep] = []
    for sign in red_signs:
        for action in sign.first_action:
            steps.append(NextStep(kind="red-sign", text=action, rule=sign.id, urgency=sign.urgency))
    if assessment is not None:
        steps.append(
            NextStep(
                kind="refer",
                text=assessment.text,
                treatment="revision-surgery",
                urgency=assessment.urgency,
            )
        )
    for item in sorted(advice, key=lambda item: str(item.urgency or "U9")):
        if item.urgency is not None and item.urgency is not Urgency.U3:
            steps.append(
                NextStep(kind="refer", text=item.text, rule=item.rule, urgency=item.urgency)
            )
    if state is State.OUT_OF_SCOPE:
        steps.append(
            NextStep(
                kind="scope", text="Outside this pathway: refer by the usual route for this problem"
            )
        )
    treating = state in (State.S1, State.S2, State.S3, State.SPECIALIST_REVIEW)
    if treating:
        steps += _treating(treatments, stages)
    steps += _asking(missing)
    if treating and not any(step.kind in ("offer", "prepare", "ask") for step in steps):
        steps.append(NextStep(kind="refer", text=REVIEW_TEXT))
    if not steps:
        steps.append(NextStep(kind="refer", text=REVIEW_TEXT))
    return tuple(steps)


def _asking(missing: Sequence[Missing]) -> list[NextStep]:
    firm = [m for m in missing if any(not what.startswith("a caution") for what in m.decides)]
    return [NextStep(kind="ask", text=item.ask) for item in firm[:ASKED_AT_ONCE]]


def _treating(treatments: Sequence[TreatmentDecision], stages: Sequence[Stage]) -> list[NextStep]:
    steps = []
    for verdict, word in _OFFERED.items():
        for item in treatments:
            if item.verdict is verdict:
                text = f"{word}: {item.title} ({item.summary})"
                steps.append(NextStep(kind="offer", text=text, treatment=item.treatment))
    titles = {f"stage {stage.id} ({stage.title}) has to be passed first" for stage in stages}
    for item in treatments:
        if item.verdict is Verdict.NOT_YET and not titles & set(item.waits_for):
            for what in item.waits_for:
                text = f"To open {item.title}: {what}"
                steps.append(NextStep(kind="prepare", text=text, treatment=item.treatment))
        elif item.verdict is Verdict.TRIED_HELPED:
            text = f"{item.title}: {item.summary}"
            steps.append(NextStep(kind="keep", text=text, treatment=item.treatment))
    return steps
