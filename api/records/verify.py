"""Whether a log is what was written: every link, every entry, every gap, and the end."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from api.records import chain
from api.records.database import NEWEST, guards, revision
from api.records.keys import Keys
from api.records.port import Entry, Link, Verified
from api.records.tables import CHAIN, ENTRIES, GUARDS, HEAD
from rules.canonical import canonical_json

MOST_PROBLEMS = 20


def tombstone(at: int, through: int, count: int) -> Entry:
    """Return the entry that says that *count* entries up to the place *through* were pruned at *at*."""
    notes = canonical_json({"removed": count, "through": through})
    return Entry(str(uuid.uuid4()), "prune", at, "receipt", notes, through=through)


def check(
    connection: Connection,
    keys: Keys,
    links: Iterator[tuple[Link, Entry | None]],
    head: str | None,
) -> Verified:
    """Go through the whole log once; name up to 20 problems by their place, none by its content.

    *head* is what an earlier check printed (`PLACE:CODE`): the chain must still contain it.
    """
    if revision(connection) != NEWEST:
        problem = "the tables are not those of this program"
        return Verified(0, 0, _written(0, chain.NOTHING), (problem,))
    problems: list[str] = []
    missing = sorted(set(GUARDS) - guards(connection))
    if missing:
        problems.append(f"the database no longer refuses changes: {', '.join(missing)}")
    head_row = connection.execute(select(HEAD)).first()
    if head_row is None:
        problems.append("the head is gone")
    elif not chain.is_head(keys, head_row.seq, head_row.mac, head_row.seal):
        problems.append("the head was changed, or the key is another one")
    cleared = _cleared(connection)
    before, place, pruned, seen = chain.NOTHING, 0, 0, 0
    anchored = head is None or head == _written(0, chain.NOTHING)
    for link, entry in links:
        place += 1
        wrong = _wrong(keys, before, place, link, entry, cleared)
        problems += [f"entry {link.seq}: {wrong}"] if wrong else []
        seen += entry is not None
        pruned += entry is None
        # Go on from what stands there, so that one change is told once and not once for every later link.
        before, place = link.mac, link.seq if isinstance(link.seq, int) else place
        anchored = anchored or head == _written(link.seq, link.mac)
        if len(problems) >= MOST_PROBLEMS:
            break
    else:
        if head_row is not None and (head_row.seq, head_row.mac) != (place, before):
            problems.append("the end is gone")
        if connection.execute(select(func.count()).select_from(ENTRIES)).scalar() != seen:
            problems.append("there are entries outside the chain")
    if not anchored and len(problems) < MOST_PROBLEMS:
        problems.append(
            "the head given is not in the chain: something before it was cut or rewritten"
        )
    return Verified(seen + pruned, pruned, _written(place, before), tuple(problems[:MOST_PROBLEMS]))


def _wrong(
    keys: Keys, before: str, place: int, link: Link, entry: Entry | None, cleared: int
) -> str | None:
    if link.seq != place:
        return "something before it is gone"
    if not chain.is_link(keys, before, link):
        return "the link was changed, or the one before it"
    if entry is not None:
        return None if chain.is_entry(keys, link, entry) else "the content was changed"
    pruned = link.seq <= cleared and link.kind != "prune"
    return None if pruned else "the content is gone, and no prune says so"


def _cleared(connection: Connection) -> int:
    """Return the last place that a prune still in the chain says it has cleared.

    A forged prune is found as a changed entry when the chain comes to it.
    """
    joined = ENTRIES.join(CHAIN, CHAIN.c.seq == ENTRIES.c.seq)
    places = connection.execute(
        select(ENTRIES.c.through)
        .select_from(joined)
        .where(ENTRIES.c.kind == "prune", ENTRIES.c.through < ENTRIES.c.seq)
    ).scalars()
    return max((each for each in places if isinstance(each, int)), default=0)


def _written(seq: int, mac: str) -> str:
    return f"{seq}:{mac}"
