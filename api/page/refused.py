"""What a person sees where the page cannot answer: a page in plain words, and never the machine's JSON."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request, Response

from api.library import get_pathway
from api.page.render import page
from schemas.errors import Problem

PAGES = ("/cases", "/learn", "/author", "/answer", "/print")
MACHINES = ("/v1", "/fhir", "/cds-services", "/health", "/metrics", "/openapi.json")

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
    return "text/html" in request.headers.get("accept", "") and not _below(path, MACHINES)


def refused_page(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return the page for *status*, with the *headers* that belong to it."""
    otherwise = ("refused", "this cannot be answered here", "begin at the first page")
    code, message, help = _TOLD.get(status, otherwise)
    problem = Problem(code=code, message=message, help=help, where="address")
    found = page("refused.html", status, problems=(problem,), pathway=get_pathway("fbss"))
    found.headers.update(headers or {})
    return found


def _below(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == root or path.startswith(f"{root}/") for root in roots)
