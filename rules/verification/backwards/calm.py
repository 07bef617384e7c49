"""A calm patient: someone the pathway is for, in whom nothing stands out. Worked out from the rules, not typed.

Whoever varies one fact wants all others out of the way. The calm patient is found by asking, one wish after the
other and as far as they can be had together: no red sign, in scope, assessed, nothing tried, no block, no caution,
everything required in place, nothing to advise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from rules.leaves import Settings
from rules.network import ASSESSED, IN_SCOPE, Network
from rules.verification.backwards.arrange import DECIDED, IS_FALSE, IS_TRUE, Arranger, GivenUp, Wish
from rules.verification.backwards.candidates import candidates
from rules.verification.backwards.links import links_of
from schemas.condition import Compare, Condition, Leaf, OneOf, Ref, Within
from schemas.pathway import Effect, Pathway

_OF_TREATMENTS = ("tried", "justified", "early")
_DATES = ("surgery-date", "procedure-date")
_DOSES = ("mme_per_day", "medication_mme_per_day")
_AT_REST = (
    (Effect.BLOCK, IS_FALSE),
    (Effect.HOLD, IS_FALSE),
    (Effect.BLOCK_UNLESS_JUSTIFIED, IS_FALSE),
    (Effect.EXHAUST, IS_FALSE),
    (Effect.SKIP, IS_FALSE),
    (Effect.CAUTION, IS_FALSE),
    (Effect.REQUIRE, IS_TRUE),
    (Effect.ADVISE, IS_FALSE),
    (Effect.CAUSE, IS_FALSE),
)
"""What is wished of the rules of each effect, the weightiest first."""


def fact_values(
    pathway: Pathway, leaves: Iterable[Leaf], settings: Settings, on: dt.date
) -> dict[str, tuple[Any, ...]]:
    """Return the candidates of every fact that *leaves* or a verdict read."""
    # How a treatment was tried is read by the verdict even where no condition asks for it.
    by_fact: dict[str, list[Leaf]] = {
        name: [] for name, each in pathway.derivations.items() if each.rule in _OF_TREATMENTS
    }
    for leaf in leaves:
        by_fact.setdefault(leaf.fact, []).append(leaf)
    # Dates of operations and procedures follow from each other, so a border of one may be a value of another.
    dates = [n for n, each in pathway.derivations.items() if each.rule in _DATES and n in by_fact]
    of_dates = [leaf for name in dates for leaf in by_fact[name]]
    # Sessions are counted over spans of their own, so a last date may lie at either side of one.
    of_dates += [
        Within(fact=name, amount=days)
        for name in dates[:1]
        for days in sorted({d.within_days for d in pathway.derivations.values() if d.within_days})
    ]
    by_fact |= dict.fromkeys(dates, of_dates)
    return {
        fact: candidates(
            pathway.definition(fact), pathway.derivations.get(fact), mine, settings, on
        )
        for fact, mine in by_fact.items()
    }


def search_over(
    pathway: Pathway,
    conditions: Mapping[str, Condition],
    values: Mapping[str, tuple[Any, ...]],
    settings: Settings,
    on: dt.date,
    usual: bool = False,
) -> Arranger:
    """Return a search for facts, out of *values*, that grant wishes about *conditions*.

    *usual*: leave out people whose lists are odd; then what is not found may be there all the same.
    """
    return Arranger(conditions, values, settings, on, links_of(pathway, values, on, usual))


def search_around_a_calm_patient(
    pathway: Pathway, network: Network, settings: Settings, on: dt.date, usual: bool = False
) -> Arranger:
    """Return a search over the facts of *network* that changes as little as it can about a calm patient.

    *usual*: as for `search_over`.
    """
    values = fact_values(pathway, network.leaves, settings, on)
    first = search_over(pathway, network.conditions, values, settings, on)
    state = first.start()
    for wish in _wishes(pathway, network, values):
        try:
            state = next(first.solve([wish], state))
        except (StopIteration, GivenUp):
            continue
    calm = first.facts(state)
    nearest = {
        fact: tuple(sorted(found, key=lambda value: value != calm[fact]))
        for fact, found in values.items()
    }
    return search_over(pathway, network.conditions, nearest, settings, on, usual)


def _wishes(
    pathway: Pathway, network: Network, values: Mapping[str, tuple[Any, ...]]
) -> list[Wish]:
    wishes: list[Wish] = [
        (Ref(name="red(any)"), IS_FALSE),
        (Ref(name=IN_SCOPE), IS_TRUE),
        (Ref(name=ASSESSED), IS_TRUE),
    ]
    wishes += [
        (OneOf(fact=name, words=("none",)), IS_TRUE)
        for name, each in pathway.derivations.items()
        if each.rule == "tried"
    ]
    wishes += [
        (Compare(fact=name, operator="=", bound=Decimal(0)), IS_TRUE)
        for name in _DOSES
        if name in values
    ]
    wishes += [(Ref(name=name), DECIDED) for name in network.screen(pathway)]
    for effect, truths in _AT_REST:
        wishes += [
            (Ref(name=f"rule:{rule.id}"), truths)
            for rule in pathway.rules.values()
            if rule.effect is effect
        ]
    return wishes
