"""From the facts one wants to the input a client would send: lists are made up so that they yield those facts.

The reverse of rules/derive.py, by construction and without a guarantee: facts worked out from one list can ask for
what no list can give. Whoever composes reads the patient back and looks.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from rules.derive import NEVER, canonical_value
from rules.leaves import Settings
from rules.verification.backwards.arrange import IS_FALSE, IS_TRUE, Arranger, GivenUp, Wish
from rules.verification.backwards.candidates import candidates, day
from rules.verification.backwards.occurrences import leaves_of
from schemas.condition import And, Condition, Is, Leaf, Not, Or
from schemas.facts import PartialDate
from schemas.pathway import Derivation, Medicine, Pathway, Treatment
from schemas.patient import Trial

Input = dict[str, Any]
LONG_AGO = 400
"""Days: before every span in which sessions are counted."""


class Composer:
    """Composes inputs for one pathway under one set of settings, for questions asked on one date."""

    def __init__(
        self, pathway: Pathway, settings: Settings, on: dt.date, profile: str = "default"
    ) -> None:
        """*profile*: the name under which a client asks for *settings*."""
        self.pathway, self.settings, self.on, self.profile = pathway, settings, on, profile
        self._trials: dict[tuple[str, str], Input | None] = {}
        self._members: dict[tuple[str, ...], list[Medicine]] = {}
        self._by: dict[str, list[tuple[str, Derivation]]] = {}
        for name, derivation in pathway.derivations.items():
            self._by.setdefault(derivation.rule, []).append((name, derivation))

    def compose(self, firm: Mapping[str, Any], loose: Mapping[str, Any]) -> Input:
        """Return an input in which the *firm* facts come out as wanted, and the *loose* where that is free.

        A fact that is None is left out: unknown.
        """
        wanted = {**loose, **firm}
        data: Input = {
            "on": self.on.isoformat(),
            "settings": self.profile,
            "facts": {
                name: as_sent(wanted[name])
                for name in self.pathway.facts
                if wanted.get(name) is not None
            },
        }
        medications = self.medications(firm, wanted)
        surgeries = self.surgeries(wanted)
        trials = self.trials(firm, wanted)
        self.last_procedure(wanted, surgeries, trials)
        lists = {"medications": medications, "surgeries": surgeries, "trials": trials}
        data |= {name: rows for name, rows in lists.items() if rows is not None}
        overrides = self.overrides(wanted)
        if overrides:
            data["overrides"] = overrides
        return data

    def given(self, name: str, wanted: Mapping[str, Any]) -> bool:
        """Tell whether the list *name* is wanted at all; a list left out leaves its facts unknown."""
        listed = [fact for fact, d in self._by.get("listed", ()) if d.of[0] == name]
        return all(wanted.get(fact, True) is not None for fact in listed)

    def overrides(self, wanted: Mapping[str, Any]) -> list[Input]:
        lifts = {"justified": "block-unless-justified", "early": "not-yet"}
        return [
            {
                "treatment": derivation.of[0],
                "lifts": lifts[rule],
                "who": "a clinician",
                "when": self.on.isoformat(),
                "why": "recorded for this question",
            }
            for rule in lifts
            for name, derivation in self._by.get(rule, ())
            if wanted.get(name)
        ]

    # Medicines

    def medications(self, firm: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Input] | None:
        """Choose medicines so that every class wanted is taken, and no class that is firmly not."""
        taking = self._by.get("taking", ())
        if not self.given("medications", wanted) or any(
            name in firm and firm[name] is None for name, _ in taking
        ):
            return None
        counts = [
            (d.of, firm[name]) for name, d in self._by["count-taking"] if firm.get(name) is not None
        ]
        none = [d.of for name, d in taking if firm.get(name) is False]
        barred = self.inside([*none, *(of for of, count in counts if count == 0)])
        shunned = self.inside([d.of for name, d in taking if wanted.get(name) is False])
        chosen: dict[str, Medicine] = {}
        classes = sorted(
            (d.of for name, d in taking if wanted.get(name)), key=lambda of: len(self.members(of))
        )
        for of in classes:
            self.add(of, 1, chosen, barred, shunned)
        for name, derivation in self._by["started"]:
            if isinstance(firm.get(name), PartialDate) and firm[name] != NEVER:
                self.add(derivation.of, 1, chosen, barred, shunned)
        for of, count in sorted(counts, key=lambda item: len(self.members(item[0]))):
            self.add(of, count, chosen, barred, shunned)
        return [self.medication(medicine, firm, wanted) for medicine in chosen.values()]

    def members(self, of: tuple[str, ...]) -> list[Medicine]:
        if of not in self._members:
            self._members[of] = [
                medicine
                for medicine in self.pathway.medicines.values()
                if medicine.id in of or not set(of).isdisjoint(medicine.classes)
            ]
        return self._members[of]

    def inside(self, groups: Sequence[tuple[str, ...]]) -> Counter[str]:
        """Return in how many of *groups* each medicine is."""
        return Counter(medicine.id for of in groups for medicine in self.members(of))

    def add(
        self,
        of: tuple[str, ...],
        count: int,
        chosen: dict[str, Medicine],
        barred: Mapping[str, int],
        shunned: Mapping[str, int],
    ) -> None:
        """Add medicines of *of* until there are *count*, those first that touch the fewest other classes."""

        def cost(medicine: Medicine) -> tuple[int, bool, int]:
            # A factor of one keeps opioid doses whole.
            plain = medicine.mme_factor in (None, 1)
            return shunned.get(medicine.id, 0), not plain, len(medicine.classes)

        members = self.members(of)
        missing = count - sum(medicine.id in chosen for medicine in members)
        if missing > 0:
            allowed = (m for m in members if m.id not in barred and m.id not in chosen)
            for medicine in sorted(allowed, key=cost)[:missing]:
                chosen[medicine.id] = medicine

    def medication(
        self, medicine: Medicine, firm: Mapping[str, Any], wanted: Mapping[str, Any]
    ) -> Input:
        row: Input = {"agent": medicine.id}
        for name, derivation in self._by["started"]:
            date = firm.get(name, day(self.on, 0))
            if medicine in self.members(derivation.of) and date not in (None, NEVER):
                row["started"] = str(date)
        for name, derivation in self._by["mme"]:
            if medicine not in self.members(derivation.of) or not medicine.mme_factor:
                continue
            dose = firm[name] if name in firm else wanted.get(name) or Decimal(1)
            if dose is not None:
                amount = Decimal(dose) / medicine.mme_factor
                row["dose_mg_per_day"] = as_sent(round(amount, 3))
        return row

    # Operations

    def surgeries(self, wanted: Mapping[str, Any]) -> list[Input] | None:
        names = {d.of: name for name, d in self._by["surgery"]}
        dates = {d.of: name for name, d in self._by["surgery-date"]}
        result = next(name for name, _ in self._by["surgery-result"])
        lumbar = wanted.get(names[("lumbar",)], wanted.get(dates[("lumbar",)]) != NEVER)
        if not self.given("surgeries", wanted):
            return None
        if lumbar is False:
            return []
        fusion = wanted.get(names[("lumbar", "fusion")], False)
        row: Input = {"procedure": "decompression" if fusion is False else "fusion"}
        if lumbar and fusion is not None:
            row["region"] = "lumbar"
        put(row, "for_pain", wanted.get(names[("lumbar", "for-pain")]))
        last = wanted.get(dates[("lumbar",)])
        fused = wanted.get(dates[("lumbar", "fusion")])
        date = fused if fusion and fused != NEVER else last
        put(row, "date", str(date) if date not in (None, NEVER) else None)
        put(row, "result", wanted.get(result))
        rows = [row]
        if fusion and last not in (None, NEVER) and last != date:
            rows.append({**row, "procedure": "decompression", "date": str(last)})
        return rows

    # Trials

    def trials(self, firm: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Input] | None:
        tried = self._by["tried"]
        if not self.given("trials", wanted):
            return None
        rows: list[Input] = []
        for treatment in self.pathway.treatments.values():
            here = [(name, d.of[1:]) for name, d in tried if d.of[0] == treatment.id]
            special = [(name, classes) for name, classes in here if classes and name in firm]
            whole = next((name for name, classes in here if not classes), "")
            mine: list[Input] = []
            for name, classes in special:
                mine += self.trial(treatment, wanted.get(name), self.members(classes)[0].id)
            outcome = wanted.get(whole, "none")
            if not special or (
                whole in firm and firm[whole] not in {wanted.get(n) for n, _ in special}
            ):
                mine += self.trial(treatment, outcome, self.outside(treatment, special))
            rows += self.dated(treatment, mine, firm)
        return rows

    def outside(
        self, treatment: Treatment, special: Sequence[tuple[str, tuple[str, ...]]]
    ) -> str | None:
        """Return a medicine of *treatment*: outside the classes *special* speaks of, where it speaks of any."""
        inside = {m.id for _, classes in special for m in self.members(classes)}
        return next((agent for agent in treatment.agents if agent not in inside), None)

    def trial(self, treatment: Treatment, outcome: str | None, agent: str | None) -> list[Input]:
        """Return one trial that is judged *outcome*; None makes one nobody can judge."""
        if outcome == "none":
            return []
        row: Input = {"treatment": treatment.id}
        put(row, "agent", agent)
        fields = {} if outcome is None else self.fields(treatment, outcome)
        return [] if fields is None else [{**row, **fields}]

    def fields(self, treatment: Treatment, outcome: str) -> Input | None:
        """Return what a trial of *treatment* must record to be judged *outcome*; None when nothing does."""
        key = (treatment.id, outcome)
        if key not in self._trials:
            found = None
            for at, row in enumerate(self.pathway.outcomes):
                if row.outcome == outcome and found is None:
                    wishes = [
                        (judged(r.when, treatment), IS_FALSE) for r in self.pathway.outcomes[:at]
                    ]
                    wishes.append((judged(row.when, treatment), IS_TRUE))
                    arranger = trial_arranger(self.pathway, treatment, self.settings, self.on)
                    found = arranged_trial(arranger, wishes)
            self._trials[key] = found
        found = self._trials[key]
        return None if found is None else dict(found)

    def dated(
        self, treatment: Treatment, rows: list[Input], firm: Mapping[str, Any]
    ) -> list[Input]:
        """Spread the trials of a procedure over time, as counts of sessions and the last date want it."""
        counts = sorted(
            (d.within_days or 0, firm.get(name, 0))
            for name, d in self._by["sessions"]
            if d.of[0] == treatment.id
        )
        last = next(
            (
                firm[n]
                for n, d in self._by["procedure-date"]
                if d.of == (treatment.id,) and n in firm
            ),
            NEVER,
        )
        if any(count is None for _, count in counts) or last is None:
            return rows or [{"treatment": treatment.id}]
        model = rows[0] if rows else {"treatment": treatment.id}
        spread: list[Input] = []
        done, since = 0, 0
        for within, count in counts:
            if count > done:
                spread.append(
                    {**model, "sessions": count - done, "ended": day(self.on, -within).text}
                )
                done = count
            since = within
        old = day(self.on, -max(since, LONG_AGO)).text
        if not spread:
            spread = [{**row, "ended": old} for row in rows] if counts or rows else []
        else:
            spread += [{**row, "ended": old} for row in rows[1:]]
        if last != NEVER:
            spread = spread or [dict(model)]
            spread[0]["ended"] = str(last)
        return spread

    def last_procedure(
        self,
        wanted: Mapping[str, Any],
        surgeries: list[Input] | None,
        trials: list[Input] | None,
    ) -> None:
        """Add an operation elsewhere on the spine where the date of the last procedure asks for one."""
        name = next(n for n, d in self._by["procedure-date"] if d.of == ("spine",))
        date = wanted.get(name, NEVER)
        if surgeries is None or date == NEVER:
            return
        row: Input = {"procedure": "other", "region": "cervical", "for_pain": False}
        put(row, "date", None if date is None else str(date))
        surgeries.append(row)


def trial_arranger(
    pathway: Pathway,
    treatment: Treatment,
    settings: Settings,
    on: dt.date,
    more: Sequence[Condition] = (),
) -> Arranger:
    """Return the search over the fields of one trial of *treatment*; *more*: further conditions to be asked about."""
    conditions = [*(judged(row.when, treatment) for row in pathway.outcomes), *more]
    return Arranger({}, trial_values(pathway, treatment, settings, on, conditions), settings, on)


def trial_values(
    pathway: Pathway,
    treatment: Treatment,
    settings: Settings,
    on: dt.date,
    conditions: Iterable[Condition],
) -> dict[str, tuple[Any, ...]]:
    """Return the candidates of the fields of one trial of *treatment* that *conditions* read."""
    leaves = dict.fromkeys(leaf for condition in conditions for leaf in leaves_of(condition))
    by_fact: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        by_fact.setdefault(leaf.fact, []).append(leaf)
    return {
        fact: tuple(
            value
            for value in candidates(pathway.trial_facts[fact], None, mine, settings, on)
            if _can_be_sent(treatment, fact, value)
        )
        for fact, mine in by_fact.items()
    }


def _can_be_sent(treatment: Treatment, field: str, value: Any) -> bool:
    try:
        Trial.model_validate({"treatment": treatment.id, field: as_sent(value)})
    except ValidationError:
        return False
    return True


def arranged_trial(
    arranger: Arranger, wishes: Sequence[Wish], fixed: tuple[str, Any] | None = None
) -> Input | None:
    """Return the fields of a trial for which every wish comes true, or None; *fixed*: a field and its value."""
    state = arranger.start()
    if fixed is not None and not arranger.fix(state, *fixed):
        return None
    try:
        state = next(arranger.solve(wishes, state))
    except (StopIteration, GivenUp):
        return None
    fields = arranger.facts(state)
    return {name: as_sent(value) for name, value in fields.items() if value is not None}


def judged(condition: Condition, treatment: Treatment) -> Condition:
    """Return *condition* with `adequate` replaced by what it means for *treatment*."""
    match condition:
        case Not():
            return Not(item=judged(condition.item, treatment))
        case And() | Or():
            return type(condition)(items=tuple(judged(i, treatment) for i in condition.items))
        case Is(fact="adequate") if treatment.adequate is not None:
            return treatment.adequate
        case _:
            return condition


def put(row: Input, key: str, value: Any) -> None:
    if value is not None:
        row[key] = value


def as_sent(value: Any) -> Any:
    """Return *value* as plain JSON holds it."""
    return canonical_value(value)
