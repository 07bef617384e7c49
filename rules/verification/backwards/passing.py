"""What must be so for a hold alone to keep a stage from being passed.

A hold passes with time and never counts as a chance given. Whether the documents keep to that shows only in somebody in
whom everything else of the stage is done: were the hold a block, the next stage would open.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.verification.backwards.arrange import IS_FALSE, IS_TRUE, Wish
from schemas.condition import And, Condition, Not, Or, Ref
from schemas.pathway import Effect, Pathway, Rule, Treatment


def only_held(pathway: Pathway) -> Iterator[tuple[Rule, str, list[Wish]]]:
    """Yield every hold on a treatment that a stage waits for, the stage, and what makes it the last hindrance."""
    for rule in pathway.rules.values():
        if rule.effect is Effect.HOLD:
            for name in rule.on:
                treatment = pathway.treatments[name]
                if treatment.stage and treatment.gate:
                    yield rule, treatment.stage, _wishes(pathway, rule, treatment)


def _wishes(pathway: Pathway, rule: Rule, treatment: Treatment) -> list[Wish]:
    name, stage = treatment.id, pathway.stages[treatment.stage]
    others = (
        t for t in pathway.treatments.values() if t.stage == stage.id and t.gate and t.id != name
    )
    wishes: list[Wish] = [
        (Ref(name=f"rule:{rule.id}"), IS_TRUE),
        (Ref(name=f"indicated({name})"), IS_TRUE),
        (Ref(name=f"done({name})"), IS_FALSE),
        *((Ref(name=f"done({other.id})"), IS_TRUE) for other in others),
    ]
    if stage.passed_when is not None:
        wishes.append((_granted(stage.passed_when, f"exhausted({name})"), IS_TRUE))
    return wishes


def _granted(condition: Condition, name: str) -> Condition:
    """Return *condition* as it would be if the conclusion *name* held."""
    match condition:
        case Ref() if condition.name == name:
            return And(items=())
        case Not():
            return Not(item=_granted(condition.item, name))
        case And() | Or():
            return type(condition)(items=tuple(_granted(item, name) for item in condition.items))
        case _:
            return condition
