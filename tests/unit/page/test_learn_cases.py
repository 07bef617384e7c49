"""The teaching cases: believable over their visits, cited, and answered by the pathway as their authors say."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest

from api.library import TEACHING, get_cases, get_pathway, get_vignettes, pathway_files
from api.page.learn import decided
from api.page.learn_library import GOALS, Filter, in_order, library
from api.page.learn_story import changes, face, story
from api.reports import cases_report
from pathways.vignettes import load_vignettes
from rules.expectations import differences
from rules.learning import NEXT_STEP, STANDINGS, URGENCIES, URGENCY, answers, wrong_answers
from schemas.decision import Decision, Verdict
from schemas.pathway import Pathway
from schemas.vignette import Ask, Vignette
from tests.contract.test_wording import BANNED

CASES = [case for case in get_cases("fbss") if case.visits]
LOOKS = [
    pytest.param(case, at, id=f"{case.id}/{at + 1}")
    for case in CASES
    for at in range(len(case.looks))
]
ON = dt.date(2026, 3, 1)
COVERED = {
    "cauda equina": ("T02", 2, "R1"),
    "new motor weakness": ("T03", 2, "R2"),
    "infection": ("T04", 1, "R3"),
    "a haematoma after a needle": ("T05", 3, "R6"),
    "an overdose": ("T08", 2, "R12"),
}


def decision_on(case: Vignette, at: int) -> Decision:
    return decided("fbss", f"{case.id}/{at + 1}", ON)


def verdict(mark: str, treatment: str) -> Verdict:
    found = decided("fbss", mark, ON).treatments
    return next(item.verdict for item in found if item.treatment == treatment)


@pytest.mark.parametrize(("case", "at"), LOOKS)
def test_a_visit_comes_out_as_its_author_says_and_so_do_its_questions(
    case: Vignette, at: int
) -> None:
    look = case.looks[at]
    decision = decision_on(case, at)
    assert differences(decision, look.expect) == ()
    assert wrong_answers(decision, look) == ()
    assert not decision.incomplete


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_has_what_a_teacher_needs(case: Vignette, pathway: Pathway) -> None:
    assert 1 <= len(case.looks) <= 4
    assert case.origin == "composed"
    assert case.aims
    assert case.goals
    assert case.goals == tuple(goal for goal in case.goals if goal in GOALS)
    assert case.minutes is not None
    dates = [look.input["on"] for look in case.looks]
    assert dates == sorted(dates)
    for look in case.looks:
        assert look.told
        assert look.point
        assert look.asks
        expected = look.expect
        assert expected.verdicts or expected.urgency or expected.red_signs
    assert case.sources
    for key in case.sources:
        assert key in pathway.sources or key in pathway.statements, key


def test_there_are_at_least_twelve_of_every_difficulty_and_towards_every_goal() -> None:
    assert len(CASES) >= 12
    assert {case.difficulty for case in CASES} == {"introductory", "intermediate", "advanced"}
    assert {goal for case in CASES for goal in case.goals} == set(GOALS)
    assert all(case.goals for case in get_vignettes("fbss"))
    assert max(len(case.looks) for case in CASES) == 4


@pytest.mark.parametrize(("id", "visit", "sign"), COVERED.values(), ids=COVERED)
def test_the_cases_bring_every_red_sign_a_course_needs(id: str, visit: int, sign: str) -> None:
    assert sign in {found.id for found in decided("fbss", f"{id}/{visit}", ON).red_signs}


@pytest.mark.parametrize(
    ("mark", "treatment", "expected"),
    [
        ("T01/1", "nsaid", "recommend"), ("T06/1", "nsaid", "block"), ("T07/1", "opioid", "block"),
        ("T09/1", "epidural-steroid-injection", "not-yet"), ("T09/3", "epidural-steroid-injection", "block"),
        ("T05/1", "epidural-steroid-injection", "not-yet"), ("T10/2", "radiofrequency-ablation", "not-yet"),
        ("T10/3", "radiofrequency-ablation", "recommend"), ("T12/1", "spinal-cord-stimulation", "not-yet"),
        ("T12/3", "spinal-cord-stimulation", "recommend"), ("T13/1", "nsaid", "not-indicated"),
        ("T14/1", "nsaid", "needs-data"),
    ],
    ids=[
        "a trial too short is done again", "an NSAID the kidney forbids", "long-term opioid", "steroid and glucose",
        "the limit of epidurals", "an anticoagulant without a plan", "ablation without a block", "ablation after one",
        "stimulation before psychology", "stimulation prepared", "out of scope", "an incomplete record",
    ],
)  # fmt: skip
def test_the_cases_bring_every_situation_a_course_needs(
    mark: str, treatment: str, expected: str
) -> None:
    assert verdict(mark, treatment) == expected


def texts(case: Vignette) -> Iterator[str]:
    yield from (case.title, case.teaches, *case.aims)
    for look in case.looks:
        yield from (look.name, look.told, look.point)


@pytest.mark.hazard("H-40")
@pytest.mark.parametrize("name", BANNED)
def test_no_case_promises_orders_or_ranks(name: str) -> None:
    said = [text for case in CASES for text in texts(case)]
    assert len(said) > 120
    assert [text for text in said if re.search(BANNED[name], text, re.IGNORECASE)] == []


@pytest.mark.slow
def test_the_command_checks_teaching_cases_too_and_its_last_line_counts_them() -> None:
    lines, result, good = cases_report("fbss")
    total = sum(len(case.looks) for case in get_cases("fbss"))
    assert good
    assert result == f"{total} of {total} as expected"
    assert sum(line.startswith("T") for line in lines) == len(LOOKS)


def test_a_wrong_written_answer_is_noticed() -> None:
    look = CASES[0].looks[0]
    asks: tuple[Ask, ...] = (
        Ask(about=URGENCY, answer="U0"),
        Ask(about=NEXT_STEP, answer="opioid"),
    )
    asks += (Ask(about="nsaid", answer="against"), Ask(about="leeches", answer="offer"))
    changed = look.model_copy(update={"asks": asks})
    assert wrong_answers(decision_on(CASES[0], 0), changed) == (
        "question on urgency: expected U0, got U3",
        "question on next-step: expected opioid, got nsaid or physical-therapy",
        "question on nsaid: expected against, got offer",
        "question on leeches: expected offer, got none",
    )


def test_every_verdict_and_urgency_has_exactly_one_answer() -> None:
    assert sorted(v for held in STANDINGS.values() for v in held) == sorted(Verdict)
    assert answers(decision_on(CASES[0], 0), URGENCY)[0] in URGENCIES


def test_a_visit_goes_on_from_the_visit_before() -> None:
    files = pathway_files("fbss")
    text = files[f"{TEACHING}t10.yaml"]
    (case,) = load_vignettes({"vignettes/teaching/t10.yaml": text}, get_pathway("fbss"))
    assert case.visits
    assert case.looks[2].input["facts"]["mbb_relief_percent"] == 65
    assert case.looks[3].input["facts"]["mbb_relief_percent"] == 65
    assert case.looks[3].input["trials"] == case.looks[1].input["trials"]
    (apart,) = load_vignettes({"v.yaml": text.replace("\nvisits:", "\nthen:")}, get_pathway("fbss"))
    assert "mbb_relief_percent" not in apart.looks[3].input["facts"]


def test_teaching_cases_are_no_part_of_what_the_pathway_says() -> None:
    assert any(name.startswith(TEACHING) for name in pathway_files("fbss"))
    assert not {case.id for case in CASES} & {case.id for case in get_vignettes("fbss")}


def test_a_story_tells_every_fact_once_and_a_later_visit_only_what_is_new(pathway: Pathway) -> None:
    for case in CASES:
        first = case.looks[0].input
        told = story(first, pathway)
        titles = [title for part in told for title, _ in part.items]
        titles += [title for part in told for title in part.denied]
        facts = [pathway.facts[name].title for name in first["facts"]]
        assert not set(facts) - set(titles)
        for before, after in zip(case.looks, case.looks[1:], strict=False):
            new = changes(before.input, after.input, pathway)
            assert new, after.name
            assert all(each.after for each in new)


def test_a_face_tells_who_the_patient_is_and_no_more() -> None:
    assert face(CASES[0].input) == "Woman, 44; lumbar discectomy 2025-04"
    assert face({"facts": {}}) == "Patient"


def test_the_shelf_stands_in_order_of_difficulty(pathway: Pathway) -> None:
    listed = library(pathway, Filter(), {"T01/1", "T01/2"})
    assert [each.number for each in listed] == list(range(1, len(listed) + 1))
    assert [each.case.id for each in listed] == [case.id for case in in_order("fbss")]
    assert listed[0].case.id == "T01"
    assert listed[0].done == 2
