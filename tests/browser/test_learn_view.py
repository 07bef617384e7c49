"""Learn in a real browser: by keyboard, without script, on a phone, in a lecture hall and on paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_accessible import violations

pytestmark = pytest.mark.slow

Open = Callable[..., Any]
PATHS = (
    "/learn", "/learn/teach", "/learn/present/T02", "/learn/present/T02/3", "/learn/present/T02/5",
    "/learn/present/T02/6", "/learn/present/T02/9", "/learn/present/T02/14", "/learn/handout/T02",
    "/learn/handout/T02/answers", "/learn/handout/V01/answers", "/cases/T02/2",
)  # fmt: skip
WIDE_ENOUGH = 320
MOST_BYTES = 200_000


def unfold(page: Any) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")


def choose_case(page: Any, mark: str) -> None:
    page.locator(f"button[name=case][value='{mark}']").first.click()
    page.wait_for_url("**/learn/question")


def commit(page: Any, *choices: str, sure: str = "sure") -> None:
    for choice in choices:
        page.get_by_label(choice, exact=True).check()
    page.get_by_label(sure, exact=True).check()
    page.get_by_role("button", name="Commit").click()
    page.get_by_role("heading", name="What the pathway says").wait_for()


def states(page: Any) -> Any:
    """Walk through every state of learning that is reached by a form, and yield its name."""
    page.goto("/learn")
    page.get_by_label("Goal").select_option("scope")
    page.get_by_label("Difficulty").select_option("advanced")
    page.get_by_role("button", name="Show these").click()
    yield "library narrowed"
    page.goto("/learn")
    choose_case(page, "T02/1")
    yield "first visit"
    commit(page, "Opioid, short course", "Routine")
    yield "wrong, red sign passed over"
    page.get_by_role("button", name="Next visit").click()
    yield "second visit"
    commit(page, "An emergency: now", "Not now: a red sign or something else stands against it")
    yield "right"
    page.get_by_role("button", name="Debrief").click()
    yield "debrief"
    page.get_by_role("button", name="All patients").click()
    page.get_by_role("button", name="one fact apart").click()
    yield "pair asked"
    page.get_by_label("The first patient").check()
    page.get_by_role("button", name="Commit").click()
    yield "pair answered"
    page.goto("/learn/teach")
    page.get_by_role("button", name="Compare").click()
    yield "compared"


@pytest.mark.parametrize("path", PATHS)
def test_no_route_of_learning_breaks_a_rule_of_accessibility(
    path: str, open_page: Open, axe: str
) -> None:
    for width in (1280, WIDE_ENOUGH):
        page = open_page(path, width=width)
        assert violations(page, axe, "details") == [], width
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1280, WIDE_ENOUGH])
def test_no_state_of_learning_breaks_a_rule_of_accessibility(
    width: int, open_page: Open, axe: str
) -> None:
    page = open_page("/learn", width=width)
    seen = []
    for state in states(page):
        assert violations(page, axe, "details") == [], state
        assert page.evaluate("document.documentElement.scrollWidth") <= width, state
        seen.append(state)
    assert len(seen) == 9


def test_everything_is_done_without_script(open_page: Open) -> None:
    page = open_page("/learn", java_script_enabled=False)
    choose_case(page, "T02/1")
    commit(page, "Act on a red sign before anything else", "Urgent: call a specialist the same day")
    assert "2 of 2 right" in page.locator("h1").inner_text()
    page.get_by_role("button", name="Next visit").click()
    assert "visit 2 of 2" in page.locator(".eyebrow").inner_text().lower()
    page.get_by_role("button", name="Previous visit").click()
    assert "visit 1 of 2" in page.locator(".eyebrow").inner_text().lower()
    assert "?" not in page.url
    page.goto("/learn/present/T02")
    for _ in range(13):
        page.locator("a[rel=next]").click()
    assert "14 of 14" in page.title()
    assert page.locator("a[rel=next]").count() == 0


def go_to(page: Any, wanted: str, most: int = 140) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"not reached with the keyboard: {wanted}")


def pick(page: Any, field: str, down: int) -> None:
    """Choose the option *down* places below the first of a group of radio buttons."""
    go_to(page, f"input[name='{field}']")
    page.keyboard.press("Space")
    for _ in range(down):
        page.keyboard.press("ArrowDown")


def test_a_quiz_is_taken_with_the_keyboard_alone(open_page: Open, tmp_path: Path) -> None:
    page = open_page("/learn")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skip to the content
    go_to(page, "select[name=goal]")
    page.keyboard.type("Thin")
    go_to(page, "button[formaction='/learn/library']")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="1 patient on: Thin records").wait_for()
    go_to(page, "button[value='T14/1']:not(.main)")
    page.keyboard.press("Enter")
    page.wait_for_url("**/learn/question")
    pick(page, "choice.next-step", 2)
    pick(page, "choice.nsaid", 3)
    pick(page, "sureness", 1)
    go_to(page, "button.main")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="2 of 2 right").wait_for()
    go_to(page, "button[formaction='/learn/debrief']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/learn/debrief")
    go_to(page, "button[value=csv]")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    download.value.save_as(tmp_path / "debrief.csv")
    assert (tmp_path / "debrief.csv").read_text().count("T14/1") == 2


def test_a_lecture_is_given_with_the_keyboard_alone(open_page: Open) -> None:
    page = open_page("/learn/teach")
    go_to(page, "a[href='/learn/present/T02']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/learn/present/T02")
    for step in range(2, 15):
        page.keyboard.press("ArrowRight" if step % 2 else "PageDown")
        page.wait_for_url(f"**/learn/present/T02/{step}")
    page.keyboard.press("ArrowRight")  # nothing after the last
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**/learn/present/T02/13")
    page.keyboard.press("Space")
    page.wait_for_url("**/learn/present/T02/14")
    page.keyboard.press("Escape")
    page.wait_for_url("**/learn/teach")


@pytest.mark.parametrize("id", ["T02", "T09", "T12", "V01"])
def test_every_step_fits_on_one_screen_of_the_hall(id: str, open_page: Open) -> None:
    page = open_page(f"/learn/present/{id}")
    page.set_viewport_size({"width": 1280, "height": 720})
    while page.locator("a[rel=next]").count():
        page.locator("a[rel=next]").click()
        page.wait_for_load_state()
        kind = page.locator("body").get_attribute("class")
        assert page.evaluate("document.documentElement.scrollHeight") <= 720, page.url
        if "s-question" in kind or "s-answer" in kind:
            size = "parseFloat(getComputedStyle(document.querySelector('main li, .lead')).fontSize)"
            assert page.evaluate(size) >= 18, page.url


def test_the_focus_is_never_hidden_while_learning(open_page: Open) -> None:
    for path, width in (("/learn/present/T02/3", 320), ("/learn/teach", 768)):
        page = open_page(path, width=width)
        for _ in range(25):
            page.keyboard.press("Tab")
            hidden = page.evaluate(
                """() => {
                    const it = document.activeElement, box = it.getClientRects()[0];
                    if (it === document.body || !box?.width) return false;
                    const at = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 10));
                    return !at || !(it.contains(at) || at.contains(it));
                }"""
            )
            assert not hidden, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")


def test_results_need_no_colour(open_page: Open) -> None:
    page = open_page("/learn", forced_colors="active")
    for state in states(page):
        if state == "wrong, red sign passed over":
            assert page.locator(".m-not-now .result").first.inner_text() == "✕ not here"
            assert "Red sign" in page.locator(".strip.red").last.inner_text()
            border = "getComputedStyle(document.querySelector('.marked')).borderLeftWidth"
            assert page.evaluate(border) == "6px"
            break


def test_on_paper_a_handout_has_boxes_and_lines_and_no_links(open_page: Open) -> None:
    page = open_page("/learn/handout/T02")
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert page.locator(".boxes li").first.is_visible()
    box = "getComputedStyle(document.querySelector('.boxes li'), '::before').borderTopWidth"
    assert page.evaluate(box) == "2px"
    for each in page.locator("details p").all():
        assert each.bounding_box()["height"] > 20


def test_on_paper_the_debrief_keeps_every_answer_and_its_result(open_page: Open) -> None:
    page = open_page("/learn")
    for state in states(page):
        if state == "debrief":
            page.emulate_media(media="print")
            assert page.locator(".rounds > li").count() == 4
            assert all(each.is_visible() for each in page.locator(".result").all())
            assert not page.get_by_role("button").first.is_visible()
            break


def test_no_page_of_learning_weighs_more_than_it_should(open_page: Open) -> None:
    for path in (*PATHS[:-1], "/learn/handout/T12/answers"):
        page = open_page("/author")
        weight: list[int] = []
        page.on("response", lambda answer, kept=weight: kept.append(len(answer.body())))
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert 0 < sum(weight) < MOST_BYTES, path
