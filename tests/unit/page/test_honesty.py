"""The honesty contract: no page, print or note drops what a decision says."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from api.library import get_pathway, get_vignettes
from api.page import sheet as sheet_module
from api.page.form import fields_of
from api.page.note import note_text
from api.service import decide_input
from schemas.decision import Conflict, Decision, NotUsed, SettingUsed, Stale
from tests.unit.page.conftest import Post
from tests.unit.page.contract import LEFT_OUT, PARTS, told
from tests.unit.page.reading import page_text, part_of, plain_text

TODAY = dt.date(2026, 3, 1)
LOOKS = {
    f"{case.id}/{at}": look.input
    for case in get_vignettes("fbss")
    for at, look in enumerate(case.looks, start=1)
}

CASES = [pytest.param({"facts": {}}, id="nothing known")] + [
    pytest.param(data, id=name) for name, data in LOOKS.items()
]


def answer_text(html: str) -> str:
    """Return what can be read beside the form: the same words among the facts would prove nothing."""
    if '<section id="facts"' in html:
        html = html.replace(part_of(html, '<section id="facts"', '<section id="answer"'), "")
    return page_text(html)


def missing_from(text: str, decision: Decision) -> list[str]:
    return [
        f"{where}: {said}"
        for where, said in told(get_pathway("fbss"), decision)
        if plain_text(said) not in text
    ]


@pytest.mark.parametrize("data", CASES)
def test_everything_a_decision_says_can_be_read_on_the_page(data: Any, post: Post) -> None:
    decision = decide_input("fbss", data, TODAY)
    assert missing_from(answer_text(post(fields_of(decision.input))), decision) == []


@pytest.mark.parametrize("data", CASES)
def test_everything_a_decision_says_can_be_read_in_print(data: Any, post: Post) -> None:
    decision = decide_input("fbss", data, TODAY)
    html = post(fields_of(decision.input), "/print")
    assert missing_from(page_text(html), decision) == []
    tags = [piece.partition(">")[0] for piece in html.split("<details")[1:]]
    assert [tag for tag in tags if not tag.endswith(" open")] == []


@pytest.mark.parametrize("view", ["why", "questions", "evidence", "timeline", "what-if", "record"])
@pytest.mark.parametrize("name", ["V01/1", "V03/1", "V04/1", "V07/1"])
def test_no_tab_hides_a_red_sign_the_urgency_or_a_caveat(view: str, name: str, post: Post) -> None:
    decision = decide_input("fbss", LOOKS[name], TODAY)
    text = answer_text(post({**fields_of(decision.input), "view": view}))
    warnings = [decision.urgency_text, *decision.caveats]
    for sign in decision.red_signs:
        warnings += [sign.title, *sign.first_action, *sign.do_not]
    warnings += [item.why for item in decision.not_used] + [c.text for c in decision.conflicts]
    assert [each for each in warnings if plain_text(each) not in text] == []


@pytest.mark.parametrize("data", CASES)
def test_the_note_holds_every_red_sign_caveat_missing_item_and_step(data: Any) -> None:
    decision = decide_input("fbss", data, TODAY)
    text = plain_text(note_text(decision, {}, get_pathway("fbss")))
    wanted = [decision.urgency_text, decision.next_review.text, *decision.caveats]
    for sign in decision.red_signs:
        wanted += [sign.title, *sign.first_action, *sign.do_not]
        wanted += [reason.says for reason in sign.reasons]
    wanted += [step.text for step in decision.next_steps]
    wanted += [item.ask for item in decision.missing]
    wanted += [item.text for item in decision.advice] + [item.text for item in decision.conflicts]
    wanted += [item.why for item in decision.not_used] + [item.date for item in decision.stale]
    wanted += [item.summary for item in decision.treatments if item.verdict != "needs-data"]
    wanted += [each.says for item in decision.treatments for each in item.cautions]
    assert [each for each in wanted if plain_text(each) not in text] == []


def planted(decision: Decision) -> Decision:
    """Return *decision* with a fault, a conflict, something unused, stale and changed that no patient here has."""
    changed = SettingUsed(
        name="x", value="xq 7", unit="xq weeks", says="xq setting", sources=(), changed=True, signed_off=""
    )  # fmt: skip
    return decision.model_copy(
        update={
            "incomplete": True,
            "faults": ("xq fault",),
            "screen_complete": False,
            "conflicts": (Conflict(code="x", facts=("age",), text="xq conflict"),),
            "not_used": (NotUsed(where="xq place", why="xq reason"),),
            "stale": (Stale(fact="egfr", date="1999-12-31", shelf_days=4711),),
            "caveats": (*decision.caveats, "xq caveat"),
            "settings": decision.settings.model_copy(update={"used": (changed,)}),
        }
    )


@pytest.mark.parametrize("path", ["/", "/answer", "/print"])
def test_faults_conflicts_unused_and_stale_items_are_never_dropped(
    path: str, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = planted(decide_input("fbss", LOOKS["V07/1"], TODAY))
    monkeypatch.setattr(sheet_module, "decide_input", lambda *_: decision)
    text = answer_text(post(fields_of(decision.input), path))
    dropped = missing_from(text, decision)
    if path == "/answer":  # the title stands in the head of the page, which stays
        dropped = [each for each in dropped if not each.startswith("decision.title")]
    assert dropped == []
    assert "incomplete" in text
    assert "red signs are not excluded" in text


def test_only_fields_that_exist_are_left_out() -> None:
    left_out = {(part, name) for part, names in LEFT_OUT.items() for name in names}
    assert {part for part, _ in left_out} <= set(PARTS)
    assert [name for part, name in left_out if name not in part.model_fields] == []


def test_a_page_that_drops_a_caveat_would_be_noticed(post: Post) -> None:
    decision = decide_input("fbss", LOOKS["V07/1"], TODAY)
    text = answer_text(post(fields_of(decision.input)))
    caveat = decision.caveats[0]
    assert missing_from(text.replace(plain_text(caveat), ""), decision) != []


def test_the_red_sign_comes_before_everything_a_person_can_do(post: Post) -> None:
    html = post(fields_of(LOOKS["V03/1"]))
    main = html[html.index("<main") :]
    first = min(main.index(each) for each in ("<input", "<button", "<select"))
    assert main.index('class="strip red" role="alert"') < first
    assert "red sign" in page_text(main[:first])
