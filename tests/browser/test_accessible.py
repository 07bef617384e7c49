"""WCAG 2.2 AA as far as a machine can tell: every route and state, every width, and what only a browser shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api.page.panels import VIEWS
from api.page.refused import problems_page
from schemas.errors import Problem

pytestmark = pytest.mark.slow

Open = Callable[..., Any]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PATHS = ("/", "/cases", "/cases/V01", "/cases/V03", "/cases/V07", "/cases/nobody", "/learn", "/author",
         "/author/treatments/nsaid.md", "/author/rules", "/author/rules/block", "/author/coverage",
         "/author/certificate", "/author/versions", "/nowhere")  # fmt: skip


def violations(page: Any, axe: str, opened: str = "#answer details, #map details") -> list[str]:
    """Return what the checker finds wrong, with the parts of the page *opened* that are folded away at first."""
    page.evaluate("names => document.querySelectorAll(names).forEach(it => it.open = true)", opened)
    page.evaluate(axe)
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", TAGS
    )
    return [
        f"{item['id']}: {node['html'][:160]}" for item in found["violations"] for node in item["nodes"][:3]
    ]  # fmt: skip


def show(page: Any, view: str) -> None:
    with page.expect_response("**/answer"):
        page.locator(f".tabs button[value={view}]").click()
    page.wait_for_selector("#answer:not([aria-busy])")


@pytest.mark.parametrize(
    ("path", "width"), [*((path, 1280) for path in PATHS), ("/cases/V01", 320)]
)
def test_no_route_breaks_a_rule_of_accessibility(
    path: str, width: int, open_page: Open, axe: str
) -> None:
    assert violations(open_page(path, width=width), axe) == []


def test_no_tab_breaks_a_rule_of_accessibility(open_page: Open, axe: str) -> None:
    page = open_page("/cases/V01")
    for view, _ in VIEWS:
        show(page, view)
        assert violations(page, axe) == [], view


def test_no_part_of_integrate_and_no_decision_breaks_a_rule_of_accessibility(
    open_page: Open, axe: str
) -> None:
    page = open_page("/cases/V07")
    page.locator("[id='t.nsaid'] summary", has_text="Record your decision").click()
    with page.expect_response("**/answer"):
        page.locator("[name='r.nsaid'][value=accept]").check(force=True)
    page.get_by_role("heading", name="Decided by you").wait_for()
    assert violations(page, axe) == []
    show(page, "integrate")
    with page.expect_response("**/answer"):
        page.locator("[name='z.drop.forms']").check()
    page.get_by_text("Because of what was left out").wait_for()
    assert violations(page, axe) == []
    for part in ("record", "apply", "json"):
        with page.expect_response("**/answer"):
            page.locator(f"[name='z.show'][value={part}]").check(force=True)
        page.wait_for_selector("#answer:not([aria-busy])")
        assert violations(page, axe) == [], part


def test_errors_rows_and_suppositions_break_no_rule_of_accessibility(
    open_page: Open, axe: str
) -> None:
    page = open_page("/cases/V07")
    page.evaluate("document.querySelectorAll('[data-list]').forEach(each => each.open = true)")
    for name in ("trials", "medications", "surgeries", "overrides"):
        page.locator(f"button[value='add:{name}']").click()
    page.locator("[id='part.person']").evaluate("it => it.open = true")
    page.locator("[name='f.age']").fill("old")
    with page.expect_response("**/answer"):
        page.locator("[name='f.age']").blur()
    page.get_by_role("alert").filter(has_text="please correct this first").wait_for()
    assert page.locator("[name='f.age']").get_attribute("aria-invalid") == "true"
    assert violations(page, axe) == []


def test_the_whole_form_unfolded_breaks_no_rule_of_accessibility(open_page: Open, axe: str) -> None:
    assert violations(open_page("/cases/V07"), axe, "details") == []


def test_print_breaks_no_rule_of_accessibility(open_page: Open, axe: str) -> None:
    page = open_page("/cases/V01")
    page.get_by_role("button", name="Print").click()
    page.wait_for_url("**/print")
    assert violations(page, axe) == []


@pytest.mark.parametrize("width", [320, 640, 768, 1280])
@pytest.mark.parametrize("path", ["/", "/cases/V01"])
def test_nothing_runs_out_of_the_page_at_any_width(path: str, width: int, open_page: Open) -> None:
    page = open_page(path, width=width)  # 640 is 1280 at a zoom of 200 per cent
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for view in ("why", "evidence", "what-if", "picture"):
        show(page, view)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_red_sign_needs_no_colour_and_comes_first(open_page: Open) -> None:
    page = open_page("/cases/V03", forced_colors="active", width=768)
    strip = page.get_by_role("alert").first
    assert "Red sign" in strip.inner_text()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.strip.red')).borderTopWidth")
        == "2px"
    )
    top = strip.bounding_box()["y"]
    for other in ("#facts", "#answer", "#map", ".case"):
        assert top < page.locator(other).bounding_box()["y"]


def test_on_paper_everything_folded_is_open_and_the_form_is_gone(open_page: Open) -> None:
    page = open_page("/cases/V07")
    page.emulate_media(media="print")
    assert not page.locator("#facts").is_visible()
    for row in page.locator(".not-now .inside").all():
        assert row.bounding_box()["height"] > 20
    assert page.locator(".caveats").is_visible()


def test_those_who_want_no_motion_get_none(open_page: Open) -> None:
    page = open_page("/", reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("status", [413, 429, 503])
@pytest.mark.parametrize("width", [320, 1280])
def test_no_refusal_breaks_a_rule_of_accessibility(
    status: int, width: int, open_page: Open, axe: str
) -> None:
    page = open_page("/cases", width=width)
    problem = Problem(code="busy", message="more is asked than can be answered", help="", where="")
    told = problems_page(status, (problem,), "1")
    page.route(
        "**/refused",
        lambda route: route.fulfill(
            status=status, content_type="text/html; charset=utf-8", body=bytes(told.body)
        ),
    )
    page.goto("/refused")
    assert ("Nothing was decided" in page.locator("main").inner_text()) == (status != 413)
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_answer_refused_for_want_of_room_is_said_and_the_next_one_clears_it(
    open_page: Open,
) -> None:
    page = open_page("/cases/V07")
    page.route("**/answer", lambda route: route.fulfill(status=503, body="{}"))
    page.locator("input[name='q.leg_pain_below_knee'][value=yes]").check(force=True)
    said = page.locator("#said.shown")
    said.wait_for()
    assert "too much is asked here just now" in said.inner_text()
    assert "A red sign does not wait for this page" in said.inner_text()
    page.unroute("**/answer")
    with page.expect_response("**/answer"):
        page.get_by_role("button", name="Update the answer").click()
    page.wait_for_selector("#said:not(.shown)", state="attached")


def test_what_is_chosen_and_where_one_is_can_be_told_in_forced_colours(open_page: Open) -> None:
    page = open_page("/cases/V07", forced_colors="active")
    page.locator("[id='part.examination'] > summary").click()
    colour = "it => getComputedStyle(it).backgroundColor"
    choice = page.locator("[id='f.muscle_spasm'] .seg")
    chosen = choice.locator("input:checked + span").evaluate(colour)
    others = choice.locator("input:not(:checked) + span")
    assert all(each.evaluate(colour) != chosen for each in others.all())
    line = "it => getComputedStyle(it).borderBottomColor"
    here = page.locator(".tabs [aria-current]").evaluate(line)
    assert page.locator(".tabs button:not([aria-current])").first.evaluate(line) != here


def test_an_update_never_moves_the_page(open_page: Open) -> None:
    page = open_page("/cases/V07")
    page.locator("[id='part.medical-history'] > summary").click()
    page.locator("[id='f.asthma'] label").first.scroll_into_view_if_needed()
    before = page.evaluate("[scrollX, scrollY, document.getElementById('facts').scrollTop]")
    with page.expect_response("**/answer"):
        page.locator("[id='f.asthma'] input").first.check(force=True)
    page.wait_for_selector("#answer:not([aria-busy])")
    assert page.evaluate("[scrollX, scrollY, document.getElementById('facts').scrollTop]") == before


ENTERED = """() => [...document.querySelectorAll('#facts [name^="f."]')].map(
    it => it.type === 'radio' ? it.checked : it.value)"""


def test_what_was_entered_stays_entered_on_every_tab(open_page: Open) -> None:
    page = open_page("/cases/V07")
    before = page.evaluate(ENTERED)
    for view, _ in VIEWS:
        show(page, view)
        assert page.evaluate(ENTERED) == before, view
