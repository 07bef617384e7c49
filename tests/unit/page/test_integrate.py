"""What an integrator sees: the call an EHR would make, and the answers our own doors give to exactly that."""

from __future__ import annotations

import datetime as dt
import json
import re
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.library import get_cases, get_pathway, get_vignettes
from api.page.form import fields_of, input_of
from api.page.integrate import HOOKS, integrate_panel, prefetch_of
from api.page.record import load_record
from api.page.record_out import write_record
from api.page.render import environment
from api.service import decide_input
from api.settings import ServiceSettings
from tests.unit.page.conftest import Post
from tests.unit.page.reading import page_text

INPUTS = {case.id: case.input for case in get_vignettes("fbss")}
V07 = fields_of(INPUTS["V07"])
TODAY = dt.date(2026, 3, 1)


def whole(post: Post, fields: dict[str, str], id: str) -> Any:
    """What opens when all of a document is asked for."""
    return json.loads(post({**fields, "do": f"open:{id}"}))


def beginning(html: str, id: str) -> str:
    found = re.search(rf'<details id="{id}-json"[^>]*>.*?<pre[^>]*>(.*?)</pre>', html, re.DOTALL)
    assert found is not None
    return unescape(found[1])


def without_names(cards: list[dict[str, Any]] | str) -> str:
    text = cards if isinstance(cards, str) else json.dumps(cards, sort_keys=True)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "", text)


@pytest.fixture(scope="module")
def door() -> TestClient:
    app = create_app(ServiceSettings())
    app.state.cds_hooks.clock = lambda: dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    return TestClient(app, base_url="http://127.0.0.1")


@pytest.mark.parametrize("hook", HOOKS)
def test_the_cards_shown_are_those_the_service_gives_to_the_call_shown(
    hook: str, post: Post, door: TestClient
) -> None:
    fields = {**V07, "on": "2026-03-01", "z.hook": hook}
    answer = door.post(f"/cds-services/steppedcare-fbss-{hook}", json=whole(post, fields, "call"))
    assert answer.status_code == 200
    shown = whole(post, fields, "cards")["cards"]
    assert without_names(answer.json()["cards"]) == without_names(shown)


def test_a_required_key_left_out_is_the_refusal_the_service_gives(
    post: Post, door: TestClient
) -> None:
    fields = {**V07, "on": "2026-03-01", "view": "integrate", "z.drop.conditions": "yes"}
    html, request = post(fields), whole(post, fields, "call")
    answer = door.post("/cds-services/steppedcare-fbss-patient-view", json=request)
    assert answer.status_code == 412
    assert "conditions" not in request["prefetch"]
    assert "what comes back: 412" in page_text(html)
    said = re.search(r"No cards\..*?<pre[^>]*>(.*?)</pre>", html, re.DOTALL)
    assert said is not None
    assert json.loads(unescape(said[1])) == answer.json()


def test_data_left_out_turns_offers_into_questions(post: Post) -> None:
    html = post({**V07, "view": "integrate", "z.drop.forms": "yes"})
    changed = html[html.index("Because of what was left out") :]
    assert "gone:" in changed
    assert "instead:" in changed


def test_nothing_left_out_changes_nothing(post: Post) -> None:
    assert "because of what was left out" not in page_text(post({**V07, "view": "integrate"}))


@pytest.mark.parametrize("case", sorted(INPUTS))
def test_what_the_record_cannot_say_is_named_and_the_rest_is_read_back(case: str) -> None:
    pathway = get_pathway("fbss")
    decision = decide_input("fbss", INPUTS[case], TODAY)
    written = write_record(decision.input, decision.on)
    loaded = load_record(json.dumps(written.bundle), pathway, dt.date.fromisoformat(decision.on))
    back = input_of(loaded.fields, pathway)["facts"]
    named = {what for what, _ in written.left_out}
    for name, entry in decision.input["facts"].items():
        asked = input_of(fields_of({"facts": {name: entry}}), pathway)["facts"].get(name)
        if asked is not None and pathway.facts[name].title not in named:
            assert back[name].get("value") == asked.get("value")


def test_an_answer_that_cannot_be_had_is_named_as_not_written(post: Post) -> None:
    text = page_text(post({**V07, "f.dn4": "!", "view": "integrate", "z.show": "record"}))
    assert "what the record cannot say" in text
    assert "cannot be had" in text


def test_a_list_that_may_lack_something_is_not_sent_as_complete() -> None:
    data = {"facts": {}, "trials": [{"treatment": "nsaid"}], "incomplete": ["trials"]}
    assert "trials_listed" not in json.dumps(write_record(data, "2026-03-01").bundle)
    assert "trials_listed" in json.dumps(
        write_record({**data, "incomplete": []}, "2026-03-01").bundle
    )


