"""What stands in a diagram: every treatment with its verdict, one place for the patient, no false comfort."""

from __future__ import annotations

from typing import Any

import pytest

from rules.diagram import diagram, to_dot, to_mermaid, to_text
from rules.drawing.nodes import VERDICT_WORDS
from schemas.decision import OFFERS, Decision, State, Verdict
from schemas.diagram import HERE, Diagram, DiagramNode, Position
from schemas.errors import InputError
from schemas.pathway import Pathway

PLACES = {
    State.S1: "stage-S1",
    State.S2: "stage-S2",
    State.S3: "stage-S3",
    State.SPECIALIST_REVIEW: "specialist-review",
    State.OUT_OF_SCOPE: "scope",
    State.RED_SIGN: "red-signs",
}


def node(drawn: Diagram, id: str) -> DiagramNode:
    return next(each for each in drawn.nodes if each.id == id)


def test_every_treatment_of_every_patient_stands_in_the_diagram_with_its_verdict(
    looks: dict[str, Decision], drawn: dict[str, Diagram]
) -> None:
    for name, decision in looks.items():
        shown = {each.id: each for each in drawn[name].nodes}
        for item in decision.treatments:
            each = shown[f"treatment-{item.treatment}"]
            position, word = VERDICT_WORDS[item.verdict]
            if item.treatment == "revision-surgery" and item.verdict is Verdict.ON_HOLD:
                position, word = Position.RED_SIGN, "flag raised: on hold"
            assert (each.position, each.word) == (position, word), name


def test_no_two_verdicts_are_shown_with_the_same_word() -> None:
    words = [word for _, word in VERDICT_WORDS.values()]

    assert VERDICT_WORDS.keys() == set(Verdict)
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("verdict", Verdict, ids=str)
def test_the_word_for_a_verdict_holds_the_verdict_and_only_an_offer_is_open(
    verdict: Verdict,
) -> None:
    position, word = VERDICT_WORDS[verdict]

    assert all(part in word for part in verdict.value.split("-"))
    assert (position is Position.OPEN) is (verdict in OFFERS)
    assert ("block" in word) is (position is Position.BLOCKED)


def test_a_patient_stands_in_exactly_one_place(drawn: dict[str, Diagram]) -> None:
    for name, each in drawn.items():
        here = [node for node in each.nodes if node.here]
        assert len(here) == 1, name
        assert here[0].word.startswith(HERE), name


def test_the_place_of_a_patient_is_that_of_the_decision(
    looks: dict[str, Decision], drawn: dict[str, Diagram]
) -> None:
    met = set()
    for name, decision in looks.items():
        if decision.state in PLACES:
            met.add(decision.state)
            assert node(drawn[name], PLACES[decision.state]).here, name

    assert met >= {State.S1, State.S3, State.RED_SIGN, State.OUT_OF_SCOPE}


@pytest.mark.hazard("H-01")
def test_a_patient_of_whom_nothing_is_known_stands_at_the_red_sign_screen(
    drawn: dict[str, Diagram],
) -> None:
    screen = node(drawn["nothing known"], "red-signs")

    assert screen.here
    assert screen.position is Position.NEEDS_DATA
    assert "not excluded" in screen.detail
    assert not any(each.position is Position.VISITED for each in drawn["nothing known"].nodes)


@pytest.mark.hazard("H-27")
def test_with_a_red_sign_open_the_signs_come_first_and_no_stage_is_open(
    looks: dict[str, Decision], drawn: dict[str, Diagram]
) -> None:
    met = 0
    for name, decision in looks.items():
        if decision.red_signs:
            met += 1
            each = drawn[name]
            assert each.alarm
            for at, sign in enumerate(decision.red_signs):
                assert sign.title in each.summary[at]
                assert any(sign.title in line for line in node(each, "red-signs").lines)
            after = [n for n in each.nodes if n.kind in ("stage", "review", "treatment")]
            assert not any(n.position in (Position.OPEN, Position.VISITED) for n in after), name

    assert met > 3


@pytest.mark.hazard("H-23")
def test_the_flag_for_surgery_is_raised_exactly_when_a_red_sign_is_open(
    looks: dict[str, Decision], drawn: dict[str, Diagram]
) -> None:
    for name, decision in looks.items():
        flag = node(drawn[name], "treatment-revision-surgery")
        assert flag.kind == "flag"
        assert (flag.position is Position.RED_SIGN) is bool(decision.red_signs), name


def test_only_the_red_sign_screen_leads_to_the_flag_for_surgery(poster: Diagram) -> None:
    leading = [edge for edge in poster.edges if edge.target == "treatment-revision-surgery"]

    assert [(edge.source, edge.kind) for edge in leading] == [("red-signs", "exit")]


