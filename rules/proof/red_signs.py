"""Statements about red signs: raised by their own facts, never lowered by worse news, and holding everything else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import z3

from rules.gravity import SECTION
from rules.proof.arguments import GIVES_WAY, LOWER_URGENCY, READ_BESIDE
from rules.proof.model import SymbolicDecision
from rules.proof.patient import DateRange
from rules.proof.search import Search
from rules.proof.statement import Proof, Statement, all_of, argued, never
from rules.treatments import REVISION
from schemas.decision import OFFERS, Verdict
from schemas.facts import FactKind
from schemas.pathway import Effect, Treatment, Urgency

OPEN_WORDS = ("new", "worsening", "onset-unknown")
HELD = (Verdict.BLOCK, Verdict.BLOCK_UNLESS_JUSTIFIED, Verdict.ON_HOLD)


def raising(search: Search, decision: SymbolicDecision) -> list[Any]:
    return [
        decision.nodes[f"rule:{rule.id}"].so
        for rule in search.pathway.rules.values()
        if rule.effect is Effect.RED_SIGN
    ]


def at_least(decision: SymbolicDecision, urgency: Urgency) -> Any:
    """Return that the urgency is *urgency* or more urgent."""
    return z3.Or(*(when for each, when in decision.urgencies.items() if each <= urgency))


def red_facts(search: Search) -> list[str]:
    """Return the facts that the red signs read, in the order of the dictionary."""
    names = search.network.facts(f"sign:{sign}" for sign in search.pathway.signs)
    return [name for name in (*search.pathway.facts, *search.pathway.derivations) if name in names]


# INV-R1


def urgency_of_signs(search: Search) -> Proof:
    one = search.one.first
    cases = {
        "a red sign is open and the urgency is routine": z3.And(
            one.nodes["red(any)"].so, one.urgencies[Urgency.U3]
        )
    }
    for rule in search.pathway.rules.values():
        if rule.effect is Effect.RED_SIGN and rule.urgency is not None:
            cases[f"rule {rule.id} holds and the urgency is lower than its own"] = z3.And(
                one.nodes[f"rule:{rule.id}"].so, z3.Not(at_least(one, rule.urgency))
            )
    if "cauda_equina_feature" in search.pathway.findings:
        cases["a cauda equina feature is present and the urgency is not U0"] = z3.And(
            one.nodes["cauda_equina_feature"].so, z3.Not(one.urgencies[Urgency.U0])
        )
    if {"weakness_open", "weakness_mrc"} <= {*search.pathway.findings, *search.pathway.facts}:
        cases["open weakness of unknown grade is less than U1"] = z3.And(
            one.nodes["weakness_open"].so,
            z3.Not(one.facts.known["weakness_mrc"]),
            z3.Not(at_least(one, Urgency.U1)),
        )
    proof = never(search, search.one, cases)
    lower: dict[str, tuple[str, ...]] = {}
    for name in red_facts(search):
        if search.pathway.definition(name).kind is FactKind.SIGN:
            is_open = one.facts.word(name, *OPEN_WORDS)
            if search.possible(search.one, is_open, z3.Not(at_least(one, Urgency.U1))):
                lower[name] = ("open, and less urgent than U1",)
                if search.possible(search.one, is_open, one.urgencies[Urgency.U3]):
                    lower[name] += ("open, and routine",)
    return argued(proof, lower, LOWER_URGENCY, search)


# INV-R2, INV-R3


def flag_follows_signs(search: Search) -> Proof:
    one = search.one.first
    some = z3.Or(*raising(search, one))
    cases = {
        "a red-sign rule holds and no sign is open": z3.And(some, z3.Not(one.nodes["red(any)"].so)),
        "a sign is open and no red-sign rule holds": z3.And(one.nodes["red(any)"].so, z3.Not(some)),
    }
    return never(search, search.one, cases)


def revision_is_never_offered(search: Search) -> Proof:
    one = search.one.first
    red = one.nodes["red(any)"].so
    verdicts = one.verdicts[REVISION]
    cases = {
        f"revision is {verdict}": verdicts[verdict] for verdict in OFFERS if verdict in verdicts
    } | {
        "revision is indicated": one.nodes[f"indicated({REVISION})"].so,
        "revision is on hold, which raises the flag, without a red sign": z3.And(
            verdicts[Verdict.ON_HOLD], z3.Not(red)
        ),
        "an open red sign does not raise the flag": z3.And(
            red, z3.Not(z3.Or(*(verdicts[v] for v in HELD if v in verdicts)))
        ),
    }
    return never(search, search.one, cases)


# INV-R5


def worse_news(search: Search) -> Proof:
    """Prove, fact by fact, that a worse answer lowers nothing.

    Worse, for a sign: none, stable, open. For a yes/no fact or a number the direction is found: there must be one
    in which the urgency never falls and no sign is lost, unless a more urgent sign of the same fact takes its
    place.
    """
    proofs: list[Proof] = []
    found: dict[str, tuple[str, ...]] = {}
    for name in red_facts(search):
        proof, gone = _worse(search, name)
        proofs.append(proof)
        found |= dict.fromkeys(gone, ("gives way to a more urgent sign of the same fact",))
    return argued(all_of(proofs), found, GIVES_WAY, search)


def _worse(search: Search, name: str) -> tuple[Proof, list[str]]:
    pair = search.pair
    before, after = pair.first, pair.second
    others = [same for other, same in pair.same.items() if other != name]
    given = [*others, pair.same_medicines, before.facts.known[name], after.facts.known[name]]
    lowered = z3.Or(
        *(
            z3.And(when, z3.Not(at_least(after, urgency)))
            for urgency, when in before.urgencies.items()
        )
    )
    lost = {
        sign: z3.And(before.nodes[f"sign:{sign}"].so, z3.Not(after.nodes[f"sign:{sign}"].so))
        for sign in search.pathway.signs
    }
    wrong = z3.Or(
        lowered,
        *(z3.And(case, z3.Not(_replaced(search, sign, name))) for sign, case in lost.items()),
    )
    directions = list(_directions(search, name))
    for direction in directions:
        if not search.possible(pair, *given, direction, wrong):
            gone = []
            if search.possible(pair, *given, direction, z3.Or(*lost.values())):
                gone = [s for s, c in lost.items() if search.possible(pair, *given, direction, c)]
            return Proof(True), gone
    what = f"{name} changes for the worse, and the urgency falls or a sign is lost"
    example = search.example(pair, what, *given, directions[0], wrong)
    return Proof(False, example, open=(what,)), []


def _replaced(search: Search, sign: str, name: str) -> Any:
    """Return that a rule more urgent than those of *sign* holds afterwards and reads the fact *name*."""
    before, after = search.pair.first, search.pair.second
    rules = [r for r in search.pathway.rules.values() if r.effect is Effect.RED_SIGN and r.urgency]
    return z3.Or(
        *(
            z3.And(before.nodes[f"rule:{old.id}"].so, after.nodes[f"rule:{new.id}"].so)
            for old in rules
            for new in rules
            if old.sign == sign
            and (new.urgency or Urgency.U3) < (old.urgency or Urgency.U3)
            and name in search.network.facts([f"rule:{new.id}"])
        )
    )


def _directions(search: Search, name: str) -> Iterator[Any]:
    """Yield what *worse* may mean for a fact; for most there are two candidates."""
    before, after = search.pair.first.facts, search.pair.second.facts
    definition = search.pathway.definition(name)
    match definition.kind:
        case FactKind.SIGN:
            yield z3.Or(
                z3.And(before.word(name, "none"), z3.Not(after.word(name, "none"))),
                z3.And(before.word(name, "none", "stable"), after.word(name, *OPEN_WORDS)),
            )
        case FactKind.CHOICE:
            words = definition.choices
            yield z3.Or(
                *(
                    z3.And(before.word(name, word), after.word(name, *words[at + 1 :]))
                    for at, word in enumerate(words[:-1])
                )
            )
        case FactKind.BOOLEAN:
            yield z3.And(before.no(name), after.yes(name))
            yield z3.And(before.yes(name), after.no(name))
        case FactKind.DATE:
            older, newer = before.value[name], after.value[name]
            assert isinstance(older, DateRange)
            yield z3.And(
                newer.earliest >= older.earliest, newer.latest >= older.latest, newer.earliest <= 0
            )
        case _:
            yield after.value[name] > before.value[name]
            yield after.value[name] < before.value[name]


# INV-R6, INV-R7


def stopped_by_emergencies(treatment: Treatment) -> bool:
    """Tell whether an emergency sign blocks it: needles, implants, therapy and NSAIDs, for an operation may follow."""
    return (
        treatment.family in ("minimally-invasive", "physical-therapy")
        or treatment.medicine_class == "nsaid"
    )


def signs_hold_everything(search: Search) -> Proof:
    one = search.one.first
    red, emergency = one.nodes["red(any)"].so, one.nodes["red(U0)"].so
    cases = {}
    for name, verdicts in one.verdicts.items():
        held = z3.Or(*(verdicts[v] for v in HELD if v in verdicts))
        cases[f"{name} is not held while a red sign is open"] = z3.And(red, z3.Not(held))
        if stopped_by_emergencies(search.pathway.treatments[name]):
            cases[f"{name} is not blocked while an emergency sign is open"] = z3.And(
                emergency, z3.Not(verdicts[Verdict.BLOCK])
            )
    return never(search, search.one, cases)


def doubt_offers_nothing(search: Search) -> Proof:
    one = search.one.first
    doubt = z3.Not(one.complete)
    return never(
        search,
        search.one,
        {
            f"{name} is offered while a red-sign question is open": z3.And(doubt, offered)
            for name, offered in one.offered.items()
        },
    )


# INV-R9, INV-R13


def signs_read_their_own_facts(search: Search) -> Proof:
    pair = search.pair
    facts = red_facts(search)
    beside = {
        name: ("read by a red sign",)
        for name in facts
        if name not in search.pathway.facts or search.pathway.facts[name].section != SECTION
    }
    same = [pair.same[name] for name in facts]
    cases = {
        f"{sign} differs though no red-sign fact does": z3.Or(
            pair.first.nodes[f"sign:{sign}"].so != pair.second.nodes[f"sign:{sign}"].so,
            pair.first.nodes[f"sign:{sign}"].not_so != pair.second.nodes[f"sign:{sign}"].not_so,
        )
        for sign in search.pathway.signs
    }
    return argued(never(search, pair, cases, *same), beside, READ_BESIDE, search)


def signs_do_not_ask_for_scope(search: Search) -> Proof:
    signs = [f"sign:{sign}" for sign in search.pathway.signs]
    wrong = {"in_scope", "assessed"} & search.network.upstream(signs)
    return Proof(not wrong, open=tuple(sorted(wrong)))


STATEMENTS = (
    Statement(
        "INV-R1",
        "the urgency is that of the most urgent open sign; cauda equina features are U0; an open neurological "
        "sign is at least U1; an unknown grade counts as severe",
        urgency_of_signs,
    ),
    Statement(
        "INV-R2", "the surgical flag is raised exactly when a red sign is open", flag_follows_signs
    ),
    Statement(
        "INV-R3",
        "revision surgery is never offered and never indicated; its flag needs a red sign and follows from every "
        "red sign",
        revision_is_never_offered,
        (REVISION,),
    ),
    Statement(
        "INV-R5",
        "adding a red sign, or learning that an old one is new, worsening or of unknown onset, never lowers the "
        "urgency and loses no sign",
        worse_news,
    ),
    Statement(
        "INV-R6",
        "while a red sign is open every treatment is on hold or blocked; under an emergency sign needles, "
        "implants, therapy and NSAIDs are blocked",
        signs_hold_everything,
    ),
    Statement(
        "INV-R7",
        "while a red-sign question is open nothing is offered",
        doubt_offers_nothing,
    ),
    Statement(
        "INV-R9",
        "red signs depend on red-sign facts only: whatever else differs, they are the same",
        signs_read_their_own_facts,
    ),
    Statement(
        "INV-R13",
        "no red sign asks whether the patient is in scope or assessed",
        signs_do_not_ask_for_scope,
    ),
)
