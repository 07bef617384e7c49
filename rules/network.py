"""The network of conclusions: every finding, rule and generated conclusion of a pathway, in order.

A node is a named condition over facts and earlier nodes. The whole decision is read off these nodes, so
every reader (engine, evaluator, proofs, columns) needs to understand nothing but this list.

    finding     a finding of the documents, by its id
    rule:ID     the condition of a rule, its exceptions taken away
    sign:ID     a red sign is open;  red(U0), red(any)  a sign of that urgency is open
    held(t) blocked(t) unjustified(t) recommended(t) indicated(t) required(t) exhausted(t) done(t) ready(t)
    agent:t/a   a medicine inside a treatment is blocked
    open(t)     its stage is open, or an early step is recorded
    passed(S)   every gate member of the stage is done and its own condition holds
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from schemas.condition import (
    And,
    Condition,
    Is,
    Leaf,
    Not,
    Or,
    Ref,
    facts_of,
    references_of,
    walk,
)
from schemas.errors import PathwayError, Problem
from schemas.pathway import Effect, Pathway, Rule, Treatment, Urgency

IN_SCOPE, ASSESSED = "in_scope", "assessed"
"""Two findings the documents must define: who the pathway is for, and that enough is recorded to advise."""


@dataclass(frozen=True)
class Node:
    name: str
    condition: Condition


@dataclass(frozen=True)
class Network:
    """All nodes, every node after the ones it refers to; and their comparisons, each once."""

    nodes: tuple[Node, ...]
    leaves: tuple[Leaf, ...]

    @cached_property
    def index(self) -> dict[str, int]:
        return {node.name: at for at, node in enumerate(self.nodes)}

    @cached_property
    def leaf_index(self) -> dict[Leaf, int]:
        return {leaf: at for at, leaf in enumerate(self.leaves)}

    @cached_property
    def conditions(self) -> dict[str, Condition]:
        return {node.name: node.condition for node in self.nodes}

    def screen(self, pathway: Pathway) -> tuple[str, ...]:
        """Return the nodes that must be decided before red signs count as looked for: signs and amber prompts."""
        prompts = (r.id for r in pathway.rules.values() if r.effect is Effect.ADVISE and r.sign)
        return (*(f"sign:{sign}" for sign in pathway.signs), *(f"rule:{rule}" for rule in prompts))

    def upstream(self, names: Iterable[str]) -> set[str]:
        """Return *names* and every node they rest on."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(references_of(self.conditions[name]))
        return found

    def facts(self, names: Iterable[str]) -> set[str]:
        """Return every fact that *names* rest on, directly or through earlier nodes."""
        return {fact for name in self.upstream(names) for fact in facts_of(self.conditions[name])}


def any_of(items: Iterable[Condition]) -> Condition:
    """Return the disjunction; of nothing it is false."""
    items = tuple(items)
    return items[0] if len(items) == 1 else Or(items=items)


def all_of(items: Iterable[Condition]) -> Condition:
    """Return the conjunction; of nothing it is true."""
    items = tuple(items)
    return items[0] if len(items) == 1 else And(items=items)


def _refs(names: Iterable[str]) -> tuple[Ref, ...]:
    return tuple(Ref(name=name) for name in names)


def build_network(pathway: Pathway) -> Network:
    """Lay out the network of *pathway*.

    Raises PathwayError when a conclusion rests on itself, or a finding the product needs is absent.
    """
    conditions: dict[str, Condition] = {f.id: f.when for f in pathway.findings.values()}
    conditions |= _rules(pathway)
    conditions |= _red_signs(pathway)
    for treatment in pathway.treatments.values():
        conditions |= _treatment(pathway, treatment)
    conditions |= _stages(pathway)
    for name in (IN_SCOPE, ASSESSED):
        if name not in conditions:
            raise PathwayError(
                Problem(
                    code="missing-finding",
                    message=f"the pathway does not define the finding `{name}`",
                    help="write it as a `finding` block",
                    where=pathway.id,
                )
            )
    nodes = tuple(Node(name, conditions[name]) for name in _in_order(pathway, conditions))
    leaves: dict[Leaf, None] = {}
    for node in nodes:
        for part in walk(node.condition):
            if not isinstance(part, And | Or | Not | Ref):
                leaves[part] = None
    return Network(nodes, tuple(leaves))


def _rules(pathway: Pathway) -> dict[str, Condition]:
    exceptions: dict[str, list[str]] = {}
    for rule in pathway.rules.values():
        for name in rule.overrides:
            exceptions.setdefault(name, []).append(rule.id)
    return {
        f"rule:{rule.id}": all_of(
            (rule.when, *(Not(item=Ref(name=f"rule:{name}")) for name in exceptions[rule.id]))
        )
        if rule.id in exceptions
        else rule.when
        for rule in pathway.rules.values()
    }


