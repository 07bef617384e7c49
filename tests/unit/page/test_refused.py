"""A refusal reaches a person as a page that says what to do, and a program as the JSON it knows."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import pytest
from starlette.responses import JSONResponse
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.refusal import too_many
from api.app import create_app
from api.error_shape import error_response
from api.page.refused import LATE, ForPeople, refused_page
from api.page.render import POLICY
from api.running.hurry import busy
from api.running.pool import Pool
from api.settings import ServiceSettings
from schemas.errors import InputError, Problem, SteppedCareError
from schemas.pathway import Pathway
from tests.unit.page.conftest import FORM
from tests.unit.page.reading import foreign_markup, page_text

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HOSTILE = "<script>alert(1)</script>"


def refusing(
    error: SteppedCareError, status: int, headers: Mapping[str, str] | None = None
) -> TestClient:
    """A service that answers everything with *error*, behind what tells it to people."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await error_response(scope["path"], error, status, headers)(scope, receive, send)

    return TestClient(ForPeople(app), base_url="http://127.0.0.1")


def too_large() -> InputError:
    problem = Problem(code="too-large", message="over 2 MiB", help="send less", where="$")
    return InputError(problem)


@pytest.mark.hazard("H-53")
@pytest.mark.parametrize(("error", "status"), [(busy(), 503), (too_many(), 429)])
def test_whoever_waits_in_vain_is_told_that_a_red_sign_does_not_wait(
    error: SteppedCareError, status: int, pathway: Pathway
) -> None:
    answer = refusing(error, status, {"Retry-After": "3"}).post("/", headers=BROWSER)
    text = page_text(answer.text)
    assert answer.status_code == status
    assert answer.headers["retry-after"] == "3"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "a red sign does not wait for this page" in text
    assert "nothing was decided" in text
    for sign in pathway.signs.values():
        assert sign.title.casefold() in text
    assert "tried again after 3 seconds" in text
    assert foreign_markup(answer.text) == []


def test_the_emergency_wording_stands_first_and_is_no_matter_of_colour() -> None:
    html = refusing(busy(), 503).get("/", headers=BROWSER).text
    assert html.index('role="alert"><h2><span aria-hidden="true">⚠</span> Nothing was decided') > 0
    assert html.index("Nothing was decided") < html.index("More is asked here than can")
    assert "Retry-After" not in html


def test_a_form_too_long_is_told_with_a_way_out_and_without_alarm() -> None:
    text = page_text(refusing(too_large(), 413).post("/", headers=BROWSER).text)
    assert "more than this page takes" in text
    assert "what you entered is still in the form" in text
    assert "red sign" not in text


@pytest.mark.parametrize("accept", [None, "*/*", "application/json"])
def test_everybody_else_gets_the_json_they_know(accept: str | None) -> None:
    headers = {"Accept": accept} if accept else {}
    answer = refusing(busy(), 503).post("/", headers=headers)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["code"] == "busy"


@pytest.mark.parametrize(
    "path", ["/v1/pathways", "/fhir/metadata", "/cds-services", "/health/live"]
)
def test_an_address_of_programs_answers_json_to_a_browser_too(path: str) -> None:
    answer = refusing(busy(), 503).get(path, headers=BROWSER)
    assert "json" in answer.headers["content-type"]


@pytest.mark.parametrize("body", [{}, {"problems": 1}, {"problems": [{"code": HOSTILE}]}, []])
def test_json_that_is_no_error_of_ours_passes_as_it_is(body: object) -> None:
    def app_of(answer: JSONResponse) -> ASGIApp:
        return ForPeople(answer)

    answer = TestClient(app_of(JSONResponse(body, 503))).get("/", headers=BROWSER)
    assert answer.json() == body


def test_what_an_error_says_is_text_on_the_page() -> None:
    problem = Problem(code="x", message=HOSTILE, help=HOSTILE, where=HOSTILE)
    html = refusing(InputError(problem), 422).get("/", headers=BROWSER).text
    assert foreign_markup(html) == []
    assert "<script>alert" not in html


def test_a_service_with_no_room_tells_a_browser_so_on_a_page_and_a_program_in_json(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Pool, "has_room", lambda *_: False)
    client = TestClient(create_app(ServiceSettings()), base_url="http://127.0.0.1")
    form = urlencode({"f.age": "50"})
    page = client.post("/", content=form, headers={**FORM, **BROWSER})
    assert page.status_code == 503
    assert "a red sign does not wait for this page" in page_text(page.text)
    assert page.headers["cache-control"] == "no-store"
    assert client.post("/", content=form, headers=FORM).json()["code"] == "busy"
    assert client.get("/", headers=BROWSER).status_code == 503


def test_only_refusals_that_leave_a_question_unanswered_raise_the_alarm() -> None:
    for status in (404, 405, 415):
        assert status not in LATE
        assert b"does not wait" not in refused_page(status).body
