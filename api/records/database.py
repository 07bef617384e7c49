"""How the database is reached: SQLite or PostgreSQL, what each must promise, and the tables put in place."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError

from schemas.errors import Problem, SettingsError

VARIABLE = "STEPPEDCARE_DATABASE"
NEWEST = "0002"
ADVISORY = 7_330_452_001
"""The lock under which one process at a time changes the tables; a number of our own."""
_STEPPING = threading.Lock()
"""Alembic knows one migration per process."""


def read_address(address: str) -> URL:
    """Return the URL of a database given as the path of a SQLite file, or as a PostgreSQL address.

    Raises SettingsError; the address is not repeated, it may hold a password.
    """
    try:
        url = make_url(address) if "://" in address else URL.create("sqlite", database=address)
    except (ArgumentError, ValueError):
        raise _bad_address() from None
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:") or url.query:
        raise _bad_address()
    return url.set(drivername="sqlite")


def open_engine(url: URL, wait: float) -> Engine:
    """Return an engine for *url* whose every statement gives up after about *wait* seconds.

    Nothing is connected yet, and no file is made.
    """
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": wait})
        event.listen(engine, "connect", _sqlite_promises)
        event.listen(engine, "begin", _sqlite_begins)
        return engine
    ms = max(100, int(wait * 1000))
    return create_engine(
        url,
        hide_parameters=True,
        pool_size=4,
        max_overflow=4,
        pool_timeout=wait,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 2,
            "keepalives_idle": 2,
            "keepalives_interval": 1,
            "keepalives_count": 3,
            "tcp_user_timeout": 3000,
            # Acknowledged means on disk, whatever the server's default is.
            "options": f"-c synchronous_commit=on -c statement_timeout={ms} -c lock_timeout={ms}"
            " -c idle_in_transaction_session_timeout=60000",
            "application_name": "steppedcare",
        },
    )


def make_file(url: URL) -> None:
    """Make the SQLite file of *url*, for this user only; a file that is there is left as it is.

    SQLite gives the files it puts beside it the same permissions.
    """
    if url.get_backend_name() != "sqlite":
        return
    path = Path(str(url.database))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


@contextmanager
def appending(engine: Engine) -> Iterator[Connection]:
    """Hold a transaction in which nobody else appends: SQLite locks the file, PostgreSQL the head (by the caller)."""
    with engine.connect() as connection:
        connection = connection.execution_options(appending=True)
        with connection.begin():
            yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Hold a transaction that sees one state of the log from beginning to end."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        with connection.begin():
            yield connection


def migrate(engine: Engine, to: str = NEWEST) -> None:
    """Bring the tables to the step *to*, up or down, in one transaction and one process at a time.

    Raises SettingsError when they are of a newer program.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with _STEPPING, appending(engine) as connection:
        wait_alone(connection)
        now = revision(connection)
        if now is not None and now not in known:
            raise SettingsError(
                Problem(
                    code="newer-log",
                    message="the decision log was written by a newer program",
                    help="install the program that wrote it, or restore a copy made before",
                    where=VARIABLE,
                )
            )
        if now == to:
            return
        config.attributes["connection"] = connection
        if to == "base" or (now is not None and to < now):
            command.downgrade(config, to)
        else:
            command.upgrade(config, to)


def wait_alone(connection: Connection) -> None:
    """Let one process at a time put the log in place; in SQLite the transaction itself sees to that."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = '30s'"))
        connection.execute(text("SET LOCAL statement_timeout = '30s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": ADVISORY})


def revision(connection: Connection) -> str | None:
    """Return the step the tables are at; None where there are none."""
    found = MigrationContext.configure(
        connection, opts={"version_table": "steppedcare_log_version"}
    ).get_current_revision()
    return None if found is None else str(found)


def guards(connection: Connection) -> frozenset[str]:
    """Return the names of the triggers on our tables that are switched on."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = (
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgrelid IN "
            "('chain'::regclass, 'entries'::regclass, 'head'::regclass)"
        )
    return frozenset(connection.execute(text(query)).scalars())


def _sqlite_promises(connection: Any, _: Any) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None  # we begin ourselves, see below
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "trusted_schema=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _sqlite_begins(connection: Connection) -> None:
    # A transaction that reads first and writes later could not be granted the lock without starting over.
    how = "IMMEDIATE" if connection.get_execution_options().get("appending") else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {how}")


def _bad_address() -> SettingsError:
    return SettingsError(
        Problem(
            code="bad-setting",
            message="the address of the decision log cannot be used",
            help="give the path of a file, or postgresql://user@host/database",
            where=VARIABLE,
        )
    )
