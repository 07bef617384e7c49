"""What to ask next: by what an answer can still change, weighed against the burden of asking."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from rules.evaluator import Evaluator
from rules.explaining.influence import Influence, InfluenceFinder, TooManyPossibilities
from rules.outline import Outline, Outliner
from schemas.decision import Decision, State
from schemas.explanation import Question, Questions
from schemas.facts import Burden, FactDefinition
from schemas.pathway import Pathway

_BURDEN = {
    Burden.ASK: 1,
    Burden.EXAMINE: 2,
    Burden.BLOOD_TEST: 3,
    Burden.IMAGING: 5,
    Burden.INVASIVE: 8,
}
"""What asking costs the patient, in units of a spoken question; an ordering of ours, not a clinical number."""

_URGENCY_WEIGHT, _STATE_WEIGHT, _CAUTION_WEIGHT = 5, 2, 0.1
_LISTS = {
    "trials": "trials_listed",
    "medications": "medications_listed",
    "surgeries": "surgeries_listed",
}


class Asker:
    """Ranks the open questions of one patient."""

    def __init__(
        self,
        pathway: Pathway,
        outliner: Outliner,
        evaluator: Evaluator,
        finder: InfluenceFinder,
        red_sign_facts: frozenset[str],
    ) -> None:
        self.pathway, self.outliner, self.evaluator = pathway, outliner, evaluator
        self.finder, self.red_sign_facts = finder, red_sign_facts

    def ask(self, values: Mapping[str, Any], on: dt.date, decision: Decision) -> Questions:
        """Return the questions worth asking: what keeps the answer open first, red signs before all others.

        *values* are the facts as read; a question that can change nothing is not asked but listed as
        irrelevant. Where a patient has too many futures to look at, what keeps the answer open now is asked
        in its order, and `exact` is false.
        """
        triage = decision.state is State.NEEDS_ASSESSMENT
        try:
            influence = self.finder.find(values, on, triage=triage)
        except TooManyPossibilities:
            return Questions(exact=False, ranked=self._in_order(decision), irrelevant=())
        now = self.outline(values, on)
        open_now = {
            item.fact
            for item in decision.missing
            if any(not what.startswith("a caution") for what in item.decides)
        }
        questions: dict[str, Question] = {}
        for fact in (*self.pathway.facts, *self.pathway.derivations):
            if fact not in values and influence.matters(fact):
                question = self._question(fact, influence, values, on, now, open_now)
                before = questions.get(question.fact)
                if before is None or question.weight > before.weight:
                    questions[question.fact] = question
        irrelevant = tuple(
            fact
            for fact in self.pathway.facts
            if fact not in values and not influence.matters(fact) and not triage
        )
        order = list(questions)
        ranked = sorted(
            questions.values(),
            key=lambda q: (not q.open_now, not q.red_sign, -q.weight, order.index(q.fact)),
        )
        return Questions(exact=True, ranked=tuple(ranked), irrelevant=irrelevant)

    def outline(self, values: Mapping[str, Any], on: dt.date) -> Outline:
        nodes = self.evaluator.nodes(self.evaluator.leaves(values, on))
        return self.outliner.outline(nodes, values)

    def _question(
        self,
        fact: str,
        influence: Influence,
        values: Mapping[str, Any],
        on: dt.date,
        now: Outline,
        open_now: set[str],
    ) -> Question:
        definition = self.pathway.definition(fact)
        treatments = sorted(influence.treatments.get(fact, ()), key=list(now.verdicts).index)
        cautions = sorted(influence.cautions.get(fact, ()), key=list(now.verdicts).index)
        changes = [*treatments, *(f"caution for {name}" for name in cautions)]
        if fact in influence.state:
            changes.insert(0, "state")
        if fact in influence.urgency:
            changes.insert(0, "urgency")
        gain = (
            len(treatments)
            + _URGENCY_WEIGHT * (fact in influence.urgency)
            + _STATE_WEIGHT * (fact in influence.state)
            + _CAUTION_WEIGHT * len(cautions)
        )
        name, ask = self._asked_as(definition, values)
        return Question(
            fact=name,
            ask=ask,
            where=definition.where,
            burden=definition.burden.value,
            red_sign=fact in self.red_sign_facts,
            open_now=name in open_now,
            changes=tuple(changes),
            weight=round(gain / _BURDEN[definition.burden], 3),
            because=self._between(fact, values, on, now, changes),
        )

    def _asked_as(self, definition: FactDefinition, values: Mapping[str, Any]) -> tuple[str, str]:
        """Return the name and wording of a question; what comes from a list is asked as the list."""
        if definition.from_list is None:
            return definition.name, definition.ask
        listed = self.pathway.derivations.get(_LISTS.get(definition.from_list, ""))
        if listed is not None and listed.fact.name not in values:
            return definition.from_list, listed.fact.ask
        return definition.from_list, f"Please complete the list: {definition.title}"

    def _between(
        self, fact: str, values: Mapping[str, Any], on: dt.date, now: Outline, changes: list[str]
    ) -> str:
        """Say what this answer alone decides; or that it needs others beside it."""
        outlines = [
            self.outline({**values, fact: way.value}, on)
            for way in self.finder.ways(fact, on)
            if way.value is not None
        ]
        urgencies = sorted({outline.urgency.value for outline in outlines})
        if len(urgencies) > 1:
            return f"it decides between urgency {' and '.join((urgencies[0], urgencies[-1]))}"
        for name, verdict in now.verdicts.items():
            found = dict.fromkeys(outline.verdicts[name].value for outline in outlines)
            if len(found) > 1:
                title = self.pathway.treatments[name].title
                return f"it decides between {' and '.join(list(found)[:3])} for {title}"
            if found and verdict.value not in found:
                title = self.pathway.treatments[name].title
                return f"it settles {next(iter(found))} for {title}"
        states = sorted({outline.state.value for outline in outlines})
        if len(states) > 1:
            return f"it decides between {' and '.join(states[:3])}"
        return f"together with other answers it decides on {', '.join(changes[:3])}"

    def _in_order(self, decision: Decision) -> tuple[Question, ...]:
        return tuple(
            Question(
                fact=item.fact,
                ask=item.ask,
                where=item.where,
                burden=item.burden,
                red_sign=item.red_sign,
                open_now=True,
                changes=item.decides,
                weight=round(len(item.decides) / _BURDEN[Burden(item.burden)], 3),
                because=f"it keeps open: {', '.join(item.decides[:3])}",
            )
            for item in decision.missing
        )
