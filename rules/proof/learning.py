"""Statements about learning: a fact that becomes known refines the answer; the exceptions have names.

Kleene's logic gives this for nothing, except where a condition asks whether a fact is *known*. So the statements
come in two parts: when no fact that is asked for so becomes known, whatever else is learned at once, nothing is
overturned; and for each of those facts it is found what learning it alone can overturn. Every such fact is an
exception and needs an argument; one that nobody has argued for leaves the statement unproved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import z3

from rules.proof.arguments import LEARNING, OPENS, SETTLES, TRIAL, Argument
from rules.proof.patient import SymbolicFacts
from rules.proof.search import Pair, Search
from rules.proof.statement import Proof, Statement, argued, never, which
from rules.proof.trial import SymbolicTrial
from schemas.condition import Known, Within, walk
from schemas.decision import OFFERS, Verdict

V = Verdict
ALLOWED: dict[Verdict, frozenset[Verdict]] = {
    V.BLOCK: frozenset({V.BLOCK}),
    V.BLOCK_UNLESS_JUSTIFIED: frozenset({V.BLOCK, V.BLOCK_UNLESS_JUSTIFIED}),
    V.ON_HOLD: frozenset({V.BLOCK, V.BLOCK_UNLESS_JUSTIFIED, V.ON_HOLD}),
    V.TRIED_FAILED: frozenset({V.BLOCK, V.BLOCK_UNLESS_JUSTIFIED, V.TRIED_FAILED}),
    V.TRIED_HELPED: frozenset({V.BLOCK, V.BLOCK_UNLESS_JUSTIFIED, V.TRIED_FAILED, V.TRIED_HELPED}),
    V.NOT_INDICATED: frozenset(
        {
            V.BLOCK,
            V.BLOCK_UNLESS_JUSTIFIED,
            V.ON_HOLD,
            V.TRIED_FAILED,
            V.TRIED_HELPED,
            V.NOT_INDICATED,
        }
    ),
    V.NOT_YET: frozenset(
        {
            V.BLOCK,
            V.BLOCK_UNLESS_JUSTIFIED,
            V.TRIED_FAILED,
            V.TRIED_HELPED,
            V.NOT_INDICATED,
            V.NOT_YET,
        }
    ),
    V.RECOMMEND: frozenset({V.RECOMMEND}),
    V.CONSIDER: frozenset({V.CONSIDER, V.RECOMMEND}),
}
"""What a definite verdict may become when more is known; `needs-data` is not definite and may become anything.

