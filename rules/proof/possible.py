"""Combinations of facts that no patient can have, each with the argument why.

The rules read derived facts beside stated ones, and derived facts hang together: whoever takes warfarin takes an
anticoagulant. A proof that allowed the impossible would be true but find counter-examples that are nobody, so the
impossible is excluded, explicitly, here and nowhere else. Each exclusion must follow from `rules/derive.py` or from
`rules/check.py` for every list a client may send; a test holds each of them to patients drawn at random.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import z3

from rules.derive import _PROCEDURES as PROCEDURES
from rules.proof.patient import SymbolicFacts, equal
from rules.proof.trial import TrialOutcomes
from rules.trials import _TOGETHER as TOGETHER
from schemas.pathway import Derivation, Medicine, Pathway

LISTED = {
    "trials": "trials_listed",
    "medications": "medications_listed",
    "surgeries": "surgeries_listed",
}


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


class Possible:
    """The exclusions for one symbolic patient."""

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

    def exclusions(self) -> list[Exclusion]:
        found = [
            *self._lists(), *self._medicines(), *self._trials(), *self._procedures(),
            *self._surgeries(), *self._contradictions(),
        ]  # fmt: skip
        return [each for each in found if each is not None]

    # what belongs to one list

    def derivations(self, *rules: str) -> Iterator[tuple[str, Derivation]]:
        for name, derivation in self.pathway.derivations.items():
            if derivation.rule in rules:
                yield name, derivation

    def known(self, name: str) -> Any:
        return self.patient.known.get(name, z3.BoolVal(False))

    def listed(self, name: str) -> Any:
        return self.known(LISTED[name])

    def _lists(self) -> Iterator[Exclusion]:
        p = self.patient
        for name, derivation in self.derivations("listed"):
            yield Exclusion(
                f"listed:{derivation.of[0]}",
                "a list is given or it is not; that it was not given is not a fact, but the absence of one",
                z3.Implies(p.known[name], p.value[name]),
            )
        for name, _ in self.derivations("justified", "early"):
            yield Exclusion(
                f"recorded:{name}", "an override is recorded or it is not; nobody has to be asked",
                p.known[name],
            )  # fmt: skip
        for name, derivation in self.pathway.derivations.items():
            source = derivation.fact.from_list
            if derivation.rule == "procedure-date" and derivation.of == ("spine",):
                continue
            if source in LISTED and derivation.rule != "listed":
                yield Exclusion(
                    f"from-list:{name}", "nothing is known from a list that was not given",
                    z3.Implies(p.known[name], self.listed(source)),
                )  # fmt: skip

    # medicines

    def any_taken(self, words: Iterable[str]) -> Any:
        """Return that a medicine with one of these words is taken."""
        found = [self.taken[g] for g in self.groups if g.words & set(words)]
        return z3.Or(*(each if z3.is_bool(each) else each > 0 for each in found))

    def same_medicines(self, other: Possible) -> Any:
        return z3.And(*(equal(taken, other.taken[g]) for g, taken in self.taken.items()))

    def _medicines(self) -> Iterator[Exclusion]:
        p, listed = self.patient, self.listed("medications")
        for group, taken in self.taken.items():
            if z3.is_int(taken):
                yield Exclusion(
                    "medicines:number",
                    "of each kind no more can be taken than there are",
                    z3.And(taken >= 0, taken <= len(group.medicines)),
                )
        for name, derivation in self.derivations("taking"):
            yield Exclusion(
                f"taking:{name}",
                "a class is taken exactly when one of its medicines is, so classes that share a medicine move together",
                z3.And(
                    p.known[name] == listed,
                    z3.Implies(listed, p.value[name] == self.any_taken(derivation.of)),
                ),
            )
        for name, derivation in self.derivations("count-taking"):
            number = z3.Sum(
                [self.taken[g] for g in self.groups if g.words & set(derivation.of)]
                or [z3.IntVal(0)]
            )
            yield Exclusion(
                f"count:{name}",
                "the number of medicines of a class is the number of those taken",
                z3.And(p.known[name] == listed, z3.Implies(listed, p.value[name] == number)),
            )
        for name, derivation in self.derivations("started"):
            taking = self.any_taken(derivation.of)
            yield Exclusion(
                f"started:{name}",
                "what is not taken was never started; what is taken was started today or earlier",
                z3.Implies(
                    listed,
                    z3.And(
                        z3.Implies(z3.Not(taking), self._never(name)),
                        z3.Implies(z3.And(taking, p.known[name]), self._happened(name)),
                    ),
                ),
            )
        for name, derivation in self.derivations("mme"):
            yield from self._dose(name, derivation, listed)

    def _dose(self, name: str, derivation: Derivation, listed: Any) -> Iterator[Exclusion]:
        p, of = self.patient, set(derivation.of)
        without = [
            taken if z3.is_bool(taken) else taken > 0
            for group, taken in self.taken.items()
            if group.words & of and not group.has_factor
        ]
        yield Exclusion(
            f"dose:{name}",
            "no opioid, no dose; a dose is never negative, and unknown beside a medicine without a factor",
            z3.And(
                z3.Implies(
                    z3.And(listed, z3.Not(self.any_taken(of))),
                    z3.And(p.known[name], p.value[name] == 0),
                ),
                p.value[name] >= 0,
                z3.Implies(z3.Or(*without), z3.Not(p.known[name])),
            ),
        )
        if "mme_per_day" in self.pathway.facts and name == "medication_mme_per_day":
            p.add(["mme_per_day"])
            read, most = p.value["mme_per_day"], self.pathway.facts["mme_per_day"].maximum
            listed_dose = z3.And(p.known[name], read == p.value[name])
            yield Exclusion(
                "dose:stated",
                "the dose that is read is the higher of the stated and the listed one",
                z3.And(
                    z3.Implies(
                        p.known[name], z3.And(p.known["mme_per_day"], read >= p.value[name])
                    ),
                    z3.Implies(p.known["mme_per_day"], z3.Or(read <= str(most), listed_dose)),
                ),
            )

    # trials

    def _trials(self) -> Iterator[Exclusion]:
        p, listed = self.patient, self.listed("trials")
        tried = {d.of: name for name, d in self.derivations("tried")}
        for of, name in tried.items():
            possible = {"none", *self.outcomes.possible[of[0]]}
            never = [word for word in p.words[name] if word not in possible]
            if never:
                yield Exclusion(
                    f"outcome:{name}", "no trial of this treatment can be judged so by the table of outcomes",
                    z3.Not(p.word(name, *never)),
                )  # fmt: skip
            whole = tried.get(of[:1])
            if len(of) > 1 and whole is not None:
                yield self._part(name, whole)
        for treatment in dict.fromkeys(d.of[0] for _, d in self.derivations("sessions")):
            yield from self._sessions(treatment, tried[(treatment,)], listed)

    def _part(self, part: str, whole: str) -> Exclusion:
        """The trials of a class are among the trials of its treatment."""
        p = self.patient
        ranks = list(TOGETHER)
        order = [
            z3.Implies(
                z3.And(p.word(part, word), p.known[whole]),
                p.word(whole, "responder", *ranks[: ranks.index(word) + 1]),
            )
            for word in ranks
        ]
        return Exclusion(
            f"part:{part}",
            "trials of a class are trials of the treatment, which therefore counts at least as high in the order "
            "of outcomes",
            z3.And(
                z3.Implies(p.word(whole, "none"), p.word(part, "none")),
                z3.Implies(p.word(part, "responder"), p.word(whole, "responder")),
                z3.Implies(
                    z3.And(p.known[whole], z3.Not(p.known[part])), p.word(whole, "responder")
                ),
                *order,
            ),
        )

    def _sessions(self, treatment: str, tried: str, listed: Any) -> Iterator[Exclusion]:
        p = self.patient
        none = p.word(tried, "none")
        counts = sorted(
            (d.within_days or 0, name)
            for name, d in self.derivations("sessions")
            if d.of[0] == treatment
        )
        dates = [n for n, d in self.derivations("procedure-date") if d.of == (treatment,)]
        spine = [n for n, d in self.derivations("procedure-date") if d.of == ("spine",)]
        for at, (days, name) in enumerate(counts):
            parts = [
                p.value[name] >= 0,
                z3.Implies(none, z3.And(p.known[name], p.value[name] == 0)),
            ]
            if TOGETHER[-1] in self.outcomes.without_session[treatment]:
                # The last word in the order is the outcome only when every trial is judged so.
                parts.append(z3.Implies(p.word(tried, TOGETHER[-1]), p.value[name] <= 0))
            if at:
                shorter = counts[at - 1][1]
                parts += [
                    p.known[name] == p.known[shorter],
                    z3.Implies(p.known[name], p.value[name] >= p.value[shorter]),
                ]
            for date in spine if treatment in PROCEDURES else ():
                happened = z3.And(p.known[name], z3.Not(none))
                latest = p.value[date].latest
                undated = z3.And(listed, z3.Not(p.known[name]))
                parts += [
                    z3.Implies(z3.And(undated, p.known[date]), latest == 0),
                    z3.Implies(happened, p.known[date]),
                    z3.Implies(
                        z3.And(happened, p.value[name] > 0), z3.Or(latest >= -days, latest >= 0)
                    ),
                ]
            for date in dates:
                latest = p.value[date].latest
                parts += [
                    z3.Implies(z3.And(p.known[name], p.value[name] > 0), latest >= -days),
                    z3.Implies(p.known[name], p.known[date]),
                    z3.Implies(z3.And(listed, z3.Not(p.known[name]), p.known[date]), latest == 0),
                ]
            yield Exclusion(
                f"sessions:{name}",
                "no trial, no session; a longer window holds the sessions of a shorter; a session was no later "
                "than the "
                "last date; the count is unknown exactly when a trial has no date; where all trials are "
                "inadequate and an "
                "inadequate trial has no session, there is none",
                z3.And(*parts),
            )

    # dates of procedures

    def _never(self, name: str) -> Any:
        return z3.And(self.patient.known[name], self.patient.never(name))

    def _happened(self, name: str) -> Any:
        """Return that a date is known and is the date of something that was done, on the day of the question or
        before.
        """
        p = self.patient
        return z3.And(p.known[name], z3.Not(p.never(name)), p.value[name].earliest <= 0)

    def _procedures(self) -> Iterator[Exclusion]:
        p = self.patient
        tried = {d.of: name for name, d in self.derivations("tried")}
        for name, derivation in self.derivations("procedure-date"):
            if derivation.of == ("spine",):
                yield from self._spine(name, tried)
                continue
            none = p.word(tried[derivation.of], "none")
            yield Exclusion(
                f"date:{name}",
                "what was never done has no date but `never`; what was done began on the day of the question or before",
                z3.And(
                    z3.Implies(none, self._never(name)),
                    z3.Implies(z3.And(p.known[name], z3.Not(none)), self._happened(name)),
                ),
            )

    def _spine(self, name: str, tried: dict[tuple[str, ...], str]) -> Iterator[Exclusion]:
        p, date = self.patient, self.patient.value[name]
        parts = [z3.Implies(p.known[name], date.earliest <= 0)]
        both = z3.And(self.listed("trials"), self.listed("surgeries"))
        parts.append(z3.Implies(z3.And(p.known[name], z3.Not(both)), date.latest == 0))
        others = [n for n, _ in self.derivations("procedure-date", "surgery-date") if n != name]
        for other in others:
            theirs = p.value[other]
            parts.append(
                z3.Implies(
                    self._happened(other),
                    z3.And(
                        p.known[name],
                        date.earliest >= theirs.earliest,
                        z3.Or(date.latest >= theirs.latest, date.latest >= 0),
                    ),
                )
            )
        is_kind = {d.of: n for n, d in self.derivations("surgery")}
        for of, other in {d.of: n for n, d in self.derivations("surgery-date")}.items():
            if of in is_kind:
                undated = z3.And(p.yes(is_kind[of]), z3.Not(p.known[other]))
                parts.append(z3.Implies(z3.And(undated, p.known[name]), date.latest == 0))
        none = [p.word(n, "none") for of, n in tried.items() if of[0] in PROCEDURES]
        parts.append(
            z3.Implies(
                z3.And(p.known[name], z3.Not(self.listed("surgeries"))),
                z3.And(self.listed("trials"), z3.Not(z3.And(*none))),
            )
        )
        parts.append(
            z3.Implies(
                z3.And(p.known[name], z3.Not(self.listed("trials"))), self.listed("surgeries")
            )
        )
        yield Exclusion(
            f"date:{name}",
            "the last procedure is no earlier than any that is dated; unless both lists are given, a later one "
            "may be missing",
            z3.And(*parts),
        )

    # operations

    def _surgeries(self) -> Iterator[Exclusion]:
        p = self.patient
        is_kind = {d.of: n for n, d in self.derivations("surgery")}
        dates = {d.of: n for n, d in self.derivations("surgery-date")}
        listed = self.listed("surgeries")
        for of, date in dates.items():
            yield Exclusion(
                f"date:{date}", "an operation was on the day of the question or before, or never",
                z3.Implies(p.known[date], z3.Or(p.never(date), self._happened(date))),
            )  # fmt: skip
            if of in is_kind:
                name = is_kind[of]
                yield Exclusion(
                    f"operation:{name}",
                    "no such operation, no date but `never`; an operation that may be such leaves the date open",
                    z3.Implies(
                        listed,
                        z3.And(
                            z3.Implies(p.no(name), self._never(date)),
                            z3.Implies(p.yes(name), z3.Not(self._never(date))),
                            z3.Implies(z3.Not(p.known[name]), z3.Not(p.known[date])),
                        ),
                    ),
                )  # fmt: skip
        yield from self._parts_of_operations(is_kind, dates)

    def _parts_of_operations(
        self, is_kind: dict[tuple[str, ...], str], dates: dict[tuple[str, ...], str]
    ) -> Iterator[Exclusion]:
        """A fusion of the lumbar spine is a lumbar operation, so what is known of it is known of the whole."""
        p = self.patient
        for of, name in is_kind.items():
            whole = is_kind.get(of[:1])
            if len(of) == 1 or whole is None:
                continue
            yield Exclusion(
                f"kind:{name}",
                "a lumbar operation of a certain kind is a lumbar operation; where there is none there is none "
                "of any kind",
                z3.And(z3.Implies(p.yes(name), p.yes(whole)), z3.Implies(p.no(whole), p.no(name))),
            )
        for of, date in dates.items():
            whole = dates.get(of[:1])
            if len(of) == 1 or whole is None or of not in is_kind:
                continue
            mine, theirs, happened = p.value[date], p.value[whole], p.yes(is_kind[of])
            yield Exclusion(
                f"last:{date}",
                "the last lumbar operation is no earlier than the last one of a kind; where one has no date the "
                "last may be later",
                z3.And(
                    z3.Implies(
                        z3.And(happened, p.known[date]),
                        z3.And(
                            p.known[whole],
                            theirs.earliest >= mine.earliest,
                            z3.Or(theirs.latest >= mine.latest, theirs.latest >= 0),
                        ),
                    ),
                    z3.Implies(
                        z3.And(happened, z3.Not(p.known[date]), p.known[whole]),
                        theirs.latest == 0,
                    ),
                ),
            )
        for name, derivation in self.derivations("surgery-result"):
            whole = is_kind.get(derivation.of)
            if whole is not None:
                yield Exclusion(
                    f"result:{name}", "a result belongs to an operation that certainly was",
                    z3.Implies(p.known[name], p.yes(whole)),
                )  # fmt: skip
            fusion = is_kind.get(("lumbar", "fusion"))
            if fusion is not None:
                doubtful = z3.And(self.listed("surgeries"), z3.Not(p.known[fusion]))
                yield Exclusion(
                    f"doubtful:{name}",
                    "a fusion of an unnamed region may be the last lumbar operation",
                    z3.Implies(doubtful, z3.Not(p.known[name])),
                )

    # what `_contradictions` and the checker do not let through

    def _contradictions(self) -> Iterator[Exclusion]:
        p, facts = self.patient, self.pathway.facts
        if {"leg_weakness", "weakness_mrc", "acute_foot_drop"} <= facts.keys():
            p.add(["leg_weakness", "weakness_mrc", "acute_foot_drop"])
            weak = z3.Or(
                p.yes("acute_foot_drop"),
                z3.And(p.known["weakness_mrc"], p.value["weakness_mrc"] < 5),
            )
            yield Exclusion(
                "contradiction:weakness",
                "no weakness beside a foot drop or a reduced grade is read as weakness of unknown onset",
                z3.Not(z3.And(p.word("leg_weakness", "none"), weak)),
            )
        if {"stimulator_site_infection", "stimulator_implanted"} <= facts.keys():
            p.add(["stimulator_site_infection", "stimulator_implanted"])
            yield Exclusion(
                "contradiction:stimulator",
                "no stimulator beside an infection at one is read as a stimulator in place",
                z3.Not(z3.And(p.yes("stimulator_site_infection"), p.no("stimulator_implanted"))),
            )
        if {"suicidal_thoughts", "phq9_item9"} <= facts.keys():
            p.add(["suicidal_thoughts", "phq9_item9"])
            yield Exclusion(
                "contradiction:suicidality",
                "no thoughts of suicide beside a questionnaire that says otherwise are read as thoughts",
                z3.Not(
                    z3.And(
                        p.word("suicidal_thoughts", "none"),
                        p.known["phq9_item9"],
                        p.value["phq9_item9"] > 0,
                    )
                ),
            )
        if {"pregnant", "gestation_weeks"} <= facts.keys():
            p.add(["pregnant", "gestation_weeks"])
            yield Exclusion(
                "contradiction:pregnancy",
                "not pregnant beside weeks of pregnancy is read as pregnant",
                z3.Not(
                    z3.And(
                        p.no("pregnant"),
                        p.known["gestation_weeks"],
                        p.value["gestation_weeks"] > 0,
                    )
                ),
            )
        if {"age", "pain_duration_months"} <= facts.keys():
            p.add(["age", "pain_duration_months"])
            yield Exclusion(
                "checked:duration",
                "the checker refuses pain that has lasted longer than the patient has lived",
                z3.Implies(
                    z3.And(p.known["age"], p.known["pain_duration_months"]),
                    p.value["pain_duration_months"] <= (p.value["age"] + 1) * 12,
                ),
            )
