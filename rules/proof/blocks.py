"""Statements about blocks: what is blocked or held is not offered, and a contraindication only ever makes the
answer more careful.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import z3

from rules.proof.arguments import LOWERED, REPLACED
from rules.proof.red_signs import at_least
from rules.proof.search import Search
from rules.proof.stages import NEEDLES
from rules.proof.statement import Proof, Statement, argued, never, rules_of, which
from schemas.facts import FactKind
from schemas.pathway import Effect, Rule

INFECTIONS = ("stimulator_site_infection", "infection_at_site", "active_infection")
FORBIDDING = (Effect.BLOCK, Effect.HOLD, Effect.BLOCK_UNLESS_JUSTIFIED)

# INV-C1, INV-C4


def offers_and_blocks_are_apart(search: Search) -> Proof:
    one, pathway = search.one.first, search.pathway
    cases = {}
    for name, offered in one.offered.items():
        for verb in ("blocked", "held", "unjustified"):
            cases[f"{name} is offered and {verb}"] = z3.And(
                offered, one.nodes[f"{verb}({name})"].so
            )
        for rule in rules_of(pathway, name, *FORBIDDING):
            holds = one.nodes[f"rule:{rule.id}"].so
            justified = one.facts.yes(f"justified_{name.replace('-', '_')}")
            if rule.agents:
                continue
            lifted = rule.effect is Effect.BLOCK_UNLESS_JUSTIFIED
            cases[f"{name} is offered against {rule.id}"] = z3.And(
                offered, holds, z3.Not(justified) if lifted else z3.BoolVal(True)
            )
        agents = pathway.treatments[name].agents
        if agents:
            free = [one.nodes[f"agent:{name}/{agent}"].not_so for agent in agents]
            cases[f"{name} is offered though none of its medicines is certainly free"] = z3.And(
                offered, z3.Not(z3.Or(*free))
            )
    return never(search, search.one, cases)


def unknown_contraindications_wait(search: Search) -> Proof:
    one, pathway = search.one.first, search.pathway
    cases = {}
    for name, offered in one.offered.items():
        justified = one.facts.yes(f"justified_{name.replace('-', '_')}")
        for rule in rules_of(pathway, name, *FORBIDDING):
            if rule.agents:
                continue
            lifted = rule.effect is Effect.BLOCK_UNLESS_JUSTIFIED
            cases[f"{name} is offered while {rule.id} is open"] = z3.And(
                offered,
                z3.Not(one.nodes[f"rule:{rule.id}"].not_so),
                z3.Not(justified) if lifted else z3.BoolVal(True),
            )
        for rule in rules_of(pathway, name, Effect.REQUIRE):
            cases[f"{name} is offered while the prerequisite {rule.id} is not met"] = z3.And(
                offered, z3.Not(one.nodes[f"rule:{rule.id}"].so)
            )
    return never(search, search.one, cases)


# INV-C2, INV-C3


def changes(search: Search, name: str) -> Any:
    """Return that the answer to one question alone is new: it was not given before, or was no or none; a number
    may have changed.
    """
    pair = search.pair
    before = pair.first.facts
    others = [same for other, same in pair.same.items() if other != name]
    definition = search.pathway.definition(name)
    new = z3.Not(before.known[name])
    match definition.kind:
        case FactKind.BOOLEAN:
            new = z3.Or(new, before.no(name))
        case FactKind.CHOICE | FactKind.SIGN:
            new = z3.Or(new, before.word(name, definition.choices[0]))
        case _:
            new = z3.BoolVal(True)
    return z3.And(*others, pair.same_medicines, pair.second.facts.known[name], new)


def added(search: Search, rule: Rule) -> Any:
    """Return that a contraindication holds afterwards and did not before."""
    node = f"rule:{rule.id}"
    return z3.And(z3.Not(search.pair.first.nodes[node].so), search.pair.second.nodes[node].so)


def contraindications(search: Search, treatment: str) -> Iterator[tuple[Rule, str]]:
    """Yield every rule that forbids *treatment*, with every stated fact that can make it hold."""
    for rule in rules_of(search.pathway, treatment, *FORBIDDING):
        for name in sorted(search.network.facts([f"rule:{rule.id}"])):
            if name in search.pathway.facts:
                yield rule, name


def adding_a_contraindication_adds_nothing(search: Search) -> Proof:
    pair, pathway = search.pair, search.pathway
    offers: dict[str, Any] = {}
    gone: dict[str, tuple[str, ...]] = {}
    facts: dict[str, dict[str, list[Rule]]] = {}
    for treatment in pathway.treatments:
        for rule, name in contraindications(search, treatment):
            facts.setdefault(name, {}).setdefault(treatment, []).append(rule)
    for name, treatments in facts.items():
        changed = changes(search, name)
        for treatment, rules in treatments.items():
            new = z3.Or(*(added(search, rule) for rule in rules if not rule.agents))
            offers[f"{name} adds a contraindication of {treatment}, and {treatment} is offered"] = (
                z3.And(changed, new, pair.second.offered[treatment], _unlifted(search, treatment))
            )
            for caution in _cautions_lost(search, treatment, name, rules, changed):
                what = f"goes when {name} adds a contraindication of {treatment}"
                gone[caution] = (*gone.get(caution, ()), what)
    return argued(never(search, pair, offers), gone, REPLACED, search)


def _unlifted(search: Search, treatment: str) -> Any:
    return z3.Not(search.pair.second.facts.yes(f"justified_{treatment.replace('-', '_')}"))


def _cautions_lost(
    search: Search, treatment: str, name: str, rules: list[Rule], changed: Any
) -> Iterator[str]:
    """Yield the cautions of *treatment* that go when *name* adds a contraindication of it."""
    pair = search.pair
    new = z3.Or(*(added(search, rule) for rule in rules))
    cases = {}
    for caution in rules_of(search.pathway, treatment, Effect.CAUTION):
        node = f"rule:{caution.id}"
        if name in search.network.facts([node]):
            cases[caution.id] = z3.And(
                pair.first.nodes[node].so, z3.Not(pair.second.nodes[node].so)
            )
    yield from which(search, pair, cases, changed, new)


def adding_a_contraindication_keeps_the_urgency(search: Search) -> Proof:
    pair = search.pair
    lowered = z3.Or(
        *(
            z3.And(when, z3.Not(at_least(pair.second, urgency)))
            for urgency, when in pair.first.urgencies.items()
        )
    )
    found: dict[str, tuple[str, ...]] = {}
    facts: dict[str, dict[str, Rule]] = {}
    for treatment in search.pathway.treatments:
        for rule, name in contraindications(search, treatment):
            facts.setdefault(name, {})[rule.id] = rule
    for name, rules in facts.items():
        cases = {
            f"adds {rule.id} and lowers the urgency": z3.And(added(search, rule), lowered)
            for rule in rules.values()
        }
        what = which(search, pair, cases, changes(search, name))
        if what:
            found[name] = tuple(what)
    return argued(Proof(True), found, LOWERED, search)


# INV-C7, INV-C8


def needles_and_antithrombotics(search: Search) -> Proof:
    one = search.one.first
    thinned = z3.Or(one.facts.yes("taking_anticoagulant"), one.facts.yes("taking_antiplatelet"))
    open_question = z3.Not(one.facts.known["taking_anticoagulant"])
    cases = {}
    for treatment in ("epidural-steroid-injection", "spinal-cord-stimulation"):
        offered = one.offered[treatment]
        said = [
            one.nodes[f"rule:{rule.id}"].so
            for rule in rules_of(search.pathway, treatment, Effect.CAUTION)
            if rule.topic == "X17" and not rule.agents
        ]
        cases[f"{treatment} is offered on an antithrombotic without an agreed plan"] = z3.And(
            offered, thinned, z3.Not(one.facts.yes("antithrombotic_plan_agreed"))
        )
        cases[f"{treatment} is offered on an antithrombotic without a caution"] = z3.And(
            offered, thinned, z3.Not(z3.Or(*said))
        )
        cases[f"{treatment} is offered while it is unknown what is taken"] = z3.And(
            offered, open_question
        )
    return never(search, search.one, cases)


def infection_stops_needles(search: Search) -> Proof:
    one = search.one.first
    suspected = z3.Or(
        one.nodes["infection_suspected"].so,
        *(one.facts.yes(fact) for fact in INFECTIONS),
    )
    cases = {
        f"{treatment} is offered though an infection is suspected": z3.And(
            one.offered[treatment], suspected
        )
        for treatment in NEEDLES
    }
    return never(search, search.one, cases)


STATEMENTS = (
    Statement(
        "INV-C1",
        "nothing that is blocked, held or blocked unless justified is offered, and every medicine class that is "
        "offered has a medicine that is free",
        offers_and_blocks_are_apart,
    ),
    Statement(
        "INV-C2",
        "adding a contraindication of a treatment never makes it an offer and takes no caution away",
        adding_a_contraindication_adds_nothing,
    ),
    Statement(
        "INV-C3",
        "adding a contraindication never lowers the urgency",
        adding_a_contraindication_keeps_the_urgency,
    ),
    Statement(
        "INV-C4",
        "while a contraindication is open or a prerequisite unmet the treatment is not offered",
        unknown_contraindications_wait,
    ),
    Statement(
        "INV-C7",
        "no epidural injection or stimulation on an antithrombotic without an agreed plan and a caution, or "
        "while it is unknown what is taken",
        needles_and_antithrombotics,
        (
            "epidural-steroid-injection",
            "spinal-cord-stimulation",
            "taking_anticoagulant",
            "taking_antiplatelet",
            "antithrombotic_plan_agreed",
        ),
    ),
    Statement(
        "INV-C8",
        "no needle, steroid or implant while an infection is suspected or present, in the body, at the site or "
        "at a stimulator",
        infection_stops_needles,
        (*NEEDLES, "infection_suspected", *INFECTIONS),
    ),
)