The order is that of the verdict table: learning may reach an earlier row, which only makes the answer more careful,
or says what was tried; it never takes an offer away, never lifts a block or a hold, and never opens a step that was
certainly closed.
"""

STOPPED = frozenset({V.BLOCK, V.BLOCK_UNLESS_JUSTIFIED, V.ON_HOLD})
TRIED = frozenset({V.TRIED_FAILED, V.TRIED_HELPED})
OTHERS = frozenset(Verdict) - STOPPED - {V.NEEDS_DATA}
KINDS: dict[str, tuple[frozenset[Verdict], frozenset[Verdict]]] = {
    "stops it": (OTHERS, STOPPED),
    "asks again": (OTHERS, frozenset({V.NEEDS_DATA})),
    "withdraws or weakens an offer": (OFFERS, OTHERS),
    "lifts a block or a hold": (STOPPED, frozenset(Verdict)),
    "opens what was not yet": (frozenset({V.NOT_YET}), OFFERS),
    "makes an indication": (frozenset({V.NOT_INDICATED}), OFFERS | {V.NOT_YET}),
    "reopens what was tried": (TRIED, OTHERS - TRIED),
}
"""What overturning a verdict can mean: from which verdicts to which, as far as it is not allowed."""


def guards(search: Search) -> list[str]:
    """Return the facts that some condition asks `known()` of, in the order of the network."""
    return list(
        dict.fromkeys(leaf.fact for leaf in search.network.leaves if isinstance(leaf, Known))
    )


def learned(search: Search) -> Any:
    """Return that the second patient is the first with more known, every fact with the same value or a finer date."""
    pair = search.pair
    sides = _sides(search, pair.first.facts, pair.second.facts)
    return pair.name(z3.And(*pair.refined.values(), *sides))


def _sides(search: Search, before: SymbolicFacts, after: SymbolicFacts) -> list[Any]:
    """Return that a date which may lie on either side of today turns out to lie on the side that is asked about.

    A month that is still running is read as the part of it that counts: a planned operation lies ahead, imaging
    lies behind.
    """
    found = []
    for leaf in search.network.leaves:
        if isinstance(leaf, Within):
            first, second = before.value[leaf.fact], after.value[leaf.fact]
            if leaf.side == "past":
                side = z3.Implies(first.earliest <= 0, second.earliest <= 0)
            else:
                side = z3.Implies(first.latest >= 0, second.latest >= 0)
            found.append(z3.Implies(before.known[leaf.fact], side))
    return found


def only(search: Search, name: str) -> list[Any]:
    """Return that no fact but one is different, and that one was not known before."""
    pair = search.pair
    others = [same for other, same in pair.same.items() if other != name]
    return [*others, pair.same_medicines, z3.Not(pair.first.facts.known[name])]


def overturned(pair: Pair) -> dict[str, Any]:
    """Return, for every kind of overturning, that it happens to some treatment."""
    cases = {}
    for kind, (sources, targets) in KINDS.items():
        parts = []
        for treatment, before in pair.first.verdicts.items():
            after = pair.second.verdicts[treatment]
            for verdict in sorted(sources & before.keys()):
                wrong = targets & after.keys() - ALLOWED[verdict]
                parts.append(z3.And(before[verdict], z3.Or(*(after[v] for v in sorted(wrong)))))
        cases[kind] = z3.Or(*parts)
    return cases


def learning_overturns_nothing(search: Search) -> Proof:
    return _refines(search, overturned(search.pair), LEARNING)


def forgetting_opens_nothing(search: Search) -> Proof:
    """Prove that whatever is passed or open with less known stays so with more known: read backwards,
    forgetting opens nothing.
    """
    pair = search.pair
    names = [f"passed({stage})" for stage in search.pathway.stages]
    names += [name for name in search.network.index if name.startswith("open(")]
    closes = z3.Or(
        *(z3.And(pair.first.nodes[n].so, z3.Not(pair.second.nodes[n].so)) for n in names)
    )
    return _refines(search, {"closes a stage that was open without it": closes}, OPENS)


def learning_closes_no_sign(search: Search) -> Proof:
    pair = search.pair
    cases = {
        f"closes {sign}": z3.And(
            pair.first.nodes[f"sign:{sign}"].so, z3.Not(pair.second.nodes[f"sign:{sign}"].so)
        )
        for sign in search.pathway.signs
    }
    return _refines(search, cases, SETTLES)


def _refines(search: Search, cases: Mapping[str, Any], arguments: Mapping[str, Argument]) -> Proof:
    """Prove that learning makes none of *cases* happen, but for the facts asked for by `known()`, each looked at alone.

    Facts asked for so that overturn nothing alone must overturn nothing together with everything else either.
    """
    pair, more = search.pair, learned(search)
    cases = {kind: pair.name(case) for kind, case in cases.items()}
    found: dict[str, tuple[str, ...]] = {}
    for name in guards(search):
        what = which(search, pair, cases, *only(search, name), more)
        if what:
            found[name] = tuple(what)
    kept = [pair.first.facts.known[name] == pair.second.facts.known[name] for name in found]
    proof = never(search, pair, cases, more, *kept)
    return argued(proof, found, arguments, search)


# one trial


def learning_about_a_trial(search: Search) -> Proof:
    """Prove the same of the table that judges one trial: learning a field overturns no outcome, with the
    exceptions by name.
    """
    pathway = search.pathway
    asked = {
        part.fact for row in pathway.outcomes for part in walk(row.when) if isinstance(part, Known)
    }
    found: dict[str, dict[str, None]] = {}
    proved = True
    for treatment in pathway.treatments.values():
        before = SymbolicTrial(pathway, treatment, search.settings, "before: ")
        after = SymbolicTrial(pathway, treatment, search.settings, "after: ")
        solver = z3.Solver()
        solver.add(*search.settings.inside, *before.constraints, *after.constraints)
        first, second = before.outcomes(), after.outcomes()
        refined = [before.facts.refined_by(after.facts, name) for name in before.fields]
        changed = {o: z3.And(first[o], z3.Not(second[o])) for o in first}
        for name in before.fields:
            if name not in asked:
                continue
            same = [
                before.facts.same(after.facts, other) for other in before.fields if other != name
            ]
            for outcome, case in changed.items():
                if search.check(solver, *refined, *same, case):
                    found.setdefault(name, {})[outcome] = None
        kept = [before.facts.known[n] == after.facts.known[n] for n in found]
        proved = proved and not search.check(solver, *refined, *kept, z3.Or(*changed.values()))
    said = {name: tuple(f"overturns {word}" for word in words) for name, words in found.items()}
    return argued(Proof(proved), said, TRIAL, search)


def a_settled_trial_is_judged(search: Search) -> Proof:
    """Prove that a trial of which everything is recorded has an outcome, exactly one: the table has no gap."""
    pathway = search.pathway
    wrong = []
    for treatment in pathway.treatments.values():
        trial = SymbolicTrial(pathway, treatment, search.settings)
        solver = z3.Solver()
        solver.add(*search.settings.inside, *trial.constraints)
        outcomes = list(trial.outcomes().values())
        settled = [trial.facts.known[name] for name in trial.fields]
        if search.check(solver, *settled, z3.Not(z3.Or(*outcomes))):
            wrong.append(f"a trial of {treatment.id} is settled and has no outcome")
        if outcomes and search.check(solver, z3.Not(z3.AtMost(*outcomes, 1))):
            wrong.append(f"a trial of {treatment.id} has two outcomes")
    return Proof(not wrong, open=tuple(wrong))


STATEMENTS = (
    Statement(
        "INFORMATION",
        "learning never overturns a definite verdict: no offer is taken away, no block or hold lifted, no closed "
        "step opened",
        learning_overturns_nothing,
    ),
    Statement(
        "INV-P8",
        "changing facts to unknown never passes a stage and never opens a treatment",
        forgetting_opens_nothing,
    ),
    Statement(
        "INV-D12",
        "learning never closes an open red sign, except by the fact that settles that very sign",
        learning_closes_no_sign,
    ),
    Statement(
        "TRIAL-ONE-OUTCOME",
        "a trial of which everything is recorded has exactly one outcome; no trial has two",
        a_settled_trial_is_judged,
    ),
    Statement(
        "TRIAL-LEARNING",
        "learning a detail of a trial never overturns its outcome, with the exceptions by name",
        learning_about_a_trial,
    ),
)
