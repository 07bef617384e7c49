"""Statements about opioids: never first, never without their conditions, never beside what stops breathing."""

from __future__ import annotations

from typing import Any

import z3

from rules.proof.arguments import ONLY_OFFER
from rules.proof.logic import Three, unknown
from rules.proof.model import LOGIC, SymbolicDecision
from rules.proof.search import Search
from rules.proof.statement import Proof, Statement, argued, never, rules_of, which
from rules.proof.trial import translate
from schemas.condition import Condition, Or, Within
from schemas.decision import OFFERS, Verdict
from schemas.pathway import Effect

OPIOID, NSAID, RELAXANT = "opioid", "nsaid", "muscle-relaxant"

AROUND_SURGERY = Or(
    items=(
        Within(fact="planned_spine_surgery", setting="perioperative_before_days", side="future"),
        Within(fact="last_lumbar_surgery", setting="perioperative_after_days"),
    )
)
"""An operation is near: planned or done."""


def holds(one: SymbolicDecision, condition: Condition) -> Three[Any]:
    """Return the truth of a condition of ours on the symbolic patient."""
    return translate(condition, one.facts, one.nodes)


def other_medicines(search: Search) -> list[str]:
    return [
        t.id
        for t in search.pathway.treatments.values()
        if t.family == "medicine" and t.id != OPIOID
    ]


def never_first(search: Search) -> Proof:
    one = search.one.first
    offered = one.offered[OPIOID]
    nsaid_had_its_turn = z3.Or(
        one.nodes[f"done({NSAID})"].so,
        one.facts.yes("taking_nsaid"),
        one.facts.word("tried_nsaid", "running"),
    )
    near = holds(one, AROUND_SURGERY).so
    cases = {
        "an opioid is offered before an NSAID has had its turn": z3.And(
            offered, z3.Not(nsaid_had_its_turn)
        )
    }
    for medicine in other_medicines(search):
        cases[f"away from surgery an opioid is offered while {medicine} is to be waited for"] = (
            z3.And(offered, z3.Not(near), z3.Not(one.nodes[f"done({medicine})"].so))
        )
    return never(search, search.one, cases)


def never_the_only_offer(search: Search) -> Proof:
    """Prove that where an opioid is the only offer, no other medicine could still become one by an answer or a
    prerequisite.
    """
    one = search.one.first
    others = [offered for name, offered in one.offered.items() if name != OPIOID]
    near = holds(one, AROUND_SURGERY).so
    alone = z3.And(one.offered[OPIOID], z3.Not(z3.Or(*others)))
    open_verdicts = (*OFFERS, Verdict.NOT_YET, Verdict.NEEDS_DATA)
    cases = {}
    for medicine in other_medicines(search):
        verdicts = one.verdicts[medicine]
        cases[f"an opioid is the only offer while {medicine} is open"] = z3.And(
            alone, z3.Or(*(verdicts[v] for v in open_verdicts if v in verdicts))
        )
    around = which(search, search.one, cases, near)
    found = {"opioid-around-surgery": tuple(around)} if around else {}
    return argued(never(search, search.one, cases, z3.Not(near)), found, ONLY_OFFER, search)


def benzodiazepines(search: Search) -> Proof:
    one = search.one.first
    offered = one.offered[OPIOID]
    return never(
        search,
        search.one,
        {
            "an opioid is offered beside a benzodiazepine without a recorded reason": z3.And(
                offered,
                one.facts.yes("taking_benzodiazepine"),
                z3.Not(one.facts.yes("justified_opioid")),
            ),
            "an opioid is offered while it is unknown whether a benzodiazepine is taken": z3.And(
                offered, z3.Not(one.facts.known["taking_benzodiazepine"])
            ),
        },
    )


def use_disorder(search: Search) -> Proof:
    one = search.one.first
    disorder = "opioid_use_disorder"
    return never(
        search,
        search.one,
        {
            "an active use disorder does not block an opioid": z3.And(
                one.facts.word(disorder, "active-untreated"),
                z3.Not(one.verdicts[OPIOID][Verdict.BLOCK]),
            ),
            "an opioid is offered though nobody knows of a use disorder": z3.And(
                one.offered[OPIOID], z3.Not(one.facts.known[disorder])
            ),
        },
    )


def already_taken(search: Search) -> Proof:
    one = search.one.first
    taking = one.facts.yes("taking_opioid")
    advice = [
        one.nodes[f"rule:{rule.id}"].so
        for rule in search.pathway.rules.values()
        if rule.effect is Effect.ADVISE
        and "taking_opioid" in search.network.facts([f"rule:{rule.id}"])
    ]
    return never(
        search,
        search.one,
        {
            "an opioid is begun in somebody who takes one": z3.And(one.offered[OPIOID], taking),
            "an opioid is taken and no review is advised": z3.And(taking, z3.Not(z3.Or(*advice))),
        },
    )


