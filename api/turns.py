"""A queue in front of work done in threads: so many at a time, and a queue of its own for each event loop."""

from __future__ import annotations

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar


class Turns:
    """Lets so many work at the same time; who comes later waits."""

    def __init__(self, name: str, at_once: int) -> None:
        self._at_once = at_once
        self._limiter: RunVar[CapacityLimiter] = RunVar(name)

    def limiter(self) -> CapacityLimiter:
        """Return the queue of the event loop that runs."""
        try:
            return self._limiter.get()
        except LookupError:
            limiter = CapacityLimiter(self._at_once)
            self._limiter.set(limiter)
            return limiter
