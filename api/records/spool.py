"""Where entries wait while the database is away: one file, flushed to disk line by line, shared by all processes."""

from __future__ import annotations

import base64
import fcntl
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from api.records.keys import Keys
from api.records.port import Entry
from rules.canonical import canonical_json

BATCH = 100
"""Entries handed to the database in one transaction."""
BEGINNING = 80
"""Bytes of a line that hold its code."""
LONGEST_LINE = 32 * 1024 * 1024
_NAMES = tuple(field.name for field in fields(Entry) if field.name != "seq")
_log = logging.getLogger("steppedcare")


class Spool:
    """A file of entries in the order in which they were acknowledged.

    One file and not one per process: retries of a request reach another process, and what waits should reach the
    database in the order it was decided. Writers take turns; whoever finds half a line at the end, left by a process
    that was killed, removes it: nobody was told that it is kept.
    """

    def __init__(self, file: Path, keys: Keys, wait: float = 1.0) -> None:
        self.file, self._keys, self._wait = file, keys, wait
        self._turn, self._joining = threading.Lock(), threading.Lock()
        self._waiting_lines: list[tuple[bytes, Future[None]]] = []
        self._places: dict[tuple[str, str, str], list[int]] = {}
        self._beginning, self._seen = b"", 0
        self._looking = threading.Lock()

    @property
    def refused(self) -> Path:
        """The file for lines that are not ours; `log verify` tells of them."""
        return self.file.with_name(f"{self.file.name}-refused")

    def holds(self) -> bool:
        """Tell whether anything waits."""
        try:
            return self.file.stat().st_size > 0
        except FileNotFoundError:
            return False

    def is_writable(self) -> bool:
        """Tell whether the file can be opened for appending; a full disk shows only when something is appended."""
        try:
            with self._locked(self.file):
                return True
        except OSError:
            return False

    def append(self, entry: Entry) -> None:
        """Keep *entry*; when this returns it is on disk. Raises OSError, and then nothing of it is left.

        Threads that come together share one flush: whoever has the turn writes for all who are waiting. Else every
        thread would wait for its own flush behind all others, and some for too long.
        """
        mine = (self._line(entry), Future[None]())
        with self._joining:
            self._waiting_lines.append(mine)
        with self._turn:
            if not mine[1].done():
                with self._joining:
                    together, self._waiting_lines = self._waiting_lines, []
                self._write_all(together)
        mine[1].result()

    def _write_all(self, together: list[tuple[bytes, Future[None]]]) -> None:
        try:
            with self._locked(self.file) as handle:
                end = _heal(handle)
                try:
                    _write(handle, b"".join(line for line, _ in together))
                    os.fsync(handle)
                except OSError:
                    with suppress(OSError):
                        os.ftruncate(handle, end)
                    raise
        except Exception as error:
            for _, waiting in together:
                waiting.set_exception(error)
        else:
            for _, waiting in together:
                waiting.set_result(None)

    def waiting(self) -> Iterator[Entry]:
        """Yield what waits, in order; lines that are not ours are passed over."""
        for line in self._lines(0):
            entry = self._read(line)
            if entry is not None:
                yield entry

    def find(self, name: Literal["id", "key", "about"], tenant: str, value: str) -> list[Entry]:
        """Return what waits under a value, in order; what was looked through before is not read again.

        Raises OSError.
        """
        with self._looking:
            self._look_through()
            places = self._places.get((name, tenant, value), [])
            found = [self._read(line) for at in places for line in islice(self._lines(at), 1)]
        # Between the two looks the file may have been emptied and begun anew.
        return [
            each
            for each in found
            if each and getattr(each, name) == value and each.tenant == tenant
        ]

    def _look_through(self) -> None:
        """Note the places of what was appended since the last look.

        The first line begins with its code, so its beginning tells whether this is still the file it was.
        """
        beginning = next(self._lines(0), b"")[:BEGINNING]
        if beginning != self._beginning:
            self._places, self._beginning, self._seen = {}, beginning, 0
        for line in self._lines(self._seen):
            entry = self._read(line)
            for name in ("id", "key", "about") if entry else ():
                value = getattr(entry, name)
                if entry and value is not None:
                    self._places.setdefault((name, entry.tenant, value), []).append(self._seen)
            self._seen += len(line)

    def drain(self, take: Callable[[Sequence[Entry]], object]) -> bool:
        """Hand everything to *take*, in order; tell whether the spool is empty afterwards.

        False also when another process is at it. What *take* raises is passed on; what it has taken before may come
        again, so it must know an entry by its id. Nobody has to wait for the database here: new entries are
        appended meanwhile, and taken too.
        """
        with self._alone() as alone:
            if not alone:
                return False
            done = 0
            while True:
                batch: list[Entry] = []
                for line in self._lines(done):
                    done += len(line)
                    entry = self._read(line)
                    if entry is None:
                        self._refuse(line)
                    else:
                        batch.append(entry)
                    if len(batch) == BATCH:
                        break
                if batch:
                    take(batch)
                elif self._emptied(done):
                    return True

    def _emptied(self, done: int) -> bool:
        with self._locked(self.file) as handle:
            if _heal(handle) > done:
                return False
            os.ftruncate(handle, 0)
            os.fsync(handle)
            return True

    def _lines(self, begin: int) -> Iterator[bytes]:
        try:
            source = self.file.open("rb")
        except FileNotFoundError:
            return
        with source:
            source.seek(begin)
            while (line := source.readline(LONGEST_LINE)).endswith(b"\n"):
                yield line

    def _line(self, entry: Entry) -> bytes:
        parts: dict[str, Any] = {name: getattr(entry, name) for name in _NAMES}
        if entry.body is not None:
            parts["body"] = base64.b64encode(entry.body).decode()
        line = {"entry": parts, "code": self._keys.code("spool", parts)}
        return canonical_json(line).encode() + b"\n"

    def _read(self, line: bytes) -> Entry | None:
        try:
            found = json.loads(line)
            parts = found["entry"]
            if not self._keys.fits(found["code"], "spool", parts):
                return None
            if parts["body"] is not None:
                parts["body"] = base64.b64decode(parts["body"], validate=True)
            return Entry(**parts)
        except (ValueError, TypeError, KeyError, RecursionError):
            return None

    def _refuse(self, line: bytes) -> None:
        """Set a line aside that was damaged or is not ours: it is neither believed nor thrown away."""
        with self._locked(self.refused) as handle:
            _write(handle, line)
            os.fsync(handle)
        _log.error("spool: a line is not ours and was set aside")

    @contextmanager
    def _locked(self, file: Path) -> Iterator[int]:
        """Open *file*, which is made when it is not there, and hold its lock; raise TimeoutError after a while."""
        handle = _open(file)
        try:
            until = time.monotonic() + self._wait
            while not _lock(handle):
                if time.monotonic() > until:
                    raise TimeoutError
                time.sleep(0.002)
            yield handle
        finally:
            os.close(handle)  # and with it the lock

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Be the only one who drains; say whether that is so."""
        handle = _open(self.file.with_name(f"{self.file.name}-lock"))
        try:
            yield _lock(handle)
        finally:
            os.close(handle)


def _open(file: Path) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
    try:
        return os.open(file, flags)
    except FileNotFoundError:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(file, flags | os.O_CREAT, 0o600)
        folder = os.open(file.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)  # or the file itself might be gone after a power cut
        finally:
            os.close(folder)
        return handle


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _heal(handle: int) -> int:
    """Remove half a line at the end; return where the file ends now."""
    size = end = os.fstat(handle).st_size
    while end and os.pread(handle, 1, end - 1) != b"\n":
        chunk = os.pread(handle, min(end, 65536), end - min(end, 65536))
        end -= len(chunk) - (chunk.rfind(b"\n") + 1)
    if end < size:
        os.ftruncate(handle, end)
    return end


def _write(handle: int, line: bytes) -> None:
    left = memoryview(line)
    while left:
        left = left[os.write(handle, left) :]
