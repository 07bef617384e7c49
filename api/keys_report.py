"""Reports of the command about API keys: one made, all listed, one taken back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from api.access.keys import Key, KeyStore, drawn
from api.access.scopes import SCOPES
from api.access.settings import KEYS, USUAL_KEYS
from api.reports import Report
from schemas.errors import InputError, NotFoundError, Problem

LONGEST_LABEL = 100
_TENANT = re.compile(r"[!-~]{0,100}")


def add_key(
    environment: Mapping[str, str],
    label: str,
    scopes: Sequence[str],
    tenant: str,
    days: int,
    now: dt.datetime,
) -> tuple[str, str]:
    """Make a key that holds for *days*; return its text, which is kept nowhere, and the line that states the result.

    Raises InputError for a scope nobody has and for a label or tenant that cannot be used, SettingsError for a file
    that cannot be.
    """
    if unknown := [each for each in scopes if each not in SCOPES]:
        raise _wrong("--scope", f"{len(unknown)} unknown", f"scopes are {', '.join(SCOPES)}")
    if not scopes:
        raise _wrong("--scope", "no scope is named", f"scopes are {', '.join(SCOPES)}")
    if not label.strip() or len(label) > LONGEST_LABEL or not label.isprintable():
        raise _wrong(
            "--label", "the label is empty, too long or not plain text", "name who gets it"
        )
    if not _TENANT.fullmatch(tenant):
        raise _wrong(
            "--tenant", "the tenant cannot be used", "up to 100 printable ASCII characters"
        )
    made = int(now.timestamp())
    kept = tuple(scope for scope in SCOPES if scope in scopes)
    key, text = drawn(label.strip(), tenant, kept, made, made + days * 86_400)
    _store(environment).add(key)
    return text, f"added: key {key.id}, until {_day(key.expires)}; it is shown this once"


def list_keys(environment: Mapping[str, str], now: dt.datetime) -> Report:
    """List every key that was ever made; the last line counts those that let somebody in."""
    store = _store(environment)
    keys = store.all() if store.file.exists() else ()
    lines = [_line(key, now.timestamp()) for key in keys]
    hold = sum(key.holds(now.timestamp()) for key in keys)
    return lines, f"{len(keys)} keys, {hold} in force", True


def revoke_key(environment: Mapping[str, str], id: str, now: dt.datetime) -> Report:
    """Take the key *id* back at once; raise NotFoundError when there is none.

    A whole key may be given too: it is not repeated.
    """
    store, id = _store(environment), id.partition(".")[0]
    if not store.file.exists() or not store.revoke(id, int(now.timestamp())):
        raise NotFoundError(
            Problem(
                code="unknown-key",
                message="there is no such key",
                help="`steppedcare keys list` names them all",
                where="ID",
            )
        )
    return [], f"revoked: key {id}", True


def _store(environment: Mapping[str, str]) -> KeyStore:
    return KeyStore(Path(environment.get(KEYS, "").strip() or USUAL_KEYS))


def _line(key: Key, now: float) -> str:
    if key.revoked is not None:
        state = f"revoked {_day(key.revoked)}"
    else:
        state = f"until {_day(key.expires)}" if key.holds(now) else f"expired {_day(key.expires)}"
    tenant = f"  tenant {key.tenant}" if key.tenant else ""
    return f"{key.id}  {state}  {' '.join(key.scopes)}{tenant}  {key.label}"


def _day(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).date().isoformat()


def _wrong(where: str, message: str, help: str) -> InputError:
    return InputError(Problem(code="bad-option", message=message, help=help, where=where))
