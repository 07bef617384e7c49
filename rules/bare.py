"""The answer of last resort: what can be said when writing the full answer broke. Red signs first, nothing offered."""

from __future__ import annotations

from rules.canonical import patient_input, sha256
from rules.derive import not_read
from rules.evaluation import Evaluation
from rules.truth import TRUE
from schemas.decision import (
    Decision,
    NextReview,
    NextStep,
    Reason,
    RedSign,
    Scope,
    SettingsNote,
    SourceNote,
    State,
    SurgicalAssessment,
    TreatmentDecision,
    Verdict,
)
from schemas.pathway import Effect, Pathway, Urgency
from schemas.provenance import Engines, Receipt

NOT_RELIED_ON = "could not be worked out completely; do not rely on this line"
INCOMPLETE = "Incomplete: part of the evaluation failed. Only the red signs shown can be relied on."


def bare_decision(
    pathway: Pathway, evaluation: Evaluation, engines: Engines, surgical_text: str
) -> Decision:
    """Return a decision that rests on the red-sign nodes alone; it says incomplete and never routine."""
    red_signs = _red_signs(pathway, evaluation)
    urgency = min((sign.urgency for sign in red_signs), default=Urgency.U2)
    urgency = min(urgency, Urgency.U2)
    steps = [
        NextStep(kind="red-sign", text=action, rule=sign.id, urgency=sign.urgency)
        for sign in red_signs
        for action in sign.first_action
    ]
    if red_signs:
        steps.append(
            NextStep(
                kind="refer", text=surgical_text, treatment="revision-surgery", urgency=urgency
            )
        )
    steps.append(NextStep(kind="refer", text=INCOMPLETE, urgency=urgency))
    verdict = Verdict.ON_HOLD if red_signs else Verdict.NEEDS_DATA
    decision = Decision(
        pathway=pathway.id,
        title=pathway.title,
        version=pathway.version,
        content_hash=pathway.content_hash,
        engines=engines,
        on=evaluation.patient.on.isoformat(),
        input=patient_input(evaluation.patient),
        settings=SettingsNote(profile=evaluation.patient.settings, used=()),
        incomplete=True,
        faults=tuple(evaluation.faults),
        scope=Scope(status="unknown", confidence="not-applicable", reasons=()),
        urgency=urgency,
        urgency_text=f"at least {urgency}: the evaluation is incomplete",
        screen_complete=False,
        red_signs=red_signs,
        surgical_assessment=SurgicalAssessment(
            text=surgical_text, urgency=urgency, signs=tuple(sign.id for sign in red_signs)
        )
        if red_signs
        else None,
        state=State.RED_SIGN if red_signs else State.NEEDS_ASSESSMENT,
        stage="S0",
        next_steps=tuple(steps),
        treatments=tuple(
            TreatmentDecision(
                treatment=each.id,
                title=each.title,
                stage=each.stage,
                verdict=verdict,
                summary=NOT_RELIED_ON,
                reasons=(),
                cautions=(),
                trial="not-settled",
            )
            for each in pathway.treatments.values()
        ),
        combinations=(),
        causes=(),
        advice=(),
        missing=(),
        conflicts=(),
        not_used=tuple(not_read(evaluation.patient)),
        stale=(),
        overrides=(),
        next_review=NextReview(by=None, text="decide again; if it fails again, report it"),
        caveats=(INCOMPLETE, *pathway.caveats),
        receipt=Receipt(
            facts=sha256(patient_input(evaluation.patient)),
            settings="",
            content=pathway.content_hash,
            program=engines.program,
            decision="",
        ),
    )
    receipt = decision.receipt.model_copy(
        update={"decision": sha256(decision.model_dump(mode="json"))}
    )
    return decision.model_copy(update={"receipt": receipt})


def _red_signs(pathway: Pathway, evaluation: Evaluation) -> tuple[RedSign, ...]:
    found = []
    for sign in pathway.signs.values():
        rules = [
            rule
            for rule in pathway.rules.values()
            if rule.effect is Effect.RED_SIGN
            and rule.sign == sign.id
            and evaluation.nodes.get(f"rule:{rule.id}") == TRUE
        ]
        if rules:
            found.append(
                RedSign(
                    id=sign.id,
                    title=sign.title,
                    urgency=min(rule.urgency or Urgency.U3 for rule in rules),
                    onset="onset-unknown",
                    first_action=tuple(dict.fromkeys(rule.do for rule in rules if rule.do)),
                    do_not=tuple(dict.fromkeys(rule.do_not for rule in rules if rule.do_not)),
                    reasons=tuple(
                        Reason(
                            rule=rule.id,
                            effect=rule.effect.value,
                            holds="true",
                            says=rule.says,
                            because="",
                            facts=(),
                            extension=rule.is_extension,
                            sources=tuple(
                                SourceNote(tag=c.tag, key=c.key, label=c.label)
                                for c in rule.sources
                            ),
                        )
                        for rule in rules
                    ),
                )
            )
    return tuple(sorted(found, key=lambda sign: sign.urgency))
