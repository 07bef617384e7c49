"""What may be reached from beyond this machine: the doors that know who calls, and no other."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from api.error_shape import CDS_HOOKS, FHIR, below, error_response
from schemas.errors import AccessError, Problem

GUARDED = (CDS_HOOKS, FHIR, "/health")
"""These check the token of a call themselves, or tell nothing about anybody."""


class Fence:
    """Refuses everything but the guarded doors; stands only where the service is reached from outside.

    INVARIANT: the JSON API and the page ask nobody who they are, so a service with a public address does not serve
    them, whatever name a request gives. A site that checks callers in front of the service says so (`open`).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not any(below(scope["path"], door) for door in GUARDED):
            await error_response(scope["path"], _closed())(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _closed() -> AccessError:
    return AccessError(
        Problem(
            code="not-open",
            message="this part of the service is not served beyond its own machine",
            help="use /cds-services or /fhir; a site that checks callers in front of the service sets `open`",
            where="request",
        )
    )
