"""The entrance of one service, put together from its settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.access.allowance import Allowance
from api.access.credentials import Credentials, FirstUse
from api.access.keys import KeyStore

if TYPE_CHECKING:
    from api.settings import ServiceSettings


def open_gate(
    settings: ServiceSettings, first_use: FirstUse, allowance: Allowance
) -> dict[str, Any]:
    """Return what a `Gate` is made of under *settings*.

    Raises SettingsError for a file of keys that others may read, or that is none.
    """
    access, hooks = settings.access, settings.cds_hooks
    keys = Path(access.keys_file)
    if settings.asks and keys.exists():
        KeyStore(keys).all()
    return {
        "credentials": Credentials(access, first_use) if settings.asks else None,
        "allowance": allowance,
        "own_tokens": bool(hooks.clients) or hooks.open,
        "proxies": settings.trusted_proxies,
        "near_only": settings.is_local,
    }
