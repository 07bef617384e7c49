"""The addresses of the page: what they answer, what they refuse, what they let a browser do."""

from __future__ import annotations

import datetime as dt
import gzip
import re
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.library import get_cases, get_vignettes
from api.page.form import MOST_BYTES as MOST_SENT
from api.page.form import fields_of
from api.page.integrate import SHOWN
from api.page.panels import VIEWS
from api.page.render import POLICY, static_files
from api.service import decide_input
from schemas.pathway import Pathway
from tests.unit.page.conftest import FORM, Post
from tests.unit.page.reading import foreign_markup, page_text, part_of, plain_text

PAGES = (
    "/",
    "/cases",
    "/cases/V07",
    "/cases/V01/2",
    "/learn",
    "/author",
    "/author/treatments/nsaid.md",
)
V07 = fields_of(next(case.input for case in get_vignettes("fbss") if case.id == "V07"))
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.mark.parametrize("path", [*PAGES, "/cases/nobody"])
def test_every_page_forbids_scripts_and_requests_that_are_not_ours(
    path: str, client: TestClient
) -> None:
    answer = client.get(path)
    assert answer.headers["content-security-policy"] == POLICY
    assert "default-src 'none'" in POLICY
    assert "unsafe" not in POLICY
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_script_or_style_of_its_own_or_from_elsewhere(
    path: str, client: TestClient
) -> None:
    html = client.get(path).text
    assert foreign_markup(html) == []


def test_the_patient_is_never_in_an_address(client: TestClient) -> None:
    for path in PAGES:
        html = client.get(path).text
        assert re.findall(r"<form(?![^>]*method=\"post\")", html) == []
        assert "?" not in "".join(re.findall(r"(?:href|action)=\"([^\"]*)\"", html))


@pytest.mark.parametrize("view", [name for name, _ in VIEWS])
def test_every_tab_opens_as_a_whole_page_and_as_a_part(view: str, post: Post) -> None:
    assert 'aria-current="true"' in post({**V07, "view": view})
    part = post({**V07, "view": view}, "/answer")
    assert part.count("data-part=") == 4
    assert "<form" not in part


def test_what_cannot_be_read_is_refused_with_the_form_kept_and_no_value_repeated(
    post: Post,
) -> None:
    html = post({**V07, "f.dn4": "quite a lot"}, status=422)
    text = page_text(html)
    assert "not answered: please correct this first" in text
    assert "whole number from 0 to 10" in text
    assert "quite a lot" not in text  # only in the field itself
    assert 'value="quite a lot"' in html
    assert '<a href="#f.dn4" data-field="f.dn4">' in html
    assert "no red sign is excluded" in text
    assert 'id="t.nsaid"' not in html


def test_a_body_that_is_too_large_is_refused_in_words(client: TestClient) -> None:
    answer = client.post("/", content=b"a" * (MOST_SENT + 1), headers=FORM)
    assert answer.status_code == 413
    assert "that is more than this page takes" in page_text(answer.text)


def test_only_a_form_is_read(client: TestClient) -> None:
    assert (
        client.post("/", content=b"{}", headers={"Content-Type": "application/json"}).status_code
        == 415
    )


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("POST", "/", 415, "what was sent is not a form of this page"),
        ("POST", "/learn/question", 415, "what was sent is not a form of this page"),
        ("GET", "/nowhere", 404, "there is no page at this address"),
        ("PUT", "/author", 405, "cannot be opened like that"),
    ],
)
def test_a_person_whom_the_page_cannot_answer_is_told_so_on_a_page(
    method: str, path: str, status: int, says: str, client: TestClient
) -> None:
    accept = "text/html,*/*;q=0.8" if path == "/nowhere" else "*/*"
    browser = {"Accept": accept, "Content-Type": "application/json"}
    answer = client.request(method, path, content=b"{}", headers=browser)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"] == POLICY
    assert says in page_text(answer.text)
    assert foreign_markup(answer.text) == []


@pytest.mark.parametrize("path", ["/v1/nothing", "/fhir/Nothing", "/cds-services/no", "/nowhere"])
def test_a_program_is_never_answered_with_a_page(path: str, client: TestClient) -> None:
    accept = "application/json" if path == "/nowhere" else "text/html"
    answer = client.get(path, headers={"Accept": accept})
    assert "json" in answer.headers["content-type"]


