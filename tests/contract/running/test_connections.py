"""What reaches a port byte by byte: slow clients, half a request, heads too large, two lengths."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from api.running import protocol
from api.running.protocol import CarefulProtocol

pytestmark = [pytest.mark.hazard("H-42"), pytest.mark.hazard("H-71")]

HEAD = 0.6
"""Seconds a head may take here; ten in a service."""


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the length of the body, once it has come."""
    if scope["type"] != "http":
        return
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = str(length).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Port:
    """A server in a thread, and sockets to it."""

    def __init__(self) -> None:
        config = uvicorn.Config(
            echo,
            port=0,
            http=CarefulProtocol,
            lifespan="off",
            log_config=None,
            timeout_keep_alive=1,
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self) -> Port:
        self.thread.start()
        end = time.monotonic() + 20
        while not self.server.started and time.monotonic() < end:
            time.sleep(0.01)
        self.number = self.server.servers[0].sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: Any) -> None:
        self.server.should_exit = True
        self.thread.join(20)

    def open(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.number), timeout=15)

    def say(self, *pieces: bytes, pause: float = 0.0) -> tuple[int, bytes, float]:
        """Send *pieces*; return status, everything that came back, and how long it took to be closed or answered."""
        begun = time.monotonic()
        with self.open() as one:
            try:
                for piece in pieces:
                    one.sendall(piece)
                    time.sleep(pause)
            except OSError:
                pass
            told = b""
            try:
                while part := one.recv(65536):
                    told += part
                    if told.startswith(b"HTTP/1.1 200") and b"\r\n\r\n" in told:
                        break
            except OSError:
                pass
        status = int(told[9:12]) if told else 0
        return status, told, time.monotonic() - begun


@pytest.fixture(scope="module")
def port() -> Iterator[Port]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol, "HEAD_SECONDS", HEAD)
        patch.setattr(protocol, "BODY_SECONDS", HEAD)
        with Port() as one:
            yield one


def post(*fields: str, body: bytes = b"", path: str = "/") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *fields]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


MANY = [f"x-{at}: 1" for at in range(1_000)]

TABLE = {
    "a body of a known length": (post("Content-Length: 3", body=b"abc"), 200),
    "a chunked body": (post("Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n"), 200),
    "no body": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 200),
    "an address of 2 KiB": (post("Content-Length: 0", path="/" + "a" * 2047), 200),
    "15 KiB of head": (post("Content-Length: 0", "x: " + "a" * 15_000), 200),
    "a length and chunked": (post("Content-Length: 3", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
    "chunked and a length": (post("Transfer-Encoding: chunked", "Content-Length: 3", body=b"0\r\n\r\n"), 400),
    "two lengths": (post("Content-Length: 3", "Content-Length: 4", body=b"abcd"), 400),
    "the same length twice": (post("Content-Length: 3", "Content-Length: 3", body=b"abc"), 400),
    "two lengths in one field": (post("Content-Length: 3, 4", body=b"abcd"), 400),
    "a length below nothing": (post("Content-Length: -1"), 400),
    "a length with a sign": (post("Content-Length: +3", body=b"abc"), 400),
    "a length in letters": (post("Content-Length: three", body=b"abc"), 400),
    "a length without end": (post(f"Content-Length: {'9' * 40}"), 400),
    "chunked twice": (post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
    "chunked and another coding": (post("Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), 400),
    "another coding alone": (post("Transfer-Encoding: gzip"), 400),
    "chunked in disguise": (post("Transfer-Encoding: xchunked", body=b"0\r\n\r\n"), 400),
    "a chunk of no number": (post("Transfer-Encoding: chunked", body=b"zz\r\nabc\r\n0\r\n\r\n"), 400),
    "a blank before the colon": (post("Content-Length : 3", body=b"abc"), 400),
    "a folded field": (b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nx: a\r\n b\r\nContent-Length: 0\r\n\r\n", 400),
    "a NUL in a field": (post("x: a\0b", "Content-Length: 0"), 400),
    "no version": (b"POST /\r\nHost: 127.0.0.1\r\n\r\n", 400),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "100 KiB of head": (post("Content-Length: 0", "x: " + "a" * 102_400), 431),
    "17 KiB of head": (post("Content-Length: 0", "x: " + "a" * 17_000), 431),
    "100 KiB of head that does not end": (b"GET / HTTP/1.1\r\nx: " + b"a" * 102_400, 431),
    "1,000 fields": (post("Content-Length: 0", *MANY), 431),
    "an address of 10 KiB": (post("Content-Length: 0", path="/" + "a" * 10_240), 414),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "status"), TABLE.values(), ids=TABLE)
def test_a_request_is_read_in_one_way_or_refused_and_the_connection_closed(
    sent: bytes, status: int, port: Port
) -> None:
    found, told, _ = port.say(sent)

    assert found == status, told
    if status != 200:
        head, _, body = told.partition(b"\r\n\r\n")
        assert b"connection: close" in head.lower()
        assert b"cache-control: no-store" in head.lower()
        assert set(json.loads(body)) == {"code", "message", "help", "where", "problems"}
        assert b"aaaa" not in body


def test_what_follows_a_refused_request_on_the_same_connection_is_not_read(port: Port) -> None:
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

    _, told, _ = port.say(
        post("Content-Length: 3", "Transfer-Encoding: chunked", body=b"0\r\n\r\n") + smuggled
    )

    assert told.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "begun",
    [b"", b"P", b"POST / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nx: ",
     post("Content-Length: 100", body=b"a"), post("Transfer-Encoding: chunked", body=b"5\r\nab")],
    ids=["nothing", "a letter", "a line", "a field", "a body", "a chunk"],
)  # fmt: skip
def test_half_a_request_and_then_silence_is_closed_in_time(begun: bytes, port: Port) -> None:
    status, _, seconds = port.say(begun)

    assert status in (0, 408)
    assert HEAD / 2 < seconds < HEAD + 10


def test_a_byte_at_a_time_does_not_stretch_the_time(port: Port) -> None:
    pieces = [bytes([each]) for each in post("Content-Length: 0")]

    status, _, seconds = port.say(*pieces, pause=0.1)

    assert status in (0, 408)
    assert seconds < len(pieces) * 0.1 + 10
    assert status != 200


def test_many_half_sent_requests_are_all_closed_while_others_are_answered(port: Port) -> None:
    async def one() -> float:
        reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
        begun = time.monotonic()
        writer.write(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nx: ")
        await reader.read()
        writer.close()
        return time.monotonic() - begun

    async def many() -> list[float]:
        held = [asyncio.ensure_future(one()) for _ in range(200)]
        await asyncio.sleep(HEAD / 3)
        status, _, _ = await asyncio.to_thread(port.say, post("Content-Length: 1", body=b"a"))
        assert status == 200
        return await asyncio.gather(*held)

    seconds = asyncio.run(many())

    assert len(seconds) == 200
    assert max(seconds) < HEAD + 10


def test_of_too_many_connections_the_one_that_has_waited_longest_makes_room(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    time.sleep(HEAD + 0.3)  # whatever earlier tests left open is closed
    monkeypatch.setattr(CarefulProtocol, "most_connections", 3)
    held = [port.open() for _ in range(3)]
    for one in held:
        one.sendall(b"POST / HTTP/1.1\r\n")
        time.sleep(0.05)

    status, _, _ = port.say(post("Content-Length: 1", body=b"a"))
    held[0].settimeout(5)

    assert status == 200
    assert b"200 OK" not in held[0].recv(1000)
    for one in held:
        one.close()
