"""A decision in outline as a case, without patient or reasons: what laws need when a million are looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel

from rules.decide import Decider
from rules.derive import Reading
from rules.evaluator import Truths
from rules.invariants.case import Case
from rules.invariants.stages import ORDER
from rules.leaves import Settings
from rules.truth import TRUE
from schemas.decision import Decision, OverrideNote, RedSign, Scope, TreatmentDecision
from schemas.pathway import Effect, Urgency
from schemas.patient import Patient

_Model = TypeVar("_Model", bound=BaseModel)
_STATUS = ("out-of-scope", "unknown", "in-scope")


def sketch(
    decider: Decider, values: dict[str, Any], on: dt.date, settings: Settings, nodes: Truths
) -> Case:
    """Return the case of an outline: what *nodes* say about *values* (the facts as the rules read them).

    Only laws marked `outline` may be asked of it; lists of reasons, steps and questions are empty.
    """
    pathway = decider.pathway
    truths = dict(zip(decider.network.index, nodes, strict=True))
    outline = decider.outliner.outline(nodes, values)
    floors: dict[str, Urgency] = {}
    for rule in pathway.rules.values():
        if rule.effect is Effect.RED_SIGN and truths[f"rule:{rule.id}"] == TRUE and rule.urgency:
            floors[rule.sign] = min(floors.get(rule.sign, Urgency.U3), rule.urgency)
    decision = _partly(
        Decision,
        incomplete=False,
        faults=(),
        urgency=outline.urgency,
        screen_complete=outline.screen_complete,
        state=outline.state,
        stage=outline.state.value if ORDER[outline.state] else "S0",
        scope=_partly(Scope, status=_STATUS[truths["in_scope"]]),
        red_signs=tuple(
            _partly(RedSign, id=sign, urgency=floors[sign]) for sign in outline.red_signs
        ),
        surgical_assessment=None,
        treatments=tuple(
            _partly(
                TreatmentDecision,
                treatment=name,
                verdict=verdict,
                agents=(),
                trial=values.get(f"tried_{name.replace('-', '_')}") or "not-settled",
            )
            for name, verdict in outline.verdicts.items()
        ),
        next_steps=(),
        combinations=(),
        overrides=_overrides(pathway.treatments, values),
    )
    patient = Patient(facts={}, on=on)
    return Case(
        pathway, decider.network, settings, {}, patient, decision, (Reading(values=values), truths)
    )


def _overrides(treatments: Iterable[str], values: dict[str, Any]) -> tuple[OverrideNote, ...]:
    return tuple(
        _partly(OverrideNote, treatment=name, lifts="not-yet")
        for name in treatments
        if values.get(f"early_{name.replace('-', '_')}") is True
    )


def _partly(model: type[_Model], **fields: Any) -> _Model:
    """Return a *model* with only some of its fields; the rest is not looked at."""
    construct: Any = model.model_construct
    made: _Model = construct(**fields)
    return made
