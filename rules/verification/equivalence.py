"""Whether a change to a pathway changes any answer at all: searched over all facts, not over patients at hand.

Two pathways are laid side by side. Everything an answer shows is a condition over facts in both; where no facts give
any of them another truth, nobody can notice the change, and it is called equivalent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from rules.leaves import Settings
from rules.network import ASSESSED, IN_SCOPE, Network, any_of, build_network
from rules.verdict import FAILED, HELPED
from rules.verification.backwards.arrange import (
    IS_FALSE,
    IS_TRUE,
    IS_UNKNOWN,
    NOT_FALSE,
    NOT_TRUE,
    Arranger,
    GivenUp,
    Wish,
)
from rules.verification.backwards.calm import fact_values, search_over
from rules.verification.backwards.compose import judged, trial_arranger
from rules.verification.backwards.occurrences import leaves_of
from rules.verification.mutants import Mutant
from schemas.condition import And, Compare, Condition, Not, OneOf, Or, Ref, Within
from schemas.pathway import Effect, Pathway, Treatment, Urgency

_NEW = "new:"
Pairs = tuple[tuple[int, int], ...]
_ONLY_TRUE: Pairs = ((IS_TRUE, NOT_TRUE), (NOT_TRUE, IS_TRUE))
_ONLY_FALSE: Pairs = ((IS_FALSE, NOT_FALSE), (NOT_FALSE, IS_FALSE))
_ALL_THREE: Pairs = (*_ONLY_TRUE, *_ONLY_FALSE)
_OPEN: Pairs = ((IS_FALSE, IS_UNKNOWN), (IS_UNKNOWN, IS_FALSE))
"""Pairs of truths, of the old and the new condition, that an answer tells apart."""

Line = tuple[str, ...]


@dataclass(frozen=True)
class Shows:
    """Something an answer shows: a condition, the truths of it that look different, and when it is looked at."""

    condition: Condition
    pairs: Pairs
    context: tuple[Wish, ...] = ()


def visible(pathway: Pathway) -> dict[Line, Shows]:
    """Return everything an answer shows, as conditions over the conclusions of the network.

    What decides earlier comes earlier; later lines are looked at only where no earlier one has decided.
    """
    found: dict[Line, Shows] = {
        ("scope",): Shows(Ref(name=IN_SCOPE), _ALL_THREE),
        ("assessed",): Shows(Ref(name=ASSESSED), _ONLY_TRUE),
    }
    found |= _of_signs(pathway)
    treated: tuple[Wish, ...] = (
        (Ref(name="red(any)"), NOT_TRUE),
        (Ref(name=IN_SCOPE), IS_TRUE),
        (Ref(name=ASSESSED), IS_TRUE),
    )
    offered: dict[str, tuple[Wish, ...]] = {}
    for treatment in pathway.treatments.values():
        lines = _of_verdict(pathway, treatment, treated)
        found |= lines
        offered[treatment.id] = lines["recommended", treatment.id].context
    stages = treated
    for stage in pathway.stages:
        passed = Ref(name=f"passed({stage})")
        found["passed", stage] = Shows(passed, _ONLY_TRUE, stages)
        stages = (*stages, (passed, IS_TRUE))
    for rule in pathway.rules.values():
        ref = Ref(name=f"rule:{rule.id}")
        if rule.effect is Effect.CAUTION:
            for on in rule.on:
                for agent in rule.agents or ("",):
                    found["caution", on, agent, rule.id] = Shows(ref, _ONLY_TRUE)
                found["asks", on, rule.id] = Shows(ref, _OPEN, offered[on])
        elif rule.effect in (Effect.ADVISE, Effect.CAUSE, Effect.SUPPORT):
            due = rule.urgency or rule.within or Urgency.U3
            found[rule.effect, rule.id, due] = Shows(ref, _ALL_THREE if rule.sign else _ONLY_TRUE)
    return found


def _of_signs(pathway: Pathway) -> dict[Line, Shows]:
    found: dict[Line, Shows] = {}
    rules = pathway.rules.values()
    for urgency in Urgency:
        raising = (
            Ref(name=f"rule:{rule.id}")
            for rule in rules
            if rule.urgency is not None
            and rule.urgency <= urgency
            and rule.effect in (Effect.RED_SIGN, Effect.ADVISE, Effect.CAUSE)
        )
        found["urgency", urgency] = Shows(any_of(raising), _ONLY_TRUE)
    for sign in pathway.signs:
        for urgency in Urgency:
            own = (
                Ref(name=f"rule:{rule.id}")
                for rule in rules
                if rule.sign == sign
                and rule.effect is Effect.RED_SIGN
                and (rule.urgency or Urgency.U3) is urgency
            )
            found["sign", sign, urgency] = Shows(any_of(own), _ONLY_TRUE)
        found["sign", sign] = Shows(Ref(name=f"sign:{sign}"), _ALL_THREE)
    return found


def _of_verdict(
    pathway: Pathway, treatment: Treatment, treated: tuple[Wish, ...]
) -> dict[Line, Shows]:
    """Return what the verdict on *treatment* rests on, as rules/verdict.py reads it from above."""
    name = treatment.id
    tried = f"tried_{name.replace('-', '_')}"
    stops: Condition = Or(items=(Ref(name=f"blocked({name})"), Ref(name=f"held({name})")))
    unjustified, indicated = Ref(name=f"unjustified({name})"), Ref(name=f"indicated({name})")
    ready: Condition = Ref(name=f"ready({name})") if treatment.stage else And(items=())
    rules = [r for r in pathway.rules.values() if r.effect is Effect.EXHAUST and name in r.on]
    failed = (
        any_of(Ref(name=f"rule:{rule.id}") for rule in rules)
        if rules
        else OneOf(fact=tried, words=FAILED)
    )
    found: dict[Line, Shows] = {}
    context: tuple[Wish, ...] = ()

    def line(word: str, condition: Condition, pairs: Pairs, *then: Wish) -> None:
        """Add a line; *then*: what must be so for the next lines to be read."""
        nonlocal context
        found[word, name] = Shows(condition, pairs, context)
        context += then

    line("stops", stops, _ONLY_TRUE, (stops, NOT_TRUE))
    line("unjustified", unjustified, _ONLY_TRUE, (unjustified, NOT_TRUE), *treated)
    line(
        "failed",
        failed,
        _ONLY_TRUE,
        (failed, NOT_TRUE),
        (OneOf(fact=tried, words=HELPED), NOT_TRUE),
    )
    line("indicated", indicated, _ONLY_FALSE, (indicated, NOT_FALSE))
    line("ready", ready, _ONLY_FALSE, (ready, NOT_FALSE))
    settled = And(items=(Not(item=stops), Not(item=unjustified), indicated, ready))
    line("settled", settled, _ONLY_TRUE, (settled, IS_TRUE))
    line("recommended", Ref(name=f"recommended({name})"), _ONLY_TRUE)
    for agent in treatment.agents:
        found["agent", name, agent] = Shows(Ref(name=f"agent:{name}/{agent}"), _ALL_THREE)
    return found


class Equivalence:
    """Compares changed pathways with one pathway under one set of settings."""

    def __init__(self, pathway: Pathway, network: Network, settings: Settings, on: dt.date) -> None:
        self.pathway, self.network, self.settings, self.on = pathway, network, settings, on
        self.side = visible(pathway)

    def of(self, mutant: Mutant) -> bool | None:
        """Tell whether *mutant* changes no answer; None when the search was given up."""
        if mutant.condition is not None:
            return self.of_condition(mutant.subject, mutant.condition)
        if mutant.setting is not None:
            return self.of_setting(*mutant.setting)
        if mutant.pathway is not None:
            return self.of_pathway(self.pathway.model_copy(update=dict(mutant.pathway)))
        return self.of_judging(self.pathway.model_copy(update=dict(mutant.judging or {})))

    def of_condition(self, name: str, condition: Condition) -> bool | None:
        """Tell whether *condition* for the conclusion *name* changes no answer."""
        conditions = {**self.network.conditions, name: condition}
        # Most are settled close by: the two conditions are the same, or the same as far as the answer shows them.
        near = [shows for shows in self.side.values() if shows.condition == Ref(name=name)]
        alone = len(near) == 1 and not near[0].context and not self._rests_on(name)
        arranger = self._arranger(conditions, {name})
        shows = Shows(Ref(name=name), near[0].pairs if alone else _ALL_THREE)
        found = self._unnoticed(arranger, shows, Ref(name=f"{_NEW}{name}"))
        return found if found or alone else self._same(self.side, conditions)

    def _rests_on(self, name: str) -> bool:
        return any(name in _names(each) for each in self.network.conditions.values())

    def of_pathway(self, changed: Pathway) -> bool | None:
        """Tell whether *changed*, with rules or treatments replaced, gives the same answers."""
        return self._same(visible(changed), build_network(changed).conditions)

    def of_setting(self, name: str, value: Decimal) -> bool | None:
        """Tell whether another *value* of the setting *name* changes no answer."""
        conditions = {
            node: with_setting(condition, name, value)
            for node, condition in self.network.conditions.items()
        }
        same = self._same(self.side, conditions)
        if same is not True:
            return same
        treatments = {
            id: treatment.model_copy(
                update={"adequate": with_setting(treatment.adequate, name, value)}
            )
            for id, treatment in self.pathway.treatments.items()
            if treatment.adequate is not None
        }
        rows = [
            row.model_copy(update={"when": with_setting(row.when, name, value)})
            for row in self.pathway.outcomes
        ]
        changed = {"treatments": {**self.pathway.treatments, **treatments}, "outcomes": tuple(rows)}
        return self.of_judging(self.pathway.model_copy(update=changed))

    def of_judging(self, changed: Pathway) -> bool | None:
        """Tell whether *changed* judges every trial in the same way."""
        for id, treatment in self.pathway.treatments.items():
            old = [judged(row.when, treatment) for row in self.pathway.outcomes]
            new = [judged(row.when, changed.treatments[id]) for row in changed.outcomes]
            arranger = trial_arranger(self.pathway, treatment, self.settings, self.on, (*old, *new))
            words = [row.outcome for row in self.pathway.outcomes]
            for word in words:
                before = _decided_by(old, words.index(word))
                now = [row.outcome for row in changed.outcomes]
                after = _decided_by(new, now.index(word)) if word in now else Or(items=())
                found = self._unnoticed(arranger, Shows(before, _ONLY_TRUE), after)
                if found is not True:
                    return found
        return True

    def _same(self, side: Mapping[Line, Shows], conditions: Mapping[str, Condition]) -> bool | None:
        """Compare this pathway with another: what it shows, and the conditions of its conclusions."""
        changed = _changed(self.network.conditions, conditions)
        arranger = self._arranger(conditions, changed)
        never = Shows(Or(items=()), _ALL_THREE)
        result: bool | None = True
        for line in dict.fromkeys((*self.side, *side)):
            before, after = self.side.get(line, never), side.get(line, never).condition
            if before.condition == after and changed.isdisjoint(_names(after)):
                continue
            found = self._unnoticed(arranger, before, renamed(after))
            if found is False:
                return False
            result = result and found
        return result

    def _arranger(self, conditions: Mapping[str, Condition], changed: set[str]) -> Arranger:
        """Return a search over both pathways; *changed*: conclusions that may read other comparisons."""
        leaves = dict.fromkeys(self.network.leaves)
        for name in changed & conditions.keys():
            leaves |= dict.fromkeys(leaves_of(conditions[name]))
        values = fact_values(self.pathway, leaves, self.settings, self.on)
        new = {f"{_NEW}{name}": renamed(each) for name, each in conditions.items()}
        both = {**self.network.conditions, **new}
        return search_over(self.pathway, both, values, self.settings, self.on)

    @staticmethod
    def _unnoticed(arranger: Arranger, before: Shows, after: Condition) -> bool | None:
        """Tell whether nobody sees *after* in the place of what is shown; None when the search was given up."""
        for old, new in before.pairs:
            wishes: list[Wish] = [(before.condition, old), (after, new), *before.context]
            try:
                if next(arranger.solve(wishes), None) is not None:
                    return False
            except GivenUp:
                return None
        return True


def _decided_by(rows: list[Condition], at: int) -> Condition:
    """Return the condition under which the row *at* decides: it holds, and no row above it does."""
    return And(items=(*(Not(item=row) for row in rows[:at]), rows[at]))


def _changed(old: Mapping[str, Condition], new: Mapping[str, Condition]) -> set[str]:
    """Return the conclusions of *new* that are not those of *old*, themselves or through what they rest on."""
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    for name, condition in new.items():
        if not changed.isdisjoint(_names(condition)):
            changed.add(name)
    return changed


def _names(condition: Condition) -> Iterator[str]:
    match condition:
        case Ref():
            yield condition.name
        case Not():
            yield from _names(condition.item)
        case And() | Or():
            for item in condition.items:
                yield from _names(item)


def renamed(condition: Condition) -> Condition:
    """Return *condition* about the conclusions of the other pathway."""
    match condition:
        case Ref():
            return Ref(name=f"{_NEW}{condition.name}")
        case Not():
            return Not(item=renamed(condition.item))
        case And() | Or():
            return type(condition)(items=tuple(renamed(item) for item in condition.items))
        case _:
            return condition


def with_setting(condition: Condition, name: str, value: Decimal) -> Condition:
    """Return *condition* with the setting *name* replaced by *value*."""
    match condition:
        case Not():
            return Not(item=with_setting(condition.item, name, value))
        case And() | Or():
            items = tuple(with_setting(item, name, value) for item in condition.items)
            return type(condition)(items=items)
        case Compare(setting=setting) if setting == name:
            return condition.model_copy(update={"setting": None, "bound": value})
        case Within(setting=setting) if setting == name:
            return condition.model_copy(update={"setting": None, "amount": int(value)})
        case _:
            return condition
