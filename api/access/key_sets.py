"""The public keys of whoever signs tokens: from where a site configured them, and from nowhere a token names."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from jwt import PyJWK

LARGEST_SET = 256 * 1024
LIFE_SECONDS = 3600
"""How long a fetched set is used before it is fetched again."""
PAUSE_SECONDS = 60
"""The least time between two fetches: a flood of unknown `kid`s is no flood of requests to whoever keeps them."""
FETCH_SECONDS = 2.0
SMALLEST_RSA = 2048


class KeySource(Protocol):
    """Where a key set is kept: a file, or an https address."""

    @property
    def jwks_file(self) -> str | None: ...
    @property
    def jwks_url(self) -> str | None: ...


Read = Callable[[Any], bytes]
"""Takes a KeySource of any kind and gives its JWK Set."""


def read_keys(source: KeySource) -> bytes:
    """Return the JWK Set of *source* as it is on disk or behind its https address; no redirect is followed."""
    if source.jwks_file is not None:
        return Path(source.jwks_file).read_bytes()
    import httpx

    assert source.jwks_url is not None
    with httpx.Client(follow_redirects=False, timeout=FETCH_SECONDS, trust_env=False) as web:
        answer = web.get(source.jwks_url, headers={"Accept": "application/json"})
    if answer.status_code != 200:
        raise OSError("the key set did not come")
    return answer.content


class KeySet:
    """The keys of one source, kept, and read again for an unknown `kid` or when their file has changed."""

    def __init__(
        self, source: KeySource, read: Read = read_keys, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.source, self._read, self._clock = source, read, clock
        self._keys: dict[str, PyJWK] = {}
        self._read_at: float | None = None
        self._stamp: tuple[int, int] | None = None
        self._lock = threading.Lock()

    def key(self, kid: str) -> PyJWK | None:
        """Return the key named *kid*, or None when there is none of that name."""
        with self._lock:
            if self._is_due(kid):
                self._load()
            return self._keys.get(kid)

    def _is_due(self, kid: str) -> bool:
        if self.source.jwks_file is not None:
            return self._stamp is None or self._stamp != self._stamp_now()
        if self._read_at is None:
            return True
        age = self._clock() - self._read_at
        return age >= LIFE_SECONDS or (kid not in self._keys and age >= PAUSE_SECONDS)

    def _stamp_now(self) -> tuple[int, int] | None:
        try:
            found = Path(self.source.jwks_file or "").stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def _load(self) -> None:
        """Read the set anew; when that fails the keys known so far stay, for a while, as they are."""
        self._read_at = self._clock()
        stamp = self._stamp_now() if self.source.jwks_file is not None else None
        try:
            data = self._read(self.source)
            if len(data) > LARGEST_SET:
                return
            self._keys = usable_keys(json.loads(data))
            self._stamp = stamp
        except Exception:
            # Whatever stops us from reading keys: without a key nobody is let in, which is the safe side.
            return


def usable_keys(found: Any) -> dict[str, PyJWK]:
    """Return the keys of a JWK Set that can check a signature, by `kid`; a shared secret is never one of them."""
    import jwt

    keys: dict[str, PyJWK] = {}
    rows = found.get("keys") if isinstance(found, dict) else None
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("kty") not in ("EC", "RSA"):
            continue
        kid = row.get("kid")
        if not isinstance(kid, str) or row.get("use", "sig") != "sig":
            continue
        public = {name: value for name, value in row.items() if name not in _PRIVATE}
        try:
            key = jwt.PyJWK(public, algorithm=row.get("alg") or _usual(row))
        except jwt.PyJWTError:
            continue
        if row["kty"] == "RSA" and key.key.key_size < SMALLEST_RSA:
            continue
        keys[kid] = key
    return keys


def fits(key: PyJWK, algorithm: str) -> bool:
    """Tell whether *algorithm* is one for *key*: of its kind, on its curve, and the one its set names, if any."""
    named = key._jwk_data.get("alg")
    if named is not None and named != algorithm:
        return False
    if key.key_type == "EC":
        return key._jwk_data.get("crv") == _CURVES.get(algorithm)
    return algorithm[:2] in ("RS", "PS")


_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})


def _usual(row: dict[str, Any]) -> str:
    if row["kty"] == "RSA":
        return "RS384"
    return {"P-256": "ES256", "P-521": "ES512"}.get(str(row.get("crv")), "ES384")