def test_the_order_is_screen_scope_assessment_stages_review(poster: Diagram) -> None:
    flow = [(edge.source, edge.target) for edge in poster.edges if edge.kind == "flow"]

    assert flow == [
        ("red-signs", "scope"),
        ("scope", "assessment"),
        ("assessment", "stage-S1"),
        ("stage-S1", "stage-S2"),
        ("stage-S2", "stage-S3"),
        ("stage-S3", "specialist-review"),
    ]


@pytest.mark.hazard("H-31")
def test_an_incomplete_evaluation_puts_the_patient_nowhere_and_nothing_behind_him(
    pathway: Pathway, looks: dict[str, Decision]
) -> None:
    decision = next(d for d in looks.values() if d.state is State.S1)
    broken = decision.model_copy(
        update={"incomplete": True, "faults": ("rule-engine",), "screen_complete": False}
    )

    each = diagram(pathway, broken)

    assert each.alarm
    assert each.summary[0].startswith("Incomplete")
    assert not any(n.here for n in each.nodes)
    gates = [n for n in each.nodes if n.kind in ("gate", "stage", "review")]
    assert {n.position for n in gates} == {Position.UNSETTLED}
    assert not any(edge.taken for edge in each.edges)


def test_a_stage_in_which_nothing_was_indicated_does_not_pass_for_one_gone_through(
    drawn: dict[str, Diagram],
) -> None:
    name = next(name for name in drawn if name.startswith("V10"))

    assert node(drawn[name], "stage-S2").word == "visited: nothing indicated"
    assert node(drawn[name], "stage-S1").word == "visited: passed"


def test_without_a_patient_nothing_has_a_position(poster: Diagram) -> None:
    assert all(each.position is None and not each.here and not each.word for each in poster.nodes)
    assert poster.summary == ()


def test_without_a_patient_every_red_sign_is_listed_with_its_urgency(
    pathway: Pathway, poster: Diagram
) -> None:
    lines = node(poster, "red-signs").lines

    assert len(lines) == len(pathway.signs)
    assert all(f"{sign.id} {sign.title} (U" in " ".join(lines) for sign in pathway.signs.values())


@pytest.mark.hazard("H-36")
def test_a_decision_of_another_version_is_not_drawn_into_this_pathway(
    pathway: Pathway, looks: dict[str, Decision]
) -> None:
    other = looks["nothing known"].model_copy(update={"content_hash": "0" * 64})

    with pytest.raises(InputError) as caught:
        diagram(pathway, other)

    assert caught.value.code == "other-version"


def test_every_offer_names_its_cautions_and_everything_else_counts_them(
    looks: dict[str, Decision], drawn: dict[str, Diagram]
) -> None:
    met = set()
    for name, decision in looks.items():
        for item in decision.treatments:
            lines = " ".join(node(drawn[name], f"treatment-{item.treatment}").lines)
            if item.cautions:
                offered = item.verdict in (Verdict.RECOMMEND, Verdict.CONSIDER)
                met.add(offered)
                assert (f"caution: {item.cautions[0].says}" in lines) is offered, name
                assert "caution" in lines, name

    assert met == {True, False}


@pytest.mark.parametrize("which", ["poster", "patient"])
def test_mermaid_and_dot_hold_one_node_for_each_node_and_one_edge_for_each_edge(
    which: str, poster: Diagram, drawn: dict[str, Diagram]
) -> None:
    each = poster if which == "poster" else next(iter(drawn.values()))
    mermaid, dot = to_mermaid(each).splitlines(), to_dot(each).splitlines()
    arrows = ("-->", "-.->", " --- ")

    assert sum(any(arrow in line for arrow in arrows) for line in mermaid[1:]) == len(each.edges)
    assert len(mermaid) - 1 == len(each.nodes) + len(each.edges)
    assert sum(" -> " in line for line in dot) == len(each.edges)
    assert sum("shape=" in line for line in dot) == len(each.nodes)
    for shown in each.nodes:
        assert sum(shown.title in line for line in dot if "shape=" in line) >= 1


def test_the_text_names_every_node_in_order_and_every_note(drawn: dict[str, Diagram]) -> None:
    for name, each in drawn.items():
        text = to_text(each)
        places = [text.index(f"{n.title}: {n.word}") for n in each.nodes]
        assert places == sorted(places), name
        assert all(line in text for note in each.notes for line in note.lines), name


def test_a_diagram_survives_its_own_json(drawn: dict[str, Diagram]) -> None:
    each: Any = next(iter(drawn.values()))

    assert Diagram.model_validate_json(each.model_dump_json()) == each
