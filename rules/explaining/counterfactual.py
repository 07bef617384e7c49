"""What would make a treatment available: the smallest sets of clinically possible changes, each one checked."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from typing import Any

from rules.derive import canonical_value
from rules.explain import Explainer
from rules.explaining.influence import InfluenceFinder
from rules.explaining.questions import Asker
from rules.explaining.repair import Repair, Repairer
from rules.leaves import bound_of
from rules.network import ASSESSED, IN_SCOPE
from rules.outline import Outliner
from rules.truth import FALSE, TRUE
from rules.verdict import FAILED, HELPED
from rules.words import plain_number
from schemas.condition import Compare, Condition, Ref, walk
from schemas.decision import OFFERS, Decision, State
from schemas.explanation import Change, Counterfactual, Way
from schemas.facts import FactKind, PartialDate
from schemas.pathway import Effect, Pathway

MOST_SHOWN = 5
_OFFER_WORDS = {verdict.value for verdict in OFFERS}


class Counterfactuals:
    """Finds what would make each treatment available to one patient."""

    def __init__(
        self,
        pathway: Pathway,
        explainer: Explainer,
        outliner: Outliner,
        finder: InfluenceFinder,
        asker: Asker,
    ) -> None:
        self.pathway, self.explainer, self.outliner = pathway, explainer, outliner
        self.finder, self.asker = finder, asker
        self.values, self.on = explainer.values, explainer.patient.on
        places = {leaf: at for group in finder.leaves.values() for at, leaf in enumerate(group)}
        self.repairer = Repairer(
            explainer.network,
            explainer.truth,
            lambda fact: finder.ways(fact, self.on),
            places,
            self.changeable,
        )

    def changeable(self, fact: str) -> bool:
        """Tell whether the answer to *fact* can be recorded (it is unknown) or changed by doing something."""
        if fact not in self.values:
            return True
        if fact.startswith("tried_"):
            return self.values[fact] in ("none", "running", "inadequate")
        return bool(self.pathway.definition(fact).do)

    def find(self, treatment: str, decision: Decision) -> Counterfactual:
        """Return the smallest sets of changes that make *treatment* available, or why there is none."""
        item = next(each for each in decision.treatments if each.treatment == treatment)
        result = {"treatment": treatment, "title": item.title, "verdict": item.verdict.value}
        if item.verdict in OFFERS:
            return Counterfactual(
                **result, available=True, ways=(), cannot_change=(), text="it is available now"
            )
        if not self.pathway.treatments[treatment].stage:
            return self.none(result, "it is never offered: only a red sign raises the flag")
        if decision.state is State.NEEDS_ASSESSMENT:
            text = "the red-sign screen and the minimum assessment come first"
            return Counterfactual(**result, available=False, ways=(), cannot_change=(), text=text)
        if item.trial in (*HELPED, *FAILED):
            return self.none(result, f"it has been tried already ({item.trial})")
        goals = self.goals(treatment)
        repairs = self.repairer.all_of([self.repairer.repair(*goal) for goal in goals])
        ways = [way for repair in repairs if (way := self.checked(repair, treatment)) is not None]
        ways.sort(key=lambda way: (len(way.changes), way.earliest or ""))
        if ways:
            return Counterfactual(
                **result, available=False, ways=tuple(ways[:MOST_SHOWN]), cannot_change=(),
                text=_say(ways[0]),
            )  # fmt: skip
        against = tuple(
            self.explainer.deciding(condition, 3)
            for condition, wanted in goals
            if not self.repairer.repair(condition, wanted)
        )
        because = "; ".join(dict.fromkeys(against)) or "what is missing contradicts itself"
        return Counterfactual(
            **result, available=False, ways=(), cannot_change=against,
            text=f"none exists, because {because}",
        )  # fmt: skip

    @staticmethod
    def none(result: dict[str, str], because: str) -> Counterfactual:
        return Counterfactual(
            treatment=result["treatment"],
            title=result["title"],
            verdict=result["verdict"],
            available=False,
            ways=(),
            cannot_change=(because,),
            text=f"none exists, because {because}",
        )

    def goals(self, treatment: str) -> list[tuple[Condition, int]]:
        """Return what must hold for *treatment* to be offered."""
        rules = self.pathway.rules.values()
        exhaust = [r.id for r in rules if r.effect is Effect.EXHAUST and treatment in r.on]
        wanted = [
            ("red(any)", FALSE), (IN_SCOPE, TRUE), (ASSESSED, TRUE),
            (f"blocked({treatment})", FALSE), (f"held({treatment})", FALSE),
            (f"unjustified({treatment})", FALSE), (f"indicated({treatment})", TRUE),
            (f"ready({treatment})", TRUE), *((f"rule:{rule}", FALSE) for rule in exhaust),
        ]  # fmt: skip
        return [(Ref(name=name), truth) for name, truth in wanted]

    def checked(self, repair: Repair, treatment: str) -> Way | None:
        """Return the way a repair describes, once a choice of its answers has proved to work; else None."""
        choices = [
            [(fact, at) for at in self.nearest(fact, answers)] for fact, answers in repair.items()
        ]
        for choice in itertools.islice(itertools.product(*choices), 64):
            values = dict(self.values)
            for fact, at in choice:
                values[fact] = self.finder.ways(fact, self.on)[at].value
            outline = self.asker.outline(values, self.on)
            verdict = outline.verdicts[treatment]
            if verdict in OFFERS:
                changes = tuple(self.change(fact, values[fact], repair[fact]) for fact, _ in choice)
                dates = [change.earliest for change in changes if change.earliest]
                return Way(
                    changes=changes, verdict=verdict.value, earliest=max(dates, default=None)
                )
        return None

    def nearest(self, fact: str, answers: frozenset[int]) -> list[int]:
        """Return the places of *answers*, for a number the one nearest to the present value first."""
        now, ways = self.values.get(fact), self.finder.ways(fact, self.on)
        if isinstance(now, int | Decimal) and not isinstance(now, bool):
            return sorted(answers, key=lambda at: (abs(Decimal(ways[at].value) - Decimal(now)), at))
        return sorted(answers)

    def change(self, fact: str, value: Any, answers: frozenset[int]) -> Change:
        definition = self.pathway.definition(fact)
        known = fact in self.values
        how = definition.do if known else "record the answer"
        if known and fact.startswith("tried_"):
            how = "complete an adequate trial; if it does not help, the next step opens"
        return Change(
            fact=fact,
            title=definition.title,
            from_value=canonical_value(self.values.get(fact)),
            to=self.told(fact, value, answers),
            kind="do" if known else "record",
            earliest=self.earliest(fact, value) if known else None,
            how=how,
        )

    def told(self, fact: str, value: Any, answers: frozenset[int]) -> str:
        """Say the new answer: a value standing for a range is told as the range it must reach."""
        definition = self.pathway.definition(fact)
        match definition.kind:
            case FactKind.BOOLEAN:
                return "yes" if value else "no"
            case FactKind.DATE:
                return "recent enough" if isinstance(value, PartialDate) else str(value)
            case FactKind.INTEGER | FactKind.DECIMAL:
                return self.range_of(fact, answers) + (
                    f" {definition.unit}"
                    if definition.unit and definition.unit[0].isalpha()
                    else ""
                )
            case _:
                return str(value)

    def range_of(self, fact: str, answers: frozenset[int]) -> str:
        """Say the range of numbers that would do, between the borders of the conditions on *fact*."""
        ways = self.finder.ways(fact, self.on)
        every = sorted(Decimal(way.value) for way in ways if way.value is not None)
        fitting = sorted(Decimal(ways[at].value) for at in answers)
        bounds = sorted(
            {
                bound_of(leaf, self.explainer.settings)
                for leaf in self.finder.leaves.get(fact, ())
                if isinstance(leaf, Compare)
            }
        )
        low = max((bound for bound in bounds if bound <= fitting[0]), default=fitting[0])
        high = min((bound for bound in bounds if bound > fitting[-1]), default=fitting[-1])
        if fitting[-1] == every[-1]:
            return f"at least {plain_number(low)}"
        if fitting[0] == every[0]:
            return f"below {plain_number(high)}"
        return f"from {plain_number(low)} to below {plain_number(high)}"

    def earliest(self, fact: str, value: Any) -> str:
        """Return the first day on which something that has to be done could be true."""
        if fact.startswith("tried_"):
            days = self.shortest_trial(fact) * 7
        elif self.pathway.definition(fact).pace == "months":
            gap = Decimal(value) - Decimal(self.values.get(fact, 0))
            days = max(0, int(gap * Decimal("30.5")) + 1)
        else:
            days = 0
        return (self.on + dt.timedelta(days=days)).isoformat()

    def shortest_trial(self, fact: str) -> int:
        """Return the weeks after which a trial begun now could be judged, from the treatment's own document."""
        names = {f"tried_{name.replace('-', '_')}": name for name in self.pathway.treatments}
        name = names.get(fact) or self.pathway.derivations[fact].of[0]
        adequate = self.pathway.treatments[name].adequate
        if adequate is None:
            return 0
        weeks = [
            bound_of(leaf, self.explainer.settings)
            for leaf in walk(adequate)
            if isinstance(leaf, Compare) and leaf.fact == "weeks"
        ]
        return int(max(weeks, default=Decimal(0)))


def _say(way: Way) -> str:
    parts = [f"{change.how}: {change.title} {change.to}" for change in way.changes]
    when = f" (at the earliest {way.earliest})" if way.earliest else ""
    return "; ".join(parts) + when
