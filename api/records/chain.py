"""How entries are bound to each other: the code of one entry, of one link, and of the head."""

from __future__ import annotations

import hashlib

from api.records.keys import Keys
from api.records.port import Entry, Link

NOTHING = "0" * 64
"""Stands before the first link."""


def digest(keys: Keys, entry: Entry) -> str:
    """Return the code of everything an entry holds; its place is bound by the link."""
    body = None if entry.body is None else hashlib.sha256(entry.body).hexdigest()
    return keys.code("entry", *_content(entry), body)


def _content(entry: Entry) -> tuple[object, ...]:
    return (
        entry.id,
        entry.kind,
        entry.at,
        entry.level,
        entry.notes,
        entry.tenant,
        entry.about,
        entry.patient,
        entry.key,
        entry.request,
        entry.through,
    )


def link(keys: Keys, before: str, seq: int, entry: Entry) -> Link:
    """Return the link of *entry* at place *seq*, after the link whose code is *before*."""
    own = digest(keys, entry)
    mac = keys.code("link", before, seq, entry.id, entry.kind, entry.at, own)
    return Link(seq, entry.id, entry.kind, entry.at, own, mac)


def is_link(keys: Keys, before: str, found: Link) -> bool:
    """Tell whether *found* follows the link whose code is *before*."""
    parts = (before, found.seq, found.id, found.kind, found.at, found.digest)
    return _fits(keys, found.mac, "link", *parts)


def is_entry(keys: Keys, found: Link, entry: Entry) -> bool:
    """Tell whether *entry* is what was recorded at *found*."""
    if (entry.seq, entry.id, entry.kind, entry.at) != (found.seq, found.id, found.kind, found.at):
        return False
    body = entry.body
    if body is not None and not isinstance(body, bytes):
        return False
    packed = None if body is None else hashlib.sha256(body).hexdigest()
    return _fits(keys, found.digest, "entry", *_content(entry), packed)


def seal(keys: Keys, seq: int, mac: str) -> str:
    """Return the code of the head: without the key nobody can say that the chain ends elsewhere."""
    return keys.code("head", seq, mac)


def is_head(keys: Keys, seq: int, mac: str, sealed: str) -> bool:
    return _fits(keys, sealed, "head", seq, mac)


def _fits(keys: Keys, code: object, purpose: str, *parts: object) -> bool:
    try:
        return keys.fits(code, purpose, *parts)
    except (TypeError, ValueError):
        return False  # a value of a type we never write
