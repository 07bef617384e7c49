"""The decision log in a SQL database: appended under one lock, read in order, never changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import URL, Connection, Row, Select, delete, func, insert, or_, select, text, update

from api.records import chain, verify
from api.records.database import appending, make_file, migrate, open_engine, reading, wait_alone
from api.records.keys import Keys
from api.records.port import KEY_LASTS_US, Entry, Link, Pruned, Verified, Wanted
from api.records.tables import CHAIN, ENTRIES, HEAD
from schemas.errors import Problem, SettingsError

PAGE = 200
"""Entries read at a time."""
_COLUMNS = tuple(column.name for column in ENTRIES.columns)
_SLIM = tuple(column for column in ENTRIES.columns if column.name != "body")


class TamperedLog(Exception):
    """The head of the log is not ours: nothing more is appended to it."""


class SqlLog:
    """A `DecisionLog` in SQLite or PostgreSQL; share one between threads."""

    def __init__(self, url: URL, keys: Keys, wait: float = 2.0, make: bool = True) -> None:
        """Name the database; it is connected, and with *make* put in place, when it is first needed."""
        self._url, self._keys, self._make = url, keys, make
        self._engine = open_engine(url, wait)
        self._ready = False
        self._starting = threading.Lock()

    def start(self) -> None:
        """Put the file, the tables and the head in place, once.

        Raises SettingsError when the log was made with another key or by a newer program, TamperedLog when its head
        is gone, and the database's own exception when it cannot be reached.
        """
        with self._starting:
            if self._ready:
                return
            if self._make:
                make_file(self._url)
                migrate(self._engine)
            with appending(self._engine) as connection:
                wait_alone(connection)
                head = connection.execute(select(HEAD)).first()
                if head is None:
                    self._begin(connection)
                elif not chain.is_head(self._keys, head.seq, head.mac, head.seal):
                    raise SettingsError(
                        Problem(
                            code="wrong-log-key",
                            message="the decision log was made with another key, or its head was changed",
                            help="use the key it was made with; `steppedcare log verify` tells more",
                            where="STEPPEDCARE_LOG_KEY_FILE",
                        )
                    )
            self._ready = True

    def _begin(self, connection: Connection) -> None:
        if connection.execute(select(func.count()).select_from(CHAIN)).scalar():
            raise TamperedLog
        sealed = chain.seal(self._keys, 0, chain.NOTHING)
        connection.execute(insert(HEAD).values(one=1, seq=0, mac=chain.NOTHING, seal=sealed))

    def record(self, entries: Sequence[Entry], drained: bool = False) -> tuple[Entry, ...]:
        self.start()
        with appending(self._engine) as connection:
            seq, mac = self._head(connection)
            known = _Known(connection, entries)
            new: list[tuple[Link, Entry]] = []
            standing = []
            for entry in entries:
                stands = known.standing(entry, drained)
                if stands.seq is None:
                    seq += 1
                    stands = _placed(stands, seq)
                    new.append((chain.link(self._keys, mac, seq, stands), stands))
                    mac = new[-1][0].mac
                    known.add(stands)
                standing.append(stands)
            self._append(connection, new)
            return tuple(standing)

    def _head(self, connection: Connection) -> tuple[int, str]:
        """Lock and return the end of the chain."""
        head = connection.execute(select(HEAD).with_for_update()).one()
        if not chain.is_head(self._keys, head.seq, head.mac, head.seal):
            raise TamperedLog
        return head.seq, head.mac

    def _append(self, connection: Connection, new: Sequence[tuple[Link, Entry]]) -> None:
        """Write *new* to the end of the chain and move the head on."""
        if not new:
            return
        connection.execute(insert(CHAIN), [_values(link, Link.__slots__) for link, _ in new])
        connection.execute(insert(ENTRIES), [_values(entry, _COLUMNS) for _, entry in new])
        last = new[-1][0]
        sealed = chain.seal(self._keys, last.seq, last.mac)
        connection.execute(update(HEAD).values(seq=last.seq, mac=last.mac, seal=sealed))

    def find(self, tenant: str, id: str) -> Entry | None:
        self.start()
        with reading(self._engine) as connection:
            row = connection.execute(
                select(ENTRIES).where(ENTRIES.c.id == id, ENTRIES.c.tenant == tenant)
            ).first()
            return _entry(row) if row else None

    def recall(self, tenant: str, key: str, since: int) -> Entry | None:
        self.start()
        with reading(self._engine) as connection:
            row = connection.execute(
                select(ENTRIES)
                .where(ENTRIES.c.tenant == tenant, ENTRIES.c.key == key, ENTRIES.c.at >= since)
                .order_by(ENTRIES.c.seq.desc())
                .limit(1)
            ).first()
            return _entry(row) if row else None

    def search(self, wanted: Wanted) -> tuple[Entry, ...]:
        self.start()
        query = select(*_SLIM).where(
            ENTRIES.c.tenant == wanted.tenant,
            ENTRIES.c.kind == "decision",
            ENTRIES.c.seq > wanted.after,
        )
        if wanted.patient is not None:
            query = query.where(ENTRIES.c.patient == wanted.patient)
        query = _between(query, wanted.begin, wanted.end)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(ENTRIES.c.seq).limit(wanted.most))
            return tuple(_entry(row) for row in rows)

    def feedback(self, tenant: str, id: str) -> tuple[Entry, ...]:
        self.start()
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(ENTRIES)
                .where(
                    ENTRIES.c.tenant == tenant,
                    ENTRIES.c.kind == "feedback",
                    ENTRIES.c.about == id,
                )
                .order_by(ENTRIES.c.seq)
            )
            return tuple(_entry(row) for row in rows)

    def export(
        self, begin: int | None = None, end: int | None = None
    ) -> Iterator[tuple[Link, Entry | None]]:
        self.start()
        with reading(self._engine) as connection:
            for link, entry in _pages(connection):
                if (begin is None or link.at >= begin) and (end is None or link.at < end):
                    yield link, entry

    def verify(self, head: str | None = None) -> Verified:
        # Not started: a log with a broken head is to be told of, not to be refused.
        with reading(self._engine) as connection:
            return verify.check(connection, self._keys, _pages(connection), head)

    def prune(self, before: int, at: int) -> Pruned:
        self.start()
        with appending(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL statement_timeout = 0"))
            seq, mac = self._head(connection)
            kept = connection.execute(
                select(func.min(CHAIN.c.seq)).where(CHAIN.c.at >= before)
            ).scalar()
            through = seq if kept is None else kept - 1
            old = (ENTRIES.c.seq <= through, ENTRIES.c.kind != "prune")
            count = connection.execute(select(func.count()).where(*old)).scalar() or 0
            if not count:
                return Pruned(0, 0)
            entry = _placed(verify.tombstone(at, through, count), seq + 1)
            self._append(connection, [(chain.link(self._keys, mac, seq + 1, entry), entry)])
            connection.execute(delete(ENTRIES).where(*old))
        if self._engine.dialect.name == "sqlite":
            # The log that SQLite writes ahead still holds what was removed.
            with self._engine.connect() as connection:
                driver = connection.connection.driver_connection
                assert driver is not None
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        return Pruned(count, through)

    def close(self) -> None:
        self._engine.dispose()


class _Known:
    """What the log already holds of the ids and the idempotency keys of some entries."""

    def __init__(self, connection: Connection, entries: Sequence[Entry]) -> None:
        self._by_id: dict[str, Entry] = {}
        self._by_key: dict[tuple[str, str], list[Entry]] = {}
        ids = {entry.id: entry for entry in entries}
        found = connection.execute(select(CHAIN.c.id, CHAIN.c.seq).where(CHAIN.c.id.in_(ids)))
        places = {row.id: row.seq for row in found}
        # A prune may have taken the content since; what was asked for is still kept no second time.
        self._by_id = {id: _placed(ids[id], seq) for id, seq in places.items()}
        keys = {entry.key for entry in entries if entry.key is not None}
        wanted = [ENTRIES.c.id.in_(places)] if places else []
        wanted += [ENTRIES.c.key.in_(keys)] if keys else []
        if wanted:
            for row in connection.execute(
                select(ENTRIES).where(or_(*wanted)).order_by(ENTRIES.c.seq)
            ):
                self.add(_entry(row))

    def add(self, entry: Entry) -> None:
        self._by_id[entry.id] = entry
        if entry.key is not None:
            self._by_key.setdefault((entry.tenant, entry.key), []).append(entry)

    def standing(self, entry: Entry, drained: bool) -> Entry:
        """Return what stands for *entry*: something with a place in the chain, or what is to be appended."""
        if entry.id in self._by_id:
            return self._by_id[entry.id]
        if entry.key is None:
            return entry
        used = self._by_key.get((entry.tenant, entry.key), ())
        within = [each for each in used if each.at >= entry.at - KEY_LASTS_US]
        if not within:
            return entry
        return entry.repeating(within[-1]) if drained else within[-1]


def _values(item: Link | Entry, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(item, name) for name in names}


def _between(query: Select[Any], begin: int | None, end: int | None) -> Select[Any]:
    if begin is not None:
        query = query.where(ENTRIES.c.at >= begin)
    return query if end is None else query.where(ENTRIES.c.at < end)


def _pages(connection: Connection) -> Iterator[tuple[Link, Entry | None]]:
    """Yield every link in order with its entry, a page at a time."""
    names = [column.label(f"chain_{column.name}") for column in CHAIN.columns]
    query = (
        select(*names, ENTRIES)
        .select_from(CHAIN.outerjoin(ENTRIES, CHAIN.c.seq == ENTRIES.c.seq))
        .order_by(CHAIN.c.seq)
        .limit(PAGE)
    )
    after: Any = None
    while True:
        page = query if after is None else query.where(CHAIN.c.seq > after)
        rows = connection.execute(page).all()
        for row in rows:
            link = Link(*(getattr(row, f"chain_{name}") for name in Link.__slots__))
            yield link, _entry(row) if row.seq is not None else None
        if len(rows) < PAGE:
            return
        after = rows[-1].chain_seq


def _entry(row: Row[*tuple[Any, ...]]) -> Entry:
    found = row._mapping
    return Entry(**{name: found[name] for name in _COLUMNS if name in found})


def _placed(entry: Entry, seq: int) -> Entry:
    parts = {name: getattr(entry, name) for name in _COLUMNS}
    return Entry(**{**parts, "seq": seq})
