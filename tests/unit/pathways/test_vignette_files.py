"""The file of an invented patient says what a client would send, or is refused with its line."""

from __future__ import annotations

import pytest

from pathways.vignettes import load_vignettes
from schemas.errors import PathwayError, Problem
from schemas.facts import FactKind
from schemas.pathway import Pathway
from schemas.vignette import Look, Vignette

PATIENT = """\
id: V99
title: An invented patient
origin: invented
teaches: Nothing
on: 2026-03-01
denies: [red-signs]
facts:
  age: 52
  bladder_disturbance: stable
trials:
  - {treatment: nsaid, started: 2025, ended: 2025-06}
expect:
  urgency: U3
  verdicts:
    nsaid: recommend
    opioid: [block, needs-data]
then:
  - name: She is older
    facts:
      age: 70
    expect:
      urgency: U2
"""


def load(text: str, pathway: Pathway) -> Vignette:
    (vignette,) = load_vignettes({"vignettes/v99.yaml": text}, pathway)
    return vignette


def refusal(text: str, pathway: Pathway) -> list[Problem]:
    with pytest.raises(PathwayError) as caught:
        load(text, pathway)
    return list(caught.value.problems)


def look(pathway: Pathway, at: int = 0) -> Look:
    return load(PATIENT, pathway).looks[at]


def test_a_date_is_text_even_when_it_is_only_a_year(pathway: Pathway) -> None:
    first = look(pathway).input

    assert first["on"] == "2026-03-01"
    assert first["trials"] == [{"treatment": "nsaid", "started": "2025", "ended": "2025-06"}]


@pytest.mark.hazard("H-01")
def test_what_a_section_denies_is_answered_no_and_nothing_else_is_answered(
    pathway: Pathway,
) -> None:
    facts = look(pathway).input["facts"]
    asked = {name: fact for name, fact in pathway.facts.items() if fact.section == "red-signs"}
    denied = {
        name: False if fact.kind is FactKind.BOOLEAN else "none"
        for name, fact in asked.items()
        if fact.kind is FactKind.BOOLEAN or "none" in fact.choices
    }

    assert facts == denied | {"age": 52, "bladder_disturbance": "stable"}
    assert len(denied) > 30
    assert not {"pvr_ml", "temperature_c", "phq9_item9"} & facts.keys()


def test_a_further_look_keeps_what_was_told_and_changes_only_what_it_says(pathway: Pathway) -> None:
    first, second = look(pathway).input, look(pathway, 1).input

    assert second["facts"] == first["facts"] | {"age": 70}
    assert {**second, "facts": None} == {**first, "facts": None}
    assert (look(pathway).name, look(pathway, 1).name) == ("as told", "She is older")


def test_one_expected_word_and_a_list_of_them_are_read_alike(pathway: Pathway) -> None:
    assert look(pathway).expect.verdicts == {
        "nsaid": ("recommend",),
        "opioid": ("block", "needs-data"),
    }
    assert look(pathway, 1).expect.urgency == "U2"


def test_patients_come_in_the_order_of_their_ids_whatever_their_files_are_called(
    pathway: Pathway,
) -> None:
    files = {
        "vignettes/a.yaml": PATIENT.replace("V99", "V02"),
        "vignettes/b.yaml": PATIENT.replace("V99", "V01"),
    }

    assert [vignette.id for vignette in load_vignettes(files, pathway)] == ["V01", "V02"]


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        pytest.param(
            "facts:\n  age", "fatcs: {}\nfacts:\n  age", "unknown-key", "`fatcs`", id="a mistyped key"
        ),
        pytest.param(
            "    facts:\n      age: 70", "    fact:\n      age: 70", "unknown-key", "`fact`",
            id="a mistyped key of a further look",
        ),
        pytest.param(
            "denies: [red-signs]", "denies: [red-sign]", "unknown-section", "`red-sign`",
            id="a section there is not",
        ),
        pytest.param(
            "  urgency: U3", "  urgenci: U3", "wrong-shape", "`urgenci`", id="a mistyped expectation",
        ),
        pytest.param(
            "  urgency: U3", "  red_signs: R1", "wrong-shape", "`red_signs`", id="a word for a list",
        ),
        pytest.param(
            "      urgency: U2", "      screen_complete: perhaps", "wrong-shape", "`screen_complete`",
            id="an expectation of a further look that is neither yes nor no",
        ),
        pytest.param("title: An invented patient\n", "", "wrong-shape", "lacks a part", id="no title"),
        pytest.param("id: V99\n", "", "wrong-shape", "lacks a part", id="no id"),
        pytest.param("origin: invented\n", "", "wrong-shape", "lacks a part", id="no origin"),
        pytest.param("teaches: Nothing\n", "", "wrong-shape", "lacks a part", id="no lesson"),
        pytest.param("age: 52", "age: &a 52", "yaml-alias", "anchors", id="an anchor"),
        pytest.param("age: 52", "age: !!int 52", "yaml-tag", "tags", id="a tag"),
        pytest.param("age: 52", "age: 52\n  age: 53", "yaml", "`age` stands twice", id="a fact twice"),
    ],
)  # fmt: skip
def test_a_file_with_a_fault_is_refused(
    old: str, new: str, code: str, says: str, pathway: Pathway
) -> None:
    assert old in PATIENT

    (problem,) = refusal(PATIENT.replace(old, new, 1), pathway)

    assert problem.code == code
    assert says in problem.message
    assert problem.where.startswith("vignettes/v99.yaml:")


def test_a_section_there_is_not_is_told_on_its_line_with_those_there_are(pathway: Pathway) -> None:
    (problem,) = refusal(PATIENT.replace("[red-signs]", "[red-sign]"), pathway)

    assert problem.where == "vignettes/v99.yaml:6"
    assert "red-signs" in problem.help
    assert "medical-history" in problem.help


def test_all_faults_of_a_file_are_told_together(pathway: Pathway) -> None:
    text = PATIENT.replace("[red-signs]", "[red-sign]").replace("  urgency", "  urgenci")

    assert [problem.code for problem in refusal(text, pathway)] == [
        "unknown-section",
        "wrong-shape",
        "wrong-shape",
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("- id: V99\n", id="a list"),
        pytest.param("only words\n", id="text"),
        pytest.param(
            PATIENT.replace("then:\n  - name", "then:\n    name"), id="a look without a list"
        ),
        pytest.param(
            PATIENT.replace("denies: [red-signs]", "denies: 3"), id="a number of sections"
        ),
        pytest.param(
            PATIENT.replace("facts:\n  age: 52\n  b", "facts:\n  - b", 1), id="a list of facts"
        ),
    ],
)
def test_a_file_of_another_shape_is_refused_like_any_other(text: str, pathway: Pathway) -> None:
    (problem,) = refusal(text, pathway)

    assert (problem.code, problem.where) == ("wrong-shape", "vignettes/v99.yaml:1")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param("teaches:", "teeches: x\nteaches:", 4, id="a mistyped key"),
        pytest.param(
            "      urgency: U2", "      urgenci: U2", 22, id="an expectation of a further look"
        ),
    ],
)
def test_a_fault_is_told_on_its_own_line(old: str, new: str, line: int, pathway: Pathway) -> None:
    (problem,) = refusal(PATIENT.replace(old, new, 1), pathway)

    assert problem.where == f"vignettes/v99.yaml:{line}"
    assert problem.help
