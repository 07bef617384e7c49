"""What the tests of the log share: a key, entries, and a log that fails on demand."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import SecretBytes

from api.records.database import read_address
from api.records.keys import Keys
from api.records.port import Entry, pack
from api.records.spool import Spool
from api.records.store import SqlLog

SECRET = b"an oak, 7 elms & 2 quinces by the mill"
KEYS = Keys(SecretBytes(SECRET))
OTHER = Keys(SecretBytes(b"no oak, 7 elms & 2 quinces by the mill"))


def entry(at: int = 1, text: str = "{}", **more: Any) -> Entry:
    """Return a decision to record; what a test does not name is as small as it can be."""
    plain = Entry(str(uuid.uuid4()), "decision", at, "full", '{"on":"2026-03-01"}', pack(text))
    return replace(plain, **more)


def open_log(address: str | Path, keys: Keys = KEYS) -> SqlLog:
    return SqlLog(read_address(str(address)), keys)


class Faulty:
    """A log in front of another whose writing raises, hangs or is slow as long as a test wants it."""

    def __init__(self, log: SqlLog) -> None:
        self._log = log
        self.raises: Exception | None = None
        self.seconds = 0.0
        self.go = threading.Event()
        self.go.set()
        self.calls = 0

    def record(self, entries: Sequence[Entry], drained: bool = False) -> tuple[Entry, ...]:
        self._suffer()
        return self._log.record(entries, drained)

    def find(self, tenant: str, id: str) -> Entry | None:
        self._suffer()
        return self._log.find(tenant, id)

    def recall(self, tenant: str, key: str, since: int) -> Entry | None:
        self._suffer()
        return self._log.recall(tenant, key, since)

    def _suffer(self) -> None:
        self.calls += 1
        if self.raises is not None:
            raise self.raises
        time.sleep(self.seconds)
        self.go.wait()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


def spool_in(folder: Path) -> Spool:
    return Spool(folder / "spool", KEYS)


def until(true: Any, seconds: float = 10.0) -> bool:
    """Wait until *true()* holds; tell whether it came to that."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
