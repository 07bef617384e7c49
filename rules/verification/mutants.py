"""Small wrong changes to a pathway: each one a mistake somebody could make in a document.

A threshold off by one step, an operator turned round, a condition lost, a word missing from a list, a block that
became a caution, a red sign a class less urgent. A good set of patients notices every one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from rules.network import Network
from rules.notation import as_written, place_of
from schemas.condition import (
    And,
    Compare,
    Condition,
    Not,
    OneOf,
    Operator,
    Or,
    Within,
    settings_of,
)
from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Effect, OutcomeRule, Pathway, Rule, Treatment, Urgency
from schemas.provenance import Place

Kind = Literal[
    "threshold", "operator", "negated", "dropped", "connective", "word", "effect", "urgency",
    "removed", "scope-of-rule", "gate", "order",
]  # fmt: skip

_FLIPPED: dict[Operator, tuple[Operator, ...]] = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "=": ("!=",),
    "!=": ("=",),
}
_OTHER_EFFECTS: dict[Effect, tuple[Effect, ...]] = {
    Effect.RECOMMEND: (Effect.CONSIDER,),
    Effect.CONSIDER: (Effect.RECOMMEND,),
    Effect.REQUIRE: (Effect.CAUTION,),
    Effect.BLOCK: (Effect.CAUTION, Effect.HOLD, Effect.BLOCK_UNLESS_JUSTIFIED),
    Effect.HOLD: (Effect.CAUTION, Effect.BLOCK),
    Effect.BLOCK_UNLESS_JUSTIFIED: (Effect.CAUTION, Effect.BLOCK),
    Effect.CAUTION: (Effect.BLOCK,),
    Effect.EXHAUST: (Effect.SKIP,),
    Effect.SKIP: (Effect.EXHAUST,),
}


@dataclass(frozen=True)
class Mutant:
    """One change. Exactly one of the last four fields says how it is made."""

    kind: Kind
    subject: str
    """The conclusion, setting, treatment or row that is changed."""
    where: Place
    says: str
    condition: Condition | None = None
    """The new condition of the conclusion *subject*."""
    setting: tuple[str, Decimal] | None = None
    pathway: Mapping[str, Any] | None = None
    """Parts of the pathway to be replaced, by field; the network is laid out anew."""
    judging: Mapping[str, Any] | None = field(default=None)
    """Parts that judge trials to be replaced; the network stays."""


def mutants(pathway: Pathway, network: Network) -> Iterator[Mutant]:
    """Yield every mutant of *pathway*, always in the same order."""
    yield from _of_settings(pathway, network)
    for name, condition in network.conditions.items():
        written = name in pathway.findings or name.startswith("rule:")
        if written or name.startswith("passed("):
            where = place_of(pathway, name)
            for kind, changed, says in variants(condition, _definitions(pathway)):
                yield Mutant(kind, name, where, says, condition=changed)
    for rule in pathway.rules.values():
        yield from _of_rule(pathway, rule)
    for treatment in pathway.treatments.values():
        yield from _of_treatment(pathway, treatment)
    for stage in pathway.stages.values():
        for earlier in stage.after:
            after = tuple(each for each in stage.after if each != earlier)
            stages = _with(pathway.stages, stage.model_copy(update={"after": after}), stage.id)
            says = f"stage {stage.id} no longer waits for {earlier}"
            yield Mutant("gate", stage.id, stage.place, says, pathway={"stages": stages})
    yield from _of_outcomes(pathway)


def variants(
    condition: Condition, facts: Mapping[str, FactDefinition]
) -> Iterator[tuple[Kind, Condition, str]]:
    """Yield every condition that is one small mistake away, with the mistake in words."""
    for kind, changed in _changed(condition, facts):
        yield kind, changed, f"{as_written(condition)} -> {as_written(changed)}"


def _changed(
    condition: Condition, facts: Mapping[str, FactDefinition]
) -> Iterator[tuple[Kind, Condition]]:
    match condition:
        case And() | Or():
            items = condition.items
            for at, item in enumerate(items):
                rest = (*items[:at], *items[at + 1 :])
                yield "dropped", rest[0] if len(rest) == 1 else type(condition)(items=rest)
                for kind, changed in _changed(item, facts):
                    yield kind, type(condition)(items=(*items[:at], changed, *items[at + 1 :]))
            if len(items) > 1:
                other: Condition = (
                    Or(items=items) if isinstance(condition, And) else And(items=items)
                )
                yield "connective", other
        case Not():
            yield "negated", condition.item
            for kind, changed in _changed(condition.item, facts):
                if not isinstance(changed, Not):
                    yield kind, Not(item=changed)
        case Compare():
            if condition.bound is not None:
                for step in _steps(facts[condition.fact].kind):
                    yield (
                        "threshold",
                        condition.model_copy(update={"bound": condition.bound + step}),
                    )
            for operator in _FLIPPED[condition.operator]:
                yield "operator", condition.model_copy(update={"operator": operator})
        case Within():
            if condition.amount is not None:
                for days in (-1, 1):
                    amount = condition.amount + days
                    yield "threshold", condition.model_copy(update={"amount": amount})
            yield "operator", condition.model_copy(update={"under": not condition.under})
            yield "negated", Not(item=condition)
        case OneOf():
            yield "negated", Not(item=condition)
            choices = facts[condition.fact].choices
            for word in choices:
                inside = word in condition.words
                words = tuple(
                    each for each in choices if (each in condition.words) is not (each == word)
                )
                if words and len(words) < len(choices):
                    changed_words = condition.model_copy(update={"words": words})
                    yield "word", changed_words
                assert inside or words
        case _:
            yield "negated", Not(item=condition)


def _steps(kind: FactKind) -> tuple[Decimal, Decimal]:
    step = Decimal(1) if kind is FactKind.INTEGER else Decimal("0.1")
    return -step, step


def _definitions(pathway: Pathway) -> dict[str, FactDefinition]:
    derived = {name: derivation.fact for name, derivation in pathway.derivations.items()}
    return {**pathway.trial_facts, **pathway.facts, **derived}


def _of_settings(pathway: Pathway, network: Network) -> Iterator[Mutant]:
    """Nudge every setting that a condition reads: by one, or by a tenth where it is not whole."""
    read = {s for node in network.nodes for s in settings_of(node.condition)}
    read |= {s for row in pathway.outcomes for s in settings_of(row.when)}
    read |= {
        s
        for treatment in pathway.treatments.values()
        if treatment.adequate is not None
        for s in settings_of(treatment.adequate)
    }
    for name, setting in pathway.settings.items():
        if name in read:
            whole = setting.value == int(setting.value) and "." not in str(setting.value)
            for step in _steps(FactKind.INTEGER if whole else FactKind.DECIMAL):
                says = f"{name}: {setting.value} -> {setting.value + step}"
                value = (name, setting.value + step)
                yield Mutant("threshold", name, setting.place, says, setting=value)


def _with(items: Mapping[str, Any], item: Any, id: str) -> dict[str, Any]:
    return {name: item if name == id else each for name, each in items.items()}


def _of_rule(pathway: Pathway, rule: Rule) -> Iterator[Mutant]:
    """Change what follows from a rule, whom it concerns, or take it away."""

    def changed(kind: Kind, says: str, **update: Any) -> Mutant:
        rules = _with(pathway.rules, rule.model_copy(update=update), rule.id)
        return Mutant(kind, rule.id, rule.place, f"{rule.id}: {says}", pathway={"rules": rules})

    without = {name: each for name, each in pathway.rules.items() if name != rule.id}
    says = f"{rule.id}: the rule is gone"
    yield Mutant("removed", rule.id, rule.place, says, pathway={"rules": without})
    for effect in _OTHER_EFFECTS.get(rule.effect, ()):
        yield changed("effect", f"{rule.effect} -> {effect}", effect=effect)
    if rule.urgency is not None and rule.urgency is not Urgency.U3:
        lower = list(Urgency)[list(Urgency).index(rule.urgency) + 1]
        yield changed("urgency", f"{rule.urgency} -> {lower}", urgency=lower)
    for treatment in rule.on if len(rule.on) > 1 else ():
        on = tuple(each for each in rule.on if each != treatment)
        yield changed("scope-of-rule", f"no longer on {treatment}", on=on)
    for agent in rule.agents if len(rule.agents) > 1 else ():
        agents = tuple(each for each in rule.agents if each != agent)
        yield changed("scope-of-rule", f"no longer for {agent}", agents=agents)
    if rule.agents:
        yield changed("scope-of-rule", "for the whole treatment", agents=())


def _of_treatment(pathway: Pathway, treatment: Treatment) -> Iterator[Mutant]:
    name = treatment.id
    if treatment.stage:
        other = treatment.model_copy(update={"gate": not treatment.gate})
        says = f"{name}: gate {treatment.gate} -> {not treatment.gate}"
        treatments = _with(pathway.treatments, other, name)
        yield Mutant("gate", name, treatment.place, says, pathway={"treatments": treatments})
    if treatment.adequate is not None:
        for kind, changed, says in variants(treatment.adequate, pathway.trial_facts):
            other = treatment.model_copy(update={"adequate": changed})
            treatments = _with(pathway.treatments, other, name)
            says = f"{name} adequate: {says}"
            yield Mutant(kind, name, treatment.place, says, judging={"treatments": treatments})


def _of_outcomes(pathway: Pathway) -> Iterator[Mutant]:
    rows = pathway.outcomes

    def changed(kind: Kind, row: OutcomeRule, says: str, new: list[OutcomeRule]) -> Mutant:
        says = f"outcome {row.outcome}: {says}"
        return Mutant(kind, row.outcome, row.place, says, judging={"outcomes": tuple(new)})

    for at, row in enumerate(rows):
        others = [*rows[:at], *rows[at + 1 :]]
        yield changed("removed", row, "the row is gone", others)
        if at:
            swapped = [*rows[: at - 1], row, rows[at - 1], *rows[at + 1 :]]
            yield changed("order", row, f"read before {rows[at - 1].outcome}", swapped)
        for kind, condition, says in variants(row.when, pathway.trial_facts):
            new = row.model_copy(update={"when": condition})
            yield changed(kind, row, says, [*rows[:at], new, *rows[at + 1 :]])