def test_an_unknown_case_is_not_found(client: TestClient) -> None:
    for path in ("/cases/V99", "/cases/V07/2", "/cases/V07/0", "/cases/V07/x", "/cases/V07/²"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "no invented patient" in page_text(answer.text)


def test_static_files_are_kept_and_nothing_else_is_served(client: TestClient) -> None:
    for path in re.findall(r"\"(/static/[^\"]+)\"", client.get("/").text):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    for name in ("../routes.py", "%2e%2e%2froutes.py", "nothing.js"):
        assert client.get(f"/static/x/{name}").status_code == 404


def test_own_scripts_together_stay_under_60_kilobytes() -> None:
    scripts = b"".join(data for name, data in static_files().items() if name.endswith(".js"))
    assert len(gzip.compress(scripts)) < 60_000


@pytest.mark.parametrize("case", [case.id for case in get_vignettes("fbss")])
def test_a_page_with_all_it_loads_stays_under_200_kilobytes(case: str, client: TestClient) -> None:
    with client.stream("GET", f"/cases/{case}", headers={"Accept-Encoding": "gzip"}) as answer:
        page = len(b"".join(answer.iter_raw()))
    assert page + sum(map(len, static_files().values())) < 200_000


HEAVY = (("V06", 2), ("T12", 2))
"""The patients whose pages weigh most: looks by number, from nought."""
SHOWS = [(name, "") for name, _ in VIEWS if name != "integrate"]
SHOWS += [("integrate", part) for part, _ in SHOWN]
MOST_BYTES = 200_000


def weight(post: Post, data: Mapping[str, Any], view: str, part: str) -> int:
    return len(post({**fields_of(data), "view": view, "z.show": part}).encode())


@pytest.mark.parametrize(("case", "look"), HEAVY)
@pytest.mark.parametrize(("view", "part"), SHOWS)
def test_a_page_is_under_200_kilobytes_before_it_is_compressed(
    case: str, look: int, view: str, part: str, post: Post
) -> None:
    found = next(each for each in get_cases("fbss") if each.id == case)
    assert weight(post, found.looks[look].input, view, part) < MOST_BYTES


@pytest.mark.slow
@pytest.mark.parametrize("case", [case.id for case in get_cases("fbss")])
def test_no_view_of_any_patient_at_any_visit_weighs_more(case: str, post: Post) -> None:
    found = next(each for each in get_cases("fbss") if each.id == case)
    weights = {
        (look.name, view, part): weight(post, look.input, view, part)
        for look in found.looks
        for view, part in SHOWS
    }
    assert {which: found for which, found in weights.items() if found >= MOST_BYTES} == {}


def test_a_section_answered_together_says_so_and_can_be_taken_back(post: Post) -> None:
    html = post({"do": "none:red-signs"})
    assert "answered together for the whole section" in html
    assert 'value="clear:red-signs"' in html
    assert "0 open; screen complete" in page_text(html)
    assert post({"do": "none:nothing"})


def test_a_row_can_be_added_and_removed_without_script(post: Post) -> None:
    assert "name=t.0.treatment" in post({"do": "add:trials"})
    rows = {"t.0.treatment": "nsaid", "t.1.treatment": "opioid"}
    html = post({**rows, "do": "drop:trials:0"})
    assert "name=t.1.treatment" not in html
    assert "<option selected>opioid" in html


def test_a_visit_is_closed_and_the_next_begins(post: Post) -> None:
    html = post({**V07, "do": "visit"})
    text = page_text(html)
    assert "visit 1" in text
    assert "visit 2, now" in text
    assert "offered earlier, not done" in text


def test_earlier_visits_that_cannot_be_read_are_said_so(post: Post) -> None:
    many = f"[{', '.join(['{}'] * 25)}]"
    for carried in ("{", "7", '[{"facts": 3}]', many):
        assert "the visits cannot be put in order" in page_text(
            post({**V07, "visits": carried, "view": "timeline"})
        )


def test_a_supposed_change_changes_nothing_that_is_recorded(post: Post) -> None:
    fields = {**V07, "view": "what-if", "x.0.fact": "muscle_spasm", "x.0.muscle_spasm": "yes"}
    html = post(fields)
    assert "now available: muscle relaxant" in page_text(html)
    assert re.search(r"name=f\.muscle_spasm value=no checked", html)


def test_one_more_trial_can_be_supposed_and_the_smallest_change_asked(post: Post) -> None:
    trial = {
        "y.0.treatment": "nsaid",
        "y.0.full_dose": "yes",
        "y.0.weeks": "6",
        "y.0.relief_percent": "0",
    }
    text = page_text(
        post(
            {
                **V07,
                "l.trials": "none",
                "view": "what-if",
                **trial,
                "cf": "epidural-steroid-injection",
            }
        )
    )
    assert "what would differ" in text
    assert "do: earlier trial" in text


def test_a_record_is_read_and_what_was_not_understood_is_named(post: Post) -> None:
    own = (
        '{"facts": {"age": 48}, "not_used": [{"where": "Observation", "why": "2 without a unit"}]}'
    )
    text = page_text(post({"do": "load", "record": own}))
    assert "1 fact and 0 rows understood" in text
    assert "observation: 2 without a unit" in text
    entry = '{"resource": {"resourceType": "Immunization", "id": "a"}}'
    bundle = f'{{"resourceType": "Bundle", "type": "collection", "entry": [{entry}]}}'
    assert "read as a fhir record" in page_text(post({"do": "load", "record": bundle}))


def test_a_record_that_cannot_be_used_leaves_the_form_as_it_was(post: Post) -> None:
    html = post({**V07, "do": "load", "record": '{"facts": {"agee": 48}}'})
    text = page_text(html)
    assert "this record cannot be used" in text
    assert 'name=f.age value="48"' in html


def test_what_the_clinician_decides_stands_in_note_and_print(post: Post) -> None:
    answered = {**V07, "r.nsaid": "decline", "w.nsaid": "prefers exercise first"}
    told = "declined, because: prefers exercise first"
    assert told in plain_text(post({**answered, "view": "note"}))
    assert told in page_text(post(answered, "/print"))


@pytest.mark.parametrize("path", ["/", "/answer", "/print"])
@pytest.mark.parametrize("view", [name for name, _ in VIEWS])
def test_text_from_outside_is_text_in_every_place(path: str, view: str, post: Post) -> None:
    places = {
        "o.0.treatment": "opioid", "o.0.lifts": "not-yet", "o.0.when": "2026-02-01",
        "o.0.who": HOSTILE, "o.0.why": HOSTILE,
        "n.0.where": HOSTILE, "n.0.why": HOSTILE, "r.nsaid": "accept", "w.nsaid": HOSTILE, "case": HOSTILE,
        "visits": HOSTILE, "cf": HOSTILE, "x.0.fact": HOSTILE, "x.on": HOSTILE, "y.0.agent": HOSTILE, "do": HOSTILE,
        "record": HOSTILE, "m.0.agent": "ibuprofen' onclick='alert(1)",
    }  # fmt: skip
    html = post({**V07, "l.medications": "", **places, "view": view}, path)
    assert foreign_markup(html) == []
    assert foreign_markup(HOSTILE) != []


@pytest.mark.parametrize("case", ["V01", "V03", "V07"])
def test_the_cards_shown_hold_every_caveat_and_red_sign(case: str, post: Post) -> None:
    data = next(each.input for each in get_vignettes("fbss") if each.id == case)
    html = post({**fields_of(data), "view": "integrate"})
    cards = page_text(part_of(html, "What comes back: 200", 'id="call-json"'))
    decision = decide_input("fbss", data, dt.date(2026, 3, 1))
    told = [*decision.caveats, *(line for sign in decision.red_signs for line in sign.first_action)]
    assert [each for each in told if plain_text(each) not in cards] == []
    assert "curl -s 'http://127.0.0.1:8000/cds-services/steppedcare-fbss-patient-view'" in html


def test_every_rule_stands_in_words_under_the_document_that_holds_it(
    client: TestClient, pathway: Pathway
) -> None:
    pages = {rule.place.file for rule in pathway.rules.values()}
    shown = "".join(client.get(f"/author/{name}").text for name in sorted(pages))
    assert [rule.id for rule in pathway.rules.values() if f'id="{rule.id}"' not in shown] == []
    assert client.get("/author/../facts.yaml").status_code == 404
    assert client.get("/author/nothing.md").status_code == 404


def test_every_statement_of_the_founding_document_is_accounted_for_on_the_page(
    client: TestClient, pathway: Pathway
) -> None:
    text = page_text(client.get("/author").text)
    assert [key for key, says in pathway.statements.items() if plain_text(says) not in text] == []


def test_stepping_through_a_case_says_what_each_look_changes(client: TestClient) -> None:
    first = page_text(client.get("/cases/V01/1").text)
    second = page_text(client.get("/cases/V01/2").text)
    assert "what this look changes" not in first
    assert "next look" in first
    assert "what this look changes" in second
    assert "previous look" in second
