"""Malformed bodies without end: every row of the table of bad input, and what chance makes of it."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.contract.bad_input import GOOD, ROWS
from tests.contract.doors import CANARY, DECISIONS

MOST = 40_000
"""Bytes of a body that chance works on; the large rows are sent as they are, and seldom."""
_SPLINTERS = (
    b"NaN", b"1e999", b'"\\ud800"', b"\xff", b"[" * 40, b'{"' + CANARY.encode() + b'":1}', b",,", b"\x00",
    b'"facts":{}', b"'", b"\\u0000", b"9" * 50, b"null", b"true", b"-", b"\xed\xa0\x80", b"\xe2\x80\xae", b"/*x*/",
)  # fmt: skip

Change = Callable[[bytes, random.Random], bytes]


def _cut(body: bytes, rng: random.Random) -> bytes:
    return body[: rng.randrange(len(body) + 1)]


def _drop(body: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(body) + 1)
    return body[:at] + body[at + rng.randrange(1, 20) :]


def _twice(body: bytes, rng: random.Random) -> bytes:
    at, length = rng.randrange(len(body) + 1), rng.randrange(1, 60)
    return body[: at + length] + body[at:]


def _splinter(body: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(body) + 1)
    return body[:at] + rng.choice(_SPLINTERS) + body[at:]


def _flip(body: bytes, rng: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(rng.randrange(1, 4)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _escape(body: bytes, rng: random.Random) -> bytes:
    letter = bytes([rng.choice(b"abefot")])
    return body.replace(letter, b"\\u00%02x" % letter[0], rng.randrange(1, 3))


CHANGES: tuple[Change, ...] = (_cut, _drop, _twice, _splinter, _flip, _escape)


def malformed(count: int, seed: str) -> Iterator[bytes]:
    """Yield *count* bodies: each row once, then rows and good inputs with one to three changes."""
    rng = random.Random(seed)
    rows = [row.body for row in ROWS]
    small = [body for body in (*rows, *GOOD.values()) if len(body) <= MOST]
    for at in range(count):
        if at < len(rows):
            yield rows[at]
            continue
        body = rng.choice(small)
        for _ in range(rng.randrange(1, 4)):
            body = rng.choice(CHANGES)(body, rng)
        yield body


@dataclass
class Thrown:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    told: int = 0
    """Refusals in which the canary stood."""
    seconds: list[float] = field(default_factory=list)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def throw(address: str, bodies: Iterator[bytes], together: int = 2) -> Thrown:
    """Send *bodies* to the decision route of *address* over connections that are kept."""
    parts, thrown = urlsplit(address), Thrown()

    async def one() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for body in bodies:
            begun = time.perf_counter()
            head = f"POST {DECISIONS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answered = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(answered.partition("content-length: ")[2].partition("\r")[0])
            told = await reader.readexactly(length)
            status = int(answered[9:12])
            thrown.statuses[status] += 1
            thrown.seconds.append(time.perf_counter() - begun)
            thrown.told += status != 200 and CANARY.encode() in told
            if "connection: close" in answered:
                await _close(writer)
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        await _close(writer)

    await asyncio.gather(*(one() for _ in range(together)))
    return thrown
