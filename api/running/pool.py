"""A number of places to work in, and a queue that is short by design: whoever would wait too long is told at once.

Those with a possible red sign stand in front, always. How seldom the others have had a turn lately counts in who of
them is let in, and who is overtaken for too long all the same is sent away.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from contextlib import suppress

_SMOOTH, _SMOOTH_TURN = 0.2, 0.1
"""Weight of the newest piece of work, and of the newest turn, in the running mean of how long one takes."""
_FIRST_GUESS = 0.02
_PATIENCE = 3
"""So many pieces of work anybody waits for, however long they take: a slow service, or one that hangs, is not full."""


class Pool:
    """Places for *most_in_work* at a time; others wait, those with a possible red sign in front.

    One pool may serve several event loops, as in tests: whoever waits is woken on its own.
    """

    def __init__(self, most_in_work: int, most_waiting: int, most_seconds: float) -> None:
        self.most_in_work, self.most_waiting = most_in_work, most_waiting
        self.most_seconds = most_seconds
        self.in_work = 0
        self.seconds = _FIRST_GUESS
        """How long one piece of work takes, lately."""
        self.turn_seconds = 0.0
        """How long it is lately from one turn of others to the next: longer where some overtook."""
        self.served = 0
        self._turn_since = 0.0
        """Since when the others who wait have had no turn."""
        self._first: deque[_Waiting] = deque()
        self._others: deque[_Waiting] = deque()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        return len(self._first) + len(self._others)

    @property
    def is_full(self) -> bool:
        """Whether somebody who comes now would have to wait."""
        return self.in_work >= self.most_in_work

    def before(self, first: bool) -> int:
        """Return how many stand before somebody who comes now."""
        return len(self._first) if first else self.waiting

    def has_room(self, first: bool = False, most_seconds: float | None = None) -> bool:
        """Tell whether somebody who comes now would start to be served in time; *first* stands before the others."""
        before = self.before(first)
        if self.in_work < self.most_in_work and not before:
            return True
        if before >= self.most_waiting:
            return False
        if most_seconds is None and before < self.most_in_work:
            # One more for each place may always wait: a service that is slow, and idle, refuses nobody.
            return True
        limit = self.most_seconds if most_seconds is None else most_seconds
        each = self.seconds / self.most_in_work
        if self._others and not first:
            # What others lose to those in front counts twice: it may as well be more. Where none of them waits,
            # nothing is known of it any more.
            each += 2 * max(0.0, self.turn_seconds - each)
        return (before + 1) * each <= limit

    async def enter(self, first: bool = False, patient: bool = True) -> float:
        """Wait for a place and take it; return when, for `leave`.

        Raises TimeoutError for one of the others who is not *patient* and was overtaken for too long.
        """
        waiting, begun = None, time.monotonic()
        with self._lock:
            if self.in_work < self.most_in_work:
                self.in_work += 1
                if not first:
                    self._count_turn(0.0)
            else:
                waiting = _Waiting()
                if not (first or self._others):
                    self._turn_since = begun
                (self._first if first else self._others).append(waiting)
        if waiting is not None:
            try:
                await self._turn(waiting, first or patient)
            except TimeoutError:
                # Who gets no turn at all counts as if one alone took so long.
                self._count_turn(time.monotonic() - begun)
                raise
        return time.monotonic()

    def _count_turn(self, seconds: float) -> None:
        self.turn_seconds += _SMOOTH_TURN * (seconds - self.turn_seconds)

    async def _turn(self, waiting: _Waiting, patient: bool) -> None:
        served = self.served
        try:
            if not patient:
                await asyncio.wait({waiting.turn}, timeout=self.most_seconds)
                if not waiting.turn.done() and self.served - served >= _PATIENCE:
                    raise TimeoutError
            await waiting.turn
        except (asyncio.CancelledError, TimeoutError):
            with self._lock:
                for queue in (self._first, self._others):
                    with suppress(ValueError):
                        queue.remove(waiting)
                given = waiting.given
            if given:
                # The place was handed over in the moment its taker went away.
                self._pass_on()
            raise

    def leave(self, begun: float, ended: bool = True) -> None:
        """Give back the place taken at *begun*; work that has not *ended* is waited for no more."""
        self.seconds += _SMOOTH * (time.monotonic() - begun - self.seconds)
        self.served += ended
        self._pass_on()

    def _pass_on(self) -> None:
        with self._lock:
            queue = self._first or self._others
            if not queue:
                self.in_work -= 1
                return
            following = queue.popleft()
            following.given = True
            if queue is self._others:
                now = time.monotonic()
                self._count_turn(now - self._turn_since)
                self._turn_since = now
        following.wake()


class _Waiting:
    """One who waits, on the loop it waits on."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.turn: asyncio.Future[None] = self.loop.create_future()
        self.given = False

    def wake(self) -> None:
        def tell() -> None:
            if not self.turn.done():
                self.turn.set_result(None)

        self.loop.call_soon_threadsafe(tell)
