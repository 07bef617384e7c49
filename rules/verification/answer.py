"""What an answer shows, as statements about an arbitrary patient: two answers differ where one of them does.

The same lines that `shown.py` and `rules/outline.py` read off patients at hand, for a solver; the tables are those of
the proofs. A test holds the two together: what a patient notices is never called equivalent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rules.network import ASSESSED, IN_SCOPE, Network
from rules.proof.logic import Three, Z3Logic, unknown
from rules.proof.tables import Standing, decided, state_rows, urgency_rows, verdict_rows
from rules.verification.everybody import Everybody
from rules.verification.shown import Key
from schemas.condition import OneOf
from schemas.decision import OFFERS, Verdict
from schemas.pathway import Effect, Pathway, Rule, Treatment, Urgency

Nodes = Mapping[str, Three[Any]]
LOGIC = Z3Logic()
_NEVER: Three[Any] = Three(LOGIC.no, LOGIC.yes)
_ALWAYS: Three[Any] = Three(LOGIC.yes, LOGIC.no)
_VERBS = ("blocked", "held", "unjustified", "indicated", "recommended", "ready")
_URGENT = (Effect.RED_SIGN, Effect.ADVISE, Effect.CAUSE)


@dataclass(frozen=True)
class Answer:
    """What an answer may hold, and when it does; a line left out is in no answer."""

    lines: Mapping[Key, Any]
    complete: Any
    """That no red sign and no amber prompt is open to doubt."""
    screen: tuple[Three[Any], ...]
    verdicts: Mapping[str, tuple[tuple[Any, ...], Mapping[Verdict, Any]]]
    """By treatment: the conclusions its verdict rests on, and when it has which."""


def answer(
    pathway: Pathway,
    network: Network,
    nodes: Nodes,
    everybody: Everybody,
    like: Answer | None = None,
) -> Answer:
    """Return what an answer made of *nodes* shows; what rests on the same conclusions is taken over from *like*."""
    screen = tuple(nodes[name] for name in network.screen(pathway))
    if like is not None and _alike(screen, like.screen):
        complete = like.complete
    else:
        doubts = LOGIC.some(unknown(LOGIC, truth) for truth in screen)
        complete = everybody.define(LOGIC.opposite(doubts))
    passed = {stage: nodes[f"passed({stage})"] for stage in pathway.stages}
    states = state_rows(
        LOGIC, nodes["red(any)"], nodes[IN_SCOPE], nodes[ASSESSED], complete, passed
    )
    raised = [
        (rule.urgency, nodes[f"rule:{rule.id}"].so)
        for rule in pathway.rules.values()
        if rule.effect in _URGENT and rule.urgency is not None
    ]
    urgencies = urgency_rows(LOGIC, raised)
    lines: dict[Key, Any] = {
        ("complete",): complete,
        ("scope", "in"): nodes[IN_SCOPE].so,
        ("scope", "out"): nodes[IN_SCOPE].not_so,
        **{("state", state.value): so for state, so in decided(LOGIC, states).items()},
        **{("urgency", urgency.value): so for urgency, so in decided(LOGIC, urgencies).items()},
        **{("sign", sign): nodes[f"sign:{sign}"].so for sign in pathway.signs},
    }
    found: dict[str, tuple[tuple[Any, ...], Mapping[Verdict, Any]]] = {}
    for treatment in pathway.treatments.values():
        name = treatment.id
        inputs = (complete, *_inputs(pathway, treatment, nodes))
        known = None if like is None else like.verdicts.get(name)
        if known is None or not _alike(inputs, known[0]):
            standing = _standing(pathway, treatment, nodes, complete, everybody)
            known = (inputs, decided(LOGIC, verdict_rows(LOGIC, standing)))
        found[name] = known
        lines |= {("verdict", name, verdict.value): so for verdict, so in known[1].items()}
        for agent in treatment.agents:
            truth = nodes[f"agent:{name}/{agent}"]
            lines["agent", name, agent, "blocked"] = truth.so
            lines["agent", name, agent, "open"] = truth.not_so
    offered = {
        name: LOGIC.some(so for verdict, so in each.items() if verdict in OFFERS)
        for name, (_, each) in found.items()
    }
    return Answer(lines | _of_rules(pathway, nodes, offered), complete, screen, found)


def _alike(left: tuple[Any, ...], right: tuple[Any, ...]) -> bool:
    return len(left) == len(right) and all(a is b for a, b in zip(left, right, strict=True))


def _inputs(pathway: Pathway, treatment: Treatment, nodes: Nodes) -> Iterator[Any]:
    """Yield the conclusions the verdict on *treatment* rests on."""
    yield from (nodes.get(f"{verb}({treatment.id})") for verb in _VERBS)
    yield from (nodes["red(any)"], nodes[IN_SCOPE], nodes[ASSESSED])
    for rule in _exhausting(pathway, treatment):
        yield nodes[f"rule:{rule.id}"]


def _exhausting(pathway: Pathway, treatment: Treatment) -> list[Rule]:
    rules = pathway.rules.values()
    return [rule for rule in rules if rule.effect is Effect.EXHAUST and treatment.id in rule.on]


def _of_rules(pathway: Pathway, nodes: Nodes, offered: Mapping[str, Any]) -> dict[Key, Any]:
    lines: dict[Key, Any] = {}
    for rule in pathway.rules.values():
        truth = nodes[f"rule:{rule.id}"]
        if rule.effect is Effect.CAUTION:
            for on in rule.on:
                for agent in rule.agents or ("",):
                    lines["caution", on, agent, rule.id] = truth.so
                lines["asks", on, rule.id] = LOGIC.every((unknown(LOGIC, truth), offered[on]))
        elif rule.effect in (Effect.ADVISE, Effect.CAUSE, Effect.SUPPORT):
            due = rule.urgency or rule.within or Urgency.U3
            lines[rule.effect.value, rule.id, due.value] = truth.so
        elif rule.effect is Effect.RED_SIGN:
            key = ("sign", rule.sign, (rule.urgency or Urgency.U3).value)
            lines[key] = LOGIC.some((truth.so, lines[key])) if key in lines else truth.so
    return lines


def _standing(
    pathway: Pathway, treatment: Treatment, nodes: Nodes, complete: Any, everybody: Everybody
) -> Standing[Any]:
    """Return what the verdict rests on; the counterpart of `Outliner.standing`."""
    name = treatment.id
    tried = f"tried_{name.replace('-', '_')}"
    exhaust = [nodes[f"rule:{rule.id}"] for rule in _exhausting(pathway, treatment)]
    staged = f"ready({name})" in nodes
    words = [word for word in everybody.values[tried] if word is not None]
    return Standing(
        blocked=_worst(nodes[f"blocked({name})"], nodes[f"held({name})"]),
        unjustified=nodes[f"unjustified({name})"],
        indicated=nodes[f"indicated({name})"],
        recommended=nodes[f"recommended({name})"],
        ready=nodes[f"ready({name})"] if staged else _ALWAYS,
        exhausted_by_trial=_worst(*exhaust),
        has_exhaust_rule=bool(exhaust),
        tried={word: everybody.leaf(OneOf(fact=tried, words=(word,))).so for word in words}
        if staged
        else {"none": LOGIC.yes},
        red=nodes["red(any)"],
        scope=nodes[IN_SCOPE],
        assessed=LOGIC.every((complete, nodes[ASSESSED].so)),
    )


def _worst(*items: Three[Any]) -> Three[Any]:
    """Return the greatest of several truths, as `max` does; of none it is false."""
    if not items:
        return _NEVER
    return Three(LOGIC.some(item.so for item in items), LOGIC.every(item.not_so for item in items))
