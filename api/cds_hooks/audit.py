"""The audit line of a call: who asked which service when, and which cards were given. No resource, token or name."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

LOGGER = "steppedcare.audit"
_log = logging.getLogger(LOGGER)
_INSTANCE = re.compile(r"^(urn:uuid:)?[0-9a-fA-F-]{8,64}$")


def pseudonym(secret: bytes, patient: str) -> str:
    """Return a name for *patient* under which calls can be counted and nobody can be found."""
    return hmac.new(secret, patient.encode(), hashlib.sha256).hexdigest()[:16]


def instance(given: str) -> str:
    """Return a hook instance as the log may show it: what looks like a UUID, since anything else could be a name."""
    return given if _INSTANCE.match(given) else "not-a-uuid"


def record(event: str, parts: Mapping[str, Any]) -> None:
    """Write one line of JSON; members without a value are left out, and no text can begin a line of its own."""
    told = {"event": event} | {
        name: value for name, value in parts.items() if value not in (None, "", (), [])
    }
    _log.info("%s", json.dumps(told, ensure_ascii=True, separators=(",", ":")))


def write_audit() -> None:
    """Have audit lines written to standard error; the door that starts the service decides that, once."""
    if not _log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        _log.addHandler(handler)
        _log.propagate = False
    _log.setLevel(logging.INFO)
