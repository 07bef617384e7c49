"""Who is let in: as many as can be answered in time, then those with a red sign, and nobody else.

room            a place at once or soon: the whole decision
no room         a body that may raise a red sign: the screen alone; an open sign is answered, the rest refused
no answer yet   after a while the screen alone, for a patient with an open sign; later for every patient
"""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import suppress
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import door
from api.error_shape import CDS_HOOKS, FHIR, below, error_response
from api.running.hurry import FAULT, LOAD, busy, in_a_hurry
from api.running.lane import may_be_red, may_raise_red_sign
from api.running.pool import Pool
from api.strict_json import MOST_BYTES
from schemas.errors import InputError, Problem

if TYPE_CHECKING:
    from api.running.life import Running

MOST_HELD = 5 * 1024 * 1024
"""Bytes of a body that are waited for before a place is taken; more is for the route to refuse."""
MOST_IN_LANE = 1_000
RED_WAIT_SECONDS = 0.1
"""A request that may raise a red sign waits so long for the whole decision."""
ALWAYS = ("/health", "/metrics", "/static")
NEAR_SECONDS = 0.1
"""Whose turn is so near is left to it: to look for red signs instead would keep all waiting who stand behind."""
_DECISIONS = "/decisions"


class Admission:
    """One layer around every route: nothing is worked on that could not be answered in time."""

    def __init__(self, app: ASGIApp, running: Running) -> None:
        self.app, self.running = app, running
        self.settings, self.counters = running.settings, running.counters
        self.sampled = running.sampled
        own = self.settings
        shape = (own.most_in_work, own.most_waiting, own.wait_seconds)
        self.deciding = Pool(*shape)
        # What is asked here is no matter of seconds, and some of it takes them.
        self.others = Pool(own.most_in_work, own.most_waiting, 10 * own.wait_seconds)
        self.lane = Pool(1, MOST_IN_LANE, 60)
        running.admission = self

    @property
    def is_warm(self) -> bool:
        """Whether a self-test has passed: until then the first answers take as long as they take."""
        return self.running.self_test.has_passed

    @property
    def is_pressed(self) -> bool:
        """Whether anybody waits for a place."""
        return self.deciding.waiting > 0 or self.lane.in_work > 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or any(below(scope["path"], free) for free in ALWAYS):
            await self.app(scope, receive, send)
            return
        asked = _Asked(scope, receive, send)
        if not await asked.arrived():
            if not asked.gone:
                answer = error_response(scope["path"], _too_slow(), 408, {"Connection": "close"})
                await answer(scope, receive, send)
            return
        if not asked.decides:
            await self._whole(self.others, asked, False)
            return
        # Looked at where there is no free place: who comes late must not pass those who may be as red and came before.
        red = self.deciding.is_full and asked.may_be_red
        # While anybody waits to be screened nobody else is let in, not even in front: all share one processor, and
        # a screen takes a third of what a whole decision does.
        screening = self.lane.waiting > 0
        if screening or not self._has_room(self.deciding):
            red = asked.may_be_red
            if screening or not (red and self.deciding.has_room(True, RED_WAIT_SECONDS)):
                await self._red_signs(asked, red, LOAD)
                return
        await self._whole(self.deciding, asked, red)

    def _has_room(self, pool: Pool, first: bool = False) -> bool:
        """Tell whether to let in; before it is warm nobody is refused for time, only for the length of the queue."""
        return pool.has_room(first, None if self.is_warm else math.inf)

    async def _whole(self, pool: Pool, asked: _Asked, first: bool) -> None:
        if not self._has_room(pool, first):
            await self._refuse(asked)
            return
        arrived, place = time.monotonic(), _Place(pool)
        in_time = asked.decides and self.is_warm

        async def work() -> None:
            try:
                await place.take(first, patient=not in_time)
            except TimeoutError:
                if not asked.may_be_red:
                    await self._refuse(asked)
                    return
                await place.take(True, patient=True)
            self._show()
            try:
                await self.app(
                    asked.scope, asked.again(), asked.answer("whole" if in_time else None)
                )
            finally:
                place.leave()

        if not in_time:
            await work()
            return
        task = asyncio.ensure_future(work())
        try:
            await self._in_time(task, asked, arrived, place)
        except asyncio.CancelledError:
            task.cancel()
            raise

    async def _in_time(
        self, work: asyncio.Future[None], asked: _Asked, arrived: float, place: _Place
    ) -> None:
        """Wait for *work*; answer for the red signs alone when it does not come."""
        for seconds, why in (
            (self.settings.red_seconds, LOAD), (self.settings.answer_seconds, FAULT),
        ):  # fmt: skip
            left = max(0.0, arrived + seconds - time.monotonic())
            done, _ = await asyncio.wait({work}, timeout=left)
            if not done and why == LOAD and place.is_near(NEAR_SECONDS):
                done, _ = await asyncio.wait({work}, timeout=NEAR_SECONDS)
            if done or asked.winner == "whole":
                break
            if why == FAULT or asked.may_be_red:
                await self._red_signs(asked, True, why, refuse=why == FAULT)
            if asked.winner is not None and asked.winner != "whole":
                # What still waits for its place gives it up; what hangs in one leaves it to others.
                if not place.is_taken:
                    work.cancel()
                place.leave(ended=False)
                _forget(work)
                return
        await work

    async def _red_signs(self, asked: _Asked, may: bool, why: str, *, refuse: bool = True) -> None:
        """Answer when a red sign is open, or after a fault; otherwise refuse, or say nothing yet."""
        if not may or not self.lane.has_room():
            await self._refuse(asked)
            return
        begun = await self.lane.enter()
        answer = asked.answer("hurried", quiet_from=500)
        try:
            with in_a_hurry(why):
                await self.app(asked.scope, asked.again(), answer)
        except ClientDisconnect:
            raise
        except Exception as error:
            # The whole answer may still come; what went wrong here must not be told in its place.
            self.sampled.warn("hurried answer failed", why, error=type(error).__name__)
        finally:
            self.lane.leave(begun)
        if asked.winner == "hurried":
            self.counters.hurried.labels(why).inc()
            self.sampled.warn("hurried", why)
        elif refuse and asked.winner is None:
            await self._refuse(asked)

    async def _refuse(self, asked: _Asked) -> None:
        self.counters.refused.labels("busy").inc()
        self.sampled.warn("refused", "busy", waiting=self.deciding.waiting)
        shape = next((root for root in (CDS_HOOKS, FHIR) if below(asked.path, root)), "/")
        await _busy(shape)(asked.scope, asked.again(), asked.answer("refused"))

    def _show(self) -> None:
        self.counters.in_work.set(self.deciding.in_work + self.others.in_work)
        self.counters.waiting.set(self.deciding.waiting + self.others.waiting)


