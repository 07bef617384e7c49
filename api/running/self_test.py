"""The service tries itself, at start and every minute: known patients through the real way, and what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from api import reports
from api.library import pathway_ids
from api.running.counters import Counters
from api.running.known import differences
from api.running.watch import own_patients

OVERDUE = 3
"""So many times the pause may pass without a self-test that ended before the service is no longer ready."""
AGAIN_SECONDS = 3.0
"""The pause after a self-test that failed."""
_BREATH, _LONG_BREATH = 0.005, 0.2
"""Seconds between two steps, and at most while patients wait: none is kept waiting by one who is known."""


class SelfTest:
    """One self-test after the other, in a thread of its own, and the last result."""

    def __init__(
        self,
        seconds: float,
        counters: Counters,
        journal: Any,
        also: Callable[[], Iterator[str]] = lambda: iter(()),
        is_pressed: Callable[[], bool] = lambda: False,
    ) -> None:
        """*also* names what else is wrong; *is_pressed* tells whether patients wait, who go first for a while."""
        self._is_pressed = is_pressed
        self._seconds, self._counters, self._journal, self._also = seconds, counters, journal, also
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._ended: float | None = None
        self._wrong: tuple[str, ...] = ("not-tested-yet",)
        self.has_passed = False

    @property
    def is_running(self) -> bool:
        return self._thread is not None and not self._stop.is_set()

    @property
    def wrong(self) -> tuple[str, ...]:
        """What the last self-test found wrong; a test that never ends is wrong as well."""
        if self._ended is not None and time.monotonic() - self._ended > OVERDUE * self._seconds:
            return tuple(sorted({*self._wrong, "self-test-overdue"}))
        return self._wrong

    def begin(self) -> None:
        """Test now and every so many seconds, without keeping anybody waiting."""
        self._thread = threading.Thread(target=self._for_ever, name="self-test", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Test no more."""
        self._stop.set()

    def once(self) -> tuple[str, ...]:
        """Test everything once and return the names of what is wrong; never raises."""
        begun = time.monotonic()
        try:
            with own_patients():
                wrong = tuple(sorted(set(self._steps())))
        except Exception as error:
            # A service that cannot test itself is not ready. What broke may hold a value: only its kind is told.
            self._journal.error("self-test broke", error=type(error).__name__)
            wrong = ("self-test",)
        changed = wrong != self._wrong
        self._wrong, self._ended = wrong, time.monotonic()
        self.has_passed = self.has_passed or not wrong
        self._counters.self_test.set(not wrong)
        self._counters.self_test_at.set(time.time())
        if wrong and changed:
            self._journal.error("self-test failed", rules=list(wrong[:20]), count=len(wrong))
        elif changed:
            self._journal.info("self-test passed", seconds=round(self._ended - begun, 3))
        return wrong

    def _steps(self) -> Iterator[str]:
        for name in chain(*map(reports.not_ready, pathway_ids()), differences()):
            if name:
                yield name
            self._breathe()
        yield from self._also()

    def _breathe(self) -> None:
        """Wait a moment, and a little longer while patients wait; a test may not be put off for ever."""
        end = time.monotonic() + _LONG_BREATH
        self._stop.wait(_BREATH)
        while self.is_running and self._is_pressed() and time.monotonic() < end:
            self._stop.wait(_BREATH)

    def _for_ever(self) -> None:
        while not self._stop.is_set():
            wrong = self.once()
            # What has healed by itself is not called wrong for a whole minute more.
            self._stop.wait(min(self._seconds, AGAIN_SECONDS) if wrong else self._seconds)