def naloxone(search: Search) -> Proof:
    """Prove that with every offer of an opioid each reason for naloxone is named."""
    one = search.one.first
    named = z3.Or(
        *(
            one.nodes[f"rule:{rule.id}"].so
            for rule in rules_of(search.pathway, OPIOID, Effect.CAUTION)
            if rule.topic == "naloxone" and not rule.agents
        )
    )
    settings = one.facts.settings.values
    egfr, age = one.facts.value["egfr"], one.facts.value["age"]

    def at(setting: str) -> Any:
        value = settings[setting]
        return str(value) if not z3.is_expr(value) else value

    reasons = {
        "sleep apnoea": one.facts.yes("sleep_apnoea"),
        "older age": z3.And(one.facts.known["age"], z3.ToReal(age) >= at("age_older")),
        "a failing kidney": z3.And(one.facts.known["egfr"], z3.ToReal(egfr) < at("egfr_severe")),
        "a failing liver": one.facts.word("liver_disease", "moderate-or-severe"),
        "an earlier overdose": one.facts.yes("prior_overdose"),
        "a dose of extra risk": z3.And(
            one.facts.known["mme_per_day"],
            one.facts.value["mme_per_day"] >= at("mme_risk_per_day"),
        ),
    }
    return never(
        search,
        search.one,
        {
            f"an opioid is offered in {reason} without a word on naloxone": z3.And(
                one.offered[OPIOID], so, z3.Not(named)
            )
            for reason, so in reasons.items()
        },
    )


def three_sedatives(search: Search) -> Proof:
    one = search.one.first
    return never(
        search,
        search.one,
        {
            "an opioid and a relaxant are offered together beside a benzodiazepine": z3.And(
                one.offered[OPIOID],
                one.offered[RELAXANT],
                one.facts.yes("taking_benzodiazepine"),
            ),
            "a relaxant is offered beside opioid and benzodiazepine": z3.And(
                one.offered[RELAXANT],
                one.facts.yes("taking_benzodiazepine"),
                one.facts.yes("taking_opioid"),
            ),
            "an opioid is offered beside relaxant and benzodiazepine": z3.And(
                one.offered[OPIOID],
                one.facts.yes("taking_benzodiazepine"),
                one.facts.yes("taking_muscle_relaxant"),
            ),
        },
    )


def only_severe_pain_or_surgery(search: Search) -> Proof:
    one = search.one.first
    severe, near = one.nodes["pain_severe"], holds(one, AROUND_SURGERY)
    return never(
        search,
        search.one,
        {
            "an opioid is offered without severe pain and without an operation near": z3.And(
                one.offered[OPIOID], z3.Not(severe.so), z3.Not(near.so)
            ),
            "an opioid is offered although neither severe pain nor surgery is settled": z3.And(
                one.offered[OPIOID], unknown(LOGIC, severe), unknown(LOGIC, near)
            ),
        },
    )


STATEMENTS = (
    Statement(
        "INV-O1",
        "an opioid is never the first medicine: an NSAID has had its turn and, away from surgery, every other "
        "medicine its chance",
        never_first,
        (
            OPIOID,
            NSAID,
            "taking_nsaid",
            "tried_nsaid",
            "planned_spine_surgery",
            "last_lumbar_surgery",
        ),
    ),
    Statement(
        "INV-O1-only",
        "away from surgery an opioid is never the only offer while another medicine is offered, needs data or is "
        "not yet",
        never_the_only_offer,
        (OPIOID, "planned_spine_surgery", "last_lumbar_surgery"),
    ),
    Statement(
        "INV-O3",
        "beside a benzodiazepine no opioid without a recorded reason; while it is unknown, none",
        benzodiazepines,
        (OPIOID, "taking_benzodiazepine", "justified_opioid"),
    ),
    Statement(
        "INV-O4",
        "an active use disorder blocks opioids; while it is unknown none is offered",
        use_disorder,
        (OPIOID, "opioid_use_disorder"),
    ),
    Statement(
        "INV-O5",
        "an opioid that is taken is never begun; it is reviewed",
        already_taken,
        (OPIOID, "taking_opioid"),
    ),
    Statement(
        "INV-O6",
        "with every offer of an opioid each reason for naloxone is named",
        naloxone,
        (OPIOID, "sleep_apnoea", "age", "egfr", "liver_disease", "prior_overdose", "mme_per_day"),
    ),
    Statement(
        "INV-O7",
        "opioid, benzodiazepine and relaxant are never put together",
        three_sedatives,
        (OPIOID, RELAXANT, "taking_benzodiazepine", "taking_opioid", "taking_muscle_relaxant"),
    ),
    Statement(
        "INV-O8",
        "without severe pain and without an operation near, no opioid",
        only_severe_pain_or_surgery,
        (OPIOID, "pain_severe", "planned_spine_surgery", "last_lumbar_surgery"),
    ),
)
