"""What a new version does to answers: for one patient, and for many, each with its direction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rules.decide import Decider
from rules.derive import read_patient
from rules.evaluator import Evaluator
from rules.leaves import Settings
from rules.outline import Outline
from rules.truth import TRUE
from schemas.decision import Verdict
from schemas.pathway import Pathway, Treatment
from schemas.patient import Patient
from schemas.versions import (
    AnswerChange,
    CohortImpact,
    Invasive,
    Transition,
    Urgent,
    VerdictShift,
)

Pair = tuple[Patient | None, Patient | None]
"""One patient as the old and as the new version's checker understood it; None: that version cannot read it."""

NEARNESS: dict[Verdict, int] = {
    Verdict.BLOCK: 0,
    Verdict.ON_HOLD: 1,
    Verdict.NOT_INDICATED: 1,
    Verdict.TRIED_FAILED: 1,
    Verdict.BLOCK_UNLESS_JUSTIFIED: 2,
    Verdict.NOT_YET: 2,
    Verdict.NEEDS_DATA: 3,
    Verdict.CONSIDER: 4,
    Verdict.TRIED_HELPED: 4,
    Verdict.RECOMMEND: 5,
}
"""How near a verdict brings a treatment: what would still have to happen before it is given.

0 it must not be given · 1 nothing proposes it, and nothing forbids it · 2 a step away: a signature, an earlier stage, a
prerequisite · 3 an answer away · 4 it may be given, or goes on being given · 5 it is the default.
"""
_UNKNOWN_TREATMENT = 1
_FAMILIES = ("physical-therapy", "medicine", "minimally-invasive", "surgery")


@dataclass(frozen=True)
class Answer:
    """What one version says of one patient, in outline, and the rules that hold."""

    outline: Outline
    rules: frozenset[str]


class Version:
    """One version, ready to answer many patients: by the compiled evaluator alone, in a fraction of a millisecond."""

    def __init__(self, pathway: Pathway, decider: Decider) -> None:
        self.pathway, self.decider = pathway, decider
        at = decider.network.index
        self._rules = [(rule, at[f"rule:{rule}"]) for rule in pathway.rules]
        self._ready: dict[str, tuple[Settings, Evaluator]] = {}

    def ready(self, profile: str) -> tuple[Settings, Evaluator]:
        """Return the settings of *profile* and the evaluator compiled for them, once."""
        if profile not in self._ready:
            settings = self.decider.voices.settings(profile)
            self._ready[profile] = settings, self.decider.voices.compiled(settings)[0]
        return self._ready[profile]

    def answer(self, patient: Patient) -> Answer:
        """Return the answer for *patient*. Raises SettingsError when the version lacks its settings profile."""
        settings, evaluator = self.ready(patient.settings)
        values = read_patient(self.pathway, patient, settings).values
        nodes = evaluator.nodes(evaluator.leaves(values, patient.on))
        holding = frozenset(rule for rule, at in self._rules if nodes[at] == TRUE)
        return Answer(self.decider.outliner.outline(nodes, values), holding)


def ranks(old: Pathway, new: Pathway) -> dict[str, tuple[int, int]]:
    """Return how invasive each treatment is: its stage, then its family; the new version's word counts.

    Surgery that belongs to no stage is left out. It is never offered: what a red sign raises is a flag for assessment,
    and that counts as urgency.
    """
    found: dict[str, tuple[int, int]] = {}
    for pathway in (old, new):
        for treatment in pathway.treatments.values():
            found.pop(treatment.id, None)
            if treatment.stage:
                found[treatment.id] = (
                    _depth(pathway, treatment),
                    _FAMILIES.index(treatment.family),
                )
    return found


def _depth(pathway: Pathway, treatment: Treatment) -> int:
    """Return how many stages lie before that of *treatment*, on the longest way."""

    def depth(stage: str) -> int:
        return 1 + max((depth(each) for each in pathway.stages[stage].after), default=-1)

    return depth(treatment.stage)


def invasiveness(
    verdicts: Mapping[str, Verdict], rank: Mapping[str, tuple[int, int]]
) -> tuple[tuple[int, ...], ...]:
    """Return a measure of how invasive a set of verdicts is; the greater of two is the more invasive.

    The most invasive treatments are compared first, and gentler ones only where those stand alike. Whoever releases
    a version must hear of a stimulator that came nearer even when three medicines went away, so nothing is traded
    against it: the patient harmed by the trade would be the one with the implant. Among treatments of the same stage
    and family only how near they are counts, not which one it is: one injection in place of another is no step up.
    A treatment counts by what would still have to happen before it is given (`NEARNESS`): lifting a block brings it
    nearer although it is not yet offered, because it takes away what stood between patient and needle.
    """
    groups: dict[tuple[int, int], list[int]] = {}
    for treatment, level in rank.items():
        verdict = verdicts.get(treatment)
        near = _UNKNOWN_TREATMENT if verdict is None else NEARNESS[verdict]
        groups.setdefault(level, []).append(near)
    return tuple(
        tuple(sorted(groups[level], reverse=True)) for level in sorted(groups, reverse=True)
    )


