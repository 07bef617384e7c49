"""Statements that something exists: no rule is dead or hidden, every verdict is reached.

Found is not believed: each patient is written as an input, read back with the ordinary code, and must come out as
the solver said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import z3

from rules.proof.arguments import HIDDEN, NEVER_DENIED, UNREACHED
from rules.proof.model import SymbolicDecision
from rules.proof.search import Search
from rules.proof.statement import Proof, Statement, argued, rules_of
from rules.treatments import REVISION
from schemas.decision import Verdict
from schemas.pathway import Effect, Pathway, Rule, Treatment

STOPPING = (Effect.BLOCK, Effect.HOLD)


def shown(search: Search, cases: Mapping[str, Any]) -> tuple[dict[str, str], int]:
    """Look for a patient for each of *cases*; return what is missing with the reason, and how many were found."""
    missing, found = {}, 0
    copies = search.given_one
    for name, case in cases.items():
        patient = search.find(copies, case)
        if patient is None:
            missing[name] = "no patient can show it"
        elif misread := patient.misread():
            missing[name] = f"a patient was found but is read otherwise: {', '.join(misread)}"
        else:
            found += 1
    return missing, found


def exists(
    search: Search, cases: Mapping[str, Any], arguments: Mapping[str, Any], prefix: str = ""
) -> Proof:
    missing, found = shown(search, cases)
    gaps = {name.removeprefix(prefix): (why,) for name, why in missing.items()}
    return argued(Proof(True, covered=found), gaps, arguments, search)


# dead rules


def every_rule_fires(search: Search) -> Proof:
    one = search.given_one.first
    return exists(search, {rule: one.nodes[f"rule:{rule}"].so for rule in search.pathway.rules}, {})


def every_rule_is_denied(search: Search) -> Proof:
    """No rule always holds, and none can only be unknown or true."""
    one = search.given_one.first
    return exists(
        search,
        {rule: one.nodes[f"rule:{rule}"].not_so for rule in search.pathway.rules},
        NEVER_DENIED,
    )


def every_finding_goes_both_ways(search: Search) -> Proof:
    one = search.given_one.first
    cases = {}
    for finding in search.pathway.findings:
        cases[f"{finding} is so"] = one.nodes[finding].so
        cases[f"{finding} is not so"] = one.nodes[finding].not_so
    return exists(search, cases, {})


# hidden rules


def no_rule_is_hidden(search: Search) -> Proof:
    """Find for every rule a patient for whom it, and no other rule of its kind, decides."""
    one = search.given_one.first
    cases = {}
    for rule in search.pathway.rules.values():
        alone = z3.Or(*_alone(one, search.pathway, rule))
        if rule.effect not in (Effect.ADVISE, Effect.CAUSE, Effect.SUPPORT):
            cases[rule.id] = alone
    return exists(search, cases, HIDDEN)


def _alone(one: SymbolicDecision, pathway: Pathway, rule: Rule) -> Iterator[Any]:
    """Yield, for each treatment the rule acts on, that it alone decides."""
    so = one.nodes[f"rule:{rule.id}"].so
    if rule.effect is Effect.RED_SIGN:
        rivals = [
            each
            for each in pathway.rules.values()
            if each.sign == rule.sign
            and each.effect is Effect.RED_SIGN
            and each.id != rule.id
            and (each.urgency or "") <= (rule.urgency or "")
        ]
        yield z3.And(so, _none(one, rivals))
    for name in rule.on:
        treatment = pathway.treatments[name]
        if rule.agents:
            yield from _alone_on_agents(one, pathway, rule, treatment)
        else:
            yield z3.And(_decides(one, pathway, rule, treatment))


def _none(one: SymbolicDecision, rules: list[Rule]) -> Any:
    return z3.Not(z3.Or(*(one.nodes[f"rule:{each.id}"].so for each in rules)))


def _alone_on_agents(
    one: SymbolicDecision, pathway: Pathway, rule: Rule, treatment: Treatment
) -> Iterator[Any]:
    so, offered = one.nodes[f"rule:{rule.id}"].so, one.offered[treatment.id]
    for agent in set(rule.agents) & set(treatment.agents):
        rivals = [
            each
            for each in rules_of(pathway, treatment.id, rule.effect)
            if agent in each.agents and each.id != rule.id
        ]
        if rule.effect is Effect.CAUTION:
            yield z3.And(so, offered, one.nodes[f"agent:{treatment.id}/{agent}"].not_so)
        else:
            yield z3.And(so, offered, _none(one, rivals))


def _decides(one: SymbolicDecision, pathway: Pathway, rule: Rule, treatment: Treatment) -> Any:
    name, verdicts = treatment.id, one.verdicts[treatment.id]
    so = one.nodes[f"rule:{rule.id}"]

    def rivals(*effects: Effect) -> list[Rule]:
        return [r for r in rules_of(pathway, name, *effects) if not r.agents and r.id != rule.id]

    def verdict(which: Verdict) -> Any:
        return verdicts.get(which, z3.BoolVal(False))

    match rule.effect:
        case Effect.RECOMMEND:
            others = rivals(Effect.RECOMMEND)
            return z3.And(so.so, verdict(Verdict.RECOMMEND), _none(one, others))
        case Effect.CONSIDER:
            others = rivals(Effect.CONSIDER)
            return z3.And(so.so, verdict(Verdict.CONSIDER), _none(one, others))
        case Effect.BLOCK | Effect.HOLD:
            agents = z3.And(*(one.nodes[f"agent:{name}/{agent}"].so for agent in treatment.agents))
            all_agents = agents if treatment.agents else z3.BoolVal(False)
            return z3.And(
                so.so, verdict(Verdict.BLOCK), _none(one, rivals(*STOPPING)), z3.Not(all_agents)
            )
        case Effect.BLOCK_UNLESS_JUSTIFIED:
            others = rivals(Effect.BLOCK_UNLESS_JUSTIFIED)
            return z3.And(so.so, verdict(Verdict.BLOCK_UNLESS_JUSTIFIED), _none(one, others))
        case Effect.REQUIRE:
            met = [one.nodes[f"rule:{each.id}"].so for each in rivals(Effect.REQUIRE)]
            waits = z3.Or(verdict(Verdict.NOT_YET), verdict(Verdict.NEEDS_DATA))
            return z3.And(
                z3.Not(so.so), waits, *met, one.nodes[f"open({name})"].so,
                one.nodes[f"indicated({name})"].so, one.nodes[f"blocked({name})"].not_so,
                one.nodes[f"held({name})"].not_so, one.nodes[f"unjustified({name})"].not_so,
            )  # fmt: skip
        case Effect.EXHAUST:
            return z3.And(so.so, verdict(Verdict.TRIED_FAILED), _none(one, rivals(Effect.EXHAUST)))
        case Effect.SKIP:
            return z3.And(
                so.so, z3.Not(one.nodes[f"exhausted({name})"].so),
                one.nodes[f"indicated({name})"].so, _none(one, rivals(Effect.SKIP)),
            )  # fmt: skip
        case Effect.CAUTION if name == REVISION:
            return z3.And(so.so, one.nodes["red(any)"].so)
        case _:
            return z3.And(so.so, z3.Or(one.offered[name], verdict(Verdict.ON_HOLD)))


# verdicts and states


def every_verdict_is_reached(search: Search) -> Proof:
    one, pathway = search.given_one.first, search.pathway
    cases = {}
    for name in pathway.treatments:
        for verdict in possible_verdicts(pathway, pathway.treatments[name]):
            cases[f"{name} {verdict}"] = one.verdicts[name].get(verdict, z3.BoolVal(False))
    return exists(search, cases, UNREACHED)


def possible_verdicts(pathway: Pathway, treatment: Treatment) -> list[Verdict]:
    """Return the verdicts for which the documents have a rule."""

    def some(*effects: Effect) -> bool:
        return any(not rule.agents for rule in rules_of(pathway, treatment.id, *effects))

    found = [Verdict.ON_HOLD, Verdict.NOT_INDICATED, Verdict.NEEDS_DATA]
    if some(*STOPPING):
        found.append(Verdict.BLOCK)
    if some(Effect.BLOCK_UNLESS_JUSTIFIED):
        found.append(Verdict.BLOCK_UNLESS_JUSTIFIED)
    if some(Effect.RECOMMEND):
        found.append(Verdict.RECOMMEND)
    if some(Effect.CONSIDER):
        found.append(Verdict.CONSIDER)
    if treatment.stage:
        found += [Verdict.TRIED_FAILED, Verdict.TRIED_HELPED]
        if some(Effect.REQUIRE) or pathway.stages[treatment.stage].after:
            found.append(Verdict.NOT_YET)
    return found


def every_treatment_is_offered(search: Search) -> Proof:
    one = search.given_one.first
    cases = {name: offered for name, offered in one.offered.items() if name != REVISION}
    proof = exists(search, cases, {})
    return proof


def every_state_is_reached(search: Search) -> Proof:
    one, pathway = search.given_one.first, search.pathway
    cases = {f"state {state}": when for state, when in one.states.items()}
    cases |= {f"urgency {urgency}": when for urgency, when in one.urgencies.items()}
    cases |= {f"sign {sign}": one.nodes[f"sign:{sign}"].so for sign in pathway.signs}
    cases |= {
        f"medicine {agent} of {name} ruled out": one.nodes[f"agent:{name}/{agent}"].so
        for name, treatment in pathway.treatments.items()
        for agent in treatment.agents
        if any(agent in rule.agents for rule in rules_of(pathway, name, Effect.BLOCK))
    }
    return exists(search, cases, {})


STATEMENTS = (
    Statement(
        "RULES-FIRE",
        "every rule holds for some patient: none is dead",
        every_rule_fires,
        existence=True,
    ),
    Statement(
        "RULES-DENIED",
        "every rule is definitely false for some patient: none always holds",
        every_rule_is_denied,
        existence=True,
    ),
    Statement(
        "FINDINGS",
        "every finding is so for some patient and not so for another",
        every_finding_goes_both_ways,
        existence=True,
    ),
    Statement(
        "INV-P6",
        "every treatment but revision is offered to some patient",
        every_treatment_is_offered,
        existence=True,
    ),
    Statement(
        "RULES-DECIDE",
        "every rule alone decides for some patient: none is always hidden behind others",
        no_rule_is_hidden,
        existence=True,
    ),
    Statement(
        "VERDICTS",
        "every verdict for which the documents have a rule is reached, for every treatment",
        every_verdict_is_reached,
        existence=True,
    ),
    Statement(
        "STATES",
        "every state, urgency, red sign and ruled-out medicine is reached",
        every_state_is_reached,
        existence=True,
    ),
)
