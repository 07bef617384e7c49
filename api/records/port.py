"""What the rest of the program sees of a decision log: an entry, and what can be done with a log of them."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from schemas.errors import ConflictError, NotFoundError, Problem

Kind = Literal["decision", "feedback", "repeat", "prune"]
Level = Literal["receipt", "full"]
"""receipt: hashes and no patient facts; full: the whole decision as it was answered."""

KEY_LASTS_US = 24 * 3600 * 1_000_000
"""How long an idempotency key is remembered, in microseconds."""
LARGEST_BODY = 16 * 1024 * 1024
"""Bytes; a stored text that unpacks to more is not ours."""
MOST_PER_PAGE = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to keep. What identifies a patient or a request is a keyed hash by the time it stands here."""

    id: str
    """Random; whoever is given it may ask for the entry."""
    kind: Kind
    at: int
    """Microseconds since 1970 in UTC. The order of a log is that of its sequence, not of its clocks."""
    level: Level
    notes: str
    """Canonical JSON that holds nothing about the patient."""
    body: bytes | None = None
    """The packed text; None where only a receipt is kept."""
    tenant: str = ""
    about: str | None = None
    """The decision that feedback is about, or that a repeat repeats."""
    patient: str | None = None
    """The patient's pseudonym."""
    key: str | None = None
    """Keyed hash of the client's idempotency key."""
    request: str | None = None
    """Keyed hash of the request; tells whether two requests under one key are the same."""
    through: int | None = None
    """Of a prune: the last entry whose content was removed."""
    seq: int | None = None
    """The place in the chain; None while the entry waits in the spool."""

    def text(self) -> str | None:
        """Return the text that was kept, or None."""
        return None if self.body is None else unpack(self.body)

    def repeating(self, earlier: Entry) -> Entry:
        """Return this entry as one that points to *earlier*, which answered the same request under the same key.

        It happens when the log is away, so that nobody could look the key up. Under the same key but for another
        request the entry keeps its own content and loses the key.
        """
        if earlier.request != self.request or earlier.kind != self.kind:
            return replace(self, key=None)
        return replace(
            self, kind="repeat", about=earlier.id, body=None, key=None, request=None, notes="{}"
        )


def pack(text: str) -> bytes:
    """Return *text* as it is stored, about a fifth of its size."""
    return zlib.compress(text.encode(), 6)


def unpack(body: bytes) -> str:
    """Return the text of *body*; raise ValueError for bytes that `pack` has not written."""
    reader = zlib.decompressobj()
    try:
        text = reader.decompress(body, LARGEST_BODY)
    except zlib.error as error:
        raise ValueError("not a packed text") from error
    if not reader.eof or reader.unused_data:
        raise ValueError("not a packed text")
    return text.decode()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for; None is no restriction."""

    tenant: str = ""
    patient: str | None = None
    begin: int | None = None
    """Microseconds, included."""
    end: int | None = None
    """Microseconds, left out."""
    after: int = 0
    """The last place already seen."""
    most: int = MOST_PER_PAGE


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain, which outlives its entry."""

    seq: int
    id: str
    kind: str
    at: int
    digest: str
    mac: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of the whole log has found."""

    links: int
    pruned: int
    """How many links have lost their entry to a prune."""
    head: str
    """Place and code of the last link: kept outside, it shows later that nothing before it was cut or rewritten."""
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a prune has removed."""

    removed: int
    through: int


class DecisionLog(Protocol):
    """A log that only grows. Whatever cannot be reached raises the exception of its own library."""

    def record(self, entries: Sequence[Entry], drained: bool = False) -> tuple[Entry, ...]:
        """Keep *entries* durably, all or none, and return what stands in the log for each.

        An entry whose id is there is not kept twice. One whose idempotency key was used in the last day is answered
        with the earlier entry; *drained* entries were acknowledged before, and are kept as a repeat of the earlier.
        """

    def find(self, tenant: str, id: str) -> Entry | None:
        """Return the entry with that id."""

    def recall(self, tenant: str, key: str, since: int) -> Entry | None:
        """Return the latest entry under an idempotency key not older than *since* (microseconds)."""

    def search(self, wanted: Wanted) -> tuple[Entry, ...]:
        """Return decisions in the order of the chain, without their bodies."""

    def feedback(self, tenant: str, id: str) -> tuple[Entry, ...]:
        """Return what was said about the decision *id*, in order."""

    def export(
        self, begin: int | None = None, end: int | None = None
    ) -> Iterator[tuple[Link, Entry | None]]:
        """Yield every link with its entry, None where that was pruned; between two times (microseconds)."""

    def verify(self, head: str | None = None) -> Verified:
        """Check every link, every entry, the head, and that the chain still contains *head*."""

    def prune(self, before: int, at: int) -> Pruned:
        """Remove the content of every entry up to the first that is not older than *before* (microseconds).

        The links stay, and a further link says what was removed at *at*.
        """

    def close(self) -> None:
        """Let go of every connection."""


def moment(at: int) -> str:
    """Return *at* (microseconds) as text in UTC."""
    found = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=at)
    return found.isoformat(timespec="microseconds").replace("+00:00", "Z")


def microseconds(when: dt.datetime) -> int:
    """Return *when*, which knows its zone, as microseconds since 1970 in UTC."""
    return (when - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def unknown_decision() -> NotFoundError:
    """Return the one error for an id that is unknown, pruned, or another tenant's."""
    return NotFoundError(
        Problem(
            code="unknown-decision",
            message="no decision here has that id",
            help="use the id an answer was given with; decisions are kept only as long as the site keeps them",
            where="id",
        )
    )


def conflict(code: str, message: str, help: str, where: str) -> ConflictError:
    """Return the error for a request that does not fit what is recorded."""
    return ConflictError(Problem(code=code, message=message, help=help, where=where))
