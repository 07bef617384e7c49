"""Section I of the checklist with a real browser: a page of one origin calls the service at another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.browser.conftest import browser as browser
from tests.contract.cds_hooks.charts import OPERATED, RETENTION, call, prefetch, problem, service
from tests.contract.cds_hooks.conftest import opened
from tests.serving import in_a_thread

CALLING = """async ([address, body, token]) => {
  const headers = {'Content-Type': 'application/json'}
  if (token) headers['Authorization'] = token
  const options = body === null ? {headers} : {method: 'POST', headers, body: JSON.stringify(body)}
  try {
    const answer = await fetch(address, options)
    return [answer.status, (await answer.text()).slice(0, 200000)]
  } catch (error) {
    return [0, String(error)]
  }
}"""


class _Blank(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>an EHR</title>")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    """The address of a page that is not the service's."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Blank)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def served(pages: str) -> Iterator[str]:
    """The address of a service that lets that page call."""
    with in_a_thread(opened(origins=(pages,)), lifespan="off") as port:
        yield f"http://localhost:{port}"


@pytest.fixture(scope="module")
def page(browser: Any, pages: str) -> Any:
    found = browser.new_page()
    found.goto(pages)
    return found


def test_i_a_page_the_settings_name_reads_discovery_cards_feedback_and_errors(
    page: Any, served: str
) -> None:
    view = f"{served}{service('patient-view')}"
    red = call(data=prefetch(problem(OPERATED), forms=RETENTION))
    told = {
        "feedback": [
            {"card": "c", "outcome": "overridden", "outcomeTimestamp": "2026-03-01T12:00:00Z"}
        ]
    }

    asked: dict[str, Any] = {
        "discovery": [f"{served}/cds-services", None, "Bearer x.y.z"],
        "cards": [view, red, "Bearer x.y.z"],
        "feedback": [f"{view}/feedback", told, None],
        "missing": [view, call(), None],
        "wrong": [view, {}, None],
        "nowhere": [f"{served}/cds-services/x", {}, None],
    }
    found = {name: page.evaluate(CALLING, each) for name, each in asked.items()}

    assert {name: status for name, (status, _) in found.items()} == {
        "discovery": 200, "cards": 200, "feedback": 200, "missing": 412, "wrong": 400, "nowhere": 404,
    }  # fmt: skip
    assert "critical" in found["cards"][1]
    assert "OperationOutcome" in found["missing"][1]


@pytest.mark.hazard("H-68")
def test_i_a_page_of_any_other_origin_gets_nothing(page: Any, pages: str, served: str) -> None:
    browser = page.context.browser
    assert browser is not None
    other = browser.new_page()
    other.goto(pages.replace("127.0.0.1", "localhost"))

    for each in (
        [f"{served}/cds-services", None, None],
        [f"{served}{service('patient-view')}", {}, None],
    ):
        status, text = other.evaluate(CALLING, each)
        assert (status, "Failed to fetch" in text) == (0, True)
    other.close()
