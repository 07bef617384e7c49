"""What a caller may still ask, and what is answered all the same: a red sign waits for no limit."""

from __future__ import annotations

import math
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope

from api.access.limits import Limit
from api.access.refusal import too_many
from api.access.table import Need, is_urgent, need_of
from api.door import read_body
from api.strict_json import MOST_BYTES, RECORD_BYTES
from schemas.errors import BusyError, SteppedCareError

_MEDIA = ("application/json", "application/fhir+json")


class TooOftenError(BusyError):
    """The caller asks more often than was agreed; it leaves with status 429."""

    def __init__(self, seconds: float) -> None:
        """*seconds*: after which the caller is let in again."""
        super().__init__(*too_many().problems)
        self.headers = {"Retry-After": str(math.ceil(seconds))}


class Allowance:
    """How often each caller may ask, counted in one place whoever has checked its credential."""

    def __init__(
        self, limit: Limit, raises_red_sign: Callable[[bytes], bool] | None = None
    ) -> None:
        """*raises_red_sign* tells it of a body; None: of every body it may be so."""
        self.limit, self.raises_red_sign = limit, raises_red_sign

    async def unless_urgent(self, scope: Scope, receive: Receive, wait: float) -> Receive:
        """Return where the body of an urgent request can be received from; raise TooOftenError for any other.

        *wait* is what `Limit.allows` said. A patient who can no longer pass urine does not wait because a program in
        the same clinic asks too much.
        """
        method, path = scope["method"], scope["path"]
        if not is_urgent(method, path):
            raise TooOftenError(wait)
        most = RECORD_BYTES if need_of(method, path) is Need.OWN else MOST_BYTES
        try:
            body = await read_body(Request(scope, receive), most, _MEDIA)
        except (HTTPException, SteppedCareError, ClientDisconnect):
            raise TooOftenError(wait) from None
        if not await run_in_threadpool(self._is_urgent, body):
            raise TooOftenError(wait)
        return _again(body, receive)

    def _is_urgent(self, body: bytes) -> bool:
        try:
            return self.raises_red_sign is None or self.raises_red_sign(body)
        except Exception:
            # Whatever goes wrong in looking: the request is then answered in full.
            return True


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a way to receive *body*, which was read already, and then whatever comes."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again
