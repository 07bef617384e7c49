"""Learning: nothing is given away before the learner commits, and what is said afterwards is the pathway's own."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

import api.page.cases
import api.page.learn
import api.page.learn_library
from api.library import get_cases
from api.page.cases import CaseShown
from api.page.learn import judge, options, questions
from api.page.learn_library import GOALS
from api.page.pairs import find_pair, next_pair
from api.service import decide_input
from rules.learning import NEXT_STEP, OUT, QUESTION, RED_SIGN, URGENCY, answer_of, answers
from schemas.decision import Decision
from schemas.pathway import Pathway
from schemas.vignette import Expectation, Look, Vignette
from tests.unit.page.conftest import FORM, Post
from tests.unit.page.reading import foreign_markup, page_text, plain_text

TODAY = dt.date(2026, 3, 1)
LOOKS = [
    pytest.param(
        CaseShown(case, at),
        id=f"{case.id}/{at + 1}",
        marks=[pytest.mark.slow] if at and not case.visits else [],
    )
    for case in get_cases("fbss")
    for at in range(len(case.looks))
]
TOLD_BEFORE = ("/learn", "/learn/present/T02/2", "/learn/present/T02/5", "/learn/handout/T02")
"""Pages before a commitment; step 2 tells, step 5 asks."""


def shown_at(mark: str) -> CaseShown:
    found = next(p.values[0] for p in LOOKS if p.id == mark)
    assert isinstance(found, CaseShown)
    return found


def decision_on(shown: CaseShown) -> Decision:
    return api.page.learn.decided("fbss", shown.mark, TODAY)


def committed(shown: CaseShown, decision: Decision, pathway: Pathway) -> dict[str, str]:
    right = {q.field: answers(decision, q.about)[0] for q in questions(shown, pathway)}
    return {"case": shown.mark, "sureness": "high", **right}


def carried(html: str) -> str:
    found = re.search(r'name="rounds" value="([^"]*)"', html)
    assert found is not None
    return found[1].replace("&#34;", '"')


def without_answers(case: Vignette) -> Vignette:
    """Return *case* with everything that belongs to its answers put into other words."""

    def other(look: Look) -> Look:
        asks = tuple(ask.model_copy(update={"answer": "x"}) for ask in look.asks)
        return look.model_copy(update={"asks": asks, "point": "x", "expect": Expectation()})

    looks = tuple(other(look) for look in case.looks)
    told = {"title": "x", "teaches": "x", "aims": ("x",), "sources": (), "looks": looks}
    return case.model_copy(update=told)


@pytest.fixture
def answers_gone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take the answers away: from the files, and by making every decision impossible."""

    def no(*_: Any) -> None:
        raise AssertionError("a decision was made before the learner committed")

    changed = tuple(without_answers(case) for case in get_cases("fbss"))
    monkeypatch.setattr(api.page.cases, "get_cases", lambda _: changed)
    monkeypatch.setattr(api.page.learn_library, "get_cases", lambda _: changed)
    monkeypatch.setattr(api.page.learn, "decide_input", no)
    api.page.learn.decided.cache_clear()
    yield
    api.page.learn.decided.cache_clear()


@pytest.mark.parametrize("shown", LOOKS)
def test_a_question_gives_nothing_away(shown: CaseShown, post: Post) -> None:
    html = post({"case": shown.mark}, "/learn/question")
    text = page_text(html)
    decision = decision_on(shown)
    told = [shown.case.title, shown.case.teaches, *(step.text for step in decision.next_steps)]
    told += [sign.title for sign in decision.red_signs if sign.title != "Infection"]
    told += [shown.look.point, *shown.case.aims]
    asked = {fact.ask for fact in decision.missing}
    assert [each for each in told if each and plain_text(each) in text and each not in asked] == []
    assert not re.search(r"\bU[0-3]\b", text)
    assert not re.search(r"<input[^>]* checked", html)


def test_what_is_sent_before_committing_does_not_depend_on_the_answers(
    client: TestClient, post: Post, request: pytest.FixtureRequest
) -> None:
    marks = [p.id for p in LOOKS if str(p.id).startswith("T")]
    asked = [post({"case": mark}, "/learn/question") for mark in marks]
    opened = [client.get(path).text for path in TOLD_BEFORE]

    request.getfixturevalue("answers_gone")

    assert len(marks) > 30
    assert [post({"case": mark}, "/learn/question") for mark in marks] == asked
    assert [client.get(path).text for path in TOLD_BEFORE] == opened


