"""The secret of a log: where it is read, and the codes made with it."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretBytes

from rules.canonical import canonical_json
from schemas.errors import Problem, SettingsError

FILE, VALUE = "STEPPEDCARE_LOG_KEY_FILE", "STEPPEDCARE_LOG_KEY"
SHORTEST = 32
FEWEST_LETTERS = 12
"""Different characters; a key with fewer was typed, not drawn."""
_HELP = (
    "make one with `(umask 077; head -c 32 /dev/urandom | base64 > log.key)` and name it in "
    f"{FILE}; losing it means that the log can no longer be checked or searched by patient"
)


class Keys:
    """The codes of one log. Each purpose has a key of its own, derived from the one secret."""

    def __init__(self, secret: SecretBytes) -> None:
        self._secret = secret.get_secret_value()

    def __repr__(self) -> str:
        return "Keys(**********)"

    def code(self, purpose: str, *parts: Any) -> str:
        """Return the HMAC-SHA-256 (hex) of *parts* under the key for *purpose*."""
        key = hmac.digest(self._secret, f"steppedcare {purpose}".encode(), hashlib.sha256)
        return hmac.new(key, canonical_json(parts).encode(), hashlib.sha256).hexdigest()

    def fits(self, code: object, purpose: str, *parts: Any) -> bool:
        """Tell whether *code* is that of *parts*, in constant time."""
        return isinstance(code, str) and hmac.compare_digest(
            code.encode(), self.code(purpose, *parts).encode()
        )

    def pseudonym(self, tenant: str, patient: str) -> str:
        """Return what stands for a patient: the same for the same id and tenant, and no way back to the id."""
        return self.code("patient", tenant, patient)


def read_key(environment: Mapping[str, str]) -> SecretBytes | None:
    """Return the secret that the environment names or holds; None when it does neither.

    Raises SettingsError for a file that cannot be read or that others can read, and for a weak key.
    """
    if name := environment.get(FILE, "").strip():
        return _strong(_read(Path(name)), FILE)
    value = environment.get(VALUE, "").strip()
    return _strong(value.encode(), VALUE) if value else None


def needs_key() -> SettingsError:
    """Return the error for a log that is switched on without a key."""
    return _bad("no-log-key", "a decision log needs a key, and none is set", FILE)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as source:
            mode = os.fstat(source.fileno()).st_mode
            data = source.read(4096)
    except OSError:
        raise _bad("no-log-key", "the key of the log cannot be read", FILE) from None
    if stat.S_ISREG(mode) and mode & 0o077:
        raise SettingsError(
            Problem(
                code="key-open-to-others",
                message="other users of this machine may read the key of the log",
                help="`chmod 600` the file",
                where=FILE,
            )
        )
    return data


def _strong(data: bytes, where: str) -> SecretBytes:
    key = data.strip()
    if len(key) < SHORTEST or len(set(key)) < FEWEST_LETTERS:
        raise _bad("weak-log-key", "the key of the log is too easy to guess", where)
    return SecretBytes(key)


def _bad(code: str, message: str, where: str) -> SettingsError:
    return SettingsError(Problem(code=code, message=message, help=_HELP, where=where))
