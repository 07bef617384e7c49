"""Learning: nothing is given away before the learner commits, and what is said afterwards is the pathway's own."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.library import get_vignettes
from api.page.cases import CaseShown
from api.page.learn import RED_SIGN, judge, option_of, options
from api.page.pairs import find_pair
from api.service import decide_input
from schemas.decision import Decision
from schemas.pathway import Pathway
from tests.unit.page.conftest import Post
from tests.unit.page.reading import page_text, plain_text

TODAY = dt.date(2026, 3, 1)
LOOKS = [
    pytest.param(CaseShown(case, at), id=f"{case.id}/{at + 1}")
    for case in get_vignettes("fbss")
    for at in range(len(case.looks))
]


def mark(shown: CaseShown) -> str:
    return f"{shown.case.id}/{shown.at + 1}"


def decision_on(shown: CaseShown) -> Decision:
    return decide_input("fbss", shown.case.looks[shown.at].input, TODAY)


@pytest.mark.parametrize("shown", LOOKS)
def test_a_question_gives_nothing_away(shown: CaseShown, post: Post) -> None:
    text = page_text(post({"case": mark(shown)}, "/learn/question"))
    decision = decision_on(shown)
    told = [shown.case.title, shown.case.teaches, *(step.text for step in decision.next_steps)]
    told += [sign.title for sign in decision.red_signs if sign.title != "Infection"]
    asked = {fact.ask for fact in decision.missing}
    assert [each for each in told if plain_text(each) in text and each not in asked] == []
    assert not re.search(r"\bU[0-3]\b", text)


@pytest.mark.parametrize("shown", LOOKS)
def test_the_first_step_of_the_pathway_is_always_a_choice_and_right(
    shown: CaseShown, post: Post, pathway: Pathway
) -> None:
    decision = decision_on(shown)
    first = option_of(decision.next_steps[0])
    assert first in dict(options(pathway))
    html = post({"case": mark(shown), "choice": first, "sureness": "high"}, "/learn/answer")
    text = page_text(html)
    assert "yes: this comes first" in text
    for said in (*decision.caveats, *(step.text for step in decision.next_steps[:5])):
        assert plain_text(said) in text


def test_with_a_red_sign_nothing_else_is_right(pathway: Pathway) -> None:
    shown = next(p.values[0] for p in LOOKS if p.id == "V01/1")
    assert isinstance(shown, CaseShown)
    decision = decision_on(shown)
    assert [c for c, _ in options(pathway) if judge(decision, c) != "not-now"] == [RED_SIGN]


def test_a_passed_over_red_sign_is_said_first(post: Post) -> None:
    html = post({"case": "V03/1", "choice": "nsaid", "sureness": "low"}, "/learn/answer")
    assert html.index("Passed over: red sign") < html.index("What the pathway says</h2>")


def test_a_wrong_choice_learns_what_decides_and_when_it_would_be_right(post: Post) -> None:
    fields = {"case": "V07/1", "choice": "epidural-steroid-injection", "sureness": "high"}
    text = page_text(post(fields, "/learn/answer"))
    assert "not now" in text
    assert "what decides about your choice" in text
    assert "when your choice would be right" in text


def test_without_a_choice_nothing_is_shown(post: Post) -> None:
    text = page_text(post({"case": "V07/1"}, "/learn/answer", status=422))
    assert "nothing has been chosen" in text
    assert "nsaid" not in text


def test_the_debrief_judges_again_and_names_missed_red_signs(post: Post) -> None:
    html = post({"case": "V03/1", "choice": "nsaid", "sureness": "high"}, "/learn/answer")
    found = re.search(r'name="rounds" value="([^"]*)"', html)
    assert found is not None
    rounds = found[1].replace("&#34;", '"')
    html = post({"case": "V07/1", "choice": "nsaid", "sureness": "low", "rounds": rounds}, "/learn/answer")  # fmt: skip
    found = re.search(r'name="rounds" value="([^"]*)"', html)
    assert found is not None
    rounds = found[1].replace("&#34;", '"')
    assert len(json.loads(rounds)) == 2
    text = page_text(post({"rounds": rounds}, "/learn/debrief"))
    assert "1 of 2 first steps right" in text
    assert "red signs passed over in 1" in text


@pytest.mark.parametrize(
    "rounds",
    ["{", "7", '[{"case": "V07/1"}]', '[{"case": "V99/1", "choice": "nsaid", "sureness": "x"}]',
     '[{"case": "V07/1", "choice": "<script>", "sureness": "x"}]', '[{"case": 1, "choice": 2, "sureness": 3}]'],
    ids=["not JSON", "no list", "half a round", "unknown case", "unknown choice", "numbers"],
)  # fmt: skip
def test_rounds_that_cannot_be_read_are_refused(rounds: str, post: Post) -> None:
    assert "earlier rounds" in page_text(
        post({"rounds": rounds}, "/learn/debrief", status=422 if rounds != "{" else 400)
    ) or rounds == "{"  # fmt: skip


def test_two_patients_stand_side_by_side(post: Post) -> None:
    text = page_text(post({"a": "V10/1", "b": "V11/1"}, "/learn/compare"))
    assert "from the first to the second" in text
    assert "now available: radiofrequency ablation" in text
    assert "no invented patient" in page_text(
        post({"a": "V10/1", "b": "x"}, "/learn/compare", status=404)
    )


def test_the_library_names_no_answers(client: TestClient) -> None:
    html = client.get("/learn").text
    form = html[html.index("Or choose") : html.index("Two patients side by side")]
    cases: list[Any] = list(get_vignettes("fbss"))
    assert [case.id for case in cases if case.title in form or case.teaches in form] == []


@pytest.mark.parametrize("case", ["V03", "V07", "V10", "V11"])
def test_a_pair_differs_in_one_fact_and_in_its_first_step(case: str, post: Post) -> None:
    pair = find_pair(case, TODAY)
    assert pair is not None
    facts = [decision.input["facts"] for decision in pair.decisions]
    assert {name for name in facts[0] if facts[0][name] != facts[1].get(name)} == {pair.fact}
    firsts = [option_of(decision.next_steps[0]) for decision in pair.decisions]
    assert [first == pair.asked for first in firsts] == [
        pair.right == "first",
        pair.right == "second",
    ]
    for decision in pair.decisions:
        assert decide_input("fbss", decision.input, TODAY).receipt == decision.receipt


def test_a_pair_keeps_its_answer_until_the_learner_commits(post: Post) -> None:
    pair = find_pair("V07", dt.date.today())
    assert pair is not None
    asked = page_text(post({"case": "V07"}, "/learn/pair"))
    steps = [step.text for decision in pair.decisions for step in decision.next_steps]
    assert [step for step in steps if plain_text(step) in asked] == []
    told = page_text(post({"case": "V07", "choice": pair.right}, "/learn/pair"))
    assert "✔ yes" in told
    assert [text for text in pair.text if plain_text(text) not in told] == []