@cache
def _busy(path: str) -> Response:
    """Return the refusal as it is told at *path*: written once, because there may be a thousand a second."""
    return error_response(path, busy(), 503)


class _Place:
    """A place in a pool, left once."""

    def __init__(self, pool: Pool) -> None:
        self._pool, self._begun = pool, 0.0
        self._before, self._served = 0, 0
        self.is_taken = False

    def is_near(self, seconds: float) -> bool:
        """Tell whether the work that this place is for is likely to be done within *seconds*."""
        still = max(0, self._before - (self._pool.served - self._served))
        return (still + 1) * self._pool.seconds <= seconds

    async def take(self, first: bool, patient: bool) -> None:
        self._before, self._served = self._pool.before(first), self._pool.served
        self._begun = await self._pool.enter(first, patient)
        self.is_taken = True

    def leave(self, ended: bool = True) -> None:
        if self.is_taken:
            self.is_taken = False
            self._pool.leave(self._begun, ended)


class _Asked:
    """One request: its body, held so that it can be read twice, and the one answer it gets."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self._receive, self._send = scope, receive, send
        self.path: str = scope["path"]
        self.is_own = self.path.startswith("/v1/") and self.path.endswith(_DECISIONS)
        self.decides = scope["method"] == "POST" and (
            self.is_own
            or (below(self.path, CDS_HOOKS) and not self.path.endswith("/feedback"))
            or (below(self.path, FHIR) and "$" in self.path)
            or self.path in ("/", "/answer", "/print")
        )
        self.body = bytearray()
        self.is_whole = False
        self.gone = False
        self.winner: str | None = None
        """Whose answer the client gets: the first that began."""

    async def arrived(self) -> bool:
        """Read the body; tell whether it came in time. One that is too large is left to the route."""
        headers, most = Headers(scope=self.scope), MOST_BYTES if self.is_own else MOST_HELD
        length = headers.get("content-length", "")
        if (
            self.scope["method"] in ("GET", "HEAD")
            and not length
            and "transfer-encoding" not in headers
        ):
            self.is_whole = True
            return True
        if length.isdigit() and int(length) > most:
            return True
        try:
            async with asyncio.timeout(door.RECEIVE_SECONDS):
                while not self.is_whole and len(self.body) <= most:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        self.gone = True
                        return False
                    self.body += message.get("body", b"")
                    self.is_whole = not message.get("more_body", False)
        except TimeoutError:
            return False
        return True

    @cached_property
    def may_be_red(self) -> bool:
        """Whether the body, which has arrived, may be of a patient with an open red sign; looked at once."""
        body = bytes(self.body)
        if not self.is_whole:
            return False  # over every limit: the route refuses it
        if self.is_own:
            return may_be_red(self.path.split("/")[3], body)
        return may_raise_red_sign(body)

    def again(self) -> Receive:
        """Return the body as if it came now."""
        told = False

        async def receive() -> Message:
            nonlocal told
            if not told:
                told = True
                return {
                    "type": "http.request",
                    "body": bytes(self.body),
                    "more_body": not self.is_whole,
                }
            return await self._receive()

        return receive

    def answer(self, who: str | None, quiet_from: int = 1000) -> Send:
        """Return a way to answer that is used by the first who begins; a status *quiet_from* there on is not told."""
        if who is None:
            return self._send
        quiet = False

        async def send(message: Message) -> None:
            nonlocal quiet
            if message["type"] == "http.response.start":
                quiet = message["status"] >= quiet_from
                if not quiet and self.winner is None:
                    self.winner = who
            if not quiet and self.winner == who:
                await self._send(message)

        return send


def _forget(work: asyncio.Future[Any]) -> None:
    """Let *work* end whenever it ends; what becomes of it nobody waits for."""

    def ended(done: asyncio.Future[Any]) -> None:
        with suppress(asyncio.CancelledError):
            done.exception()

    work.add_done_callback(ended)


def _too_slow() -> InputError:
    return InputError(
        Problem(
            code="too-slow",
            message="the request did not arrive in time",
            help="send it again in one piece",
            where="request",
        )
    )
