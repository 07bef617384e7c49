"""What a clinician does on the page, with keyboard or mouse, with script and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Open = Callable[..., Any]


def answered(page: Any) -> None:
    page.wait_for_selector("#answer:not([aria-busy])")


def test_a_newcomer_finds_the_next_step_when_medicine_and_therapy_have_failed(
    open_page: Open,
) -> None:
    page = open_page("/")
    page.get_by_role("link", name="medicine and physical therapy failed").click()
    steps = page.locator(".next > ol > li")
    steps.first.wait_for()
    assert page.locator(".next").bounding_box()["y"] < 900  # on the first screen


def test_one_changed_fact_updates_the_answer_without_a_new_page(open_page: Open) -> None:
    page = open_page("/cases/V07")
    page.evaluate("window.same = true")
    page.locator("[id='part.examination'] > summary").click()
    page.locator("[id='f.muscle_spasm'] label", has_text="yes").click()
    page.locator("article[id='t.muscle-relaxant']").wait_for()
    answered(page)
    assert page.evaluate("window.same")
    assert "Muscle relaxant: consider" in page.locator("#said").inner_text()
    assert "Stage unchanged" in page.locator("#said").inner_text()


def test_a_new_red_sign_is_announced_and_stands_first(open_page: Open) -> None:
    page = open_page("/cases/V07")
    assert page.get_by_role("alert").count() == 0
    page.locator("[id='part.red-signs'] > summary").click()
    page.locator("select[name='f.bladder_disturbance']").select_option("new")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "Red sign" in alert.inner_text()
    assert "Red signs:" in page.locator("#said").inner_text()
    assert (
        page.evaluate("document.querySelector('main form').firstElementChild.nextElementSibling.id")
        == "alarm"
    )


def test_an_unchanged_red_sign_is_not_announced_again(open_page: Open) -> None:
    page = open_page("/cases/V03")
    page.evaluate("document.querySelector('#alarm .strip').marked = true")
    page.locator("[id='part.person'] > summary").click()
    page.locator("[name='f.age']").fill("50")
    with page.expect_response("**/answer"):
        page.locator("[name='f.age']").blur()
    answered(page)
    assert page.evaluate("document.querySelector('#alarm .strip').marked")


def test_a_question_is_answered_where_it_is_asked_and_the_focus_stays_in_place(
    open_page: Open,
) -> None:
    page = open_page("/cases/V07")
    page.locator("input[name='q.leg_pain_below_knee']").first.focus()
    with page.expect_response("**/answer"):
        page.keyboard.press("Space")
    answered(page)
    assert page.locator("input[name='f.leg_pain_below_knee'][value=yes]").is_checked()
    assert page.locator("input[name='q.leg_pain_below_knee']").count() == 0
    assert page.evaluate("document.activeElement.closest('#answer') !== null")


def test_the_whole_task_can_be_done_with_the_keyboard_alone(open_page: Open) -> None:
    page = open_page("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the answer"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # to the facts

    def go_to(wanted: str, most: int = 80) -> None:
        for _ in range(most):
            page.keyboard.press("Tab")
            if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
                return
        raise AssertionError(f"not reached with the keyboard: {wanted}")

    go_to("[name=on]")
    page.keyboard.type("2026-03-01")
    go_to("[id='part.red-signs'] button[value='none:red-signs']")
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    assert "screen complete" in page.locator(".standing").inner_text()
    page.locator("[id='part.trials'] summary").first.focus()
    page.keyboard.press("Enter")
    go_to("button[value='add:trials']")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "t.0.treatment"
    with page.expect_response("**/answer"):
        page.keyboard.type("nsaid")
        page.keyboard.press("Tab")
    answered(page)
    page.keyboard.type("naproxen")
    page.keyboard.press("Tab")
    assert page.locator("[name='t.0.treatment']").input_value() == "nsaid"
    page.locator(".tabs button").first.focus()
    page.keyboard.press("Tab")
    with page.expect_response("**/answer"):
        page.keyboard.press("Enter")
    answered(page)
    assert page.evaluate("document.activeElement.id") == "panel-title"


def test_the_focus_is_never_hidden(open_page: Open) -> None:
    page = open_page("/cases/V07", width=768)
    for _ in range(60):
        page.keyboard.press("Tab")
        hidden = page.evaluate(
            """() => {
                const it = document.activeElement, box = it.getClientRects()[0];
                if (it === document.body || !box?.width) return false;
                const y = box.y + Math.min(box.height / 2, 10);
                const at = document.elementFromPoint(box.x + box.width / 2, y);
                return !at || !(it.contains(at) || at.closest('label, summary')?.contains(it));
            }"""
        )
        assert not hidden, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")


def test_everything_works_as_plain_forms_without_script(open_page: Open) -> None:
    page = open_page("/", java_script_enabled=False)
    page.locator("button[value='none:red-signs']").first.click()
    page.locator("[id='part.trials'] > summary").click()
    page.locator("button[value='add:trials']").click()
    page.locator("[name='t.0.treatment']").select_option("nsaid")
    page.locator("[name='t.0.full_dose']").select_option("yes")
    page.locator("[name='t.0.weeks']").fill("4")
    page.locator("[name='t.0.relief_percent']").fill("10")
    page.get_by_role("button", name="Update the answer").click()
    assert page.locator("[name='t.0.weeks']").input_value() == "4"
    assert "screen complete" in page.locator(".standing").inner_text()
    for view in ("why", "what-if", "note", "timeline", "record"):
        page.locator(f".tabs button[value={view}]").click()
        assert page.locator(f".tabs button[value={view}]").get_attribute("aria-current") == "true"
        assert page.locator("[name='t.0.weeks']").input_value() == "4"
    page.locator(".tabs button.print").click()
    assert page.locator("body.paper").count() == 1
    assert "?" not in page.url


def test_a_file_is_read_into_the_record_and_the_record_into_the_form(open_page: Open) -> None:
    from playwright.sync_api import expect

    page = open_page("/")
    page.get_by_role("button", name="Paste a record").click()
    page.locator("#file").set_input_files(
        {"name": "p.json", "mimeType": "application/json", "buffer": b'{"facts": {"age": 48}}'}
    )
    expect(page.locator("textarea[name=record]")).not_to_have_value("")
    page.get_by_role("button", name="Read this record").click()
    assert "1 fact" in page.locator(".understood").inner_text()
    assert page.locator("[name='f.age']").input_value() == "48"


def test_nothing_is_kept_in_the_browser_and_nothing_stands_in_the_address(open_page: Open) -> None:
    page = open_page("/cases/V07")
    page.locator("input[name='q.leg_pain_below_knee'][value=yes]").check(force=True)
    answered(page)
    page.get_by_role("button", name="Update the answer").click()
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert page.context.cookies() == []
    assert "?" not in page.url


def test_a_lost_connection_is_said_and_the_old_answer_is_not_taken_for_a_new_one(
    open_page: Open,
) -> None:
    page = open_page("/cases/V07")
    page.route("**/answer", lambda route: route.abort())
    page.locator("input[name='q.leg_pain_below_knee'][value=yes]").check(force=True)
    page.locator("#said.shown").wait_for()
    assert "Not updated" in page.locator("#said").inner_text()
    assert "A red sign does not wait" in page.locator("#said").inner_text()


@pytest.mark.slow
@pytest.mark.parametrize("width", [320, 768])
def test_on_a_narrow_screen_the_answer_is_told_before_the_facts_and_one_press_away(
    width: int, open_page: Open
) -> None:
    from playwright.sync_api import expect

    page = open_page("/cases/V07", width=width)
    way = page.locator(".jump a").first
    assert way.bounding_box()["y"] < page.locator("#facts").bounding_box()["y"]
    assert "Answer:" in way.inner_text()
    page.locator("[id='part.red-signs'] > summary").click()
    with page.expect_response("**/answer"):
        page.locator("select[name='f.bladder_disturbance']").select_option("new")
    answered(page)
    assert "U0" in way.inner_text()
    way.click()
    expect(page.locator("#answer")).to_be_in_viewport()
    page.goto("/")
    assert page.locator(".jump a").first.inner_text() == "New here? Start here"
    page.set_viewport_size({"width": 1280, "height": 900})
    assert not page.locator(".jump").is_visible()
