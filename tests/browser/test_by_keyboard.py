"""Each task from beginning to end with the keys alone: no pointer, and no focus but the one the keys have moved."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.documents_report import diff_report
from api.library import get_vignettes
from tests.browser.test_accessible import violations

pytestmark = pytest.mark.slow

Open = Callable[..., Any]
MOST_KEYS = 400
DOCUMENTS = Path(__file__).parents[2] / "pathways" / "fbss"


def go_to(page: Any, wanted: str) -> None:
    """Press Tab until what *wanted* matches has the focus, and see that the focus is drawn."""
    for _ in range(MOST_KEYS):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            assert page.evaluate(
                """() => { const it = document.activeElement, own = getComputedStyle(it);
                    const drawn = style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
                    const beside = it.nextElementSibling && getComputedStyle(it.nextElementSibling);
                    return drawn(own) || (beside && drawn(beside)); }"""
            ), wanted
            return
    raise AssertionError(f"not reached with the keyboard: {wanted}")


def settled(page: Any) -> None:
    page.wait_for_selector("#answer:not([aria-busy])")


def press(page: Any, key: str) -> None:
    """Press *key* where it changes a fact, and wait for the answer."""
    with page.expect_response("**/answer"):
        page.keyboard.press(key)
    settled(page)


def choose_file(page: Any, file: dict[str, Any]) -> None:
    # The browser is told without waiting that choosers go to the test; one opened before it has heard would be lost.
    page.on("filechooser", lambda _: None)
    page.wait_for_timeout(300)
    with page.expect_file_chooser() as opened:
        page.keyboard.press("Enter")
    opened.value.set_files(file)


def test_facts_of_every_kind_are_filled_in(open_page: Open) -> None:
    page = open_page("/")
    go_to(page, "[id='part.red-signs'] select[name='f.bladder_disturbance']")
    press(page, "n")  # the first choice that begins so
    go_to(page, "[id='part.person'] > summary")
    page.keyboard.press("Enter")
    go_to(page, "[name='f.age']")
    page.keyboard.type("48")
    press(page, "Enter")
    go_to(page, "input[type=radio][name='f.pregnant']")
    press(page, "ArrowRight")
    assert page.locator("[name='f.age']").input_value() == "48"
    assert page.locator("[name='f.bladder_disturbance']").input_value() == "none"
    assert page.locator("[name='f.pregnant']:checked").input_value() in ("yes", "no", "?")
    assert (
        page.locator("[name='d.age']").count() == 1
    )  # it has its date now, to be filled in as well
    go_to(page, "[id='part.surgeries'] > summary")
    page.keyboard.press("Enter")
    go_to(page, "button[value='add:surgeries']")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "g.0.procedure"
    press(page, "d")
    assert page.locator("[name='g.0.procedure']").input_value() == "discectomy"
    go_to(page, "[name='g.0.date']")
    page.keyboard.type("2025-07")
    press(page, "Tab")
    assert page.get_by_role("alert").filter(has_text="please correct").count() == 0


def test_a_question_is_answered_where_it_is_asked(open_page: Open) -> None:
    page = open_page("/cases/V07")
    go_to(page, "input[type=radio][name^='q.']")
    name = page.evaluate("document.activeElement.name")
    press(page, "ArrowLeft")
    answered = page.locator(f"[name='f.{name[2:]}']:checked").input_value()
    assert answered in ("yes", "no", "?")
    assert page.evaluate("document.activeElement.closest('#answer') !== null")


@pytest.mark.parametrize(("times", "word"), [(0, "accepted"), (3, "declined")])
def test_an_option_is_accepted_or_declined_with_a_reason(
    times: int, word: str, open_page: Open
) -> None:
    page = open_page("/cases/V07")
    go_to(page, "[id='t.nsaid'] .respond > summary")
    page.keyboard.press("Enter")
    # From "none yet" the arrows go round to the first.
    go_to(page, "[name='r.nsaid']")
    for _ in range(times + 1):
        press(page, "ArrowRight")
    go_to(page, "[name='w.nsaid']")
    page.keyboard.type("she would rather not")
    press(page, "Enter")
    decided = page.locator("#decided")
    assert word in decided.inner_text()
    assert "she would rather not" in decided.inner_text()


def test_the_note_is_opened_and_copied(open_page: Open) -> None:
    from playwright.sync_api import expect

    page = open_page("/cases/V07")
    go_to(page, ".tabs button[value=note]")
    press(page, "Enter")
    assert page.evaluate("document.activeElement.id") == "panel-title"
    go_to(page, "#copy")
    page.keyboard.press("Enter")
    expect(page.locator("#copied")).not_to_be_empty()
    note = page.locator("#note")
    assert page.evaluate(
        "(() => { const it = document.getElementById('note'); return it.selectionEnd - it.selectionStart; })()"
    ) == len(note.input_value())
    assert "Receipt" in note.input_value()


def test_two_patients_are_compared(open_page: Open) -> None:
    page = open_page("/learn/teach")
    go_to(page, "select[name=a]")
    page.keyboard.type("V03/1")
    go_to(page, "select[name=b]")
    page.keyboard.press("ArrowDown")
    go_to(page, ".compare button")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What is different about them").wait_for()
    assert "V03/1" in page.locator("main").inner_text()


def test_a_record_is_uploaded(open_page: Open) -> None:
    page = open_page("/")
    data = next(each.input for each in get_vignettes("fbss") if each.id == "V07")
    go_to(page, ".tabs button[value=record]")
    press(page, "Enter")
    go_to(page, "#file")
    text = json.dumps(data).encode()
    choose_file(page, {"name": "p.json", "mimeType": "application/json", "buffer": text})
    page.wait_for_selector("button[value=load]:focus")
    page.keyboard.press("Enter")
    assert "understood" in page.locator(".understood").inner_text()


def test_a_whole_answer_of_a_program_is_opened_by_itself(open_page: Open) -> None:
    page = open_page("/cases/V07")
    go_to(page, ".tabs button[value=integrate]")
    press(page, "Enter")
    go_to(page, "[name='z.show']")
    press(page, "ArrowLeft")
    go_to(page, "button[value='open:decision']")
    with page.expect_popup() as opened:
        page.keyboard.press("Enter")
    shown = opened.value
    shown.wait_for_load_state()
    assert "receipt" in json.loads(shown.locator("body").inner_text())


def kept(folder: Path) -> dict[str, Any]:
    """What `steppedcare diff` keeps of the shipped documents and of some with another threshold."""
    changed = folder / "new"
    changed.mkdir()
    for file in DOCUMENTS.rglob("*"):
        target = changed / file.relative_to(DOCUMENTS)
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            text = text.replace("| pain_severe_nrs | 7 |", "| pain_severe_nrs | 8 |")
            target.write_text(text, encoding="utf-8")
    out = folder / "comparison.json"
    diff_report(str(DOCUMENTS), str(changed), None, dt.date(2026, 3, 1), str(out))
    return {"name": "c.json", "mimeType": "application/json", "buffer": out.read_bytes()}


def test_two_versions_are_read_by_an_author(open_page: Open, tmp_path: Path, axe: str) -> None:
    file = kept(tmp_path)
    page = open_page("/")
    go_to(page, "nav a[href='/author']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/author")
    go_to(page, "a[href='/author/versions']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/author/versions")
    go_to(page, "input[type=file]")
    choose_file(page, file)
    go_to(page, ".choose button.main")
    page.keyboard.press("Enter")
    page.locator("#read").wait_for()
    changed = page.locator(".c-changed", has_text="pain_severe_nrs")
    assert changed.locator("del").inner_text() == "7"
    assert changed.locator("ins").inner_text() == "8"
    assert "line-through" in page.evaluate(
        "getComputedStyle(document.querySelector('del')).textDecoration"
    )
    go_to(page, "a[href='#patients']")
    page.keyboard.press("Enter")
    assert page.url.endswith("#patients")
    for width in (1280, 640, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page, axe, "details") == [], width
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_two_versions_are_read_without_script_and_in_forced_colours(
    open_page: Open, tmp_path: Path
) -> None:
    page = open_page("/author/versions", java_script_enabled=False, forced_colors="active")
    page.locator("input[type=file]").set_input_files(kept(tmp_path))
    page.get_by_role("button", name="Read it").click()
    assert page.locator("#read").is_visible()
    assert page.locator(".badge", has_text="\u2260 changed").count() > 0
    page.goto("/author/versions")
    page.get_by_text("Or paste it").click()
    page.locator("textarea[name=pasted]").fill("{}")
    page.get_by_role("button", name="Read it").click()
    assert "This is not a comparison of two versions" in page.get_by_role("alert").inner_text()


def test_on_paper_a_comparison_has_every_change_and_no_form(
    open_page: Open, tmp_path: Path
) -> None:
    page = open_page("/author/versions")
    page.locator("input[type=file]").set_input_files(kept(tmp_path))
    page.get_by_role("button", name="Read it").click()
    page.locator("#read").wait_for()
    page.emulate_media(media="print")
    assert not page.locator(".choose").is_visible()
    assert not page.get_by_role("navigation").first.is_visible()
    assert page.locator(".c-changed ins").first.is_visible()
    for line in page.locator(".whom details").all():
        assert line.bounding_box()["height"] > 20
