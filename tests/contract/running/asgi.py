"""One request put straight to an application, piece by piece, with as many beside it as a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.types import ASGIApp, Message

from tests.contract.doors import DECISIONS

Answer = tuple[int, dict[str, str], bytes]


def ask(app: ASGIApp, pieces: Sequence[bytes], *, ends: bool = True) -> Answer:
    """Send one request of *pieces*; without an end it is one that never comes."""
    return asyncio.run(asked(app, pieces, ends=ends))


async def asked(
    app: ASGIApp, pieces: Sequence[bytes], *, ends: bool = True, path: str = DECISIONS
) -> Answer:
    """Do the same inside a running loop."""
    left, sent = list(pieces), list[Message]()

    async def receive() -> Message:
        if not left:
            await asyncio.sleep(3600)
        more = len(left) > 1 or not ends
        return {"type": "http.request", "body": left.pop(0), "more_body": more}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(m.get("body", b"") for m in sent[1:])
