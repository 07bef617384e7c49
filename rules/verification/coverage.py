"""What a set of patients reaches: rules that fired, and for every condition whether it was seen true and false."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rules.check import Checker
from rules.decide import Decider
from rules.derive import read_patient
from rules.leaves import Settings, evaluate_leaf
from rules.network import Network
from rules.notation import as_written, place_of
from rules.truth import FALSE, TRUE
from rules.verification.backwards.arrange import IS_FALSE, GivenUp
from rules.verification.backwards.calm import fact_values, search_over
from rules.verification.backwards.candidates import ANY_DAY, candidates
from rules.verification.backwards.compose import trial_arranger
from rules.verification.backwards.occurrences import Occurrence, leaves_of, occurrences
from rules.verification.masks import Crowd, Masks, truth_at
from schemas.condition import Condition, Leaf, Ref
from schemas.decision import State, Verdict
from schemas.pathway import Pathway, Urgency
from schemas.patient import Patient
from schemas.verification import Coverage, Unseen


def coverage(
    decider: Decider, checker: Checker, inputs: Iterable[Mapping[str, Any]], today: dt.date
) -> Coverage:
    """Return what *inputs*, as a client would send them, reach of the pathway of *decider*.

    *today* stands in where an input has no date. Raises InputError for an input that cannot be used.
    """
    survey = _Survey(decider.pathway, decider.network)
    by_profile: dict[str, list[Patient]] = {}
    for data in inputs:
        patient = checker.check(data, today)
        by_profile.setdefault(patient.settings, []).append(patient)
    for profile, patients in by_profile.items():
        survey.look_at(decider, patients, decider.voices.settings(profile))
    return survey.report(decider.voices.settings("default"), ANY_DAY)


class _Survey:
    """Collects what has been seen."""

    def __init__(self, pathway: Pathway, network: Network) -> None:
        self.pathway, self.network = pathway, network
        self.patients = 0
        self.nodes: dict[str, set[int]] = {node.name: set() for node in network.nodes}
        self.leaves: dict[Leaf, set[int]] = {leaf: set() for leaf in network.leaves}
        self.judging = dict(_judging(pathway))
        self.trial_leaves: dict[Leaf, set[int]] = {
            leaf: set()
            for condition in self.judging.values()
            for leaf in leaves_of(condition)
            if leaf.fact != "adequate"
        }
        self.places: dict[Occurrence, set[int]] = {
            each: set() for node in network.nodes for each in occurrences(node.name, node.condition)
        }
        self.outcomes: set[str | None] = set()
        self.states = Counter(dict.fromkeys((state.value for state in State), 0))
        self.urgencies = Counter(dict.fromkeys((urgency.value for urgency in Urgency), 0))
        self.verdicts = Counter(dict.fromkeys((verdict.value for verdict in Verdict), 0))

    def look_at(self, decider: Decider, patients: list[Patient], settings: Settings) -> None:
        """Take in *patients*, all asked about under *settings*."""
        readings = [read_patient(self.pathway, patient, settings) for patient in patients]
        people = [reading.values for reading in readings]
        crowd = Crowd(self.network, settings, people, [patient.on for patient in patients])
        self.patients += len(patients)
        for name, masks in crowd.nodes.items():
            self.nodes[name] |= _seen(masks)
        for leaf, masks in crowd.leaves.items():
            self.leaves[leaf] |= _seen(masks)
        for place, seen in self.places.items():
            seen |= self.decides(crowd, place)
        for reading in readings:
            self.outcomes |= {outcome for _, outcome in reading.outcomes}
        self.look_at_trials(patients, settings)
        for at, values in enumerate(people):
            truths = [truth_at(masks, at) for masks in crowd.nodes.values()]
            outline = decider.outliner.outline(truths, values)
            self.states[outline.state.value] += 1
            self.urgencies[outline.urgency.value] += 1
            self.verdicts.update(verdict.value for verdict in outline.verdicts.values())

    def look_at_trials(self, patients: list[Patient], settings: Settings) -> None:
        trials = {trial: patient.on for patient in patients for trial in patient.trials or ()}
        for trial, on in trials.items():
            for leaf, seen in self.trial_leaves.items():
                values = {leaf.fact: getattr(trial, leaf.fact)}
                seen.add(evaluate_leaf(leaf, values, settings, on))

    def decides(self, crowd: Crowd, place: Occurrence) -> set[int]:
        """Return the truths of *place* seen in people in whom it alone decides."""
        alone = crowd.everyone
        for condition, allowed in place.sides:
            true, false = crowd.of(condition, crowd.nodes)
            alone &= true if allowed == 1 << TRUE else false
        true, false = crowd.of(place.atom, crowd.nodes)
        return _seen((true & alone, false & alone))

    def report(self, settings: Settings, on: dt.date) -> Coverage:
        named = [f"rule:{rule}" for rule in self.pathway.rules] + list(self.pathway.findings)
        unseen, cannot = self.comparisons(settings, on)
        conclusions = [
            self.unseen(name, Ref(name=name), truth)
            for name in named
            for truth in (TRUE, FALSE)
            if truth not in self.nodes[name]
        ]
        always = self.never_false(conclusions, settings, on)
        deciding = [place for place, seen in self.places.items() if {TRUE, FALSE} <= seen]
        return Coverage(
            patients=self.patients,
            rules=len(self.pathway.rules),
            never_fired=tuple(
                rule for rule in self.pathway.rules if TRUE not in self.nodes[f"rule:{rule}"]
            ),
            conclusions=len(named),
            unseen_conclusions=tuple(each for each in conclusions if each not in always),
            comparisons=len(self.leaves) + len(self.trial_leaves),
            unseen_comparisons=tuple(unseen),
            cannot=(*cannot, *always),
            outcomes_never=tuple(
                dict.fromkeys(
                    row.outcome for row in self.pathway.outcomes if row.outcome not in self.outcomes
                )
            ),
            states=dict(self.states),
            urgencies=dict(self.urgencies),
            verdicts=dict(self.verdicts),
            places=len(self.places),
            deciding=len(deciding),
            not_deciding=tuple(
                f"{place_of(self.pathway, place.node)}: {place.node}: {as_written(place.atom)}"
                for place, seen in self.places.items()
                if not {TRUE, FALSE} <= seen
            ),
        )

    def never_false(
        self, unseen: Iterable[Unseen], settings: Settings, on: dt.date
    ) -> list[Unseen]:
        """Return those of *unseen* that no facts can make false; one that cannot be true is a dead rule and stays."""
        values = fact_values(self.pathway, self.network.leaves, settings, on)
        search = search_over(self.pathway, self.network.conditions, values, settings, on)
        found = []
        for each in unseen:
            if each.outcome == "false":
                with contextlib.suppress(GivenUp):
                    wish = (Ref(name=each.node), IS_FALSE)
                    if next(search.solve([wish]), None) is None:
                        found.append(each)
        return found

    def comparisons(self, settings: Settings, on: dt.date) -> tuple[list[Unseen], list[Unseen]]:
        """Return the outcomes of comparisons that nobody has shown: those that could be, and those that cannot."""
        unseen: list[Unseen] = []
        cannot: list[Unseen] = []
        arrangers = [
            trial_arranger(self.pathway, treatment, settings, on)
            for treatment in self.pathway.treatments.values()
        ]

        def sort(node: str, leaf: Leaf, seen: set[int], values: Iterable[Any]) -> None:
            possible = {evaluate_leaf(leaf, {leaf.fact: v}, settings, on) for v in values}
            for truth in (TRUE, FALSE):
                if truth not in seen:
                    (unseen if truth in possible else cannot).append(self.unseen(node, leaf, truth))

        conditions = {**self.network.conditions, **self.judging}
        for leaf, seen in self.leaves.items():
            definition = self.pathway.definition(leaf.fact)
            derivation = self.pathway.derivations.get(leaf.fact)
            values = candidates(definition, derivation, [leaf], settings, on)
            sort(_home(leaf, conditions), leaf, seen, values)
        for leaf, seen in self.trial_leaves.items():
            tried = [v for each in arrangers for v in each.values.get(leaf.fact, ())]
            sort(_home(leaf, self.judging), leaf, seen, tried)
        return unseen, cannot

    def unseen(self, node: str, condition: Condition, truth: int) -> Unseen:
        return Unseen(
            where=place_of(self.pathway, node),
            node=node,
            condition=as_written(condition),
            outcome="true" if truth == TRUE else "false",
        )


def _judging(pathway: Pathway) -> Iterator[tuple[str, Condition]]:
    """Yield the conditions over one trial, each by a name."""
    for row in pathway.outcomes:
        yield f"outcome:{row.outcome}", row.when
    for treatment in pathway.treatments.values():
        if treatment.adequate is not None:
            yield f"adequate:{treatment.id}", treatment.adequate


def _home(leaf: Leaf, conditions: Mapping[str, Condition]) -> str:
    return next(name for name, condition in conditions.items() if leaf in leaves_of(condition))


def _seen(masks: Masks) -> set[int]:
    return {truth for truth, mask in zip((TRUE, FALSE), masks, strict=True) if mask}