@pytest.mark.parametrize("shown", LOOKS)
def test_the_answers_of_the_pathway_can_always_be_chosen_and_are_right(
    shown: CaseShown, post: Post, pathway: Pathway
) -> None:
    decision = decision_on(shown)
    assert answers(decision, NEXT_STEP)[0] in dict(options(pathway))
    html = post(committed(shown, decision, pathway), "/learn/answer")
    text = page_text(html)
    asked = len(questions(shown, pathway))
    assert ("yes: this comes first" if asked == 1 else f"{asked} of {asked} right") in text
    assert "not here" not in text
    for said in (*decision.caveats, *(step.text for step in decision.next_steps[:5])):
        assert plain_text(said) in text
    assert foreign_markup(html) == []


def test_with_a_red_sign_nothing_else_is_right(pathway: Pathway) -> None:
    decision = decision_on(shown_at("V01/1"))
    assert [c for c, _ in options(pathway) if judge(decision, c) != "not-now"] == [RED_SIGN]


def test_a_passed_over_red_sign_is_said_first(post: Post) -> None:
    fields = {"case": "V03/1", "choice.next-step": "nsaid", "sureness": "low"}
    html = post(fields, "/learn/answer")
    assert html.index("Passed over: red sign") < html.index("What the pathway says</h2>")


@pytest.mark.parametrize(
    ("urgency", "injection", "missed"),
    [("U0", "against", False), ("U1", "against", True), ("U0", "offer", True)],
    ids=["seen and acted on", "taken too lightly", "an injection offered all the same"],
)
def test_a_red_sign_taken_too_lightly_is_passed_over(
    urgency: str, injection: str, missed: bool, post: Post
) -> None:
    fields = {"choice.urgency": urgency, "choice.epidural-steroid-injection": injection}
    html = post({"case": "T02/2", "sureness": "high", **fields}, "/learn/answer")
    assert ("Passed over: red sign" in html) is missed


def test_a_wrong_choice_learns_what_decides_and_when_it_would_be_right(post: Post) -> None:
    fields = {"case": "V07/1", "choice.next-step": "epidural-steroid-injection", "sureness": "high"}
    text = page_text(post(fields, "/learn/answer"))
    assert "not here" in text
    assert "epidural steroid injection (esi): ○ not yet" in text
    assert "when your choice would be right" in text


@pytest.mark.parametrize(
    "fields",
    [{}, {"choice.urgency": "U1"}, {"choice.urgency": "U1", "choice.next-step": "<script>"}],
    ids=["no choice", "one of two", "a choice nobody offered"],
)
def test_without_every_choice_nothing_is_shown(fields: dict[str, str], post: Post) -> None:
    html = post({"case": "T02/1", **fields}, "/learn/answer", status=422)
    text = page_text(html)
    assert "nothing has been chosen" in text
    assert "nsaid" not in text
    assert plain_text(shown_at("T02/1").look.point) not in text
    assert "<script>" not in html


def test_the_way_through_a_case_goes_visit_by_visit_and_back(post: Post, pathway: Pathway) -> None:
    shown = shown_at("T09/2")
    asked = post({"case": "T09/2"}, "/learn/question")
    assert 'value="T09/1"' in asked
    assert "visit 2 of 4" in page_text(asked)
    told = post(committed(shown, decision_on(shown), pathway), "/learn/answer")
    assert re.search(r'name="case" value="T09/3">Next visit', told)
    assert plain_text(shown.look.point) in page_text(told)
    assert plain_text(shown.case.title) not in page_text(told)
    last = shown_at("T09/4")
    told = page_text(post(committed(last, decision_on(last), pathway), "/learn/answer"))
    assert plain_text(last.case.teaches) in told
    assert "next patient" in told


def test_a_later_visit_says_what_is_new(post: Post) -> None:
    html = post({"case": "T02/2"}, "/learn/question")
    new = page_text(html[html.index('class="changed"') : html.index("The whole record")])
    assert "bladder disturbance" in new
    assert "saddle" in new
    assert "age" not in new.split()


def test_the_debrief_judges_again_and_names_missed_red_signs(post: Post) -> None:
    answered = {"case": "V03/1", "choice.next-step": "nsaid", "sureness": "high"}
    rounds = carried(post(answered, "/learn/answer"))
    answered = {"case": "V07/1", "choice.next-step": "nsaid", "sureness": "low", "rounds": rounds}
    rounds = carried(post(answered, "/learn/answer"))
    assert len(json.loads(rounds)) == 2
    text = page_text(post({"rounds": rounds}, "/learn/debrief"))
    assert "1 of 2 right on 2 patients" in text
    assert "red signs passed over in 1" in text
    assert "1 sure and wrong" in text or "sure and wrong 1" in text


