"""Which unanswered questions can still change what: exact, over all ways to answer all of them.

Every conclusion is a function of the unanswered facts. These functions are kept as ordered decision diagrams with
shared parts, the usual canonical form: a fact a function does not depend on does not occur in its diagram. So "can
this answer still change that verdict" is read off, not guessed; staying unknown counts as one of the answers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rules.explaining.answers import Answer, answers, leaves_by_fact, told_apart
from rules.leaves import Settings, evaluate_leaf
from rules.network import ASSESSED, IN_SCOPE, Network
from rules.truth import FALSE, TRUE, UNKNOWN
from rules.verdict import Standing, verdict
from schemas.condition import And, Condition, Not, Or, Ref
from schemas.decision import Verdict
from schemas.pathway import Effect, Pathway, Urgency

MOST_STEPS = 150_000
"""Beyond this many steps the exact answer is given up; the caller falls back to asking in order."""

_TERMINALS = 64
"""Numbers below this are values (truths 0 to 2, verdicts and urgencies by number); above, diagram nodes."""


class TooManyPossibilities(Exception):
    """The diagrams outgrew their bound."""


class Diagrams:
    """Decision diagrams over the unanswered facts, in a fixed order of facts."""

    def __init__(self, branches: Mapping[str, int]) -> None:
        """*branches*: how many answers each fact has, in the order in which facts are asked."""
        self.facts = list(branches)
        self.level = {fact: at for at, fact in enumerate(self.facts)}
        self._nodes: list[tuple[int, tuple[int, ...]]] = []
        self._numbers: dict[tuple[int, tuple[int, ...]], int] = {}
        self._support: dict[int, frozenset[int]] = {}
        self._steps = 0

    def node(self, level: int, children: tuple[int, ...]) -> int:
        """Return the diagram that asks the fact at *level*; one child for all answers needs no asking."""
        first = children[0]
        if all(child == first for child in children):
            return first
        key = (level, children)
        number = self._numbers.get(key)
        if number is None:
            number = _TERMINALS + len(self._nodes)
            self._nodes.append(key)
            self._numbers[key] = number
        return number

    def combine(
        self, function: Callable[[tuple[int, ...]], int | None], items: tuple[int, ...]
    ) -> int:
        """Return the diagram of *function* applied to the values of *items*.

        *function* gets the items, some of them perhaps still diagrams; it returns the value as soon as it is
        certain, else None.
        """
        memo: dict[tuple[int, ...], int] = {}

        def build(now: tuple[int, ...]) -> int:
            value = function(now)
            if value is not None:
                return value
            if now in memo:
                return memo[now]
            self._steps += 1
            if self._steps > MOST_STEPS:
                raise TooManyPossibilities
            level = min(self._nodes[item - _TERMINALS][0] for item in now if item >= _TERMINALS)
            width = next(
                len(self._nodes[item - _TERMINALS][1])
                for item in now
                if item >= _TERMINALS and self._nodes[item - _TERMINALS][0] == level
            )
            children = tuple(
                build(tuple([self._child(item, level, branch) for item in now]))
                for branch in range(width)
            )
            memo[now] = self.node(level, children)
            return memo[now]

        return build(items)

    def _child(self, item: int, level: int, branch: int) -> int:
        if item < _TERMINALS:
            return item
        at, children = self._nodes[item - _TERMINALS]
        return children[branch] if at == level else item

    def support(self, item: int) -> frozenset[str]:
        """Return the facts the diagram depends on."""
        return frozenset(self.facts[level] for level in self._levels(item))

    def _levels(self, item: int) -> frozenset[int]:
        if item < _TERMINALS:
            return frozenset()
        found = self._support.get(item)
        if found is None:
            level, children = self._nodes[item - _TERMINALS]
            found = frozenset({level}).union(*(self._levels(child) for child in set(children)))
            self._support[item] = found
        return found


def _least(items: tuple[int, ...]) -> int | None:
    if FALSE in items:
        return FALSE
    return min(items) if max(items) < _TERMINALS else None


def _greatest(items: tuple[int, ...]) -> int | None:
    if TRUE in items:
        return TRUE
    return max(items) if max(items) < _TERMINALS else None


def _opposite(items: tuple[int, ...]) -> int | None:
    return TRUE - items[0] if items[0] < _TERMINALS else None


_VERDICTS = tuple(Verdict)
_URGENCIES = tuple(Urgency)


@dataclass(frozen=True)
class Influence:
    """For every unanswered fact, what its answer can still change."""

    treatments: Mapping[str, frozenset[str]]
    """By fact: the treatments whose verdict it can change, in some way of answering the rest."""
    urgency: frozenset[str]
    """Facts that can change the urgency."""
    state: frozenset[str]
    """Facts that can change where the patient stands."""
    cautions: Mapping[str, frozenset[str]]
    """By fact: the treatments to which its answer can add a caution."""

    def matters(self, fact: str) -> bool:
        """Tell whether any answer to *fact* can change anything."""
        return (
            bool(self.treatments.get(fact))
            or fact in self.urgency
            or fact in self.state
            or bool(self.cautions.get(fact))
        )


class InfluenceFinder:
    """Works out influences for one pathway under one set of settings."""

    def __init__(self, pathway: Pathway, network: Network, settings: Settings) -> None:
        self.pathway, self.network, self.settings = pathway, network, settings
        self.leaves = leaves_by_fact(network.leaves)
        self._apart = told_apart(pathway)
        self._ways: dict[tuple[str, dt.date | None], tuple[Answer, ...]] = {}

    def ways(self, fact: str, on: dt.date) -> tuple[Answer, ...]:
        """Return the distinct ways to answer *fact*, unknown first."""
        definition = self.pathway.definition(fact)
        key = (fact, on if definition.kind == "date" else None)
        if key not in self._ways:
            self._ways[key] = answers(
                definition, self.leaves.get(fact, ()), self.settings, on, self._apart.get(fact, ())
            )
        return self._ways[key]

    def find(self, values: Mapping[str, Any], on: dt.date, triage: bool = False) -> Influence:
        """Return what every fact absent from *values* can still change.

        With *triage* only red signs, scope and minimum assessment are looked at: while these are open
        nothing else is asked, and a patient of whom nothing is known has too many futures.

        Raises TooManyPossibilities when the exact answer would take too long.
        """
        search = _Search(self, values, on)
        return search.triage() if triage else search.run()


class _Search:
    def __init__(self, finder: InfluenceFinder, values: Mapping[str, Any], on: dt.date) -> None:
        self.finder, self.values, self.on = finder, values, on
        self.pathway, self.network = finder.pathway, finder.network
        open_facts = [fact for fact in finder.leaves if fact not in values]
        self.ways = {fact: finder.ways(fact, on) for fact in open_facts}
        for treatment in self.pathway.treatments:
            name = f"tried_{treatment.replace('-', '_')}"
            if name not in values and name not in self.ways:
                self.ways[name] = finder.ways(name, on)
        self.diagrams = Diagrams({fact: len(ways) for fact, ways in self.ways.items()})
        self.places = {
            leaf: at for leaves in finder.leaves.values() for at, leaf in enumerate(leaves)
        }
        self.nodes: dict[str, int] = {}
        self.leaf_diagrams: dict[Condition, int] = {}

    def triage(self) -> Influence:
        screen = self.network.screen(self.pathway)
        wanted = self.network.upstream([*screen, "red(any)", IN_SCOPE, ASSESSED])
        for node in self.network.nodes:
            if node.name in wanted:
                self.nodes[node.name] = self.diagram(node.condition)
        red_rules = [
            f"rule:{rule.id}"
            for rule in self.pathway.rules.values()
            if rule.effect is Effect.RED_SIGN
        ]
        urgent = [self.diagrams.support(self.nodes[name]) for name in (*screen, *red_rules)]
        ready = [self.diagrams.support(self.nodes[name]) for name in (IN_SCOPE, ASSESSED)]
        return Influence({}, frozenset().union(*urgent), frozenset().union(*urgent, *ready), {})

    def run(self) -> Influence:
        for node in self.network.nodes:
            self.nodes[node.name] = self.diagram(node.condition)
        treatments: dict[str, set[str]] = {}
        for name in self.pathway.treatments:
            for fact in self.diagrams.support(self.verdict(name)):
                treatments.setdefault(fact, set()).add(name)
        cautions: dict[str, set[str]] = {}
        for rule in self.pathway.rules.values():
            if rule.effect is Effect.CAUTION:
                for fact in self.diagrams.support(self.nodes[f"rule:{rule.id}"]):
                    cautions.setdefault(fact, set()).update(rule.on)
        return Influence(
            treatments={fact: frozenset(found) for fact, found in treatments.items()},
            urgency=self.diagrams.support(self.urgency()),
            state=self.diagrams.support(self.state()),
            cautions={fact: frozenset(found) for fact, found in cautions.items()},
        )

    def diagram(self, condition: Condition) -> int:
        match condition:
            case Ref():
                return self.nodes[condition.name]
            case Not():
                return self.diagrams.combine(_opposite, (self.diagram(condition.item),))
            case And() | Or():
                function = _least if isinstance(condition, And) else _greatest
                done = TRUE if isinstance(condition, And) else FALSE
                for item in condition.items:
                    done = self.diagrams.combine(function, (done, self.diagram(item)))
                return done
            case _:
                found = self.leaf_diagrams.get(condition)
                if found is None:
                    found = self.leaf(condition)
                    self.leaf_diagrams[condition] = found
                return found

    def leaf(self, leaf: Any) -> int:
        if leaf.fact not in self.ways:
            return evaluate_leaf(leaf, self.values, self.finder.settings, self.on)
        at = self.places[leaf]
        children = tuple(way.truths[at] for way in self.ways[leaf.fact])
        return self.diagrams.node(self.diagrams.level[leaf.fact], children)

    def complete(self) -> int:
        def known(items: tuple[int, ...]) -> int | None:
            if UNKNOWN in items:
                return FALSE
            return TRUE if max(items) < _TERMINALS else None

        done = TRUE
        for name in self.network.screen(self.pathway):
            decided = self.diagrams.combine(known, (self.nodes[name],))
            done = self.diagrams.combine(_least, (done, decided))
        return done

    def tried(self, name: str) -> tuple[int, tuple[str | None, ...]]:
        """Return the diagram of how a treatment was tried, as a number, and what the numbers mean."""
        fact = f"tried_{name.replace('-', '_')}"
        if f"ready({name})" not in self.nodes:
            return 0, ("none",)
        if fact not in self.ways:
            return 0, (self.values.get(fact),)
        meanings = tuple(way.value for way in self.ways[fact])
        children = tuple(range(len(meanings)))
        return self.diagrams.node(self.diagrams.level[fact], children), meanings

    def verdict(self, name: str) -> int:
        exhaust = [
            self.nodes[f"rule:{rule.id}"]
            for rule in self.pathway.rules.values()
            if rule.effect is Effect.EXHAUST and name in rule.on
        ]
        nodes, combine = self.nodes, self.diagrams.combine
        exhausted = FALSE
        for each in exhaust:
            exhausted = combine(_greatest, (exhausted, each))
        assessed = combine(_least, (nodes[ASSESSED], self.complete()))
        tried, meanings = self.tried(name)

        def decide(items: tuple[int, ...]) -> int | None:
            return _verdict_of(items, bool(exhaust), meanings)

        return combine(
            decide,
            (
                combine(_greatest, (nodes[f"blocked({name})"], nodes[f"held({name})"])),
                nodes[f"unjustified({name})"],
                nodes["red(any)"],
                nodes[IN_SCOPE],
                assessed,
                exhausted,
                tried,
                nodes[f"indicated({name})"],
                nodes.get(f"ready({name})", TRUE),
                nodes[f"recommended({name})"],
            ),
        )

    def urgency(self) -> int:
        classes = []
        for urgency in _URGENCIES[:-1]:
            done = FALSE
            for rule in self.pathway.rules.values():
                raises = rule.effect in (Effect.RED_SIGN, Effect.ADVISE, Effect.CAUSE)
                if raises and rule.urgency is urgency:
                    done = self.diagrams.combine(_greatest, (done, self.nodes[f"rule:{rule.id}"]))
            classes.append(done)

        def most_urgent(items: tuple[int, ...]) -> int | None:
            for at, item in enumerate(items):
                if item == TRUE:
                    return at
                if item >= _TERMINALS:
                    return None
            return len(items)

        return self.diagrams.combine(most_urgent, tuple(classes))

    def state(self) -> int:
        nodes = self.nodes
        stages = [nodes[f"passed({stage})"] for stage in self.pathway.stages]
        assessed = self.diagrams.combine(_least, (nodes[ASSESSED], self.complete()))

        def stands(items: tuple[int, ...]) -> int | None:
            red, scope, ready, *passed = items
            if red == TRUE:
                return 0
            if red >= _TERMINALS:
                return None
            if scope == FALSE:
                return 1
            if scope >= _TERMINALS:
                return None
            if scope == UNKNOWN or ready in (FALSE, UNKNOWN):
                return 2
            if ready >= _TERMINALS:
                return None
            for at, item in enumerate(passed):
                if item in (FALSE, UNKNOWN):
                    return 3 + at
                if item >= _TERMINALS:
                    return None
            return 3 + len(passed)

        return self.diagrams.combine(
            stands, (nodes["red(any)"], nodes[IN_SCOPE], assessed, *stages)
        )


def _verdict_of(
    items: tuple[int, ...], has_exhaust_rule: bool, meanings: tuple[str | None, ...]
) -> int | None:
    """Return the number of the verdict once the items that decide it are values; see rules/verdict.py."""
    blocked, unjustified, red, scope, assessed, exhausted, tried, indicated, ready, recommended = (
        items
    )
    order = (blocked, unjustified, red, scope, assessed, exhausted, tried, indicated, ready)
    for at, item in enumerate(order):
        if item >= _TERMINALS:
            # The table is read from above; below an open item only a certain stop helps, and there is none.
            return None
        stop = (
            (at in (0, 1, 2) and item == TRUE)
            or (at == 3 and item != TRUE)
            or (at == 4 and item != TRUE)
        )
        if stop:
            break
    if recommended >= _TERMINALS and all(item < _TERMINALS for item in order):
        certain = {
            _number(order, truth, has_exhaust_rule, meanings) for truth in (FALSE, UNKNOWN, TRUE)
        }
        return certain.pop() if len(certain) == 1 else None
    truth = recommended if recommended < _TERMINALS else FALSE
    return _number(order, truth, has_exhaust_rule, meanings)


def _number(
    order: tuple[int, ...],
    recommended: int,
    has_exhaust_rule: bool,
    meanings: tuple[str | None, ...],
) -> int:
    settled = [item if item < _TERMINALS else FALSE for item in order]
    blocked, unjustified, red, scope, assessed, exhausted, tried, indicated, ready = settled
    standing = Standing(
        blocked=blocked,
        unjustified=unjustified,
        indicated=indicated,
        recommended=recommended,
        ready=ready,
        exhausted_by_trial=exhausted,
        has_exhaust_rule=has_exhaust_rule,
        tried=meanings[tried],
        red=red,
        scope=scope,
        assessed=assessed == TRUE,
    )
    return _VERDICTS.index(verdict(standing))
