"""What the CDS Hooks door remembers: tokens that were used, cards that were shown, and what became of them.

No patient is in it. One SQLite database, in memory or in a file that all workers share.
"""

from __future__ import annotations

import datetime as dt
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from schemas.errors import BusyError, Problem

MOST_TOKENS = 1_000_000
MOST_CARDS = 1_000_000
MOST_FEEDBACK = 1_000_000
WAIT_SECONDS = 2.0

_TABLES = """
CREATE TABLE IF NOT EXISTS tokens (iss TEXT, jti TEXT, expires INTEGER, PRIMARY KEY (iss, jti)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tokens_expire ON tokens (expires);
CREATE TABLE IF NOT EXISTS cards (number INTEGER PRIMARY KEY, uuid TEXT UNIQUE, service TEXT, action TEXT);
CREATE TABLE IF NOT EXISTS feedback (
    number INTEGER PRIMARY KEY, card TEXT, outcome TEXT, at TEXT, service TEXT, action TEXT, reason TEXT,
    suggestions INTEGER, comment TEXT, UNIQUE (card, outcome, at)
);
CREATE TABLE IF NOT EXISTS secret (one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB);
"""


@dataclass(frozen=True)
class Outcome:
    """What became of one card."""

    card: str
    outcome: str
    at: dt.datetime
    """In UTC."""
    suggestions: int = 0
    """How many suggestions were taken."""
    reason: str | None = None
    """The code of the reason it was dismissed for."""
    comment: str | None = None


@dataclass(frozen=True)
class Tally:
    """How often one thing was shown, taken and dismissed."""

    service: str
    action: str
    shown: int
    accepted: int
    overridden: int
    reasons: Mapping[str, int]


class State:
    """The memory of the door; share one between threads.

    Every method raises BusyError when the database does not answer, is full, or is locked by another worker.
    """

    def __init__(self, file: str | None = None) -> None:
        """Open *file*, or memory. Raises sqlite3.Error when the file cannot be used."""
        self._lock = threading.Lock()
        self._base = sqlite3.connect(
            file or ":memory:", timeout=WAIT_SECONDS, check_same_thread=False, isolation_level=None
        )
        if file:
            self._base.execute("PRAGMA journal_mode=WAL")
        self._base.executescript(_TABLES)
        self._base.execute("INSERT OR IGNORE INTO secret VALUES (1, ?)", (secrets.token_bytes(32),))
        self.secret: bytes = self._base.execute("SELECT key FROM secret").fetchone()[0]
        """Of the pseudonyms in the audit line; it never leaves the database."""

    def close(self) -> None:
        with self._lock:
            self._base.close()

    @contextmanager
    def _reached(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._base
            except sqlite3.Error:
                raise _busy("the memory of this service does not answer", "service") from None

    def first_use(self, iss: str, jti: str, expires: int, now: int) -> bool:
        """Remember a token until *expires* (seconds); tell whether it is used for the first time.

        Raises BusyError when there are more live tokens than can be remembered: to forget one would let it in twice.
        """
        with self._reached() as base:
            base.execute("DELETE FROM tokens WHERE expires < ?", (now,))
            row = self._base.execute("SELECT count(*) FROM tokens").fetchone()
            if row[0] >= MOST_TOKENS:
                raise _busy("too many tokens are in use", "Authorization")
            done = self._base.execute(
                "INSERT OR IGNORE INTO tokens VALUES (?, ?, ?)", (iss, jti, expires)
            )
            return done.rowcount == 1

    def shown(self, service: str, cards: Iterable[tuple[str, str]]) -> None:
        """Remember *cards* (uuid and action id) as shown by *service*; the oldest are forgotten first."""
        rows = [(uuid, service, action) for uuid, action in cards]
        if not rows:
            return
        with self._reached():
            self._base.executemany(
                "INSERT OR IGNORE INTO cards (uuid, service, action) VALUES (?, ?, ?)", rows
            )
            self._forget("cards", MOST_CARDS)

    def learn(self, service: str, outcomes: Sequence[Outcome]) -> tuple[int, int]:
        """Remember what became of cards; return how many reports were new, and how many of a card unknown here."""
        new = unmatched = 0
        with self._reached():
            for each in outcomes:
                card = self._base.execute(
                    "SELECT service, action FROM cards WHERE uuid = ?", (each.card,)
                ).fetchone()
                unmatched += card is None
                done = self._base.execute(
                    "INSERT OR IGNORE INTO feedback (card, outcome, at, service, action, reason, suggestions, comment)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        each.card,
                        each.outcome,
                        each.at.isoformat(),
                        card[0] if card else service,
                        card[1] if card else None,
                        each.reason,
                        each.suggestions,
                        each.comment,
                    ),
                )
                new += done.rowcount
            self._forget("feedback", MOST_FEEDBACK)
        return new, unmatched

    def _forget(self, table: str, most: int) -> None:
        self._base.execute(
            f"DELETE FROM {table} WHERE number <= (SELECT max(number) FROM {table}) - ?", (most,)
        )

    def tallies(self) -> tuple[Tally, ...]:
        """Count by service and action; reports of unknown cards stand under the action `unmatched`."""
        with self._reached():
            shown = self._base.execute(
                "SELECT service, action, count(*) FROM cards GROUP BY 1, 2"
            ).fetchall()
            told = self._base.execute(
                "SELECT service, coalesce(action, 'unmatched'), outcome, coalesce(reason, ''), count(*)"
                " FROM feedback GROUP BY 1, 2, 3, 4"
            ).fetchall()
        keys = sorted({(row[0], row[1]) for row in (*shown, *told)})
        return tuple(
            Tally(
                service=service,
                action=action,
                shown=sum(n for s, a, n in shown if (s, a) == (service, action)),
                accepted=_sum(told, service, action, "accepted"),
                overridden=_sum(told, service, action, "overridden"),
                reasons={
                    reason: n
                    for s, a, _, reason, n in told
                    if (s, a) == (service, action) and reason
                },
            )
            for service, action in keys
        )


def _busy(message: str, where: str) -> BusyError:
    help = "send the call again in a moment"
    return BusyError(Problem(code="busy", message=message, help=help, where=where))


def _sum(rows: Iterable[tuple[str, str, str, str, int]], *key: str) -> int:
    return sum(row[4] for row in rows if row[:3] == key)
