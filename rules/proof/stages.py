"""Statements about stages: every patient stands in one place, nothing is skipped, and nobody is left with nothing."""

from __future__ import annotations

from typing import Any

import z3

from rules.network import ASSESSED, IN_SCOPE
from rules.proof.logic import unknown
from rules.proof.model import LOGIC, SymbolicDecision
from rules.proof.search import Search
from rules.proof.statement import Proof, Statement, never, rules_of
from schemas.decision import State, Verdict
from schemas.pathway import Effect, Pathway

PT, OPIOID = "physical-therapy", "opioid"
NEEDLES = (
    "epidural-steroid-injection",
    "trigger-point-injection",
    "radiofrequency-ablation",
    "spinal-cord-stimulation",
)


def earlier_stages(pathway: Pathway, stage: str) -> list[str]:
    """Return every stage that must have been passed before *stage*, directly or through others."""
    found: dict[str, None] = {}
    waiting = list(pathway.stages[stage].after)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting.extend(pathway.stages[name].after)
    return [name for name in pathway.stages if name in found]


def members(pathway: Pathway, stage: str) -> list[str]:
    """Return the treatments the stage waits for."""
    return [t.id for t in pathway.treatments.values() if t.stage == stage and t.gate]


def early(decision: SymbolicDecision, treatment: str) -> Any:
    """Return that an early step is recorded."""
    return decision.facts.yes(f"early_{treatment.replace('-', '_')}")


def closed(decision: SymbolicDecision, treatment: str) -> Any:
    """Return that a treatment has had its chance, is not indicated, or need not be waited for; each definitely."""
    skip = rules_of(decision.pathway, treatment, Effect.SKIP)
    return z3.Or(
        decision.nodes[f"exhausted({treatment})"].so,
        decision.nodes[f"indicated({treatment})"].not_so,
        *(decision.nodes[f"rule:{rule.id}"].so for rule in skip if not rule.agents),
    )


# INV-P1, INV-P7, INV-P9


def offers_follow_closed_stages(search: Search) -> Proof:
    one, pathway = search.one.first, search.pathway
    cases = {}
    for treatment in pathway.treatments.values():
        if not treatment.stage:
            continue
        offered = z3.And(one.offered[treatment.id], z3.Not(early(one, treatment.id)))
        for stage in earlier_stages(pathway, treatment.stage):
            for member in members(pathway, stage):
                cases[f"{treatment.id} is offered while {member} of stage {stage} is open"] = (
                    z3.And(offered, z3.Not(closed(one, member)))
                )
    return never(search, search.one, cases)


def needles_follow_failed_care(search: Search) -> Proof:
    one, pathway = search.one.first, search.pathway
    failed = ("failed", "worse", "intolerant", "worn-off")
    therapy = one.facts.word("tried_physical_therapy", *failed)
    medicines = [
        t.id for t in pathway.treatments.values() if t.stage == "S1" and t.family == "medicine"
    ]
    exhausted = z3.Or(*(one.nodes[f"exhausted({m})"].so for m in medicines))
    cases = {}
    for treatment in NEEDLES:
        offered = z3.And(one.offered[treatment], z3.Not(early(one, treatment)))
        cases[f"{treatment} is offered though physical therapy has not failed"] = z3.And(
            offered, z3.Not(therapy)
        )
        cases[f"{treatment} is offered though no medicine has had its chance"] = z3.And(
            offered, z3.Not(exhausted)
        )
    return never(search, search.one, cases)


def nothing_outside_the_scope(search: Search) -> Proof:
    one = search.one.first
    inside = one.nodes[IN_SCOPE].so
    assessed = one.nodes[ASSESSED].so
    cases = {}
    for name, offered in one.offered.items():
        cases[f"{name} is offered outside the scope"] = z3.And(offered, z3.Not(inside))
        cases[f"{name} is offered without the minimum assessment"] = z3.And(
            offered, z3.Not(assessed)
        )
    return never(search, search.one, cases)


# INV-P2


def a_failed_trial_never_moves_back(search: Search) -> Proof:
    """Compare two patients who differ in one treatment only: in the second it has failed too."""
    pair, pathway = search.pair, search.pathway
    before, after = pair.first, pair.second
    cases = {}
    moved = z3.Or(
        *(
            z3.And(before.nodes[f"passed({s})"].so, z3.Not(after.nodes[f"passed({s})"].so))
            for s in pathway.stages
        )
    )
    for treatment in pathway.treatments:
        tied = [
            name
            for name, each in pathway.derivations.items()
            if (
                each.of[:1] == (treatment,) and each.rule in ("tried", "sessions", "procedure-date")
            )
            or each.of == ("spine",)
        ]
        others = [same for name, same in pair.same.items() if name not in tied]
        tried = f"tried_{treatment.replace('-', '_')}"
        parts = [
            pair.same[name]
            if name == tried
            else z3.Or(pair.same[name], after.facts.word(name, "failed"))
            for name in tied
            if name in after.facts.words and name != tried
        ]
        cases[f"one more failed trial of {treatment} moves the stage back"] = z3.And(
            *others, pair.same_medicines, *parts, after.facts.word(tried, "failed"),
            z3.Not(before.facts.word(tried, "responder", "partial")), moved,
        )  # fmt: skip
    return never(search, pair, cases)


# INV-P3


