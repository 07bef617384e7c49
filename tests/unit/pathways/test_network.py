"""What can only be seen when all conclusions of the documents are laid side by side."""

from __future__ import annotations

import pytest

from rules.network import build_network
from schemas.condition import Ref
from schemas.errors import PathwayError
from schemas.pathway import Pathway


def with_finding(pathway: Pathway, id: str, when: Ref) -> Pathway:
    finding = pathway.findings[id].model_copy(update={"when": when})
    return pathway.model_copy(update={"findings": {**pathway.findings, id: finding}})


@pytest.mark.hazard("H-35")
def test_findings_that_rest_on_each_other_in_a_circle_are_refused_with_the_circle(
    pathway: Pathway,
) -> None:
    circular = with_finding(pathway, "weakness_open", Ref(name="neuro_deficit"))

    with pytest.raises(PathwayError) as caught:
        build_network(circular)

    (problem,) = caught.value.problems
    assert problem.code == "circle"
    assert problem.message.endswith("weakness_open -> neuro_deficit -> weakness_open") or (
        problem.message.endswith("neuro_deficit -> weakness_open -> neuro_deficit")
    )
    assert problem.where in {
        str(pathway.findings[id].place) for id in ("weakness_open", "neuro_deficit")
    }


def test_a_finding_that_rests_on_itself_is_refused_on_its_line(pathway: Pathway) -> None:
    with pytest.raises(PathwayError) as caught:
        build_network(with_finding(pathway, "pain_severe", Ref(name="pain_severe")))

    (problem,) = caught.value.problems
    assert (problem.code, problem.where) == (
        "circle",
        str(pathway.findings["pain_severe"].place),
    )


@pytest.mark.parametrize("id", ["in_scope", "assessed"])
def test_a_pathway_without_scope_or_minimum_assessment_is_refused(
    id: str, pathway: Pathway
) -> None:
    findings = {name: finding for name, finding in pathway.findings.items() if name != id}

    with pytest.raises(PathwayError) as caught:
        build_network(pathway.model_copy(update={"findings": findings}))

    assert [p.code for p in caught.value.problems] == ["missing-finding"]


def test_a_conclusion_that_nothing_draws_is_refused(pathway: Pathway) -> None:
    with pytest.raises(PathwayError) as caught:
        build_network(with_finding(pathway, "weakness_open", Ref(name="passed(S9)")))

    (problem,) = caught.value.problems
    assert (problem.code, problem.message) == (
        "unknown-name",
        "nothing is called `passed(S9)`",
    )