def _red_signs(pathway: Pathway) -> dict[str, Condition]:
    raising = [rule for rule in pathway.rules.values() if rule.effect is Effect.RED_SIGN]
    conditions: dict[str, Condition] = {
        f"sign:{sign}": any_of(_refs(f"rule:{rule.id}" for rule in raising if rule.sign == sign))
        for sign in pathway.signs
    }
    for urgency in Urgency:
        if urgency is not Urgency.U3:
            names = (f"rule:{rule.id}" for rule in raising if rule.urgency is urgency)
            conditions[f"red({urgency})"] = any_of(_refs(names))
    conditions["red(any)"] = any_of(_refs(f"sign:{sign}" for sign in pathway.signs))
    return conditions


def _treatment(pathway: Pathway, treatment: Treatment) -> dict[str, Condition]:
    name = treatment.id
    snake = name.replace("-", "_")

    def rules(*effects: Effect) -> list[Rule]:
        return [r for r in pathway.rules.values() if r.effect in effects and name in r.on]

    def whole(*effects: Effect) -> tuple[Ref, ...]:
        return _refs(f"rule:{r.id}" for r in rules(*effects) if not r.agents)

    conditions: dict[str, Condition] = {}
    every_agent: tuple[Condition, ...] = ()
    if treatment.agents:
        for agent in treatment.agents:
            limited = [r for r in rules(Effect.BLOCK) if agent in r.agents]
            conditions[f"agent:{name}/{agent}"] = any_of(_refs(f"rule:{r.id}" for r in limited))
        every_agent = (all_of(_refs(f"agent:{name}/{agent}" for agent in treatment.agents)),)
    blocked = (*whole(Effect.BLOCK), *every_agent)
    unjustified = all_of(
        (any_of(whole(Effect.BLOCK_UNLESS_JUSTIFIED)), Not(item=Is(fact=f"justified_{snake}")))
    )
    generated = {
        "held": any_of(whole(Effect.HOLD)),
        "blocked": any_of(blocked),
        "unjustified": unjustified,
        "recommended": any_of(whole(Effect.RECOMMEND)),
        "indicated": any_of(whole(Effect.RECOMMEND, Effect.CONSIDER)),
        "required": all_of(whole(Effect.REQUIRE)),
        "exhausted": any_of(
            (*whole(Effect.EXHAUST), Ref(name=f"blocked({name})"), Ref(name=f"unjustified({name})"))
        ),
        "done": any_of(
            (
                Ref(name=f"exhausted({name})"),
                Not(item=Ref(name=f"indicated({name})")),
                *whole(Effect.SKIP),
            )
        ),
    }
    conditions |= {f"{verb}({name})": condition for verb, condition in generated.items()}
    if treatment.stage:
        after = pathway.stages[treatment.stage].after
        stages = all_of(_refs(f"passed({stage})" for stage in after))
        conditions[f"open({name})"] = any_of((stages, Is(fact=f"early_{snake}")))
        conditions[f"ready({name})"] = all_of(_refs((f"open({name})", f"required({name})")))
    return conditions


def _stages(pathway: Pathway) -> dict[str, Condition]:
    conditions: dict[str, Condition] = {}
    for stage in pathway.stages.values():
        members = [t for t in pathway.treatments.values() if t.stage == stage.id and t.gate]
        parts: list[Condition] = [*_refs(f"done({t.id})" for t in members)]
        if stage.passed_when is not None:
            parts.append(stage.passed_when)
        conditions[f"passed({stage.id})"] = all_of(parts)
    return conditions


def _in_order(pathway: Pathway, conditions: dict[str, Condition]) -> list[str]:
    """Sort so that every name comes after the names it refers to; refuse circles and dangling names."""
    order: dict[str, None] = {}
    path: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in order:
            return
        if name in path:
            circle = " -> ".join([*list(path)[list(path).index(name) :], name])
            raise PathwayError(
                Problem(
                    code="circle",
                    message=f"`{name}` rests on itself: {circle}",
                    help="break the circle; a conclusion may use earlier ones only",
                    where=_place(pathway, name),
                )
            )
        if name not in conditions:
            raise PathwayError(
                Problem(
                    code="unknown-name",
                    message=f"nothing is called `{name}`",
                    help="see `The condition language` in pathways/README.md",
                    where=pathway.id,
                )
            )
        path[name] = None
        for reference in references_of(conditions[name]):
            visit(reference)
        del path[name]
        order[name] = None

    for name in conditions:
        visit(name)
    return list(order)


def _place(pathway: Pathway, name: str) -> str:
    if name in pathway.findings:
        return str(pathway.findings[name].place)
    rule = pathway.rules.get(name.removeprefix("rule:"))
    return str(rule.place) if rule else pathway.id
