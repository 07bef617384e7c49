"""Whether a change to a pathway changes any answer at all: asked about everybody, not about patients at hand.

Two pathways are laid side by side. Whatever an answer shows is a statement about the facts in both; where no facts
give any of them another truth, nobody can notice the change, and it is called equivalent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rules.derive import canonical_value
from rules.leaves import Settings
from rules.network import Network, build_network
from rules.proof.logic import Three, Z3Logic
from rules.verification.answer import answer
from rules.verification.backwards.calm import fact_values
from rules.verification.backwards.compose import judged, trial_values
from rules.verification.backwards.links import links_of
from rules.verification.backwards.occurrences import leaves_of
from rules.verification.everybody import Everybody
from rules.verification.mutants import Mutant
from schemas.condition import And, Compare, Condition, Leaf, Not, Or, Within, references_of
from schemas.pathway import Pathway, Treatment

LOGIC = Z3Logic()
Conditions = Mapping[str, Condition]


_SAME_MEANING = "means the same: no facts whatever give the conclusion another truth"
_NEVER_SEEN = "is never seen: wherever it matters another rule has decided, for all facts whatever"
_JUDGES_ALIKE = "judges alike: no trial that an answer shows comes out in another way"
_GIVEN_UP = "nobody notices, and the search for somebody who would was given up"


@dataclass(frozen=True)
class Found:
    """What became of the search for somebody who notices a change."""

    equivalent: bool | None
    """None: the search was given up."""
    why: str


@dataclass(frozen=True)
class _Changed:
    """A changed pathway: its conditions, and itself where more than conditions was replaced."""

    conditions: Conditions
    pathway: Pathway
    network: Network


class Equivalence:
    """Compares changed pathways with one pathway under one set of settings."""

    def __init__(
        self,
        pathway: Pathway,
        network: Network,
        settings: Settings,
        on: dt.date,
        among: Iterable[Mutant],
        calm: Mapping[str, Any],
    ) -> None:
        """*among*: the changes that will be asked about; *calm*: the facts preferred where there is a choice."""
        self.pathway, self.network, self.settings, self.on = pathway, network, settings, on
        self.calm = calm
        leaves = dict.fromkeys(network.leaves)
        for mutant in among:
            leaves |= dict.fromkeys(self._leaves(mutant))
        values = fact_values(pathway, leaves, settings, on)
        self.everybody = Everybody(values, settings, on, links_of(pathway, values, on))
        self.nodes: dict[str, Three[Any]] = {}
        for node in network.nodes:
            self.nodes[node.name] = self.everybody.truth(node.condition, self.nodes)
        self.answer = answer(pathway, network, self.nodes, self.everybody)
        self._outcomes = [row.outcome for row in pathway.outcomes]

    def of(self, mutant: Mutant, examples: bool = True) -> Found:
        """Tell whether *mutant* changes no answer.

        *examples*: of somebody who notices it, only that is told which is not so in the calm patient; that takes time.
        """
        found = Found(True, _JUDGES_ALIKE)
        changed = self._changed(mutant)
        if changed is not None:
            subject = mutant.subject if mutant.condition else None
            found = self._compared(changed, subject, self.calm if examples else {})
        if found.equivalent and (mutant.judging is not None or mutant.setting is not None):
            judged_alike = self._judged(self._judging(mutant))
            found = found if changed and judged_alike.equivalent else judged_alike
        return found

    def _leaves(self, mutant: Mutant) -> Iterable[Leaf]:
        if mutant.condition is not None:
            yield from leaves_of(mutant.condition)
        if mutant.setting is not None:
            for condition in self.network.conditions.values():
                yield from leaves_of(with_setting(condition, *mutant.setting))

    def _changed(self, mutant: Mutant) -> _Changed | None:
        conditions = self.network.conditions
        if mutant.condition is not None:
            conditions = {**conditions, mutant.subject: mutant.condition}
        elif mutant.setting is not None:
            conditions = {
                name: with_setting(condition, *mutant.setting)
                for name, condition in conditions.items()
            }
        elif mutant.pathway is not None:
            pathway = self.pathway.model_copy(update=dict(mutant.pathway))
            network = build_network(pathway)
            return _Changed(network.conditions, pathway, network)
        else:
            return None
        return _Changed(conditions, self.pathway, self.network)

    def _compared(self, changed: _Changed, subject: str | None, calm: Mapping[str, Any]) -> Found:
        everybody = self.everybody
        everybody.solver.push()
        try:
            nodes: dict[str, Three[Any]] = {}
            for name, condition in changed.conditions.items():
                same = condition == self.network.conditions.get(name) and all(
                    nodes[other] is self.nodes[other] for other in references_of(condition)
                )
                nodes[name] = self.nodes[name] if same else everybody.truth(condition, nodes)
            if subject is not None:
                old, new = self.nodes[subject], nodes[subject]
                differs = LOGIC.some((old.so != new.so, old.not_so != new.not_so))
                if everybody.find(differs) is None:
                    return Found(True, _SAME_MEANING)
            after = answer(changed.pathway, changed.network, nodes, everybody, self.answer).lines
            before, no = self.answer.lines, LOGIC.no
            lines = {
                key: (before.get(key, no), after.get(key, no))
                for key in (before.keys() | after.keys())
            }
            differing = {key: a != b for key, (a, b) in lines.items() if not a.eq(b)}
            facts = everybody.near(LOGIC.some(differing.values()), calm)
            if facts is None:
                return Found(True, _NEVER_SEEN)
            return Found(False, f"noticed by whoever has {_stated(facts, calm)}")
        except TimeoutError:
            return Found(None, _GIVEN_UP)
        finally:
            everybody.solver.pop()

    # How trials are judged

    def _judging(self, mutant: Mutant) -> Pathway:
        if mutant.setting is None:
            return self.pathway.model_copy(update=dict(mutant.judging or {}))
        name, value = mutant.setting
        treatments = {
            id: treatment
            if treatment.adequate is None
            else treatment.model_copy(
                update={"adequate": with_setting(treatment.adequate, name, value)}
            )
            for id, treatment in self.pathway.treatments.items()
        }
        rows = tuple(
            row.model_copy(update={"when": with_setting(row.when, name, value)})
            for row in self.pathway.outcomes
        )
        return self.pathway.model_copy(update={"treatments": treatments, "outcomes": rows})

    def _judged(self, changed: Pathway) -> Found:
        """Compare how trials are judged, of every treatment whose trials an answer shows."""
        for treatment in self.pathway.treatments.values():
            if treatment.stage or self._is_read(treatment):
                found = self._judged_of(treatment, changed)
                if not found.equivalent:
                    return found
        return Found(True, _JUDGES_ALIKE)

    def _is_read(self, treatment: Treatment) -> bool:
        fact = f"tried_{treatment.id.replace('-', '_')}"
        return any(leaf.fact == fact for leaf in self.network.leaves)

    def _judged_of(self, treatment: Treatment, changed: Pathway) -> Found:
        old = [judged(row.when, treatment) for row in self.pathway.outcomes]
        new = [judged(row.when, changed.treatments[treatment.id]) for row in changed.outcomes]
        if old == new:
            return Found(True, _JUDGES_ALIKE)
        values = trial_values(self.pathway, treatment, self.settings, self.on, (*old, *new))
        everybody = Everybody(values, self.settings, self.on)
        before = self._decides(everybody, self._outcomes, old)
        after = self._decides(everybody, [row.outcome for row in changed.outcomes], new)
        no = LOGIC.no
        differs = LOGIC.some(before[w] != after.get(w, no) for w in self._outcomes)
        try:
            facts = everybody.find(differs)
        except TimeoutError:
            return Found(None, _GIVEN_UP)
        if facts is None:
            return Found(True, _JUDGES_ALIKE)
        return Found(False, f"noticed in a trial of `{treatment.id}` with {_stated(facts, {})}")

    @staticmethod
    def _decides(
        everybody: Everybody, words: list[str], rows: Iterable[Condition]
    ) -> dict[str, Any]:
        """Return for every outcome when its row decides: it holds, and every row above it certainly does not."""
        found: dict[str, Any] = {}
        above: list[Any] = []
        for word, row in zip(words, rows, strict=True):
            truth = everybody.truth(row, {})
            found[word] = LOGIC.every((truth.so, *above))
            above.append(truth.not_so)
        return found


def _stated(facts: Mapping[str, Any], calm: Mapping[str, Any]) -> str:
    """Return in words the facts that are not those of the calm patient."""
    words = [
        f"{name} {'unknown' if value is None else canonical_value(value)}"
        for name, value in facts.items()
        if name not in calm or value != calm[name]
    ]
    return ", ".join(words) or "the facts of the calm patient"


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
