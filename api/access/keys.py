"""API keys: how one is written, what is kept of it, and how it is found again.

A SQLite file of its own, and not the database of the decision log: who may ask for a red sign must not depend on a
database that may be away, and a service that records nothing has keys too.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.access.scopes import SCOPES, Scope
from schemas.errors import Problem, SettingsError

WHERE = "STEPPEDCARE_KEYS"
SECRET_BYTES = 32
VERSION = 1
WAIT_SECONDS = 5.0
KEY = re.compile(r"[a-z2-7]{16}\.[A-Za-z0-9_-]{43}")
"""`id.secret`: 80 bits to find it by, 256 bits to keep."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_TABLE = """
CREATE TABLE keys (
    id TEXT PRIMARY KEY, hash BLOB NOT NULL, label TEXT NOT NULL, tenant TEXT NOT NULL, scopes TEXT NOT NULL,
    made INTEGER NOT NULL, expires INTEGER NOT NULL, revoked INTEGER
) WITHOUT ROWID
"""
_FIELDS = "id, hash, label, tenant, scopes, made, expires, revoked"


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key: everything but its secret. Times in seconds since 1970."""

    id: str
    hash: bytes
    label: str
    tenant: str
    scopes: tuple[Scope, ...]
    made: int
    expires: int
    revoked: int | None = None

    def holds(self, now: float) -> bool:
        """Tell whether the key lets anybody in at *now*."""
        return self.revoked is None and now < self.expires


def drawn(
    label: str, tenant: str, scopes: tuple[Scope, ...], made: int, expires: int
) -> tuple[Key, str]:
    """Return a new key and its text, `id.secret`, which exists nowhere else."""
    id = "".join(secrets.choice(_LETTERS) for _ in range(16))
    secret = secrets.token_urlsafe(SECRET_BYTES)
    key = Key(id, _hash(id, secret), label, tenant, scopes, made, expires)
    return key, f"{id}.{secret}"


def matches(key: Key | None, id: str, secret: str) -> bool:
    """Tell whether *secret* is that of *key*; takes as long when there is no such key."""
    kept = bytes(32) if key is None else key.hash
    return hmac.compare_digest(_hash(id, secret), kept) and key is not None


def _hash(id: str, secret: str) -> bytes:
    # A secret of 256 random bits cannot be found by trying, so nothing is gained by a slow hash.
    return hashlib.sha256(f"steppedcare key {id} {secret}".encode()).digest()


class KeyStore:
    """The file of keys, as the command writes it and a starting service looks at it.

    Every method raises SettingsError for a file that others may read, that is not ours, or that cannot be used.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def add(self, key: Key) -> None:
        """Add *key*; the file is made, for its owner only, when there is none."""
        if not self.file.exists():
            try:
                os.close(os.open(self.file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            except OSError:
                raise _bad("the file of keys cannot be made", "name a file you may write") from None
        row = (key.id, key.hash, key.label, key.tenant, " ".join(key.scopes), key.made, key.expires)
        with self._opened("rwc") as base:
            base.execute(f"INSERT INTO keys VALUES ({', '.join('?' * 7)}, NULL)", row)

    def all(self) -> tuple[Key, ...]:
        """Return all keys, the oldest first."""
        with self._opened("ro") as base:
            rows = base.execute(f"SELECT {_FIELDS} FROM keys ORDER BY made, id").fetchall()
        return tuple(_key(row) for row in rows)

    def any(self) -> bool:
        """Tell whether there is a key that was not taken back."""
        return any(key.revoked is None for key in self.all())

    def revoke(self, id: str, now: int) -> bool:
        """Take the key *id* back, at once; tell whether there is one."""
        with self._opened("rw") as base:
            base.execute("UPDATE keys SET revoked = coalesce(revoked, ?) WHERE id = ?", (now, id))
            return bool(base.execute("SELECT count(*) FROM keys WHERE id = ?", (id,)).fetchone()[0])

    @contextmanager
    def _opened(self, mode: str) -> Iterator[sqlite3.Connection]:
        check_private(self.file)
        try:
            with closing(_connected(self.file, mode, WAIT_SECONDS)) as base:
                base.execute("BEGIN" if mode == "ro" else "BEGIN IMMEDIATE")
                version = base.execute("PRAGMA user_version").fetchone()[0]
                if not version and mode == "rwc":
                    base.execute(_TABLE)
                    base.execute(f"PRAGMA user_version = {VERSION}")
                elif version != VERSION:
                    raise _bad("this is no file of keys", "name the file `keys add` has made")
                yield base
                base.execute("COMMIT")
        except sqlite3.Error:
            raise _bad("the file of keys cannot be used", "name a file you may use") from None


class KeyReader:
    """The keys as a running service looks them up: in the file, each time, so that one taken back is gone at once.

    For one thread. Raises OSError or sqlite3.Error when the file does not answer.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._base: sqlite3.Connection | None = None
        self._is: tuple[int, int] | None = None

    def find(self, id: str) -> Key | None:
        """Return the key *id*; None when there is none, or no file at all."""
        try:
            found = self.file.stat()
        except FileNotFoundError:
            return None
        if self._base is None or self._is != (found.st_dev, found.st_ino):
            # Another file of that name, such as a restored one, is another list of who was let go.
            self.close()
            # Not read-only: whoever reads first after a crash of the command mends the file.
            self._base = _connected(self.file, "rw", 0.2)
            self._is = found.st_dev, found.st_ino
        row = self._base.execute(f"SELECT {_FIELDS} FROM keys WHERE id = ?", (id,)).fetchone()
        return None if row is None else _key(row)

    def close(self) -> None:
        if self._base is not None:
            self._base.close()
            self._base = None


def check_private(file: Path) -> None:
    """Raise SettingsError when anybody but the owner of *file* may read or change it, or it is not there."""
    try:
        mode = file.stat().st_mode
    except OSError:
        raise _bad("there is no file of keys", "make one with `steppedcare keys add`") from None
    if stat.S_ISREG(mode) and mode & 0o077:
        raise SettingsError(
            Problem(
                code="keys-open-to-others",
                message="other users of this machine may read or change the file of keys",
                help="`chmod 600` the file",
                where=WHERE,
            )
        )


def _connected(file: Path, mode: str, wait: float) -> sqlite3.Connection:
    address = f"{file.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(
        address, uri=True, timeout=wait, isolation_level=None, check_same_thread=False
    )


def _key(row: tuple[Any, ...]) -> Key:
    id, hash, label, tenant, scopes, made, expires, revoked = row
    named = scopes.split(" ")
    kept = tuple(scope for scope in SCOPES if scope in named)
    return Key(id, bytes(hash), label, tenant, kept, made, expires, revoked)


def _bad(message: str, help: str) -> SettingsError:
    return SettingsError(Problem(code="bad-keys", message=message, help=help, where=WHERE))
