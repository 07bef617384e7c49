"""From what the solver found back to a patient: an input that the checker accepts and anybody can decide again.

The solver speaks of derived facts; a client sends lists. Here the lists are built that give those facts: trials that
are judged so, medicines of those classes, operations with those dates. Nothing is believed: whoever asks for a witness
reads the patient back with the ordinary code and sees whether it is the patient that was meant.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import ROUND_CEILING, Decimal
from functools import cached_property
from typing import Any

import z3

from rules.check import Checker
from rules.derive import EARLIEST, NEVER, PROCEDURES, read_patient
from rules.leaves import evaluate_leaf
from rules.proof.derived import LISTED
from rules.proof.model import SymbolicDecision
from rules.proof.patient import DateRange, SymbolicFacts, SymbolicSettings
from rules.proof.trial import SymbolicTrial
from rules.trials import TOGETHER
from schemas.condition import Leaf, settings_of
from schemas.facts import FactKind, PartialDate
from schemas.pathway import Pathway
from schemas.patient import Patient

Input = dict[str, Any]
ON = dt.date(2026, 3, 1)
"""The date on which witnesses are asked about; any date would do."""
LONG_AGO = -3_000
UNDATED: tuple[int, int] | None = None


def exact_dates(facts: SymbolicFacts) -> Any:
    """Return that the question is asked on ON and every date is one day: most witnesses can be had so."""
    parts = [facts.since_1900 == (ON - EARLIEST).days]
    for name, value in facts.value.items():
        if isinstance(value, DateRange):
            parts.append(z3.Or(value.earliest == value.latest, *_open(facts, name)))
    return z3.And(*parts)


def writable_dates(facts: SymbolicFacts) -> Any:
    """Return that every date can be written: as a day, a month or a year, or is open towards today or towards
    the past because a row is undated or may be missing.
    """
    parts = [facts.since_1900 == (ON - EARLIEST).days]
    for name, value in facts.value.items():
        if isinstance(value, DateRange):
            spans = [z3.And(value.earliest == low, value.latest == high) for low, high in _spans()]
            parts.append(
                z3.Or(
                    value.earliest == value.latest,
                    *spans,
                    *_open(facts, name),
                )
            )
    return z3.And(*parts)


def _open(facts: SymbolicFacts, name: str) -> Iterator[Any]:
    date = facts.value[name]
    if name in facts.open_ended:
        yield z3.And(facts.open_ended[name], date.latest == 0)
    if name in facts.open_start:
        back = z3.And(date.earliest == -facts.since_1900, date.latest <= 0)
        yield z3.And(facts.open_start[name], back)


def _spans() -> list[tuple[int, int]]:
    """Return months and years around ON, in days from it."""
    found = []
    for year in range(ON.year - 12, ON.year + 4):
        found.append((dt.date(year, 1, 1), dt.date(year, 12, 31)))
        for month in range(1, 13):
            following = dt.date(year + month // 12, month % 12 + 1, 1)
            found.append((dt.date(year, month, 1), following - dt.timedelta(days=1)))
    return [((first - ON).days, (last - ON).days) for first, last in found]


class TrialRows:
    """Writes trials that are judged as asked for; remembers them, because the same are asked for again and again."""

    def __init__(self, pathway: Pathway) -> None:
        self.pathway = pathway
        self.read = {name for row in pathway.outcomes for name in settings_of(row.when)}
        for treatment in pathway.treatments.values():
            if treatment.adequate is not None:
                self.read.update(settings_of(treatment.adequate))
        self.found: dict[tuple[object, ...], Input | None] = {}

    def judged(
        self,
        settings: Mapping[str, Decimal],
        treatment: str,
        outcome: str | None,
        sessions: int | None,
    ) -> Input | None:
        """Return a trial that is judged so (None: not settled), or None when there is no such trial."""
        numbers = tuple(settings[name] for name in sorted(self.read))
        key = (treatment, outcome, sessions, numbers)
        if key not in self.found:
            self.found[key] = self._find(settings, treatment, outcome, sessions)
        found = self.found[key]
        return None if found is None else dict(found)

    def _find(
        self,
        settings: Mapping[str, Decimal],
        treatment: str,
        outcome: str | None,
        sessions: int | None,
    ) -> Input | None:
        fixed = SymbolicSettings.fixed(settings)
        trial = SymbolicTrial(self.pathway, self.pathway.treatments[treatment], fixed)
        solver = z3.Solver()
        solver.add(*trial.constraints)
        outcomes = trial.outcomes()
        unjudged = z3.Not(z3.Or(*outcomes.values()))
        solver.add(unjudged if outcome is None else outcomes[outcome])
        if sessions is not None:
            solver.add(trial.facts.known["sessions"], trial.facts.value["sessions"] == sessions)
        if solver.check() != z3.sat:
            return None
        row: Input = {"treatment": treatment}
        for name in trial.fields:
            value = _field(solver.model(), trial.facts, name)
            if value is not None:
                row[name] = value
        return row


def _field(model: Any, facts: SymbolicFacts, name: str) -> Any:
    """Return the value of one field of a trial as a client writes it."""

    def value(term: Any) -> Any:
        return model.eval(term, model_completion=True)

    if not z3.is_true(value(facts.known[name])):
        return None
    if name in facts.words:
        return next(word for word, so in facts.words[name].items() if z3.is_true(value(so)))
    found = value(facts.value[name])
    if z3.is_bool(found):
        return z3.is_true(found)
    return _plain(decimal_of(found))


def decimal_of(value: Any) -> Decimal:
    """Return a number of the solver, to four places as the checker allows."""
    if z3.is_int_value(value):
        return Decimal(value.as_long())
    exact = Decimal(value.numerator_as_long()) / Decimal(value.denominator_as_long())
    return exact.quantize(Decimal("0.0001")).normalize() + 0


class Witness:
    """One patient the solver found, rebuilt as an input."""

    def __init__(
        self, pathway: Pathway, decision: SymbolicDecision, model: Any, trials: TrialRows
    ) -> None:
        self.pathway, self.decision, self.model, self.trials = pathway, decision, model, trials
        self.facts = decision.facts
        self._values: dict[str, Any] = {}
        self._since_1900 = int(self.number(self.facts.since_1900))
        self.on = EARLIEST + dt.timedelta(days=self._since_1900)

    # reading the model

    @cached_property
    def _truths(self) -> int:
        """Every truth about the facts, packed: asking for each by itself takes most of the time."""
        packed = self.model.eval(self.facts.bits[1], model_completion=True)
        return int(packed.as_long())

    def true(self, formula: Any) -> bool:
        place = self.facts.bits[0].get(formula.get_id())
        if place is not None:
            return bool(self._truths >> place & 1)
        return bool(z3.is_true(self.model.eval(formula, model_completion=True)))

    def number(self, term: Any) -> Decimal:
        return decimal_of(self.model.eval(term, model_completion=True))

    @cached_property
    def settings(self) -> dict[str, Decimal]:
        """Return the settings under which the solver found the patient."""
        values = self.facts.settings.values
        return {n: v if isinstance(v, Decimal) else self.number(v) for n, v in values.items()}

    def value(self, name: str) -> Any:
        """Return the value of a fact as the rules shall read it, None when it is unknown; dates as days from `on`."""
        if name not in self._values:
            self._values[name] = self._value(name)
        return self._values[name]

    def _value(self, name: str) -> Any:
        facts = self.facts
        if name not in facts.known or not self.true(facts.known[name]):
            return None
        if name in facts.words:
            return next(word for word, so in facts.words[name].items() if self.true(so))
        value = facts.value[name]
        if isinstance(value, DateRange):
            return int(self.number(value.earliest)), int(self.number(value.latest))
        if z3.is_bool(value):
            return self.true(value)
        return self.number(value)

    def meant(self) -> dict[str, Any]:
        """Return the values that the rules shall read."""
        found = {}
        for name in self.facts.known:
            value = self.value(name)
            if isinstance(value, tuple):
                first, last = (self._day(days) for days in value)
                value = PartialDate(text=f"{first} to {last}", earliest=first, latest=last)
            if value is not None:
                found[name] = value
        return found

    def _day(self, days: int) -> dt.date:
        return NEVER.earliest if days < -self._since_1900 else self.on + dt.timedelta(days=days)

    # writing the input

    def write(self) -> Input:
        """Return the input, in the form a client sends."""
        data: Input = {"facts": self._stated(), "on": self.on.isoformat()}
        incomplete = []
        for key, whole, part in (
            ("medications", self._medications, self._medications),
            ("trials", self._trials, self._some_trials),
            ("surgeries", self._surgeries, self._some_surgeries),
        ):
            if self.value(LISTED[key]):
                data[key] = whole()
            elif rows := part():
                data[key] = rows
                incomplete.append(key)
        if incomplete:
            data["incomplete"] = incomplete
        overrides = self._overrides()
        if overrides:
            data["overrides"] = overrides
        return data

    def _stated(self) -> Input:
        found: Input = {}
        for name, definition in self.pathway.facts.items():
            value = self.value(name)
            if value is None:
                continue
            match definition.kind:
                case FactKind.DATE:
                    found[name] = self.date(value)
                case FactKind.INTEGER:
                    found[name] = int(value)
                case FactKind.DECIMAL:
                    found[name] = _plain(value)
                case _:
                    found[name] = value
        dose = self.value("medication_mme_per_day")
        if "mme_per_day" in found and dose is not None and self.value("mme_per_day") == dose:
            del found["mme_per_day"]
        return found

    def date(self, days: tuple[int, int]) -> str:
        """Write an interval of days as a day, a month or a year; the nearest that can be written."""
        first, last = (self.on + dt.timedelta(days=each) for each in days)
        if first == last:
            return first.isoformat()
        return first.isoformat()[:7] if (last - first).days <= 31 else first.isoformat()[:4]

    def _medications(self) -> list[Input]:
        rows: list[Input] = []
        started = {
            d.of: self.value(n) for n, d in self.pathway.derivations.items() if d.rule == "started"
        }
        dose_of = {
            d.of: self.value(n) for n, d in self.pathway.derivations.items() if d.rule == "mme"
        }
        for group, taken in self.decision.possible.taken.items():
            number = self.true(taken) if z3.is_bool(taken) else int(self.number(taken))
            for agent in group.medicines[:number]:
                row: Input = {"agent": agent}
                for of, date in started.items():
                    if group.words & set(of) and date is not None:
                        whole = self.value(LISTED["medications"])
                        row["started"] = self.date(date if whole else date[1:] * 2)
                for of, dose in dose_of.items():
                    if group.words & set(of) and dose is not None:
                        factor = self.pathway.medicines[agent].mme_factor or Decimal(1)
                        first = not any("dose_mg_per_day" in each for each in rows)
                        milligrams = dose / factor if first else Decimal(0)
                        row["dose_mg_per_day"] = _plain(
                            milligrams.quantize(Decimal("0.001"), ROUND_CEILING)
                        )
                rows.append(row)
        return rows

    def _overrides(self) -> list[Input]:
        lifts = {"justified": "block-unless-justified", "early": "not-yet"}
        return [
            {
                "treatment": derivation.of[0],
                "lifts": lifts[derivation.rule],
                "who": "A clinician",
                "when": self.on.isoformat(),
                "why": "recorded for this example",
            }
            for name, derivation in self.pathway.derivations.items()
            if derivation.rule in lifts and self.value(name)
        ]

    # trials

    def judged(
        self, treatment: str, outcome: str | None, sessions: int | None = None
    ) -> Input | None:
        return self.trials.judged(self.settings, treatment, outcome, sessions)

    def _filler(self, treatment: str, outcome: str | None, sessions: int) -> Input:
        """Return a trial that adds sessions and changes nothing about how the treatment is judged."""
        rank = TOGETHER.index(outcome) if outcome in TOGETHER else 0
        for other in (outcome, *TOGETHER[rank:][::-1]):
            row = self.judged(treatment, other, sessions)
            if row is not None:
                return row
        return {"treatment": treatment, "sessions": sessions}

    def _trials(self) -> list[Input]:
        rows: list[Input] = []
        derivations = self.pathway.derivations
        tried = {d.of: n for n, d in derivations.items() if d.rule == "tried"}
        counted = {d.of[0] for d in derivations.values() if d.rule == "sessions"}
        for of, name in tried.items():
            treatment, outcome = of[0], self.value(name)
            if len(of) > 1 or outcome == "none":
                continue
            parts = [(o[1], self.value(n)) for o, n in tried.items() if o[:1] == of and o != of]
            if treatment in counted:
                rows += self._counted(treatment, outcome)
            elif parts:
                rows += self._by_class(treatment, outcome, *parts[0])
            else:
                row = self.judged(treatment, outcome) or {"treatment": treatment}
                day = self._before()
                if treatment in PROCEDURES and day is not None:
                    row["ended"] = self.date(day)
                rows.append(row)
        return rows

    def _some_trials(self) -> list[Input]:
        """Return the trials of a list that may lack some: those that helped, and procedures on their day."""
        derivations = self.pathway.derivations
        dates = {
            d.of[0]: self.value(n) for n, d in derivations.items() if d.rule == "procedure-date"
        }
        rows: list[Input] = []
        for name, derivation in derivations.items():
            treatment = derivation.of[0]
            if derivation.rule != "tried":
                continue
            row: Input = {"treatment": treatment}
            if self.value(name) == "responder":
                row = self.judged(treatment, "responder") or row
            if len(derivation.of) > 1:
                row["agent"] = self._inside(derivation.of[1])
            elif dates.get(treatment) is not None:
                row["ended"] = self.date(dates[treatment][:1] * 2)
            if self.value(name) is not None or "ended" in row:
                rows.append(row)
        return rows

    def _inside(self, word: str) -> str:
        return next(m.id for m in self.pathway.medicines.values() if word in m.classes)

    def _spine(self) -> tuple[int, int] | None:
        found: tuple[int, int] | None = self.value("last_spine_procedure")
        return found

    def _before(self) -> tuple[int, int] | None:
        """Return a day no later than the last procedure, for one whose day matters to nobody else."""
        spine = self._spine()
        return None if spine is None or self._open(spine) else (min(LONG_AGO, spine[0]),) * 2

    def _by_class(
        self, treatment: str, outcome: str | None, word: str, part: str | None
    ) -> list[Input]:
        inside = self._inside(word)
        rows = []
        if part != "none":
            row = self.judged(treatment, part)
            rows.append((row or {"treatment": treatment}) | {"agent": inside})
        if part == "none" or part != outcome:
            row = self.judged(treatment, outcome)
            rows.append((row or {"treatment": treatment}) | {"agent": "duloxetine"})
        return rows

    def _counted(self, treatment: str, outcome: str | None) -> list[Input]:
        """Return trials with as many sessions in each window as asked for, and the last one on its day."""
        derivations = self.pathway.derivations
        counts = sorted(
            (d.within_days or 0, self.value(n))
            for n, d in derivations.items()
            if d.rule == "sessions" and d.of[0] == treatment
        )
        last = next(
            (
                self.value(n)
                for n, d in derivations.items()
                if d.rule == "procedure-date" and d.of == (treatment,)
            ),
            None,
        )
        main = self.judged(treatment, outcome) or {"treatment": treatment}
        if any(count is None for _, count in counts):
            rows = [main]
            if last is not None:
                rows.append(
                    self._filler(treatment, outcome, 0) | {"ended": self.date((last[0],) * 2)}
                )
            return rows
        spine = self._spine()
        if last is None:
            newest = spine[0] if spine else LONG_AGO
            wanted = max((days for days, count in counts if count), default=None)
            last = (newest, newest) if wanted is None else (max(newest, -wanted),) * 2
            if spine and last[0] > spine[0]:
                last = (spine[0],) * 2
        rows, before, used = [], 0, False
        for at, (days, count) in enumerate(counts):
            more, before = int(count) - before, int(count)
            if more <= 0:
                continue
            nearer = counts[at - 1][0] if at else -1
            inside = -days <= last[1] and -last[1] > nearer
            when = last if inside else (-days, -days)
            used = used or inside
            rows.append(self._filler(treatment, outcome, more) | {"ended": self.date(when)})
        outside = all(last[1] < -days for days, _ in counts)
        main_day = last if outside else (min(LONG_AGO, last[0]),) * 2
        if not outside and not used:
            rows.append(self._filler(treatment, outcome, 0) | {"ended": self.date(last)})
        return [main | {"ended": self.date(main_day)}, *rows]

    # operations

    def _surgeries(self) -> list[Input]:
        fusion, fused = self.value("lumbar_fusion"), self.value("last_lumbar_fusion")
        lumbar, last = self.value("lumbar_surgery"), self.value("last_lumbar_surgery")
        for_pain, result = self.value("lumbar_surgery_for_pain"), self.value("last_surgery_result")
        rows: list[Input] = []

        def row(procedure: str, region: str | None, days: tuple[int, int] | None) -> Input:
            made: Input = {"procedure": procedure}
            if region is not None:
                made["region"] = region
            if days is not None:
                made["date"] = self.date(days)
            if for_pain is not None:
                made["for_pain"] = for_pain
            if result is not None:
                made["result"] = result
            rows.append(made)
            return made

        if fusion and fused is not None and self._open(fused):
            row("fusion", "lumbar", fused[:1] * 2)
            row("fusion", "lumbar", None)
        elif fusion:
            row("fusion", "lumbar", fused)
        elif fusion is None:
            # It may be the last one: without a date it leaves the day of the last one open.
            spine = self._spine()
            if last is None or spine is None:
                day = self._before()
            else:
                day = None if self._open(last) else (min(LONG_AGO, last[0], spine[0]),) * 2
            row("fusion", None, day)
        needed = last is not None and (not fusion or fused != last)
        if lumbar and (needed or not fusion):
            day = (
                last
                if last is None or last[0] == last[1] or not self._open(last)
                else (last[0],) * 2
            )
            row("decompression", "lumbar", day)
        elif lumbar is None and fusion is False:
            row("decompression", None, self._before())
        if last is not None and self._open(last) and (fusion is False or (fusion and fused)):
            row("decompression", "lumbar", None)
        self._other_procedure(rows)
        return rows

    def _some_surgeries(self) -> list[Input]:
        """Return the operations of a list that may lack some: those that were, on the first day they may have been."""
        fused, last = self.value("last_lumbar_fusion"), self.value("last_lumbar_surgery")
        rows: list[Input] = []

        def row(procedure: str, days: tuple[int, int] | None) -> None:
            made: Input = {"procedure": procedure, "region": "lumbar"}
            if days is not None:
                made["date"] = self.date(days[:1] * 2)
            if self.value("lumbar_surgery_for_pain"):
                made["for_pain"] = True
            rows.append(made)

        if self.value("lumbar_fusion"):
            row("fusion", fused)
        if self.value("lumbar_surgery") and (not rows or fused != last):
            row("decompression", last)
        spine = self._spine()
        if spine is not None:
            date = self.date(spine[:1] * 2)
            rows.append({"procedure": "other", "region": "cervical", "date": date})
        return rows

    @staticmethod
    def _open(days: tuple[int, int]) -> bool:
        return days[0] != days[1] and days[1] == 0

    def _other_procedure(self, rows: list[Input]) -> None:
        """Add an operation on the neck where the last procedure of the spine is later than any other."""
        spine = self._spine()
        if spine is None:
            return
        day = (spine[0],) * 2 if self._open(spine) else spine
        if day[0] >= -self._since_1900:
            rows.append({"procedure": "other", "region": "cervical", "date": self.date(day)})
        if self._open(spine) and self.value("trials_listed"):
            rows.append({"procedure": "other", "region": "cervical"})


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(round(value, 4))


def check(checker: Checker, data: Input) -> Patient:
    """Return the patient as the checker understands it; raises InputError when it is refused."""
    return checker.check(data, ON)


def misread(witness: Witness, patient: Patient, leaves: tuple[Leaf, ...]) -> tuple[str, ...]:
    """Return the facts that the ordinary code reads otherwise than the solver meant them, as far as any
    comparison shows it.
    """
    settings, meant = witness.settings, witness.meant()
    read = read_patient(witness.pathway, patient, settings).values
    found: dict[str, None] = {}
    for leaf in leaves:
        truth = evaluate_leaf(leaf, meant, settings, witness.on)
        if evaluate_leaf(leaf, read, settings, patient.on) != truth:
            found[leaf.fact] = None
    return tuple(found)