def test_the_debrief_is_taken_along_as_a_table_and_as_json(client: TestClient) -> None:
    row = {"case": "T02/2", "about": URGENCY, "choice": "U1", "sureness": "high"}
    body = {"rounds": json.dumps([row])}
    table = client.post("/learn/export", data={**body, "as": "csv"}, headers=FORM)
    assert table.headers["content-disposition"] == 'attachment; filename="debrief.csv"'
    head, line = table.text.strip().splitlines()
    assert head.count(",") == line.count('","') == 6
    assert "Suspected cauda equina syndrome" in line
    data = client.post("/learn/export", data={**body, "as": "json"}, headers=FORM).json()
    assert (data["right"], data["answered"], data["sure_and_wrong"]) == (0, 1, 1)
    assert data["goals"] == [{"goal": GOALS["red-signs"], "good": 0, "of": 1}]
    assert data["rounds"][0]["right"] == "An emergency: now"


@pytest.mark.parametrize(
    "rounds",
    ["{", "7", '[{"case": "V07/1"}]',
     '[{"case": "V99/1", "about": "next-step", "choice": "nsaid", "sureness": "x"}]',
     '[{"case": "V07/1", "about": "urgency", "choice": "U1", "sureness": "x"}]',
     '[{"case": "V07/1", "about": "next-step", "choice": "<script>", "sureness": "x"}]',
     '[{"case": 1, "about": 2, "choice": 2, "sureness": 3}]'],
    ids=["not JSON", "no list", "half a round", "unknown case", "a question not asked", "unknown choice", "numbers"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/learn/debrief", "/learn/export"])
def test_rounds_that_cannot_be_read_are_refused(rounds: str, path: str, post: Post) -> None:
    html = post({"rounds": rounds}, path, status=422 if rounds != "{" else 400)
    assert rounds == "{" or "earlier rounds" in page_text(html)
    assert "<script>" not in html


def test_two_patients_stand_side_by_side_with_what_differs(post: Post) -> None:
    text = page_text(post({"a": "V10/1", "b": "V11/1"}, "/learn/compare"))
    assert "what it changes, from the first to the second" in text
    assert "now available: radiofrequency ablation" in text
    assert "pacemaker or icd no yes" in text
    assert "no invented patient" in page_text(
        post({"a": "V10/1", "b": "x"}, "/learn/compare", status=404)
    )


def test_the_library_for_learners_names_no_answers(client: TestClient) -> None:
    html = client.get("/learn").text
    found = [(case.title, case.teaches, *case.aims) for case in get_cases("fbss")]
    assert [each for case in found for each in case if each in html] == []


@pytest.mark.parametrize("path", ["/learn/library", "/learn/teach"])
def test_the_library_is_narrowed_by_goal_and_difficulty(path: str, post: Post) -> None:
    cases = [c for c in get_cases("fbss") if "ablation" in c.goals and c.difficulty == "advanced"]
    html = post({"goal": "ablation", "difficulty": "advanced"}, path)
    assert cases
    shelf = html[html.index('<ol class="shelf') : html.index("</ol>\n")]
    assert shelf.count("<h3>") == len(cases)
    assert '<option value="ablation" selected>' in html


@pytest.mark.parametrize("field", ["goal", "difficulty"])
def test_a_goal_or_difficulty_that_does_not_exist_is_refused(field: str, post: Post) -> None:
    html = post({field: "<script>"}, "/learn/library", status=422)
    assert "no such goal or difficulty" in html
    assert "<script>" not in html


@pytest.mark.parametrize("case", ["V03", "V07", "V10", "V11", "T01"])
def test_a_pair_differs_in_one_fact_and_in_its_first_step(case: str) -> None:
    pair = find_pair(case, TODAY)
    assert pair is not None
    facts = [decision.input["facts"] for decision in pair.decisions]
    assert {name for name in facts[0] if facts[0][name] != facts[1].get(name)} == {pair.fact}
    firsts = [answer_of(decision.next_steps[0]) for decision in pair.decisions]
    assert [first == pair.asked for first in firsts] == [
        pair.right == "first",
        pair.right == "second",
    ]
    for decision in pair.decisions:
        assert decide_input("fbss", decision.input, TODAY).receipt == decision.receipt


def test_a_pair_that_only_leaves_the_pathway_is_passed_over_for_a_better_one() -> None:
    pair = find_pair("T01", TODAY)
    assert pair is not None
    assert pair.asked not in (OUT, QUESTION)


def test_a_pair_keeps_its_answer_until_the_learner_commits(post: Post) -> None:
    pair = find_pair("V07", dt.date.today())
    assert pair is not None
    asked = page_text(post({"case": "V07"}, "/learn/pair"))
    steps = [step.text for decision in pair.decisions for step in decision.next_steps]
    assert [step for step in steps if plain_text(step) in asked] == []
    told = page_text(post({"case": "V07", "choice": pair.right}, "/learn/pair"))
    assert "✔ yes" in told
    assert [text for text in pair.text if plain_text(text) not in told] == []


def test_the_next_pair_is_another_one(post: Post) -> None:
    following = next_pair("V07", TODAY)
    assert following != "V07"
    assert find_pair(following, TODAY) is not None
