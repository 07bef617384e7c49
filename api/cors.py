"""Which web pages of other origins may call: those the settings name, and none by default."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from api.error_shape import CDS_HOOKS, error_response
from schemas.errors import InputError, Problem

REMEMBER_SECONDS = 600


class Origins(CORSMiddleware):
    """Lets pages of *origins* call, and puts the allowing header on every answer, errors included.

    It wraps even the `Door`: an error whose header is missing reaches a page as a network failure without a word.
    Credentials are never allowed, so a browser adds no cookie and no stored password of its own.
    """

    def __init__(
        self, app: ASGIApp, origins: tuple[str, ...], headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("GET", "POST"),
            allow_headers=(
                "Authorization",
                "Content-Type",
                "Accept",
                "If-None-Match",
                "Idempotency-Key",
                "Steppedcare-Patient",
            ),
            expose_headers=(
                "ETag",
                "Retry-After",
                "WWW-Authenticate",
                "Steppedcare-Recorded",
                "Steppedcare-Decision-Id",
            ),
            max_age=REMEMBER_SECONDS,
        )
        self.own_headers = dict(headers or {})

    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code >= 400:
            # The library's answer is a line of text; every error here says what is wrong and what to do.
            answer = error_response(CDS_HOOKS, _not_allowed(), 403)
        answer.headers.update(self.own_headers)
        return answer


def _not_allowed() -> InputError:
    return InputError(
        Problem(
            code="origin-not-allowed",
            message="a web page of this origin may not call with this method and these headers",
            help="name the origin in STEPPEDCARE_ORIGINS; pages may use GET and POST",
            where="Origin",
        )
    )