def test_a_patient_who_is_not_answered_as_entered_through_an_ehr_is_said_to_be_so() -> None:
    pathway = get_pathway("fbss")
    differing = 0
    for case in get_cases("fbss"):
        decision = decide_input("fbss", case.looks[0].input, TODAY)
        call = integrate_panel({}, decision, pathway, "").call
        assert call is not None
        differing += not call.same
    assert differing < len(get_cases("fbss")) / 4


def test_the_care_plan_shown_is_the_answer_of_the_fhir_door(post: Post, door: TestClient) -> None:
    fields = {**V07, "on": "", "z.show": "apply"}
    answer = door.post(
        "/fhir/PlanDefinition/fbss/$apply",
        content=json.dumps(whole(post, fields, "parameters")),
        headers={"Content-Type": "application/fhir+json"},
    )
    assert answer.status_code == 200
    shown = whole(post, fields, "applied")
    assert shown["resourceType"] == answer.json()["resourceType"]
    assert [each["title"] for each in activities(shown)] == [
        each["title"] for each in activities(answer.json())
    ]


DOCUMENTS = {
    "cards": ("call", "cards"),
    "record": ("bundle",),
    "apply": ("parameters", "applied"),
    "json": ("patient", "decision"),
}


@pytest.mark.parametrize("show", DOCUMENTS)
def test_what_stands_in_the_page_is_how_the_whole_document_begins_and_says_how_much_is_left(
    show: str, post: Post
) -> None:
    fields = {**V07, "view": "integrate", "z.show": show, "on": "2026-03-01"}
    html = post(fields)
    for id in DOCUMENTS[show]:
        full, part = post({**fields, "do": f"open:{id}"}), beginning(html, id)
        assert json.loads(full)
        assert f'value="open:{id}"' in html
        if id == "decision":
            assert json.loads(part).items() <= json.loads(full).items()
            assert f"{len(json.loads(part))} of {len(json.loads(full))} keys" in html
            continue
        assert without_names(full).startswith(without_names(part))
        lines, told = full.count("\n") + 1, part.count("\n") + 1
        assert (part == full) != (f"the first {told} of {lines} lines" in html)


def test_an_integrator_sees_urgency_and_red_signs_first_of_a_long_answer(post: Post) -> None:
    html = post({**fields_of(INPUTS["V05"]), "view": "integrate", "z.show": "json"})
    part = beginning(html, "decision")
    assert '"urgency": "U0"' in part
    assert '"red_signs"' in part
    assert "the beginning of 8 of" in html


def test_a_whole_document_is_shown_by_itself_or_kept_as_a_file(client: TestClient) -> None:
    for verb, how in (("open", "inline"), ("save", "attachment")):
        answer = client.post("/", data={**V07, "z.show": "json", "do": f"{verb}:decision"})
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["content-disposition"] == f'{how}; filename="decision.json"'
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_document_that_is_not_there_is_no_error_but_the_page(post: Post) -> None:
    assert "<html" in post({**V07, "do": "open:secrets"})
    assert "<html" in post({**V07, "f.age": "old", "do": "open:call"}, status=422)


def activities(plan: dict[str, Any]) -> list[dict[str, Any]]:
    found = [each for each in plan["contained"] if each["resourceType"] == "RequestGroup"]
    return list(found[0]["action"])


def test_observations_are_sent_as_the_search_that_would_find_them() -> None:
    data = {"facts": {"egfr": {"value": 92, "date": "2026-02-10"}, "dn4": {"value": 4}}}
    prefetch = prefetch_of(
        write_record(data, "2026-03-01").bundle, "patient-view", get_pathway("fbss")
    )
    assert len(prefetch["labs"]["entry"]) == 1
    assert len(prefetch["scores"]["entry"]) == 1


def test_json_between_tags_cannot_end_them() -> None:
    shown = environment().from_string("<pre>{{ data|readable }}</pre>")
    text = shown.render(data={"a": "</pre><script>alert(1)</script>&lt;"})
    assert text.count("<") == 2
    assert json.loads(unescape(text[5:-6])) == {"a": "</pre><script>alert(1)</script>&lt;"}


def test_a_search_that_was_never_made_is_not_sent_as_one_that_found_nothing() -> None:
    record = write_record({"facts": {"age": 51}}, "2026-03-01").bundle
    assert set(prefetch_of(record, "patient-view", get_pathway("fbss"))) == {
        "patient",
        "conditions",
    }
