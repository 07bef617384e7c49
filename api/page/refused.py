"""What a person sees where the page cannot answer: a page in plain words, and never the machine's JSON.

An overload, a limit or a fault is refused far outside the routes, in the shape programs read. `ForPeople` stands
outside all of them and tells the same refusal on a page, to whoever asks for one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from fastapi import Request, Response
from pydantic import ValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.library import get_pathway
from api.page.render import HEADERS, page
from schemas.errors import Problem

PAGES = ("/cases", "/learn", "/author", "/answer", "/print")
MACHINES = ("/v1", "/fhir", "/cds-services", "/health", "/metrics", "/openapi.json")
LATE = frozenset({408, 429, 500, 503})
"""Refusals after which a person who waits for an answer has none: the emergency wording stands on their page."""
_HEADINGS = {
    408: "The form did not arrive",
    413: "That is more than this page takes",
    429: "You have asked too often",
    500: "Something went wrong here",
    503: "Too much is asked here just now",
}
_WAYS_OUT = {
    408: "Go back, where what you entered still stands, and send it again.",
    413: "Go back: what you entered is still in the form. A record can be shortened, or sent to the service as a file.",
    429: "Wait a moment and load this page again: what you entered is sent again.",
    500: "Go back, where what you entered still stands, and send it again.",
    503: "Wait a moment and load this page again: what you entered is sent again.",
}

_TOLD = {
    404: ("not-found", "there is no page at this address", "begin at the first page"),
    405: ("method-not-allowed", "this address cannot be opened like that", "begin at the first page"),
    408: ("too-slow", "the form did not arrive in time", "go back and send it again"),
    415: ("not-a-form", "what was sent is not a form of this page", "go back and send the page's own form"),
}  # fmt: skip


def is_for_people(request: Request) -> bool:
    """Tell whether whoever asks is looking at the page, or would: an unknown address opened in a browser."""
    path = request.url.path
    if path == "/" or _below(path, PAGES):
        return True
    return _wants_a_page(path, request.headers)


def refused_page(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return the page for *status*, with the *headers* that belong to it."""
    otherwise = ("refused", "this cannot be answered here", "begin at the first page")
    code, message, help = _TOLD.get(status, otherwise)
    problem = Problem(code=code, message=message, help=help, where="address")
    found = problems_page(status, (problem,))
    found.headers.update(headers or {})
    return found


def problems_page(status: int, problems: tuple[Problem, ...], again: str = "") -> Response:
    """Return the page that tells *problems*; *again* is after how many seconds to ask again, where that is known."""
    return page(
        "refused.html",
        status,
        problems=problems,
        pathway=get_pathway("fbss"),
        heading=_HEADINGS.get(status, "This cannot be answered"),
        way_out=_WAYS_OUT.get(status, ""),
        again=again if again.isdigit() else "",
        late=status in LATE,
    )


class ForPeople:
    """Wraps the application: a refusal in our error shape reaches a browser as a page, and others as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _wants_a_page(scope["path"], Headers(scope=scope)):
            send = _Told(send).send
        await self.app(scope, receive, send)


class _Told:
    """One answer on its way: held back while it is a refusal as JSON, and then told on a page."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            kind = headers.get("content-type", "")
            if message["status"] >= 400 and kind.startswith("application/json"):
                self._start = message
                return
        elif self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._tell(self._start)
            return
        await self._send(message)

    async def _tell(self, start: Message) -> None:
        headers = MutableHeaders(raw=list(start["headers"]))
        body = _page_of(start["status"], bytes(self._body), headers.get("retry-after", ""))
        if body is None:
            body = bytes(self._body)
        else:
            for name, value in (("content-type", "text/html; charset=utf-8"), *HEADERS.items()):
                headers[name] = value
            headers["content-length"] = str(len(body))
        await self._send({**start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})


@lru_cache(maxsize=64)
def _page_of(status: int, body: bytes, again: str) -> bytes | None:
    """Return the page for an error *body* of ours, made once: there is no time where it is needed. None for others."""
    try:
        found: Any = json.loads(body)
        problems = tuple(Problem.model_validate(each) for each in found["problems"])
    except (ValueError, KeyError, TypeError, ValidationError):
        return None
    return bytes(problems_page(status, problems, again).body)


def _wants_a_page(path: str, headers: Headers) -> bool:
    return "text/html" in headers.get("accept", "") and not _below(path, MACHINES)


def _below(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == root or path.startswith(f"{root}/") for root in roots)
