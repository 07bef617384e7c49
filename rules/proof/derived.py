"""What hangs together in one symbolic patient: derived facts, the lists they come from, the medicines behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import z3

from rules.proof.patient import SymbolicFacts, equal
from rules.proof.trial import TrialOutcomes
from schemas.pathway import Derivation, Medicine, Pathway

LISTED = {
    "trials": "trials_listed",
    "medications": "medications_listed",
    "surgeries": "surgeries_listed",
}
"""Of each list the fact that it is given and lacks nothing; of one that may lack something, some things are known."""


@dataclass(frozen=True)
class Exclusion:
    """What always holds, and why."""

    id: str
    argument: str
    holds: Any


@dataclass(frozen=True)
class MedicineGroup:
    """Medicines that no rule can tell apart, and how many of them are taken."""

    words: frozenset[str]
    has_factor: bool
    medicines: tuple[str, ...]


def medicine_groups(pathway: Pathway) -> tuple[MedicineGroup, ...]:
    """Group the medicines by the classes and names that some derived fact asks for."""
    rules = ("taking", "count-taking", "started", "mme")
    asked = {w for d in pathway.derivations.values() if d.rule in rules for w in d.of}
    groups: dict[tuple[frozenset[str], bool], list[str]] = {}
    for medicine in pathway.medicines.values():
        words = frozenset(_words(medicine) & asked)
        if words:
            groups.setdefault((words, medicine.mme_factor is not None), []).append(medicine.id)
    return tuple(MedicineGroup(words, has, tuple(ids)) for (words, has), ids in groups.items())


def _words(medicine: Medicine) -> set[str]:
    return {medicine.id, *medicine.classes}


class Derived:
    """The derived facts of one symbolic patient."""

    def __init__(self, pathway: Pathway, patient: SymbolicFacts, outcomes: TrialOutcomes) -> None:
        self.pathway, self.patient, self.outcomes = pathway, patient, outcomes
        self.groups = medicine_groups(pathway)
        counted = {w for _, d in self.derivations("count-taking") for w in d.of}
        self.taken: dict[MedicineGroup, Any] = {
            group: (z3.Int if group.words & counted else z3.Bool)(f"{patient.tag}taken {at}")
            for at, group in enumerate(self.groups)
        }
        """Of each group how many medicines are taken where some rule counts them, else whether any is."""
        patient.add(pathway.derivations)
        patient.open_ended.update(self._open_ended())
        for name, derivation in self.derivations("started"):
            if derivation.fact.from_list in LISTED:
                patient.open_start[name] = z3.Not(self.listed(derivation.fact.from_list))

    def _open_ended(self) -> dict[str, Any]:
        """Return for every date when a row of its list may have none, so that it reaches up to the day of the
        question.
        """
        found = {}
        for name, derivation in self.derivations("procedure-date", "surgery-date"):
            settled = [
                other
                for other, each in self.derivations("sessions", "surgery-result")
                if each.of == derivation.of
            ]
            found[name] = z3.Not(z3.Or(*(self.known(other) for other in settled)))
        return found

    def derivations(self, *rules: str) -> Iterator[tuple[str, Derivation]]:
        for name, derivation in self.pathway.derivations.items():
            if derivation.rule in rules:
                yield name, derivation

    def known(self, name: str) -> Any:
        return self.patient.known.get(name, z3.BoolVal(False))

    def listed(self, name: str) -> Any:
        return self.known(LISTED[name])

    def any_taken(self, words: Iterable[str]) -> Any:
        """Return that a medicine with one of these words is taken."""
        found = [self.taken[g] for g in self.groups if g.words & set(words)]
        return z3.Or(*(each if z3.is_bool(each) else each > 0 for each in found))

    def same_medicines(self, other: Derived) -> Any:
        return z3.And(*(equal(taken, other.taken[g]) for g, taken in self.taken.items()))

    def never(self, name: str) -> Any:
        return z3.And(self.patient.known[name], self.patient.never(name))

    def happened(self, name: str) -> Any:
        """Return that a date is known and is the date of something that was done, on the day of the question or
        before.
        """
        p = self.patient
        return z3.And(p.known[name], z3.Not(p.never(name)), p.value[name].earliest <= 0)
