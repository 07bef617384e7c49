"""The service's log: one JSON object a line, and in it only fields and words that are ours.

INVARIANT: nothing a client sent gets into the log. A field that is not in the list is left out and counted, and a text
that is not made of plain names is replaced: forgetting to look is then no leak.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping
from threading import Lock
from typing import Any, TextIO

import structlog

FIELDS = frozenset({
    "at", "level", "event", "route", "method", "status", "milliseconds", "count", "why", "part", "rule", "rules",
    "patients", "process", "waiting", "in_work", "version", "content", "seconds", "signal", "workers", "connections",
    "left_out", "error", "place", "name",
})  # fmt: skip
_PLAIN = re.compile(r"[A-Za-z0-9 _.,:;/{}()+\-*'$]{0,200}\Z")
_OWN = logging.getLogger("steppedcare")


def only_ours(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep the fields of the list with values that are plain; count the rest."""
    kept: dict[str, Any] = {}
    left_out = 0
    for name, value in event.items():
        if name in FIELDS and _is_plain(value):
            kept[name] = value
        else:
            left_out += 1
    if left_out:
        kept["left_out"] = left_out
    return kept


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return _PLAIN.match(value) is not None
    if isinstance(value, list | tuple):
        return len(value) <= 100 and all(isinstance(v, str) and _PLAIN.match(v) for v in value)
    return value is None or isinstance(value, bool | int | float)


def _stamped(_: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    return {"at": now, "level": level, **event}


def open_journal(level: str = "INFO", stream: TextIO | None = None) -> Any:
    """Return a logger that writes to *stream*, by default standard error as it is when a line is written."""
    return structlog.wrap_logger(
        _Lines(stream),
        processors=[
            _stamped,
            only_ours,
            structlog.processors.JSONRenderer(serializer=json.dumps, ensure_ascii=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        context_class=dict,
        cache_logger_on_first_use=True,
    )


class _Lines:
    def __init__(self, stream: TextIO | None) -> None:
        self._stream, self._lock = stream, Lock()

    def msg(self, line: str) -> None:
        with self._lock:
            stream = self._stream or sys.stderr
            stream.write(line + "\n")
            stream.flush()

    debug = info = warning = error = critical = msg


class Sampled:
    """One line a second for what may happen a thousand times in it, with how often it did."""

    def __init__(
        self, journal: Any, seconds: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._journal, self._seconds, self._clock = journal, seconds, clock
        self._last: dict[tuple[str, str], float] = {}
        self._held: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def warn(self, event: str, why: str, **more: Any) -> None:
        """Write *event* with its reason, or hold it back and count it into the next line of its kind."""
        key, now = (event, why), self._clock()
        with self._lock:
            self._held[key] += 1
            if now - self._last.get(key, -self._seconds) < self._seconds:
                return
            self._last[key] = now
            count = self._held.pop(key)
        self._journal.warning(event, why=why, count=count, **more)


class OwnLines(logging.Handler):
    """Brings what other rooms and libraries log into the journal: ours as it is, of theirs only level and place.

    A library's message may hold what it was given; its arguments are never formatted.
    """

    def __init__(self, journal: Any) -> None:
        super().__init__()
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record* without a traceback."""
        place = f"{record.module}:{record.lineno}"
        if record.name.split(".")[0] == "steppedcare":
            line: Mapping[str, Any] = {"event": record.getMessage(), "place": place}
        else:
            line = {"event": "library", "name": record.name, "place": place}
        level = record.levelname.lower() if record.levelno >= logging.INFO else "debug"
        write = getattr(
            self._journal, level if level in ("debug", "info", "warning", "error") else "error"
        )
        write(**line)


def take_over(journal: Any) -> None:
    """Let the journal be the only way anything is logged in this process."""
    root = logging.getLogger()
    root.handlers = [OwnLines(journal)]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "steppedcare"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        # What the server tells of itself is told by us; its warnings are for whoever sends nonsense, a line for each.
        logging.getLogger(name).setLevel(logging.ERROR)
