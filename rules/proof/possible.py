"""Combinations of facts that no patient can have, each with the argument why.

The rules read derived facts beside stated ones, and derived facts hang together: whoever takes warfarin takes an
anticoagulant. A proof that allowed the impossible would be true but find counter-examples that are nobody, so the
impossible is excluded, explicitly, here and nowhere else. Each exclusion must follow from `rules/derive.py` or from
`rules/check.py` for every list a client may send; a test holds each of them to patients drawn at random.
"""

from __future__ import annotations

from collections.abc import Iterator

import z3

from rules.proof.derived import LISTED, Derived, Exclusion
from rules.proof.possible_medicines import of_medicines
from rules.proof.possible_procedures import of_operations, of_procedures
from rules.proof.possible_trials import of_trials

_OF_THE_WHOLE = ("count-taking", "mme", "sessions", "surgery-result")
"""What is worked out from all rows of a list: the rows that are there settle nothing of it."""


class Possible(Derived):
    """The exclusions for one symbolic patient."""

    def exclusions(self) -> list[Exclusion]:
        found = [
            *self._lists(), *of_medicines(self), *of_trials(self), *of_procedures(self),
            *of_operations(self), *self._contradictions(),
        ]  # fmt: skip
        return [each for each in found if each is not None]

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
            if source in LISTED and derivation.rule in _OF_THE_WHOLE:
                yield Exclusion(
                    f"from-list:{name}",
                    "what one missing row could change is not known from a list that was not given or may lack "
                    "something",
                    z3.Implies(p.known[name], self.listed(source)),
                )

    # what `settle_contradictions` and the checker do not let through

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
