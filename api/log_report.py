"""Reports of the command about the decision log: whether it is what was written, what is in it, what was pruned."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from api.records.database import read_address
from api.records.keys import Keys, needs_key
from api.records.port import Entry, Link, microseconds, moment
from api.records.settings import DATABASE, RECORD, read_records
from api.records.spool import Spool
from api.records.store import SqlLog, TamperedLog
from api.reports import Report
from schemas.errors import BusyError, InputError, NotFoundError, Problem

_HEAD = re.compile(r"[0-9]{1,18}:[0-9a-f]{64}")
WAIT_SECONDS = 10.0


def verify_log(environment: Mapping[str, str], head: str | None = None) -> Report:
    """Check the whole log that *environment* names; the last line states its size and its head.

    *head* is what an earlier check printed; the log must still contain it. Raises SettingsError, NotFoundError for a
    log that is not there, BusyError for a database that cannot be read.
    """
    if head is not None and not _HEAD.fullmatch(head):
        raise _wrong("--head", "this is no head", "give PLACE:CODE as `log verify` printed it")
    with _opened(environment) as (log, spool):
        found = log.verify(head)
        waiting = sum(1 for _ in spool.waiting())
        refused = spool.refused.is_file() and spool.refused.stat().st_size > 0
    lines = [*found.problems]
    if found.pruned:
        lines.append(f"{found.pruned} entries were pruned; their links stand")
    if waiting:
        lines.append(f"{waiting} entries wait in the spool for a running service to bring them in")
    if refused:
        lines.append("the spool held lines that are not ours: see the file ending in -refused")
    holds = not found.problems and not refused
    if holds:
        return lines, f"verified: {found.links} entries, head {found.head}", True
    return lines, f"NOT VERIFIED: {found.links} entries looked at", False


def export_log(
    environment: Mapping[str, str],
    write: Callable[[str], object],
    begin: str | None = None,
    end: str | None = None,
) -> str:
    """Write every entry between two days as one line of JSON each; return the line that states the result.

    Raises what `verify_log` raises, and InputError for a day that is none.
    """
    bounds = [_day(begin, "--from"), _day(end, "--to")]
    count = 0
    with _opened(environment) as (log, _):
        for link, entry in log.export(*bounds):
            write(export_line(link, entry))
            count += 1
    return f"exported: {count} entries"


def export_line(link: Link, entry: Entry | None) -> str:
    """Return one entry as one line: its link, and its content or that it was pruned."""
    parts: dict[str, Any] = {name: getattr(link, name) for name in Link.__slots__}
    parts["time"] = moment(link.at)
    parts["pruned"] = entry is None
    if entry is not None:
        for name in ("tenant", "level", "about", "patient", "key", "request", "through"):
            parts[name] = getattr(entry, name)
        parts["notes"] = json.loads(entry.notes)
        text = entry.text()
        parts["content"] = None if text is None else json.loads(text)
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def prune_log(environment: Mapping[str, str], before: str, now: dt.datetime) -> Report:
    """Remove the content of all that was recorded before the day *before*; the chain still holds afterwards.

    Raises what `verify_log` raises, and InputError for a day that is none or not yet over.
    """
    day = _day(before, "--before")
    if day is None or day > microseconds(now):
        raise _wrong("--before", "this day is not over", "give a day in the past, YYYY-MM-DD")
    with _opened(environment) as (log, _):
        found = log.prune(day, microseconds(now))
        holds = not log.verify().problems
    removed = f"pruned: {found.removed} entries" + (
        f", through {found.through}" if found.removed else ""
    )
    return [], removed if holds else f"{removed}; NOT VERIFIED, see `log verify`", holds


@contextmanager
def _opened(environment: Mapping[str, str]) -> Iterator[tuple[SqlLog, Spool]]:
    """Open the log that is there; whatever the service records now, what it recorded is looked at."""
    settings = read_records({**environment, RECORD: "full"})
    if settings.key is None:
        raise needs_key()
    keys, url = Keys(settings.key), read_address(settings.database)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise NotFoundError(
            Problem(
                code="no-log",
                message="there is no decision log",
                help=f"name the file or the address in {DATABASE}; a service that records makes it when it starts",
                where=DATABASE,
            )
        )
    log = SqlLog(url, keys, WAIT_SECONDS, make=False)
    try:
        yield log, Spool(settings.spool_file, keys)
    except TamperedLog:
        raise _away("the head of the decision log was changed", "`log verify` tells more") from None
    except SQLAlchemyError:
        # Not chained: the library's message holds the statement and its values.
        raise _away(
            "the decision log cannot be read", f"check {DATABASE} and that the database runs"
        ) from None
    finally:
        log.close()


def _day(text: str | None, where: str) -> int | None:
    """Return the first microsecond (UTC) of the day *text*."""
    if text is None:
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise _wrong(where, "this is no day", "give YYYY-MM-DD") from None
    return microseconds(dt.datetime.combine(day, dt.time(), dt.UTC))


def _wrong(where: str, message: str, help: str) -> InputError:
    return InputError(Problem(code="bad-option", message=message, help=help, where=where))


def _away(message: str, help: str) -> BusyError:
    return BusyError(Problem(code="log-away", message=message, help=help, where=DATABASE))
