"""Changes that somebody with the whole database, but without the key, could make to a log."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

from api.records.keys import Keys
from tests.unit.records.logs import KEYS, entry, open_log

COLUMNS = {
    "chain": ("id", "kind", "at", "digest", "mac"),
    "entries": (
        "id", "kind", "at", "level", "notes", "body", "tenant", "about", "patient", "key", "request", "through",
    ),
    "head": ("seq", "mac", "seal"),
}  # fmt: skip
EDITS = (
    "cell", "cell", "cell", "bit", "bit", "delete entry", "delete link", "delete both", "swap entries",
    "swap links", "cut", "cut and old seal", "cut head", "forge", "copy", "prune more", "stray", "guard",
)  # fmt: skip


def write_log(file: Path, keys: Keys = KEYS) -> str:
    """Write a small log that holds one of everything, and return its head."""
    log = open_log(file, keys)
    decisions = [
        entry(
            at=at, text=f'{{"n":{at}}}', patient=f"{at % 3:064}", key=f"{at:064}", request="r" * 64
        )
        for at in range(1, 13)
    ]
    log.record(decisions)
    log.record([entry(at=20, kind="feedback", about=decisions[5].id)])
    log.record([entry(at=21, key=decisions[5].key, request="r" * 64)], drained=True)
    log.prune(before=4, at=22)
    log.record([entry(at=23), entry(at=24, level="receipt", body=None)])
    head = log.verify().head
    log.close()
    # Everything in the one file, so that a copy of it is a copy of the log.
    base = sqlite3.connect(file)
    base.execute("PRAGMA journal_mode=DELETE")
    base.close()
    return head


def tamper(file: Path, seed: int | None) -> str:
    """Change the log in *file* in a way drawn from *seed*; say in which. None: only go through the motions."""
    rng = random.Random(seed)
    base = sqlite3.connect(file, isolation_level=None)
    guards = base.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    base.execute("PRAGMA synchronous=OFF")
    base.execute("BEGIN")
    for name, _ in guards:
        base.execute(f"DROP TRIGGER {name}")
    before = "\n".join(base.iterdump())
    what = ""
    while seed is not None and "\n".join(base.iterdump()) == before:
        what = rng.choice(EDITS)
        _edit(base, rng, what)
        if what == "guard":
            guards = rng.sample(guards, len(guards) - 1)
            break
    for _, sql in guards:
        base.execute(sql)
    base.execute("COMMIT")
    base.close()
    return what


def _edit(base: sqlite3.Connection, rng: random.Random, what: str) -> None:
    seqs = [row[0] for row in base.execute("SELECT seq FROM entries")]
    links = [row[0] for row in base.execute("SELECT seq FROM chain")]
    one, other = rng.sample(seqs, 2)
    link, next_link = rng.sample(links, 2)
    match what:
        case "cell":
            table = rng.choice(list(COLUMNS))
            column = rng.choice(COLUMNS[table])
            where = "" if table == "head" else f"WHERE seq = {one if table == 'entries' else link}"
            value = rng.choice(
                [None, 7, -1, "x", "0" * 64, b"x", 1.5, _flip(base, rng, table, column, where)]
            )
            base.execute(f"UPDATE OR IGNORE {table} SET {column} = ? {where}", (value,)) if (
                value is not None or _may_be_null(table, column)
            ) else None
        case "bit":
            base.execute(
                "UPDATE entries SET body = ? WHERE seq = ?",
                (_flip(base, rng, "entries", "body", f"WHERE seq = {one}"), one),
            )
        case "delete entry":
            base.execute("DELETE FROM entries WHERE seq = ?", (one,))
        case "delete link":
            base.execute("DELETE FROM chain WHERE seq = ?", (link,))
        case "delete both":
            base.execute("DELETE FROM entries WHERE seq = ?", (one,))
            base.execute("DELETE FROM chain WHERE seq = ?", (one,))
        case "swap entries":
            _swap(base, "entries", one, other)
        case "swap links":
            _swap(base, "chain", link, next_link)
        case "cut" | "cut and old seal" | "cut head":
            last = max(links) - rng.randint(1, 8)
            base.execute("DELETE FROM entries WHERE seq > ?", (last,))
            base.execute("DELETE FROM chain WHERE seq > ?", (last,))
            if what == "cut and old seal":
                base.execute(
                    "UPDATE head SET seq = ?, mac = (SELECT mac FROM chain WHERE seq = ?)",
                    (last, last),
                )
            if what == "cut head":
                base.execute("DELETE FROM head")
        case "forge":
            _forge(base, rng, max(links) + 1, one)
        case "copy":
            base.execute(
                "INSERT INTO entries SELECT ?, 'copied', kind, at, level, notes, body, tenant, about, patient, key, "
                "request, through FROM entries WHERE seq = ?",
                (min(links), one),
            )
        case "prune more":
            base.execute("UPDATE entries SET through = ? WHERE kind = 'prune'", (max(links) - 3,))
            base.execute("DELETE FROM entries WHERE seq < ? AND kind <> 'prune'", (max(links) - 3,))
        case "stray":
            _forge(base, rng, max(links) + rng.randint(2, 9), one, linked=False)


def _may_be_null(table: str, column: str) -> bool:
    return table == "entries" and column in (
        "body",
        "about",
        "patient",
        "key",
        "request",
        "through",
    )


def _flip(
    base: sqlite3.Connection, rng: random.Random, table: str, column: str, where: str
) -> object:
    """Return the value of a cell with one bit, letter or unit changed."""
    value = base.execute(f"SELECT {column} FROM {table} {where}").fetchone()[0]
    match value:
        case bytes() if value:
            at = rng.randrange(len(value))
            return value[:at] + bytes([value[at] ^ (1 << rng.randrange(8))]) + value[at + 1 :]
        case str() if value:
            at = rng.randrange(len(value))
            return value[:at] + ("0" if value[at] != "0" else "1") + value[at + 1 :]
        case int():
            return value + rng.choice([-1, 1])
    return "1"


def _swap(base: sqlite3.Connection, table: str, one: int, other: int) -> None:
    """Let two rows change places, with or without their ids."""
    base.execute(f"UPDATE {table} SET seq = -1 WHERE seq = ?", (one,))
    base.execute(f"UPDATE {table} SET seq = ? WHERE seq = ?", (one, other))
    base.execute(f"UPDATE {table} SET seq = ? WHERE seq = -1", (other,))


def _forge(
    base: sqlite3.Connection, rng: random.Random, seq: int, like: int, linked: bool = True
) -> None:
    """Add an entry as somebody would who knows everything but the key."""
    mac, digest = rng.randbytes(32).hex(), rng.randbytes(32).hex()
    if linked:
        base.execute(
            "INSERT INTO chain VALUES (?, 'forged', 'decision', 99, ?, ?)", (seq, digest, mac)
        )
        base.execute("UPDATE head SET seq = ?, mac = ?", (seq, mac))
    base.execute(
        "INSERT INTO entries SELECT ?, 'forged', 'decision', 99, level, notes, body, tenant, about, patient, NULL, "
        "request, NULL FROM entries WHERE seq = ?",
        (seq, like),
    )
