"""How a page leaves: every text escaped, our own style and script, and a policy that allows nothing else."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from html import escape
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import Response

from api.page import words
from api.page.integrate import HOOKS, SHOWN
from api.page.whole import readable

POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

SMALL = 1_000
"""Bytes below which nothing is compressed."""


@cache
def environment() -> Environment:
    """Return the templates; whatever they are given is escaped, and what they are not given is an error."""
    found = Environment(
        loader=PackageLoader("api.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.globals |= {
        "static": static_address,
        "verdict_word": words.verdict_word,
        "verdict_sign": words.verdict_sign,
        "position_sign": words.POSITIONS.__getitem__,
        "responses": words.RESPONSES,
        "paper": False,
        "hooks": HOOKS,
        "shown_parts": SHOWN,
    }
    found.filters |= {
        "plain": words.plain,
        "choice": words.choice,
        "value_words": words.value_words,
        "sentence": _sentence,
        "readable": _json,
        "between_tags": _between_tags,
    }
    return found


def page(template: str, status: int = 200, **context: Any) -> Response:
    """Return *template* rendered, with the policy of the page."""
    text = environment().get_template(template).render(**context)
    return Response(text, status, headers=dict(HEADERS), media_type="text/html")


def shrunk(response: Response, accepts: str) -> Response:
    """Return *response* compressed where the browser *accepts* it.

    No answer holds a secret beside what the same request has sent, so its length gives nothing away.
    """
    if "gzip" in accepts and len(response.body) >= SMALL:
        response.body = gzip.compress(bytes(response.body), compresslevel=4)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(response.body))
    response.headers["Vary"] = "Accept-Encoding"
    return response


@cache
def static_files() -> dict[str, bytes]:
    """Return our style and scripts by name."""
    folder = resources.files("api.page").joinpath("static")
    return {
        entry.name: entry.read_bytes()
        for entry in folder.iterdir()
        if entry.is_file() and "." + entry.name.rpartition(".")[2] in MEDIA
    }


def static_address(name: str) -> str:
    """Return the address of a static file, which changes with the content of any: scripts import each other."""
    return f"/static/{_version()}/{name}"


@cache
def _version() -> str:
    digest = hashlib.sha256()
    for name, data in sorted(static_files().items()):
        digest.update(name.encode() + data)
    return digest.hexdigest()[:12]


def static_response(name: str) -> Response | None:
    """Return a static file, to be kept for a year: its address names its content. None when there is none."""
    data = static_files().get(name)
    if data is None:
        return None
    keep = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(data, headers=keep, media_type=MEDIA["." + name.rpartition(".")[2]])


def _json(data: Any) -> Markup:
    """Return *data* as JSON to stand between tags."""
    return _between_tags(readable(data))


def _between_tags(text: str) -> Markup:
    """Return *text* to stand between tags: what a browser could take for markup is escaped.

    Quotation marks stay as they are; escaped as everywhere else they made a page of JSON half as long again. So this
    filter is for the content of an element, and never for an attribute.
    """
    return Markup(escape(text, quote=False))


def _sentence(text: str) -> str:
    """Return *text* beginning with a capital letter, where it is a word and no sign such as eGFR."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]
