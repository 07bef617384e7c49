"""One service from its start to its end: what stands around the routes, and in which order it begins and stops."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.error_shape import error_response
from api.library import get_decider, get_pathway, pathway_ids
from api.running.admission import Admission
from api.running.counters import CONTENT_TYPE, Counters
from api.running.hurry import busy
from api.running.journal import Sampled, open_journal
from api.running.lane import make_ready
from api.running.self_test import SelfTest
from api.running.settings import RunningSettings
from api.running.watch import Watch

UNROUTED = "none"
"""Stands for the route of a request that no route took, whatever address it named."""
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"})


class Running:
    """Everything that watches one application."""

    def __init__(self, settings: RunningSettings, journal: Any = None) -> None:
        self.settings = settings
        self.journal = journal or open_journal(settings.log_level)
        self.sampled = Sampled(self.journal)
        self.counters = Counters()
        for id in pathway_ids():
            self.counters.know_rules(get_pathway(id).rules)
        self.watches: list[Watch] = []
        self.admission: Admission | None = None
        self.is_served = False
        """Whether the process is this service's alone, so that it may be set up for it."""
        self.self_test = SelfTest(
            settings.test_seconds,
            self.counters,
            self.journal,
            self._also_wrong,
            lambda: self.admission is not None and self.admission.is_pressed,
        )
        self._closing: list[Callable[[], None]] = []

    def surround(self, app: FastAPI) -> None:
        """Put admission and counting around the routes that *app* has and will get."""
        app.state.running = self
        app.add_middleware(Admission, running=self)

    def close_at_end(self, close: Callable[[], None]) -> None:
        """Call *close* when the last request has been answered."""
        self._closing.append(close)

    @asynccontextmanager
    async def life(self, app: FastAPI) -> AsyncIterator[None]:
        """Begin, let the application run, and end; what ends is told what it may still finish."""
        await run_in_threadpool(self.begin)
        try:
            yield
        finally:
            await run_in_threadpool(self.end)

    def begin(self) -> None:
        """Build the engines, watch them, and test them from now on."""
        for id in pathway_ids():
            decider = get_decider(id)
            watch = Watch(decider, self.counters, self.settings.engine_seconds)
            watch.begin()
            self.watches.append(watch)
            self.journal.info(
                "started",
                version=decider.pathway.version,
                content=decider.pathway.content_hash[:16],
            )
        make_ready()
        if self.is_served:
            # Documents and engines stay for good. Looked through for garbage again and again, they would keep
            # everybody waiting.
            gc.collect()
            gc.freeze()
        self.self_test.begin()

    def end(self) -> None:
        """Stop watching, and let go of what was opened; a decision that waits for its record is written first."""
        self.self_test.end()
        for watch in self.watches:
            watch.end()
        for close in self._closing:
            try:
                close()
            except Exception as error:
                self.journal.error("not closed", error=type(error).__name__)
        self.journal.info("stopped")

    def _also_wrong(self) -> Iterator[str]:
        quiet = [rule for watch in self.watches for rule in watch.quiet.rules()]
        self.counters.quiet.set(len(quiet))
        if quiet:
            self.journal.warning("rules gone quiet", rules=quiet[:50], count=len(quiet))
        if any(watch.gate.is_silent for watch in self.watches):
            yield "rule-engine"

    def wrong(self) -> tuple[str, ...]:
        """Return what is wrong: the last result while tests run in the background, otherwise that of a test now."""
        found = set(self.self_test.wrong if self.self_test.is_running else self.self_test.once())
        if any(watch.gate.is_silent for watch in self.watches):
            found.add("rule-engine")
        return tuple(sorted(found))


class Counted:
    """Counts every request under its route; the address itself, which anybody may choose, is told nowhere."""

    def __init__(self, app: ASGIApp, running: Running) -> None:
        self.app, self.running = app, running

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except asyncio.CancelledError:
            # The service is told to stop and this answer has not come in time: its client shall ask another.
            if not status:
                await error_response(scope["path"], busy(), 503)(scope, receive, answer)
        finally:
            seconds = time.perf_counter() - begun
            route = getattr(scope.get("route"), "path", UNROUTED)
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            self.running.counters.answered(route, method, status, seconds)
            if status >= 500 and status != 503:
                self.running.sampled.warn("fault", str(status), route=route, method=method)
            else:
                self.running.journal.debug(
                    "answered", route=route, method=method, status=status,
                    milliseconds=round(seconds * 1000, 1),
                )  # fmt: skip


def add_metrics(app: FastAPI, running: Running) -> None:
    """Add the numbers; who may read them is decided at the entrance."""

    @app.get("/metrics", include_in_schema=False)
    def metrics(request: Request) -> Response:
        return Response(running.counters.text(), headers={"Content-Type": CONTENT_TYPE})
