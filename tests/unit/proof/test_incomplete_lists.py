"""The proofs speak of lists that may lack something too, and such a patient can be written down."""

from __future__ import annotations

from typing import Any

import pytest
import z3

from rules.decide import Decider
from rules.proof.model import SymbolicDecision
from rules.proof.search import Budget, Search
from schemas.pathway import Pathway


@pytest.fixture(scope="module")
def search(pathway: Pathway, decider: Decider) -> Search:
    return Search(pathway, decider.network, {}, Budget(lambda: 0.0, 600.0))


def known_of_an_open_list(one: SymbolicDecision, name: str) -> list[Any]:
    p, listed = one.facts, one.possible.listed
    return {
        "an anticoagulant": [z3.Not(listed("medications")), p.yes("taking_anticoagulant")],
        "when the opioid began": [
            z3.Not(listed("medications")), p.known["opioid_started"],
            p.value["opioid_started"].latest == -10,
        ],
        "a treatment that helped": [z3.Not(listed("trials")), p.word("tried_nsaid", "responder")],
        "a gabapentinoid that helped": [
            z3.Not(listed("trials")), p.word("tried_gabapentinoid", "responder"),
        ],
        "when the last injection was": [
            z3.Not(listed("trials")), p.known["last_epidural_injection"],
            p.value["last_epidural_injection"].earliest == -40,
        ],
        "a fusion for pain": [
            z3.Not(listed("surgeries")), p.yes("lumbar_fusion"), p.yes("lumbar_surgery_for_pain"),
        ],
        "when the last operation was": [
            z3.Not(listed("surgeries")), p.known["last_lumbar_surgery"],
            p.value["last_lumbar_surgery"].earliest == -40,
        ],
        "when the spine was last touched": [
            z3.Not(listed("surgeries")), z3.Not(listed("trials")), p.known["last_spine_procedure"],
        ],
    }[name]  # fmt: skip


@pytest.mark.hazard("H-16")
@pytest.mark.parametrize(
    "name",
    [
        "an anticoagulant", "when the opioid began", "a treatment that helped", "a gabapentinoid that helped",
        "when the last injection was", "a fusion for pain", "when the last operation was",
        "when the spine was last touched",
    ],
)  # fmt: skip
def test_what_is_known_of_an_incomplete_list_is_possible_and_reads_back_as_meant(
    name: str, search: Search
) -> None:
    copies = search.given_one
    found = search.find(copies, *known_of_an_open_list(copies.first, name))

    assert found is not None
    smallest = found.smallest()
    assert smallest.misread() == ()
    (witness,) = smallest.witnesses()
    assert witness.write()["incomplete"]


@pytest.mark.hazard("H-16")
@pytest.mark.parametrize(
    ("fact", "listed"),
    [
        ("taking_opioid", "medications"), ("lumbar_surgery", "surgeries"), ("lumbar_fusion", "surgeries"),
    ],
)  # fmt: skip
def test_no_patient_is_known_to_lack_what_an_open_list_does_not_name(
    fact: str, listed: str, search: Search
) -> None:
    one = search.given_one.first
    literals = [z3.Not(one.possible.listed(listed)), one.facts.no(fact)]

    assert not search.possible(search.given_one, *literals)
