"""The tables of the decision log taken one step on or back: an older program needs what it knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from api.records.database import NEWEST, appending, migrate, open_engine, read_address, revision
from api.records.settings import DATABASE, read_records
from api.reports import Report
from schemas.errors import BusyError, InputError, NotFoundError, Problem

OLDEST = "0001"
"""The first step that holds a log; below it there is none, and nothing goes there."""
WAIT_SECONDS = 30.0


def step_report(environment: Mapping[str, str], to: str | None) -> Report:
    """Tell at which step the tables of the log are; with *to*, take them there first.

    No decision is changed by a step. Raises InputError for a step this program does not know, NotFoundError for a
    log that is not there, BusyError for a database that cannot be reached, SettingsError for a newer log.
    """
    if to is not None and not (re.fullmatch(r"[0-9]{4}", to) and OLDEST <= to <= NEWEST):
        known = f"from {OLDEST} to {NEWEST}"
        raise InputError(_problem("unknown-step", "this program knows no such step", known, "--to"))
    url = read_address(read_records(environment).database)
    if url.get_backend_name() == "sqlite" and not _is_there(url.database):
        raise NotFoundError(_problem("no-log", "there is no decision log", "name it", DATABASE))
    engine = open_engine(url, WAIT_SECONDS)
    try:
        if to is not None:
            migrate(engine, to)
        with appending(engine) as connection:
            now = revision(connection)
    except SQLAlchemyError:
        raise BusyError(
            _problem("no-database", "the database cannot be reached", "is it running?", DATABASE)
        ) from None
    finally:
        engine.dispose()
    return [], f"the log is at step {now or 'none'} of {NEWEST}", to is None or now == to


def _is_there(file: str | None) -> bool:
    return file is not None and Path(file).is_file()


def _problem(code: str, message: str, help: str, where: str) -> Problem:
    return Problem(code=code, message=message, help=help, where=where)
