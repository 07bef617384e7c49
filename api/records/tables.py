"""The tables of the log: the chain, which stays for ever; the entries, which may be pruned; and the head."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData()
LONG = BigInteger().with_variant(Integer, "sqlite")

CHAIN = Table(
    "chain",
    METADATA,
    Column("seq", LONG, primary_key=True, autoincrement=False),
    Column("id", String(36), nullable=False, unique=True),
    Column("kind", String(12), nullable=False),
    Column("at", LONG, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("mac", String(64), nullable=False),
)

ENTRIES = Table(
    "entries",
    METADATA,
    Column("seq", LONG, ForeignKey("chain.seq"), primary_key=True, autoincrement=False),
    Column("id", String(36), nullable=False, unique=True),
    Column("kind", String(12), nullable=False),
    Column("at", LONG, nullable=False),
    Column("level", String(8), nullable=False),
    Column("notes", Text, nullable=False),
    Column("body", LargeBinary),
    Column("tenant", String(64), nullable=False),
    Column("about", String(36)),
    Column("patient", String(64)),
    Column("key", String(64)),
    Column("request", String(64)),
    Column("through", LONG),
    Index("entries_about", "about"),
    Index("entries_patient", "tenant", "patient", "seq"),
    Index("entries_key", "tenant", "key"),
)

HEAD = Table(
    "head",
    METADATA,
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("seq", LONG, nullable=False),
    Column("mac", String(64), nullable=False),
    Column("seal", String(64), nullable=False),
)

GUARDS = (
    "chain_kept",
    "chain_not_changed",
    "chain_not_replaced",
    "entries_kept",
    "entries_not_changed",
    "entries_not_replaced",
    "head_kept",
    "head_only_moves_on",
)
"""Triggers by which the database itself refuses what the program never does."""
