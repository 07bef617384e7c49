"""Integrate, decisions and the author's reports in a browser: with keys alone, without script, on a narrow screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.slow

Open = Callable[..., Any]
NARROW = 320


def settled(page: Any) -> None:
    page.wait_for_selector("#answer:not([aria-busy])")


def press_until(page: Any, wanted: str, most: int = 400) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"not reached with the keyboard: {wanted}")


def test_a_key_is_left_out_of_the_call_with_the_keyboard_alone(open_page: Open) -> None:
    page = open_page("/cases/V07")
    page.locator(".tabs button[value=integrate]").focus()
    with page.expect_response("**/answer"):
        page.keyboard.press("Enter")
    settled(page)
    press_until(page, "[name='z.drop.conditions']")
    with page.expect_response("**/answer"):
        page.keyboard.press("Space")
    page.get_by_text("What comes back: 412").wait_for()
    settled(page)
    assert page.evaluate("document.activeElement.name") == "z.drop.conditions"
    with page.expect_response("**/answer"):
        page.keyboard.press("Space")
    page.get_by_text("What comes back: 200").wait_for()


def test_the_call_and_the_record_are_seen_without_script(open_page: Open) -> None:
    page = open_page("/cases/V07", java_script_enabled=False)
    page.locator(".tabs button[value=integrate]").click()
    page.locator("[name='z.drop.forms']").check()
    page.get_by_role("button", name="Call again").click()
    assert page.locator("[name='z.drop.forms']").is_checked()
    assert page.get_by_text("Because of what was left out").is_visible()
    page.locator("[name='z.show'][value=record]").check(force=True)
    page.get_by_role("button", name="Show it").click()
    assert page.locator("#bundle-json").is_visible()


def test_a_decision_is_answered_and_listed_and_where_nothing_is_kept_it_says_so(
    open_page: Open,
) -> None:
    page = open_page("/cases/V07")
    page.locator("[id='t.nsaid'] summary", has_text="Record your decision").click()
    page.locator("[name='r.nsaid'][value=accept]").check(force=True)
    decided = page.locator("#decided")
    decided.wait_for()
    assert "accepted" in decided.inner_text()
    assert "keeps no log" in decided.inner_text()


def test_a_row_added_beside_others_is_empty_and_the_others_stay(open_page: Open) -> None:
    page = open_page("/cases/V10")
    page.locator("[id='part.trials'] > summary").click()
    before = page.locator("[name='t.0.treatment']").input_value()
    page.locator("button[value='add:trials']").click()
    assert page.locator("[name='t.3.treatment']").input_value() == ""
    assert page.locator("[name='t.3.weeks']").input_value() == ""
    assert page.evaluate("document.activeElement.name") == "t.3.treatment"
    assert page.locator("[name='t.0.treatment']").input_value() == before
    assert page.locator(".row legend").nth(3).inner_text() == "Treatment 4"
    page.locator("[name='t.3.treatment']").select_option("opioid")
    settled(page)
    page.locator("[id='part.trials'] .row").nth(3).locator(".drop").click()
    settled(page)
    assert page.locator("[name='t.3.treatment']").count() == 0
    assert page.locator("[name='t.0.treatment']").input_value() == before


def test_nothing_of_it_runs_out_of_a_narrow_page(open_page: Open) -> None:
    page = open_page("/cases/V07", width=NARROW)
    page.locator(".tabs button[value=integrate]").click()
    for part in ("cards", "record", "apply", "json"):
        page.locator(f"[name='z.show'][value={part}]").check(force=True)
        settled(page)
        page.evaluate(
            "document.querySelectorAll('#answer details').forEach(each => each.open = true)"
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, part
    for path in ("rules", "rules/block", "coverage", "certificate", "versions"):
        page.goto(f"/author/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, path
