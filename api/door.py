"""What every HTTP request passes first and last: the list of names, the reading of its body, our headers, and the
net under a fault.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Collection, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.error_shape import error_response
from api.strict_json import MOST_BYTES
from schemas.errors import InputError, Problem, SteppedCareError

RECEIVE_SECONDS = 10
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
"""On every answer. The page has a policy of its own, which allows its style and script."""
_log = logging.getLogger("steppedcare")


class Door:
    """Wraps the application: nothing gets in under a foreign name, and nothing gets out without our headers.

    INVARIANT: an exception that reaches the door is not passed on. A server logs what it is handed with its
    message and traceback, and the message of somebody else's error may hold what a patient told us.
    """

    def __init__(
        self, app: ASGIApp, hosts: Collection[str], headers: Mapping[str, str] | None = None
    ) -> None:
        """*headers* go on every answer beside the usual ones."""
        self.app, self.headers = app, {**HEADERS, **(headers or {})}
        self.hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        if not self.knows(Headers(scope=scope).getlist("host")):
            await error_response(scope["path"], _unknown_host(), 400)(scope, receive, answer)
            return
        try:
            await self.app(scope, receive, answer)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception as error:
            _log.error("fault: %s at %s", type(error).__name__, _place(error))
            if not started:
                await error_response(scope["path"], _fault(), 500)(scope, receive, answer)

    def knows(self, given: list[str]) -> bool:
        """Tell whether a request's only `Host` names this service, with or without a port."""
        if len(given) != 1:
            return False
        name, colon, port = given[0].lower().rpartition(":")
        if not colon or not port.isdigit():
            name = given[0].lower()
        return name in self.hosts


def _place(error: Exception) -> str:
    """Name the line that raised *error*; never its message."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename.rpartition('/')[2]}:{last.lineno}"


def _unknown_host() -> InputError:
    problem = Problem(
        code="unknown-host",
        message="this service does not go by the name the request is addressed to",
        help="use 127.0.0.1 or localhost, or name the host in STEPPEDCARE_HOSTS",
        where="Host",
    )
    return InputError(problem)


def _fault() -> SteppedCareError:
    problem = Problem(
        code="internal",
        message="something went wrong here, not with your request",
        help="try again; nothing you sent was kept",
        where="service",
    )
    return SteppedCareError(problem)


async def read_body(
    request: Request, most: int = MOST_BYTES, media: Collection[str] = ("application/json",)
) -> bytes:
    """Return the body of a JSON request.

    Raises HTTPException for a media type that is not one of *media* or an encoding (415) and for one that does
    not arrive (408), InputError for more than *most* bytes; a body that says it is longer is not read at all.
    """
    given = request.headers.get("content-type", "").split(";")[0].strip().lower()
    sent = request.headers.get("transfer-encoding", "chunked").strip().lower()
    if given not in media or request.headers.get("content-encoding") or sent != "chunked":
        # Nothing is inflated, whether the client calls it the body's coding or the connection's.
        raise HTTPException(415)
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise _too_large(most)
    data = bytearray()

    async def receive() -> None:
        async for part in request.stream():
            data.extend(part)
            if len(data) > most:
                raise _too_large(most)

    try:
        await asyncio.wait_for(receive(), RECEIVE_SECONDS)
    except TimeoutError as error:
        raise HTTPException(408) from error
    return bytes(data)


def _too_large(most: int) -> InputError:
    problem = Problem(
        code="too-large",
        message=f"the input is over {most // 1024} KiB",
        help="send less at a time",
        where="$",
    )
    return InputError(problem)
