"""Lecture and handout: one step at a time, no answer before its question, everything on paper."""

from __future__ import annotations

from itertools import pairwise

import pytest
from starlette.testclient import TestClient

from api.library import get_cases
from api.page.learn import decided
from api.page.learn_slides import Slide, slides
from api.page.words import verdict_word
from schemas.pathway import Pathway
from tests.unit.page.reading import foreign_markup, page_text, plain_text
from tests.unit.page.test_learning import TODAY

IDS = ["T01", "T02", "T12", "V07"]


def steps(pathway: Pathway, id: str) -> list[tuple[int, Slide]]:
    return list(enumerate(slides(pathway, id), start=1))


@pytest.mark.parametrize("id", IDS)
def test_a_lecture_shows_no_answer_before_its_question(
    id: str, client: TestClient, pathway: Pathway
) -> None:
    case = next(each for each in get_cases("fbss") if each.id == id)
    found = steps(pathway, id)
    for at, slide in found:
        text = page_text(client.get(f"/learn/present/{id}/{at}").text)
        if slide.kind in ("answer", "close"):
            continue
        decision = decided("fbss", slide.shown.mark, TODAY)
        told = [case.title, case.teaches, *case.aims, *(look.point for look in case.looks)]
        told += [step.text for step in decision.next_steps if step.kind != "ask"]
        assert [each for each in told if each and plain_text(each) in text] == []
    kinds = [slide.kind for _, slide in found]
    assert kinds[0] == "cover"
    assert kinds[-1] == "close"
    for before, after in pairwise(kinds):
        assert (before == "question") is (after == "answer")


@pytest.mark.parametrize("id", IDS)
def test_every_step_is_reached_by_its_links_alone(id: str, client: TestClient, pathway: Pathway) -> None:  # fmt: skip
    found = steps(pathway, id)
    for at, slide in found:
        html = client.get(f"/learn/present/{id}/{at}").text
        assert (f'rel="prev" href="/learn/present/{id}/{at - 1}"' in html) is (at > 1)
        wanted = f'rel="next" class="main" href="/learn/present/{id}/{at + 1}"'
        assert (wanted in html) is (at < len(found)), slide.title
        assert foreign_markup(html) == []


def test_the_answer_names_red_signs_steps_and_the_point_once(
    client: TestClient, pathway: Pathway
) -> None:
    found = steps(pathway, "T02")
    places = [at for at, slide in found if slide.kind == "answer"]
    told = [page_text(client.get(f"/learn/present/T02/{at}").text) for at in places]
    point = plain_text(get_cases("fbss")[19].looks[0].point)
    assert get_cases("fbss")[19].id == "T02"
    assert [point in text for text in told] == [False, True, False, False]
    assert all("suspected cauda equina syndrome" in text for text in told)
    assert verdict_word("block") in told[3]


def test_the_last_step_gives_point_goals_sources_and_caveats(
    client: TestClient, pathway: Pathway
) -> None:
    text = page_text(client.get(f"/learn/present/T02/{len(slides(pathway, 'T02'))}").text)
    case = get_cases("fbss")[19]
    decision = decided("fbss", "T02/2", TODAY)
    for said in (case.title, case.teaches, *case.aims, *decision.caveats, "BMJ-CES"):
        assert plain_text(said) in text


@pytest.mark.parametrize("path", ["T99", "T02/0", "T02/99", "T02/x", "T02/²"])
def test_a_step_that_does_not_exist_is_refused(path: str, client: TestClient) -> None:
    assert client.get(f"/learn/present/{path}").status_code == 404


@pytest.mark.parametrize("id", IDS)
def test_a_handout_for_learners_has_room_and_no_answer(id: str, client: TestClient) -> None:
    case = next(each for each in get_cases("fbss") if each.id == id)
    html = client.get(f"/learn/handout/{id}").text
    text = page_text(html)
    told = [case.title, case.teaches, *case.aims]
    for at, look in enumerate(case.looks, start=1):
        decision = decided("fbss", f"{id}/{at}", TODAY)
        told += [look.point, *(s.text for s in decision.next_steps if s.kind != "ask")]
        assert plain_text(look.told) in text
    assert [each for each in told if each and plain_text(each) in text] == []
    assert html.count('class="boxes"') == sum(len(look.asks) or 1 for look in case.looks)
    assert foreign_markup(html) == []


@pytest.mark.parametrize("id", IDS)
def test_a_handout_for_teachers_has_every_answer_and_drops_nothing(
    id: str, client: TestClient
) -> None:
    case = next(each for each in get_cases("fbss") if each.id == id)
    text = page_text(client.get(f"/learn/handout/{id}/answers").text)
    for at, look in enumerate(case.looks, start=1):
        decision = decided("fbss", f"{id}/{at}", TODAY)
        said = [look.point, *(step.text for step in decision.next_steps[:5])]
        said += [*(sign.title for sign in decision.red_signs), *decision.caveats]
        assert [each for each in said if each and plain_text(each) not in text] == []
    assert plain_text(case.teaches) in text


def test_a_handout_of_another_kind_is_refused(client: TestClient) -> None:
    assert client.get("/learn/handout/T02/solutions").status_code == 404
