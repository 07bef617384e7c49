"""What a connection may do before a request reaches the application: how slowly, how much, and in which form.

The server underneath waits for ever for the rest of a request that has begun, takes heads of any size, and leaves two
ways to say how long a body is side by side. Each is refused here, where the bytes arrive.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.door import HEADERS
from api.errors import error_body
from schemas.errors import InputError, Problem

HEAD_SECONDS = 10.0
"""From the first byte of a connection, or of a request on one that is kept, to the end of the request's head."""
BODY_SECONDS = 12.0
"""From the end of the head to the end of the body; the application stops waiting two seconds earlier."""
LONGEST_HEAD = 16 * 1024
MOST_HEADERS = 100
LONGEST_URL = 2 * 1024
MOST_CONNECTIONS = 4_000
_PHRASES = {
    400: "Bad Request",
    408: "Request Timeout",
    414: "URI Too Long",
    431: "Request Header Fields Too Large",
}


class CarefulProtocol(HttpToolsProtocol):
    """One connection with an end to its patience."""

    most_connections = MOST_CONNECTIONS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head = 0
        self._is_in_head = True
        self._is_refused = False
        self._deadline: asyncio.TimerHandle | None = None
        self._wait(HEAD_SECONDS)
        if len(self.connections) > self.most_connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused or self.parser is None:
            return
        if self._deadline is None:
            # The first bytes of another request on a connection that was kept open.
            self._wait(HEAD_SECONDS)
        if self._is_in_head:
            self._head += len(data)
            if self._head > LONGEST_HEAD and b"\r\n\r\n" not in data and b"\n\n" not in data:
                self._refuse(431, "header-too-large", "the head of the request is over 16 KiB")
                return
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Answer to bytes that are no request; *msg* is the server's own text and is not used."""
        if not self._is_refused:
            self._refuse(400, "not-http", "what was sent is not an HTTP request")

    # -- what the parser meets, in order -------------------------------------------------------------

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head, self._head_bytes = True, 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > LONGEST_URL:
            self._refuse(414, "address-too-long", "the address is over 2 KiB")

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > LONGEST_HEAD or len(self.headers) > MOST_HEADERS:
            self._refuse(
                431, "header-too-large", "the head of the request has over 16 KiB or 100 fields"
            )

    def on_headers_complete(self) -> None:
        if self._is_refused:
            return
        self._is_in_head, self._head = False, 0
        if self.parser.get_http_version() not in ("1.0", "1.1"):
            self._refuse(400, "not-http", "the version of HTTP is not 1.0 or 1.1")
            return
        names = [name for name, _ in self.headers]
        lengths = names.count(b"content-length")
        chunked = [value for name, value in self.headers if name == b"transfer-encoding"]
        if lengths > 1 or (chunked and lengths) or len(chunked) > 1:
            self._refuse(400, "two-lengths", "the request says in two ways how long it is")
            return
        if chunked and chunked[0].strip().lower() != b"chunked":
            self._refuse(
                400, "two-lengths", "the only transfer coding that is understood is `chunked`"
            )
            return
        if any(value[:1] in (b" ", b"\t") or b"\n" in value for _, value in self.headers):
            self._refuse(400, "not-http", "a header is folded over several lines")
            return
        try:
            parsed = httptools.parse_url(self.url)
            (parsed.path or b"").decode("ascii")
        except (httptools.HttpParserError, UnicodeDecodeError):
            self._refuse(400, "not-http", "the address cannot be read")
            return
        self._wait(BODY_SECONDS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._is_refused:
            return
        self._wait(None)
        self._is_in_head = True
        super().on_message_complete()

    # -- the end of patience -------------------------------------------------------------------------

    def _wait(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._expire)

    def _expire(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        begun = self.cycle is not None and not self.cycle.response_complete
        if begun or not self._head:
            # The application answers for itself, or nothing has been sent that could be answered.
            self.transport.close()
        else:
            self._refuse(408, "too-slow", "the request did not arrive in time")

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answer with *status* and close; what still comes in is not read."""
        if self._is_refused:
            return
        self._is_refused = True
        self._wait(None)
        problem = Problem(
            code=code, message=message, help="see the README of the service", where="request"
        )
        body = json.dumps(error_body(InputError(problem))).encode()
        lines = [
            f"HTTP/1.1 {status} {_PHRASES[status]}",
            *(f"{k}: {v}" for k, v in HEADERS.items()),
        ]
        lines += [
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "Connection: close",
        ]
        cycle = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            if cycle is not None:
                cycle.disconnected = (
                    True  # whoever waits there for the rest learns that it does not come
                )
                cycle.message_event.set()
            self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        self.transport.close()

    def _make_room(self) -> None:
        """Close the connection that has waited longest for the rest of its request; this one, when there is none."""
        waiting = [
            each
            for each in self.connections
            if isinstance(each, CarefulProtocol) and each is not self and each._deadline is not None
        ]
        slowest: Any = min(waiting, key=lambda each: each._when, default=self)
        slowest.transport.close()

    @property
    def _when(self) -> float:
        return self._deadline.when() if self._deadline is not None else 0.0
