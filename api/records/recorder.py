"""Keeping an entry within a deadline: in the database, else in the spool, else honestly not at all."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal, TypeVar

from api.records.port import DecisionLog, Entry
from api.records.spool import Spool
from schemas.errors import BusyError, Problem, SettingsError

Recorded = Literal["no", "receipt", "full", "spooled"]
"""What an answer says of itself: not kept; kept as a receipt or whole; kept on disk beside the database."""

WAIT_SECONDS = 0.5
"""For the database. A caller who waits for an urgent answer is not to wait for a log."""
REST_SECONDS = 5.0
"""How long a database that failed is left alone."""
MOST_TOGETHER = 64
"""Entries written in one transaction when many are waiting."""
START_SECONDS = 10.0
"""How long a starting service waits for its database."""
MOST_READERS = 8
"""Readers that may be waiting for a silent database."""

_Work = tuple[Entry, Future[Entry]] | Literal["look", "stop"]
"""What the writer is handed; `look`: something was put into the spool."""
_T = TypeVar("_T")
_log = logging.getLogger("steppedcare")


@dataclass(frozen=True, slots=True)
class Kept:
    """Where an entry is now, and what stands for it: an earlier one, when its idempotency key was used before."""

    recorded: Recorded
    entry: Entry


class SpoolBusy(Exception):
    """The spool is not empty yet: what comes now has to wait behind it."""


class Recorder:
    """One log and its spool. One thread writes, so that entries that arrive together share one flush of the disk."""

    def __init__(
        self,
        log: DecisionLog,
        spool: Spool,
        wait: float = WAIT_SECONDS,
        rest: float = REST_SECONDS,
    ) -> None:
        self.log, self.spool = log, spool
        self._wait, self._rest = wait, rest
        self._away_until = 0.0
        self._draining = False
        self._queue: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        self._readers = threading.Semaphore(MOST_READERS)
        # A thread that hangs with its database must not keep the process from ending.
        self._writer = threading.Thread(target=self._write, name="decision-log", daemon=True)
        self._writer.start()

    def record(self, entry: Entry) -> Kept:
        """Keep *entry* and say where. Never raises: an answer does not fail because it cannot be kept."""
        # What is decided while the spool is drained has to wait behind what is in it.
        if not self.away and not self._draining:
            waiting: Future[Entry] = Future()
            self._queue.put((entry, waiting))
            try:
                return Kept(entry.level, waiting.result(self._wait))
            except TimeoutError:
                # It may still be written: then it is known by its id when the spool is drained.
                waiting.cancel()
                if not self._draining:
                    self._failed("deadline")
            except SpoolBusy:
                pass
            except Exception as error:
                self._failed(type(error).__name__)
        try:
            self.spool.append(entry)
        except Exception as error:
            _log.error("decision log: not recorded: %s", type(error).__name__)
            return Kept("no", entry)
        self._queue.put("look")
        return Kept("spooled", entry)

    @property
    def away(self) -> bool:
        """Whether the database has just failed and is left alone."""
        return time.monotonic() < self._away_until

    def find(self, tenant: str, id: str) -> Entry | None:
        """Return the entry *id*, in the log or still in the spool.

        Raises BusyError when it is not in the spool and the database is away.
        """
        waiting = self._waiting("id", tenant, id)
        return waiting[-1] if waiting else self.within(lambda: self.log.find(tenant, id))

    def recall(self, tenant: str, key: str, since: int) -> Entry | None:
        """Return the latest entry under an idempotency key; raise BusyError as `find` does."""
        waiting = [each for each in self._waiting("key", tenant, key) if each.at >= since]
        if waiting:
            return waiting[-1]
        # A decision waits for this answer, so it has no more time than writing has.
        return self.within(lambda: self.log.recall(tenant, key, since), self._wait)

    def feedback(self, tenant: str, id: str) -> tuple[Entry, ...]:
        """Return what was said about the decision *id*, here and there; raise BusyError when the database is away."""
        waiting = self._waiting("about", tenant, id)
        said = self.within(lambda: self.log.feedback(tenant, id))
        there = {each.id for each in said}
        return (*said, *(e for e in waiting if e.kind == "feedback" and e.id not in there))

    def _waiting(self, name: Literal["id", "key", "about"], tenant: str, value: str) -> list[Entry]:
        """Look in the spool, always before the log: what is drained between the two looks is found at the second."""
        try:
            return self.spool.find(name, tenant, value)
        except OSError:
            raise log_away() from None

    def can_keep(self) -> bool:
        """Tell whether the next decision could be kept: in the log, or in the spool while the log is away."""
        try:
            self.within(lambda: self.log.find("", "0"))
        except BusyError:
            return self.spool.is_writable()
        return True

    def within(self, ask: Callable[[], _T], seconds: float | None = None) -> _T:
        """Return what *ask* reads from the log; raise BusyError when the log does not answer in time."""
        if self.away or not self._readers.acquire(blocking=False):
            raise log_away()
        try:
            return _apart(ask, self._readers.release).result(seconds or self._wait * 4)
        except Exception as error:
            self._failed(type(error).__name__)
            raise log_away() from None

    def close(self) -> None:
        """Stop writing and let go of the database; what waits in the spool stays there."""
        self._queue.put("stop")
        self._writer.join(self._wait)
        self.log.close()

    def _failed(self, why: str) -> None:
        if not self.away:
            _log.error("decision log: the database is away: %s", why)
        self._away_until = time.monotonic() + self._rest

    def _write(self) -> None:
        """Write what is waiting, for ever; drain the spool when there is nothing else to do."""
        while True:
            if self._drained_at_leisure():
                first = self._queue.get()
            else:
                try:
                    first = self._queue.get(timeout=self._rest / 5)
                except queue.Empty:
                    continue
            together: list[tuple[Entry, Future[Entry]]] = []
            work = first
            while True:
                if work == "stop":
                    return
                if not isinstance(work, str):
                    together.append(work)
                if len(together) == MOST_TOGETHER or self._queue.empty():
                    break
                work = self._queue.get()
            self._append([each for each in together if each[1].set_running_or_notify_cancel()])

    def _drained_at_leisure(self) -> bool:
        if not self.spool.holds():
            return True
        if not self.away:
            try:
                return self._drain()
            except Exception as error:
                self._failed(type(error).__name__)
        return False

    def _drain(self) -> bool:
        self._draining = True
        try:
            return self.spool.drain(lambda entries: self.log.record(entries, drained=True))
        finally:
            self._draining = False

    def _append(self, together: list[tuple[Entry, Future[Entry]]]) -> None:
        if not together:
            return
        try:
            if self.spool.holds() and not self._drain():
                raise SpoolBusy
            standing = self.log.record([entry for entry, _ in together])
        except Exception as error:
            for _, waiting in together:
                waiting.set_exception(error)
            return
        for (_, waiting), entry in zip(together, standing, strict=True):
            waiting.set_result(entry)


def start(log: DecisionLog, spool: Spool, begin: Callable[[], None], wait: float) -> Recorder:
    """Return a recorder after *begin*, which puts the database in place.

    Raises SettingsError, for what will not mend itself. A database that is away does not keep the service from
    starting: it answers, and what it decides waits in the spool.
    """
    try:
        _apart(begin).result(START_SECONDS)
    except SettingsError:
        raise
    except Exception as error:
        _log.error("decision log: the database is away: %s", type(error).__name__)
    return Recorder(log, spool, wait)


def _apart(ask: Callable[[], _T], afterwards: Callable[[], None] = lambda: None) -> Future[_T]:
    """Ask in a thread of its own, which neither its caller nor the end of the process has to wait for."""
    answer: Future[_T] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except Exception as error:
            answer.set_exception(error)
        finally:
            afterwards()

    threading.Thread(target=run, name="decision-log-reader", daemon=True).start()
    return answer


def log_away() -> BusyError:
    """Return the error for what cannot be read or kept now; never used where a decision is at stake."""
    return BusyError(
        Problem(
            code="log-away",
            message="the decision log does not answer at the moment",
            help="send the request again in a moment",
            where="service",
        )
    )
