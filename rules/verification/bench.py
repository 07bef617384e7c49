"""Patients with what is decided for them, ready to try a changed pathway on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rules.check import Checker
from rules.decide import Decider
from rules.derive import read_patient
from rules.evaluator import Evaluator
from rules.expectations import differences
from rules.leaves import Settings
from rules.network import Network, build_network
from rules.outline import Outliner
from rules.trials import judge
from rules.verification.masks import Crowd, Masks, members, truth_at
from rules.verification.mutants import Mutant
from rules.verification.shown import Key, Shown, offered_to
from schemas.condition import Compare, Leaf, Within, references_of
from schemas.pathway import Pathway
from schemas.patient import Patient, Trial
from schemas.verification import BorderPatient
from schemas.vignette import Expectation, Vignette


@dataclass(frozen=True)
class Laid:
    """A pathway laid out: its network, and the readers of its answers."""

    pathway: Pathway
    network: Network
    outliner: Outliner
    shown: Shown


def lay_out(pathway: Pathway, network: Network | None = None) -> Laid:
    """Return *pathway* laid out; *network* where it is already known."""
    network = build_network(pathway) if network is None else network
    return Laid(pathway, network, Outliner(pathway, network), Shown(pathway))


def lay_benches(
    decider: Decider,
    checker: Checker,
    vignettes: Iterable[Vignette],
    border: Sequence[BorderPatient],
    on: dt.date,
) -> list[Bench]:
    """Return the patients of *vignettes* and those at a *border*, a bench for each settings profile, the own first.

    *on*: the date of the question where a vignette has none.
    """
    laid = lay_out(decider.pathway, decider.network)
    looks = [look for vignette in vignettes for look in vignette.looks]
    benches = []
    for profile in sorted(decider.pathway.profiles, key=lambda name: name != "default"):
        mine = [look for look in looks if look.input.get("settings", "default") == profile]
        others = (each.input for each in border if each.input["settings"] == profile)
        patients = [checker.check(data, on) for data in (*(look.input for look in mine), *others)]
        settings = decider.voices.settings(profile)
        benches.append(Bench(laid, settings, patients, [look.expect for look in mine]))
    return benches


class Bench:
    """Patients under one set of settings."""

    def __init__(
        self,
        laid: Laid,
        settings: Settings,
        patients: Sequence[Patient],
        expectations: Sequence[Expectation] = (),
    ) -> None:
        """*expectations*: what is stated for the first of *patients*, one each."""
        self.laid, self.settings, self.patients = laid, settings, patients
        # What is asked for is not worked out here, so it cannot be compared.
        self.expectations = [e.model_copy(update={"missing": ()}) for e in expectations]
        self.values = [read_patient(laid.pathway, each, settings).values for each in patients]
        self.crowd = Crowd(laid.network, settings, self.values, [each.on for each in patients])
        self.rows = [self._row(self.crowd.nodes, at) for at in range(len(patients))]
        self.outlines = [
            laid.outliner.outline(row, values)
            for row, values in zip(self.rows, self.values, strict=True)
        ]
        self.offered = offered_to(self.outlines)
        self.lines = self._lines(laid, self.crowd.nodes)
        self.evaluator = Evaluator(laid.network, settings)
        self.trials: dict[Trial, list[int]] = {}
        for at, patient in enumerate(patients):
            for trial in patient.trials or ():
                self.trials.setdefault(trial, []).append(at)
        self.judged = {
            trial: judge(laid.pathway, trial, settings, patients[owners[0]].on)
            for trial, owners in self.trials.items()
        }
        self._after: dict[str, list[str]] = {}
        self._rests_on = {n.name: references_of(n.condition) for n in laid.network.nodes}
        self._stated = (1 << len(self.expectations)) - 1

    def noticed(self, mutant: Mutant, laid: Laid) -> tuple[bool, bool]:
        """Tell whether any patient notices *mutant*, and whether what is stated for one does.

        *laid*: the changed pathway laid out, or the unchanged one where the mutant does not touch its rules.
        """
        if mutant.judging is not None:
            changed = self.laid.pathway.model_copy(update=dict(mutant.judging))
            only = mutant.subject if mutant.subject in changed.treatments else None
            return self._judged_again(changed, self.settings, only)
        if mutant.pathway is not None:
            nodes = self.crowd.settle(laid.network.nodes)
            return self._compare(laid, nodes, None, mutant.subject)
        if mutant.setting is None:
            return self._compare(self.laid, *self._with_condition(mutant))
        name, value = mutant.setting
        settings = {**self.settings, name: value}
        leaves = self._leaves(name, settings)
        by_any = by_stated = False
        if leaves:
            nodes = self.crowd.settle(self.laid.network.nodes, leaves)
            changed_names = {n for n, masks in nodes.items() if masks != self.crowd.nodes[n]}
            by_any, by_stated = self._compare(self.laid, nodes, changed_names)
        more_any, more_stated = self._judged_again(self.laid.pathway, settings)
        return by_any or more_any, by_stated or more_stated

    def _lines(self, laid: Laid, nodes: Mapping[str, Masks]) -> dict[Key, int]:
        return laid.shown.lines(nodes, self.offered, self.crowd.everyone)

    def _compare(
        self,
        laid: Laid,
        nodes: Mapping[str, Masks],
        changed: set[str] | None,
        rule: str = "",
    ) -> tuple[bool, bool]:
        """Compare answers with those of the pathway.

        *changed*: the conclusions with other truths; None: to be found out. *rule*: the rule that has another part in
        the answer.
        """
        before = self.crowd.nodes
        names = changed
        if names is None:
            names = {n for n, masks in nodes.items() if before.get(n, masks) != masks}
        concerned = differ = 0
        for name in names:
            (true, false), (was_true, was_false) = nodes[name], before[name]
            concerned |= true ^ was_true | false ^ was_false
        if f"rule:{rule}" in before:
            concerned |= self.crowd.everyone & ~before[f"rule:{rule}"][1]
        lines = self._lines(laid, nodes) if changed is None or changed else self.lines
        for key in lines.keys() | self.lines.keys():
            differ |= lines.get(key, 0) ^ self.lines.get(key, 0)
        index, mine = laid.network.index, self.laid.network.index
        # Where each conclusion stands in the rows at hand; one that is new is put in below.
        order = None if list(index) == list(mine) else [mine.get(name, 0) for name in index]
        put_in = [(index[n], nodes[n]) for n in index if n in names or n not in before]

        def row(at: int) -> list[int]:
            known = self.rows[at]
            patched = known.copy() if order is None else [known[place] for place in order]
            for place, masks in put_in:
                patched[place] = truth_at(masks, at)
            return patched

        by_stated = any(
            self._contradicts(laid, row(at), self.values[at], at)
            for at in members((differ | concerned) & self._stated)
        )
        by_any = bool(differ) or any(
            laid.outliner.outline(row(at), self.values[at]) != self.outlines[at]
            for at in members(concerned)
        )
        return by_any or by_stated, by_stated

    def _contradicts(
        self, laid: Laid, row: Sequence[int], values: Mapping[str, Any], at: int
    ) -> bool:
        """Tell whether the answer that *row* makes is no longer what is stated for patient number *at*."""
        truths = dict(zip(laid.network.index, row, strict=True))
        tried = {
            name: laid.outliner.standing(name, row, values).tried
            for name in laid.pathway.treatments
        }
        decision = laid.shown.light(laid.outliner.outline(row, values), truths, tried)
        return bool(differences(decision, self.expectations[at]))

    def _with_condition(self, mutant: Mutant) -> tuple[dict[str, Masks], set[str]]:
        """Return the masks of all conclusions when one has another condition, and those that differ."""
        assert mutant.condition is not None
        before = self.crowd.nodes
        nodes = dict(before)
        nodes[mutant.subject] = self.crowd.of(mutant.condition, nodes)
        changed: set[str] = set()
        if nodes[mutant.subject] != before[mutant.subject]:
            changed.add(mutant.subject)
            for name in self._downstream(mutant.subject):
                nodes[name] = self.crowd.of(self.laid.network.conditions[name], nodes)
                if nodes[name] != before[name]:
                    changed.add(name)
        return nodes, changed

    def _downstream(self, name: str) -> list[str]:
        """Return every conclusion that rests on *name*, in order."""
        if name not in self._after:
            reached, found = {name}, []
            for other, rests_on in self._rests_on.items():
                if not reached.isdisjoint(rests_on):
                    reached.add(other)
                    found.append(other)
            self._after[name] = found
        return self._after[name]

    def _leaves(self, setting: str, settings: Settings) -> dict[Leaf, Masks]:
        return {
            leaf: self.crowd.leaf(leaf, settings)
            for leaf in self.laid.network.leaves
            if isinstance(leaf, Compare | Within) and leaf.setting == setting
        }

    def _judged_again(
        self, pathway: Pathway, settings: Settings, only: str | None = None
    ) -> tuple[bool, bool]:
        """Compare answers when trials (those of the treatment *only*) are judged by *pathway* under *settings*."""
        concerned: set[int] = set()
        for trial, owners in self.trials.items():
            if only is None or trial.treatment == only:
                on = self.patients[owners[0]].on
                if judge(pathway, trial, settings, on) != self.judged[trial]:
                    concerned.update(owners)
        by_any = by_stated = False
        outliner = self.laid.outliner
        for at in sorted(concerned):
            if by_any and at >= len(self.expectations):
                break
            patient, before = self.patients[at], self.values[at]
            values = read_patient(pathway, patient, settings).values
            if values == before:
                continue
            row = self.evaluator.nodes(self.evaluator.leaves(values, patient.on))
            by_any = (
                by_any
                or outliner.outline(row, values) != self.outlines[at]
                or any(
                    outliner.standing(name, row, values).tried
                    != outliner.standing(name, row, before).tried
                    for name in pathway.treatments
                )
            )
            if at < len(self.expectations) and not by_stated:
                by_stated = self._contradicts(self.laid, row, values, at)
        return by_any or by_stated, by_stated

    @staticmethod
    def _row(nodes: Mapping[str, Masks], patient: int) -> list[int]:
        return [truth_at(masks, patient) for masks in nodes.values()]
