"""WCAG 2.2 AA as far as a machine can tell: every route and state, every width, and what only a browser shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api.page.panels import VIEWS

pytestmark = pytest.mark.slow

Open = Callable[..., Any]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PATHS = ("/", "/cases", "/cases/V01", "/cases/V03", "/cases/V07", "/cases/nobody", "/learn", "/author",
         "/author/treatments/nsaid.md", "/author/rules", "/author/rules/block", "/author/coverage",
         "/author/certificate", "/nowhere")  # fmt: skip


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
