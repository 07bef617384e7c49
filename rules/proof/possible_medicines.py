"""What medicines a patient can take, and what follows: classes, counts, starts, doses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import z3

from rules.proof.derived import Derived, Exclusion
from schemas.pathway import Derivation


def of_medicines(one: Derived) -> Iterator[Exclusion]:
    p, listed = one.patient, one.listed("medications")
    for group, taken in one.taken.items():
        if z3.is_int(taken):
            yield Exclusion(
                "medicines:number",
                "of each kind no more can be taken than there are",
                z3.And(taken >= 0, taken <= len(group.medicines)),
            )
    for name, derivation in one.derivations("taking"):
        yield Exclusion(
            f"taking:{name}",
            "a class is taken exactly when one of its medicines is, so classes that share a medicine move "
            "together; a list that may lack something says what is taken and not what is not",
            z3.And(
                p.known[name] == z3.Or(listed, one.any_taken(derivation.of)),
                z3.Implies(p.known[name], p.value[name] == one.any_taken(derivation.of)),
            ),
        )
    for name, derivation in one.derivations("count-taking"):
        number = z3.Sum(
            [one.taken[g] for g in one.groups if g.words & set(derivation.of)] or [z3.IntVal(0)]
        )
        yield Exclusion(
            f"count:{name}",
            "the number of medicines of a class is the number of those taken",
            z3.And(p.known[name] == listed, z3.Implies(listed, p.value[name] == number)),
        )
    for name, derivation in one.derivations("started"):
        taking = one.any_taken(derivation.of)
        yield Exclusion(
            f"started:{name}",
            "what is not taken was never started; what is taken was started today or earlier, or before, where "
            "a medicine may be missing",
            z3.And(
                z3.Implies(z3.And(listed, z3.Not(taking)), one.never(name)),
                z3.Implies(z3.And(taking, p.known[name]), one.happened(name)),
                z3.Implies(
                    z3.And(z3.Not(listed), p.known[name]),
                    z3.And(taking, p.value[name].earliest == -p.since_1900),
                ),
            ),
        )
    for name, derivation in one.derivations("mme"):
        yield from _dose(one, name, derivation, listed)


def _dose(one: Derived, name: str, derivation: Derivation, listed: Any) -> Iterator[Exclusion]:
    p, of = one.patient, set(derivation.of)
    without = [
        taken if z3.is_bool(taken) else taken > 0
        for group, taken in one.taken.items()
        if group.words & of and not group.has_factor
    ]
    yield Exclusion(
        f"dose:{name}",
        "no opioid, no dose; a dose is never negative, and unknown beside a medicine without a factor",
        z3.And(
            z3.Implies(
                z3.And(listed, z3.Not(one.any_taken(of))),
                z3.And(p.known[name], p.value[name] == 0),
            ),
            p.value[name] >= 0,
            z3.Implies(z3.Or(*without), z3.Not(p.known[name])),
        ),
    )
    if "mme_per_day" in one.pathway.facts and name == "medication_mme_per_day":
        p.add(["mme_per_day"])
        read, most = p.value["mme_per_day"], one.pathway.facts["mme_per_day"].maximum
        listed_dose = z3.And(p.known[name], read == p.value[name])
        yield Exclusion(
            "dose:stated",
            "the dose that is read is the higher of the stated and the listed one",
            z3.And(
                z3.Implies(p.known[name], z3.And(p.known["mme_per_day"], read >= p.value[name])),
                z3.Implies(p.known["mme_per_day"], z3.Or(read <= str(most), listed_dose)),
            ),
        )
