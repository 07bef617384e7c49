"""Trials at the border: for every comparison that judges a treatment trial, trials just below, at and just above it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rules.leaves import Settings
from rules.notation import as_written
from rules.verification.backwards.arrange import IS_FALSE, IS_TRUE, IS_UNKNOWN, Wish
from rules.verification.backwards.candidates import day, places
from rules.verification.backwards.compose import (
    LONG_AGO,
    Composer,
    Input,
    arranged_trial,
    judged,
    trial_arranger,
)
from rules.verification.backwards.occurrences import Occurrence, occurrences
from schemas.condition import Ref
from schemas.pathway import Pathway, Treatment
from schemas.verification import BorderPatient


def trial_patients(
    pathway: Pathway, settings: Settings, composer: Composer, calm: Mapping[str, Any]
) -> Iterator[BorderPatient]:
    """Yield the calm patient with one trial added, for every comparison of the outcome table and of `adequate`.

    What all treatments share is tried with the first of them; what makes a trial adequate, with each.
    """
    base = composer.compose({}, calm)
    first = next(iter(pathway.treatments), None)
    for treatment in pathway.treatments.values():
        trials = _Trials(pathway, settings, composer, treatment)
        earlier: list[Wish] = []
        for row in pathway.outcomes:
            condition = judged(row.when, treatment)
            if treatment.id == first or condition != row.when:
                for each in occurrences(f"outcome:{row.outcome}", condition):
                    for patient, trial in trials.around(each, earlier):
                        data = {**base, "trials": [*base.get("trials", ()), trial]}
                        yield patient.model_copy(update={"input": data})
            earlier.append((condition, IS_FALSE))
        if treatment.id == first:
            for patient, trial in trials.between_rows():
                data = {**base, "trials": [*base.get("trials", ()), trial]}
                yield patient.model_copy(update={"input": data})


class _Trials:
    """Makes up trials of one treatment."""

    def __init__(
        self, pathway: Pathway, settings: Settings, composer: Composer, treatment: Treatment
    ) -> None:
        self.pathway, self.settings, self.on = pathway, settings, composer.on
        self.treatment = treatment
        self.arranger = trial_arranger(pathway, treatment, settings, composer.on)

    def between_rows(self) -> Iterator[tuple[BorderPatient, Input]]:
        """Yield trials for which two rows of the table hold and none above them, so that their order decides."""
        rows = [(row.outcome, judged(row.when, self.treatment)) for row in self.pathway.outcomes]
        for at, (upper, first) in enumerate(rows):
            above: list[Wish] = [(condition, IS_FALSE) for _, condition in rows[:at]]
            for lower, second in rows[at + 1 :]:
                wishes: list[Wish] = [*above, (first, IS_TRUE), (second, IS_TRUE)]
                fields = arranged_trial(self.arranger, wishes)
                if fields is not None:
                    patient = BorderPatient(
                        node=f"outcome:{upper}",
                        comparison=f"outcome:{lower}",
                        stands="yes",
                        decides=True,
                        input={},
                    )
                    yield patient, self.long_ago(fields)

    def long_ago(self, fields: Input) -> Input:
        ended = day(self.on, -LONG_AGO).text
        return {"treatment": self.treatment.id, **fields, "ended": ended}

    def around(
        self, occurrence: Occurrence, earlier: list[Wish]
    ) -> Iterator[tuple[BorderPatient, Input]]:
        """Yield trials around one comparison; *earlier*: that no earlier row of the table holds."""
        leaf = occurrence.atom
        assert not isinstance(leaf, Ref)
        definition = self.pathway.trial_facts[leaf.fact]
        allowed = self.arranger.values[leaf.fact]
        sides = list(occurrence.sides)
        for stands, value in places(leaf, definition, allowed, self.settings, self.on):
            weaker = [(wish, truths | IS_UNKNOWN) for wish, truths in sides]
            for wishes in ([*sides, *earlier], [*weaker, *earlier], sides, []):
                fields = arranged_trial(self.arranger, wishes, (leaf.fact, value))
                if fields is not None:
                    patient = BorderPatient(
                        node=occurrence.node,
                        comparison=as_written(leaf),
                        stands=stands,
                        decides=wishes[: len(sides)] == sides,
                        input={},
                    )
                    yield patient, self.long_ago(fields)
                    break
