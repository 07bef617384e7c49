"""How often one caller may ask: a bucket of tokens for each, in the memory of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

MOST_CALLERS = 10_000
"""Buckets kept; when there are more, those that are full again are forgotten, which changes nothing for anybody."""


class Limit:
    """*per_second* requests on average, and *burst* at once; share one between threads.

    Each process counts for itself, so several workers together let in as many times more. That is enough for what
    it is for: one client gone wild does not take the service from the others.
    """

    def __init__(
        self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """*clock* gives seconds."""
        self._rate, self._burst, self._clock = per_second, float(burst), clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def allows(self, caller: str) -> float:
        """Count one request of *caller*; return 0 when it is within the limit, else the seconds until one will be.

        A refused request is not counted, so whoever waits as told is let in.
        """
        with self._lock:
            now = self._clock()
            left, at = self._buckets.get(caller, (self._burst, now))
            left = min(self._burst, left + (now - at) * self._rate)
            if left < 1:
                return (1 - left) / self._rate
            self._buckets[caller] = left - 1, now
            if len(self._buckets) > MOST_CALLERS:
                self._forget(now)
            return 0.0

    def _forget(self, now: float) -> None:
        full = [
            name
            for name, (left, at) in self._buckets.items()
            if left + (now - at) * self._rate >= self._burst
        ]
        # Where nobody is at rest the one that has asked for longest goes: it gets a fresh burst, no more.
        for name in full or [min(self._buckets, key=lambda name: self._buckets[name][1])]:
            del self._buckets[name]
