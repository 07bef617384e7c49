"""From what was stated to what the rules read: shelf lives, lists turned into facts, contradictions.

Nothing is guessed. A list that was not given leaves its facts unknown; an empty list means none. Of a list that is
said to be incomplete only what stands in it counts: its silence says nothing. Where two statements contradict each
other the safer one is read and the conflict is named.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rules.leaves import Settings
from rules.stated import read_stated
from rules.trials import judge, together
from schemas.decision import Conflict, NotUsed, Stale
from schemas.facts import PartialDate
from schemas.pathway import Derivation, Medicine, Pathway, plain_spelling
from schemas.patient import Medication, Patient, Surgery, Trial

EARLIEST = dt.date(1900, 1, 1)
NEVER = PartialDate(text="never", earliest=EARLIEST, latest=EARLIEST)
"""The date of something that did not happen: long ago for every question that asks `within`."""

PROCEDURES = (
    "epidural-steroid-injection",
    "trigger-point-injection",
    "radiofrequency-ablation",
    "spinal-cord-stimulation",
)
_LUMBAR = ("lumbar", "lumbosacral")


@dataclass
class Reading:
    """Everything the rules may read about one patient, and what was left aside."""

    values: dict[str, Any] = field(default_factory=dict)
    stale: list[Stale] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    not_used: list[NotUsed] = field(default_factory=list)
    outcomes: list[tuple[Trial, str | None]] = field(default_factory=list)
    unclassified: int = 0


def read_patient(pathway: Pathway, patient: Patient, settings: Settings) -> Reading:
    """Work out every stated and derived fact of *patient* on the date of the question."""
    reading = stated_only(pathway, patient)
    lists = _Lists(pathway, patient, settings, reading)
    for name, derivation in pathway.derivations.items():
        value = lists.value(derivation)
        if value is not None:
            reading.values[name] = value
    _opioid_dose(reading, lists.least_dose(), pathway)
    settle_contradictions(reading)
    return reading


def stated_only(pathway: Pathway, patient: Patient) -> Reading:
    """Return what was stated, without anything worked out from lists: for when working it out has failed."""
    stated = read_stated(pathway, patient)
    return Reading(stated.values, stated.stale, not_used=[*not_read(patient), *stated.not_used])


def not_read(patient: Patient) -> list[NotUsed]:
    """Return what was left aside before the patient came here."""
    return [NotUsed(where=item.where, why=item.why) for item in patient.not_used]


class _Lists:
    """Derives facts from trials, medications, surgeries and overrides."""

    def __init__(
        self, pathway: Pathway, patient: Patient, settings: Settings, reading: Reading
    ) -> None:
        self.patient, self.reading = patient, reading
        self.spelled = pathway.spellings
        self.active = self._active()
        self.judged = [
            (trial, judge(pathway, trial, settings, patient.on)) for trial in patient.trials or ()
        ]
        reading.outcomes = self.judged
        for trial in patient.trials or ():
            with_agents = (
                trial.treatment in pathway.treatments and pathway.treatments[trial.treatment].agents
            )
            if with_agents and trial.agent and plain_spelling(trial.agent) not in self.spelled:
                reading.not_used.append(
                    NotUsed(
                        where=f"trials: {trial.agent}",
                        why="this medicine is not in the list of classes; the trial counts for the "
                        "treatment, not for a class inside it",
                    )
                )

    def _active(self) -> list[tuple[Medication, Medicine]]:
        found = []
        for medication in self.patient.medications or ():
            medicine = self.spelled.get(plain_spelling(medication.agent))
            if medicine is None:
                self.reading.unclassified += 1
                self.reading.not_used.append(
                    NotUsed(
                        where=f"medications: {medication.agent}",
                        why="this medicine is not in the list of classes; its interactions are not checked",
                    )
                )
            elif _is_active(medication, self.patient.on):
                found.append((medication, medicine))
        return found

    def value(self, derivation: Derivation) -> Any:
        """Return the value of one derived fact, or None when it is unknown."""
        match derivation.rule:
            case "listed":
                return True if self._is_whole(derivation.of[0]) else None
            case "justified" | "early":
                lifts = "block-unless-justified" if derivation.rule == "justified" else "not-yet"
                return any(
                    o.treatment == derivation.of[0] and o.lifts == lifts
                    for o in self.patient.overrides
                )
            case "surgery" | "surgery-date" | "surgery-result":
                return self._surgery(derivation)
            case "tried" | "sessions" | "procedure-date":
                return self._trial(derivation)
            case _:
                return self._medication(derivation)

    def _is_whole(self, name: str) -> bool:
        """Tell whether a list is given and lacks nothing; only then does its silence say no.

        The patient on an unlisted anticoagulant would be harmed by the other reading: a needle would be offered.
        """
        return getattr(self.patient, name) is not None and name not in self.patient.incomplete

    def _medication(self, derivation: Derivation) -> Any:
        whole = self._is_whole("medications")
        found = [(m, med) for m, med in self.active if _is_one_of(med, derivation.of)]
        match derivation.rule:
            case "taking":
                return True if found else False if whole else None
            case "count-taking":
                return len({medicine.id for _, medicine in found}) if whole else None
            case "started":
                dates = [m.started for m, _ in found]
                if whole:
                    return _earliest(dates) if dates else NEVER
                # Another of the class, not listed, may have been started before.
                return _earliest([*dates, None])
            case "mme":
                return _mme(found) if whole else None
            case _:
                raise ValueError(derivation.rule)

    def least_dose(self) -> Decimal:
        """Return the opioid dose (mg of morphine a day) that the listed medicines add up to at least."""
        return sum(
            (
                medication.dose_mg_per_day * medicine.mme_factor
                for medication, medicine in self.active
                if medication.dose_mg_per_day is not None and medicine.mme_factor is not None
            ),
            Decimal(0),
        )

    def _trial(self, derivation: Derivation) -> Any:
        if derivation.rule == "procedure-date":
            return self._procedure_date(derivation)
        whole = self._is_whole("trials")
        if self.patient.trials is None:
            return None
        treatment, classes = derivation.of[0], derivation.of[1:]
        mine = [
            (trial, outcome)
            for trial, outcome in self.judged
            if trial.treatment == treatment and (not classes or self._of_class(trial, classes))
        ]
        if derivation.rule == "tried":
            outcomes = [outcome for _, outcome in mine]
            # A trial that is not listed can have gone any way: like one that nobody can judge.
            return together(outcomes if whole else [*outcomes, None])
        if not whole:
            return None
        return self._sessions([trial for trial, _ in mine], derivation.within_days or 0)

    def _of_class(self, trial: Trial, classes: tuple[str, ...]) -> bool:
        medicine = self.spelled.get(plain_spelling(trial.agent or ""))
        return medicine is not None and _is_one_of(medicine, classes)

    def _sessions(self, trials: list[Trial], days: int) -> int | None:
        """Count sessions whose date lies within *days*; an undated trial leaves the count unknown."""
        total = 0
        for trial in trials:
            date = trial.ended or trial.started
            if date is None:
                return None
            if (self.patient.on - date.latest).days <= days:
                total += 1 if trial.sessions is None else trial.sessions
        return total

    def _procedure_date(self, derivation: Derivation) -> PartialDate | None:
        wanted = PROCEDURES if derivation.of == ("spine",) else derivation.of
        dates = [
            trial.ended or trial.started
            for trial in self.patient.trials or ()
            if trial.treatment in wanted
        ]
        whole = self._is_whole("trials")
        if derivation.of == ("spine",):
            dates += [surgery.date for surgery in self.patient.surgeries or ()]
            whole = whole and self._is_whole("surgeries")
        return _latest(dates if whole else [*dates, None], self.patient.on)

    def _surgery(self, derivation: Derivation) -> Any:
        surgeries = self.patient.surgeries
        if surgeries is None:
            return None
        whole = self._is_whole("surgeries")
        judged = [(surgery, _matches(surgery, derivation.of)) for surgery in surgeries]
        if derivation.rule == "surgery":
            answers = [*(match for _, match in judged), *(() if whole else (None,))]
            return True if True in answers else None if None in answers else False
        mine = [surgery for surgery, match in judged if match]
        doubtful = not whole or any(match is None for _, match in judged)
        if derivation.rule == "surgery-date":
            dates = [surgery.date for surgery in mine]
            perhaps = [surgery.date for surgery, match in judged if match is None]
            if not whole:
                perhaps.append(None)
            return _latest(dates, self.patient.on, perhaps)
        return _last_result(mine) if mine and not doubtful else None


def _is_active(medication: Medication, on: dt.date) -> bool:
    """Tell whether a medicine is taken on *on*; a stop that may lie ahead does not end it."""
    if medication.status != "active":
        return False
    if medication.stopped is not None and medication.stopped.latest < on:
        return False
    return medication.started is None or medication.started.earliest <= on


def _is_one_of(medicine: Medicine, words: tuple[str, ...]) -> bool:
    return medicine.id in words or any(word in words for word in medicine.classes)


def _mme(found: list[tuple[Medication, Medicine]]) -> Decimal | None:
    """Add up morphine equivalents; for risk only, never for conversion. None when a dose or factor is missing."""
    total = Decimal(0)
    for medication, medicine in found:
        if medication.dose_mg_per_day is None or medicine.mme_factor is None:
            return None
        total += medication.dose_mg_per_day * medicine.mme_factor
    return total


def _earliest(dates: Iterable[PartialDate | None]) -> PartialDate | None:
    """Return the first of *dates*; an unknown one among them could lie anywhere before the known."""
    found = list(dates)
    known = [date for date in found if date is not None]
    if not known:
        return None
    first = min(known, key=lambda date: (date.latest, date.earliest))
    if len(known) == len(found):
        return first
    return PartialDate(text=f"{first.text} or earlier", earliest=EARLIEST, latest=first.latest)


def _latest(
    dates: list[PartialDate | None], on: dt.date, perhaps: Sequence[PartialDate | None] = ()
) -> PartialDate | None:
    """Return the last of *dates*, among which those of *perhaps* may belong or not.

    An unknown date could lie anywhere between the known ones and *on*.
    """
    if not dates and not perhaps:
        return NEVER
    known = [date for date in dates if date is not None]
    if not known:
        return None
    earliest = max(date.earliest for date in known)
    if None in dates or None in perhaps:
        return PartialDate(text=f"{earliest} or later", earliest=earliest, latest=max(on, earliest))
    last = max(known, key=lambda date: (date.latest, date.earliest))
    latest = max(date.latest for date in (last, *perhaps) if date is not None)
    text = last.text if latest == last.latest else f"{earliest} or later"
    return PartialDate(text=text, earliest=earliest, latest=latest)


def _matches(surgery: Surgery, words: tuple[str, ...]) -> bool | None:
    """Tell whether an operation is of the kind asked for; None when what is recorded does not settle it."""
    answers: list[bool | None] = []
    if "lumbar" in words:
        answers.append(None if surgery.region is None else surgery.region in _LUMBAR)
    if "for-pain" in words:
        answers.append(surgery.for_pain)
    if "fusion" in words:
        answers.append(surgery.procedure == "fusion")
    return False if False in answers else None if None in answers else True


def _last_result(surgeries: list[Surgery]) -> str | None:
    """Return the result of the last operation; None where the dates do not tell which one that is."""
    results = {surgery.result for surgery in surgeries}
    if len(results) == 1:
        return results.pop()
    if any(surgery.date is None for surgery in surgeries):
        return None
    ordered = sorted(surgeries, key=lambda s: s.date.earliest if s.date else EARLIEST)
    last, before = ordered[-1], ordered[:-1]
    if any(s.date and last.date and s.date.latest >= last.date.earliest for s in before):
        return None
    return last.result


def _opioid_dose(reading: Reading, least: Decimal, pathway: Pathway) -> None:
    """Take the dose from the medication list where none is stated; where both are, the higher.

    Where the list does not settle the dose, *least* is what it settles: a lower stated dose contradicts it.
    """
    listed = reading.values.get("medication_mme_per_day")
    stated = reading.values.get("mme_per_day")
    if listed is None:
        most = pathway.facts["mme_per_day"].maximum if "mme_per_day" in pathway.facts else None
        if stated is None or least <= stated:
            return
        listed = least if most is None else min(least, most)
    if stated is not None and stated != listed:
        reading.conflicts.append(
            Conflict(
                code="opioid-dose-differs",
                facts=("mme_per_day", "medications"),
                text="the stated opioid dose and the medication list differ; the higher is used",
            )
        )
    reading.values["mme_per_day"] = listed if stated is None else max(stated, listed)


def settle_contradictions(reading: Reading) -> None:
    """Name contradictions and read the safer statement (INV-D10)."""
    values = reading.values
    weak = values.get("acute_foot_drop") is True or (
        values.get("weakness_mrc") is not None and values["weakness_mrc"] < 5
    )
    if values.get("leg_weakness") == "none" and weak:
        values["leg_weakness"] = "onset-unknown"
        reading.conflicts.append(
            Conflict(
                code="weakness-contradicts",
                facts=("leg_weakness", "weakness_mrc", "acute_foot_drop"),
                text="no leg weakness is stated, but a foot drop or a reduced MRC grade is; weakness is assumed",
            )
        )
    if values.get("stimulator_site_infection") and values.get("stimulator_implanted") is False:
        values["stimulator_implanted"] = True
        reading.conflicts.append(
            Conflict(
                code="stimulator-contradicts",
                facts=("stimulator_site_infection", "stimulator_implanted"),
                text="no stimulator is stated, but an infection at one is; a stimulator is assumed",
            )
        )
    if values.get("suicidal_thoughts") == "none" and values.get("phq9_item9", 0) > 0:
        values["suicidal_thoughts"] = "thoughts"
        reading.conflicts.append(
            Conflict(
                code="suicidality-contradicts",
                facts=("suicidal_thoughts", "phq9_item9"),
                text="no suicidal thoughts are stated, but PHQ-9 item 9 is above 0; thoughts are assumed",
            )
        )
    if values.get("pregnant") is False and values.get("gestation_weeks", 0) > 0:
        values["pregnant"] = True
        reading.conflicts.append(
            Conflict(
                code="pregnancy-contradicts",
                facts=("pregnant", "gestation_weeks"),
                text="not pregnant is stated together with weeks of pregnancy; pregnancy is assumed",
            )
        )


def canonical_value(value: Any) -> Any:
    """Return *value* as plain JSON: dates as written, whole decimals as integers, others as the shortest number."""
    if isinstance(value, PartialDate):
        return value.text
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a number that is not finite")
        return int(value) if value == value.to_integral_value() else float(value)
    return value
