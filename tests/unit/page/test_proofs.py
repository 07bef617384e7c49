"""Proofs on the page: told in full once, pointed to afterwards, and nothing left out."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from api.library import get_cases
from api.page.form import fields_of
from api.page.proofs import Step, told_once
from schemas.explanation import ProofNode, VerdictProof
from schemas.pathway import Pathway
from tests.unit.page.conftest import Post

INPUTS = {each.id: each.looks[-1].input for each in get_cases("fbss")}
CASES = ("V01", "V03", "V06", "T14")


def leaf(says: str) -> ProofNode:
    return ProofNode(says=says, truth="true", decides=True)


def proof(treatment: str, *nodes: ProofNode) -> VerdictProof:
    return VerdictProof(
        treatment=treatment, title=treatment, verdict="block", short=(), proof=nodes
    )


SHARED = ProofNode(
    says="shared", truth="true", decides=True, because=tuple(map(leaf, ("one", "two", "three")))
)


def told(steps: Iterable[Step]) -> list[str]:
    return [text for step in steps for text in (step.node.says, *told(step.because))]


def test_what_two_treatments_rest_on_is_told_under_the_first_and_pointed_to_from_the_second() -> (
    None
):
    found = told_once([proof("a", SHARED), proof("b", leaf("own"), SHARED)])
    (first,), (own, again) = found["a"], found["b"]
    assert told([first]) == ["shared", "one", "two", "three"]
    assert (again.told_at, again.because) == (first.id, ())
    assert (own.id, own.told_at) == ("", "")


def test_two_parts_that_differ_in_one_date_are_both_told() -> None:
    other = SHARED.model_copy(update={"date": "2026-03-01"})
    found = told_once([proof("a", SHARED), proof("b", other)])
    assert found["b"][0].told_at == ""
    assert len(told(found["b"])) == 4


@pytest.mark.parametrize("case", CASES)
def test_every_pointer_leads_to_a_place_above_it(case: str, post: Post) -> None:
    html = post({**fields_of(INPUTS[case]), "view": "why"})
    for link in re.finditer(r'href="#(step\.\d+)"', html):
        at = html.find(f"id={link[1]}>")
        assert 0 < at < link.start()


def test_what_is_written_without_quotation_marks_needs_none(pathway: Pathway) -> None:
    words = {word for fact in pathway.facts.values() for word in (fact.name, *fact.choices)}
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", word) for word in words)
