"""What the commands `settings`, `sbom` and `intact` say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from api.deployment.intact import check_intact
from api.deployment.sbom import bill_of_materials, differences, read_lock
from api.deployment.settings_page import settings_text, tables
from api.reports import Report
from api.settings import read_settings
from api.strict_json import write_json
from schemas.errors import InputError, Problem


def settings_report() -> Report:
    """List every setting."""
    count = sum(len(table.entries) for table in tables())
    return settings_text(), f"{count} settings", True


def check_report(environment: Mapping[str, str]) -> Report:
    """Read the settings of *environment* as the service would; raise SettingsError as it would."""
    read_settings(environment)
    return [], "the service can be started with these settings", True


def sbom_report(lock: str | None) -> Report:
    """Print what is installed; with *lock*, compare it with that file instead."""
    if lock is None:
        *lines, last = write_json(bill_of_materials()).split("\n")
        return lines, last, True
    try:
        text = Path(lock).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(
            Problem(
                code="cannot-read",
                message="the lock file cannot be read",
                help="name the `requirements.lock` the service was installed from",
                where="--lock",
            )
        ) from None
    found = differences(read_lock(text))
    return found, f"{len(found)} differences from the lock", not found


def intact_report() -> Report:
    """Tell whether every installed file is the one that was released."""
    told = check_intact()
    words = "every file is as released" if told else "a working copy: nothing to compare with"
    return [], words, told
