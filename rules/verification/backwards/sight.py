"""What must be so for the answer to show whether a conclusion holds.

A block is not seen in somebody for whom the treatment is not indicated anyway, a prerequisite not before the stage is
open. The wishes here put everything else out of the way; they are granted as far as they can be had.
"""

from __future__ import annotations

from collections.abc import Iterable

from rules.network import ASSESSED, IN_SCOPE
from rules.verification.backwards.arrange import IS_FALSE, IS_TRUE, NOT_FALSE, Wish
from schemas.condition import Is, OneOf, Ref
from schemas.pathway import Effect, Pathway, Rule, Treatment

_INDICATIONS = (Effect.RECOMMEND, Effect.CONSIDER)
_SHOWN = (Effect.CAUTION, Effect.ADVISE, Effect.CAUSE, Effect.SUPPORT, Effect.RED_SIGN)
"""Effects the answer names rule by rule."""


def is_hidden(pathway: Pathway, node: str) -> bool:
    """Tell whether *node* is seen only through what rests on it."""
    rule = pathway.rules.get(node.removeprefix("rule:"))
    skips = rule is not None and rule.effect is Effect.SKIP
    return skips or node in pathway.findings or node.startswith(("exhausted(", "done("))


def in_sight(pathway: Pathway, node: str) -> list[Wish]:
    """Return what makes the answer show whether *node* holds, the weightiest first."""
    wishes = [_true(IN_SCOPE), _true(ASSESSED), _false("red(any)")]
    rule = pathway.rules.get(node.removeprefix("rule:"))
    if rule is not None:
        return wishes + _rule(pathway, rule)
    _, _, word = node.partition("(")
    word = word.rstrip(")") or node.removeprefix("agent:").partition("/")[0]
    if word in pathway.treatments:
        wishes += _offered(pathway, pathway.treatments[word])
    if word in pathway.stages:
        wishes += [_true(f"passed({stage})") for stage in pathway.stages[word].after]
    return [wish for wish in wishes if wish[0] != Ref(name=node)]


def _rule(pathway: Pathway, rule: Rule) -> list[Wish]:
    if rule.effect is Effect.RED_SIGN:
        alike = (r for r in pathway.rules.values() if r.sign == rule.sign)
        return _none(r for r in alike if r.id != rule.id)
    if not rule.on:
        return []
    treatment = pathway.treatments[rule.on[0]]
    same = [
        other
        for other in pathway.rules.values()
        if other.id != rule.id and treatment.id in other.on and _alike(rule, other)
    ]
    wanted = IS_TRUE if rule.effect is Effect.REQUIRE else IS_FALSE
    wishes: list[Wish] = []
    if rule.effect not in _SHOWN:
        wishes = [(Ref(name=f"rule:{other.id}"), wanted) for other in same]
    around = _offered(pathway, treatment)
    own = {
        Effect.BLOCK: ("blocked",),
        Effect.HOLD: ("held",),
        Effect.BLOCK_UNLESS_JUSTIFIED: ("unjustified",),
        Effect.REQUIRE: ("ready", "required"),
        Effect.RECOMMEND: ("indicated",),
        Effect.CONSIDER: ("indicated",),
    }.get(rule.effect, ())
    left_out = {f"{verb}({treatment.id})" for verb in own} if not rule.agents else set()
    if rule.effect is Effect.REQUIRE:
        around.append(_true(f"open({treatment.id})"))
    if rule.effect is Effect.BLOCK_UNLESS_JUSTIFIED:
        around.append((Is(fact=f"justified_{_snake(treatment)}"), IS_FALSE))
    if rule.effect is Effect.EXHAUST:
        around = [wish for wish in around if not isinstance(wish[0], OneOf)]
    return wishes + [
        wish for wish in around if not isinstance(wish[0], Ref) or wish[0].name not in left_out
    ]


def _alike(rule: Rule, other: Rule) -> bool:
    """Tell whether *other* works in the same way as *rule*, so that one could hide the other."""
    if rule.effect in _INDICATIONS:
        return other.effect in _INDICATIONS
    if rule.agents:
        return other.effect is rule.effect and bool(set(rule.agents) & set(other.agents))
    return other.effect is rule.effect and not other.agents


def _offered(pathway: Pathway, treatment: Treatment) -> list[Wish]:
    """Return what lets *treatment* be offered."""
    name = treatment.id
    wishes = [_false(f"{verb}({name})") for verb in ("blocked", "held", "unjustified")]
    wishes += _none(
        r for r in pathway.rules.values() if r.effect is Effect.EXHAUST and name in r.on
    )
    wishes.append((OneOf(fact=f"tried_{_snake(treatment)}", words=("none",)), IS_TRUE))
    for node in (f"indicated({name})", f"ready({name})" if treatment.stage else ""):
        if node:
            # Where it cannot be had for certain, a doubt still lets the verdict turn on what is looked at.
            wishes += [_true(node), (Ref(name=node), NOT_FALSE)]
    return wishes


def _snake(treatment: Treatment) -> str:
    return treatment.id.replace("-", "_")


def _none(rules: Iterable[Rule]) -> list[Wish]:
    return [_false(f"rule:{rule.id}") for rule in rules]


def _true(name: str) -> Wish:
    return Ref(name=name), IS_TRUE


def _false(name: str) -> Wish:
    return Ref(name=name), IS_FALSE