def exactly_one_state(search: Search) -> Proof:
    """Prove that the states, each said by itself and not as *none of the others before*, never overlap and
    leave no gap.
    """
    one, pathway = search.one.first, search.pathway
    red, scope = one.nodes["red(any)"].so, one.nodes[IN_SCOPE]
    ready = z3.And(z3.Not(red), scope.so, one.nodes[ASSESSED].so, one.complete)
    passed = {stage: one.nodes[f"passed({stage})"].so for stage in pathway.stages}
    alone: dict[State, Any] = {
        State.RED_SIGN: red,
        State.OUT_OF_SCOPE: z3.And(z3.Not(red), scope.not_so),
        State.NEEDS_ASSESSMENT: z3.And(z3.Not(red), z3.Not(scope.not_so), z3.Not(ready)),
        State.SPECIALIST_REVIEW: z3.And(ready, *passed.values()),
    }
    for stage in pathway.stages:
        before = [passed[s] for s in pathway.stages if s in earlier_stages(pathway, stage)]
        alone[State(stage)] = z3.And(ready, *before, z3.Not(passed[stage]))
    cases = {"a patient stands nowhere (gap)": z3.Not(z3.Or(*alone.values()))}
    states = list(alone)
    for at, state in enumerate(states):
        cases[f"the state decided is not the state described: {state}"] = z3.And(
            one.states[state] != alone[state]
        )
        for other in states[at + 1 :]:
            cases[f"{state} and {other} at once (overlap)"] = z3.And(alone[state], alone[other])
    return never(search, search.one, cases)


def stages_come_in_order(search: Search) -> Proof:
    one, pathway = search.one.first, search.pathway
    cases = {}
    for treatment in pathway.treatments.values():
        if not treatment.stage:
            continue
        here = list(pathway.stages).index(treatment.stage)
        for stage in list(pathway.stages)[:here]:
            cases[f"{treatment.id} is offered in stage {stage}, before its own"] = z3.And(
                one.states[State(stage)],
                one.offered[treatment.id],
                z3.Not(early(one, treatment.id)),
            )
    return never(search, search.one, cases)


# INV-P4


def never_nothing(search: Search) -> Proof:
    """Prove that a patient without an offer has something to be asked, to wait for, to keep, or a review.

    The list of next steps falls back on a specialist review; what is proved here is that everything it may rest on
    really is there: where data are needed there is an unanswered fact behind it, and where a treatment waits there
    is something it waits for.
    """
    one, pathway = search.one.first, search.pathway
    cases = {}
    for name, verdicts in one.verdicts.items():
        ready = one.nodes.get(f"ready({name})")
        if Verdict.NOT_YET in verdicts and ready is not None:
            stage = pathway.treatments[name].stage
            waits = [z3.Not(one.nodes[f"passed({s})"].so) for s in pathway.stages[stage].after] + [
                one.nodes[f"rule:{rule.id}"].not_so
                for rule in rules_of(pathway, name, Effect.REQUIRE)
                if not rule.agents
            ]
            cases[f"{name} is not yet, and waits for nothing"] = z3.And(
                verdicts[Verdict.NOT_YET], z3.Not(z3.Or(*waits))
            )
        asked = [
            unknown(LOGIC, one.nodes[f"{verb}({name})"])
            for verb in ("blocked", "held", "unjustified", "indicated", "ready")
            if f"{verb}({name})" in one.nodes
        ]
        tried = f"tried_{name.replace('-', '_')}"
        unsettled = (
            z3.Not(one.facts.known[tried]) if tried in one.facts.known else z3.BoolVal(False)
        )
        general = z3.Or(
            z3.Not(one.nodes[IN_SCOPE].so), z3.Not(one.nodes[ASSESSED].so), z3.Not(one.complete)
        )
        cases[f"{name} needs data, and nothing is asked"] = z3.And(
            verdicts[Verdict.NEEDS_DATA], z3.Not(z3.Or(*asked, unsettled, general))
        )
    cases |= _unanswered(search, one)
    return never(search, search.one, cases)


def _unanswered(search: Search, one: SymbolicDecision) -> dict[str, Any]:
    """Return, for what must be settled first, that it is open although every fact it rests on is known to the day."""
    cases = {}
    for name in (*search.network.screen(search.pathway), IN_SCOPE, ASSESSED):
        facts = search.network.facts([name])
        leaves = [leaf for leaf in search.network.leaves if leaf.fact in facts]
        settled = z3.And(
            *(z3.Not(unknown(LOGIC, one.leaves[leaf])) for leaf in leaves),
            *(one.facts.known[fact] for fact in facts),
        )
        cases[f"{name} is open though everything it asks is answered"] = z3.And(
            unknown(LOGIC, one.nodes[name]), settled
        )
    return cases


STATEMENTS = (
    Statement(
        "INV-P1",
        "a treatment of a later stage is offered only when every treatment an earlier stage waits for has "
        "definitely had its chance, "
        "is not indicated or need not be awaited, or an early step is recorded",
        offers_follow_closed_stages,
    ),
    Statement(
        "INV-P2",
        "one more failed trial never moves the stage back",
        a_failed_trial_never_moves_back,
    ),
    Statement(
        "INV-P3",
        "every patient is in exactly one state: no gap, no overlap, and it is the one decided",
        exactly_one_state,
    ),
    Statement(
        "INV-P3-order",
        "in a stage nothing of a later stage is offered unless an early step is recorded",
        stages_come_in_order,
    ),
    Statement(
        "INV-P4",
        "nobody is left with nothing: what needs data has an open question behind it, what is not yet has "
        "something to wait for",
        never_nothing,
    ),
    Statement(
        "INV-P7",
        "injections, ablation and stimulation come only after physical therapy has failed and a medicine has had "
        "its chance, or after a recorded early step",
        needles_follow_failed_care,
        (PT, *NEEDLES, "tried_physical_therapy"),
    ),
    Statement(
        "INV-P9",
        "outside the scope, and without the minimum assessment, nothing is offered",
        nothing_outside_the_scope,
    ),
)