def difference(before: Answer, after: Answer, rank: Mapping[str, tuple[int, int]]) -> AnswerChange:
    """Return how *after* differs from *before*, with the direction."""
    one, other = before.outline, after.outline
    names = dict.fromkeys((*one.verdicts, *other.verdicts))
    shifts = (
        VerdictShift(
            treatment=name,
            before=str(one.verdicts.get(name, "")),
            after=str(other.verdicts.get(name, "")),
        )
        for name in names
    )
    return AnswerChange(
        urgency=None if one.urgency is other.urgency else (one.urgency, other.urgency),
        state=None if one.state is other.state else (one.state, other.state),
        screen_complete=None
        if one.screen_complete is other.screen_complete
        else (one.screen_complete, other.screen_complete),
        signs_gained=tuple(sign for sign in other.red_signs if sign not in one.red_signs),
        signs_lost=tuple(sign for sign in one.red_signs if sign not in other.red_signs),
        verdicts=tuple(shift for shift in shifts if shift.before != shift.after),
        invasive=_invasive(invasiveness(one.verdicts, rank), invasiveness(other.verdicts, rank)),
        urgent=_urgent(one, other),
        rules_gained=tuple(sorted(after.rules - before.rules)),
        rules_lost=tuple(sorted(before.rules - after.rules)),
    )


def _invasive(before: tuple[tuple[int, ...], ...], after: tuple[tuple[int, ...], ...]) -> Invasive:
    if before == after:
        return "as-invasive"
    return "more-invasive" if after > before else "less-invasive"


def _urgent(before: Outline, after: Outline) -> Urgent:
    """U0 is the most urgent, and the first in order."""
    if before.urgency is after.urgency:
        return "as-urgent"
    return "more-urgent" if after.urgency < before.urgency else "less-urgent"


def cohort_impact(old: Version, new: Version, cohort: Iterable[Pair]) -> CohortImpact:
    """Return how many patients of *cohort* the new version answers differently, one after the other."""
    rank = ranks(old.pathway, new.pathway)
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    shifts: Counter[tuple[str, str, str]] = Counter()
    for before, after in cohort:
        counts["unreadable_old"] += before is None
        counts["unreadable_new"] += after is None
        if before is None or after is None:
            continue
        counts["patients"] += 1
        one, other = old.answer(before), new.answer(after)
        if one == other:
            continue
        change = difference(one, other, rank)
        counts["reasons_only"] += change.differs_in_reasons
        if not change.differs:
            continue
        counts["changed"] += 1
        counts[change.invasive] += 1
        counts[change.urgent] += 1
        counts["neither"] += (change.invasive, change.urgent) == ("as-invasive", "as-urgent")
        kinds.update(_kinds(change))
        shifts.update((each.treatment, each.before, each.after) for each in change.verdicts)
    order = list(dict.fromkeys((*new.pathway.treatments, *old.pathway.treatments)))
    return CohortImpact(
        patients=counts["patients"],
        changed=counts["changed"],
        reasons_only=counts["reasons_only"],
        more_invasive=counts["more-invasive"],
        less_invasive=counts["less-invasive"],
        more_urgent=counts["more-urgent"],
        less_urgent=counts["less-urgent"],
        neither=counts["neither"],
        kinds={name: kinds[name] for name in sorted(kinds)},
        transitions=tuple(
            Transition(treatment=treatment, before=before, after=after, patients=count)
            for (treatment, before, after), count in sorted(
                shifts.items(), key=lambda item: (-item[1], order.index(item[0][0]), item[0])
            )
        ),
        unreadable_old=counts["unreadable_old"],
        unreadable_new=counts["unreadable_new"],
    )


def _kinds(change: AnswerChange) -> Iterable[str]:
    present = {
        "urgency": change.urgency is not None,
        "state": change.state is not None,
        "red-signs": bool(change.signs_gained or change.signs_lost),
        "screen": change.screen_complete is not None,
        "verdicts": bool(change.verdicts),
    }
    return (name for name, here in present.items() if here)
