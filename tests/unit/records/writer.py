"""A process that records without end and says what it was told; meant to be killed.

    python -m tests.unit.records.writer ADDRESS FOLDER NAME FIRST LAST [away]

Entry number n has the idempotency key of n, so that a retry after a crash is known again. With `away` every second
entry finds the database gone.
"""

from __future__ import annotations

import hashlib
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

from api.records.port import Entry
from api.records.recorder import Recorder
from api.records.store import SqlLog
from tests.unit.records.logs import entry, open_log, spool_in


class Unsteady:
    """A log whose database is gone for every second entry."""

    def __init__(self, log: SqlLog) -> None:
        self.log, self.calls = log, 0

    def record(self, entries: Sequence[Entry], drained: bool = False) -> tuple[Entry, ...]:
        self.calls += not drained
        if not drained and self.calls % 2:
            raise OSError
        return self.log.record(entries, drained)

    def __getattr__(self, name: str) -> object:
        return getattr(self.log, name)


def numbered(name: str, number: int) -> Entry:
    """Return entry *number* of the writer *name*; its id is new each time, its key is not."""
    key = hashlib.sha256(f"{name} {number}".encode()).hexdigest()
    return entry(at=number, id=str(uuid.uuid4()), key=key, request=key, text="x" * 2000)


def main(address: str, folder: str, name: str, first: int, last: int, away: bool) -> None:
    """Record the numbers from *first* to *last*, each acknowledged by one line."""
    log = open_log(address)
    log.start()
    seen = Unsteady(log) if away else log
    recorder = Recorder(seen, spool_in(Path(folder)), wait=20, rest=0.0 if away else 1.0)  # type: ignore[arg-type]
    print("ready", flush=True)
    for number in range(first, last + 1):
        kept = recorder.record(numbered(name, number))
        print(number, kept.recorded, kept.entry.id, flush=True)
    recorder.close()
    print("done", flush=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    main(words[0], words[1], words[2], int(words[3]), int(words[4]), "away" in words[5:])
