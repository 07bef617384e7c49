"""Trials that are judged as the solver means them: found by asking it about one trial, and written as rows."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import z3

from rules.derive import PROCEDURES
from rules.proof.meaning import LONG_AGO, Input, Meaning, decimal_of, plain
from rules.proof.patient import SymbolicFacts, SymbolicSettings
from rules.proof.trial import SymbolicTrial
from rules.trials import TOGETHER
from schemas.condition import settings_of
from schemas.pathway import Pathway


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
    return plain(decimal_of(found))


class TrialWriter:
    """Writes the trials of one patient."""

    def __init__(self, meaning: Meaning, rows: TrialRows) -> None:
        self.meaning, self.rows = meaning, rows

    def judged(
        self, treatment: str, outcome: str | None, sessions: int | None = None
    ) -> Input | None:
        return self.rows.judged(self.meaning.settings, treatment, outcome, sessions)

    def _filler(self, treatment: str, outcome: str | None, sessions: int) -> Input:
        """Return a trial that adds sessions and changes nothing about how the treatment is judged."""
        rank = TOGETHER.index(outcome) if outcome in TOGETHER else 0
        for other in (outcome, *TOGETHER[rank:][::-1]):
            row = self.judged(treatment, other, sessions)
            if row is not None:
                return row
        return {"treatment": treatment, "sessions": sessions}

    def whole(self) -> list[Input]:
        rows: list[Input] = []
        derivations = self.meaning.pathway.derivations
        tried = {d.of: n for n, d in derivations.items() if d.rule == "tried"}
        counted = {d.of[0] for d in derivations.values() if d.rule == "sessions"}
        for of, name in tried.items():
            treatment, outcome = of[0], self.meaning.value(name)
            if len(of) > 1 or outcome == "none":
                continue
            parts = [
                (o[1], self.meaning.value(n)) for o, n in tried.items() if o[:1] == of and o != of
            ]
            if treatment in counted:
                rows += self._counted(treatment, outcome)
            elif parts:
                rows += self._by_class(treatment, outcome, *parts[0])
            else:
                row = self.judged(treatment, outcome) or {"treatment": treatment}
                day = self.meaning.before()
                if treatment in PROCEDURES and day is not None:
                    row["ended"] = self.meaning.date(day)
                rows.append(row)
        return rows

    def part(self) -> list[Input]:
        """Return the trials of a list that may lack some: those that helped, and procedures on their day."""
        derivations = self.meaning.pathway.derivations
        dates = {
            d.of[0]: self.meaning.value(n)
            for n, d in derivations.items()
            if d.rule == "procedure-date"
        }
        rows: list[Input] = []
        for name, derivation in derivations.items():
            treatment = derivation.of[0]
            if derivation.rule != "tried":
                continue
            row: Input = {"treatment": treatment}
            if self.meaning.value(name) == "responder":
                row = self.judged(treatment, "responder") or row
            if len(derivation.of) > 1:
                row["agent"] = self._inside(derivation.of[1])
            elif dates.get(treatment) is not None:
                row["ended"] = self.meaning.date(dates[treatment][:1] * 2)
            if self.meaning.value(name) is not None or "ended" in row:
                rows.append(row)
        return rows

    def _inside(self, word: str) -> str:
        return next(m.id for m in self.meaning.pathway.medicines.values() if word in m.classes)

    def _outside(self, treatment: str, word: str) -> str:
        medicines = self.meaning.pathway.medicines
        agents = self.meaning.pathway.treatments[treatment].agents
        return next(agent for agent in agents if word not in medicines[agent].classes)

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
            rows.append(
                (row or {"treatment": treatment}) | {"agent": self._outside(treatment, word)}
            )
        return rows

    def _counted(self, treatment: str, outcome: str | None) -> list[Input]:
        """Return trials with as many sessions in each window as asked for, and the last one on its day."""
        derivations = self.meaning.pathway.derivations
        counts = sorted(
            (d.within_days or 0, self.meaning.value(n))
            for n, d in derivations.items()
            if d.rule == "sessions" and d.of[0] == treatment
        )
        last = next(
            (
                self.meaning.value(n)
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
                    self._filler(treatment, outcome, 0)
                    | {"ended": self.meaning.date((last[0],) * 2)}
                )
            return rows
        spine = self.meaning.spine()
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
            rows.append(self._filler(treatment, outcome, more) | {"ended": self.meaning.date(when)})
        outside = all(last[1] < -days for days, _ in counts)
        main_day = last if outside else (min(LONG_AGO, last[0]),) * 2
        if not outside and not used:
            rows.append(self._filler(treatment, outcome, 0) | {"ended": self.meaning.date(last)})
        return [main | {"ended": self.meaning.date(main_day)}, *rows]
