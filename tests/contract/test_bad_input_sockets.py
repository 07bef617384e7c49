"""Rows 21, 22 and 25 of the bad-input table: what only the bytes on a connection show, against a running server."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.contract.doors import CANARY, DECISIONS
from tests.serving import COMMAND, free_port, heard, running

pytestmark = pytest.mark.slow  # the short run has tests/contract/running/test_connections.py
HEAD = (
    f"POST {DECISIONS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    f"X-Patient: {CANARY}\r\n"
).encode()
GET = b"GET /health/live%s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
BODY = b'{"facts": {}}'
CHUNKS = b"d\r\n%s\r\n0\r\n\r\n" % BODY


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Start the service as a site would, and stop it by its id."""
    port = free_port()
    log = tmp_path_factory.mktemp("service") / "log"
    with running([str(COMMAND), "serve", "--port", str(port)], port, log):
        yield port
    assert CANARY not in log.read_text()


def say(port: int, data: bytes, seconds: float = 5) -> tuple[bytes, bool]:
    """Send *data*; return what is answered within *seconds*, and whether the server closed the connection."""
    return heard(socket.create_connection(("127.0.0.1", port)), data, seconds)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


AMBIGUOUS = {
    "length, then chunked": HEAD + b"Content-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "chunked, then length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 13\r\n\r\n" + CHUNKS,
    "two lengths": HEAD + b"Content-Length: 13\r\nContent-Length: 14\r\n\r\n" + BODY,
    "the same length twice": HEAD + b"Content-Length: 13\r\nContent-Length: 13\r\n\r\n" + BODY,
    "a negative length": HEAD + b"Content-Length: -13\r\n\r\n" + BODY,
    "a length with a sign": HEAD + b"Content-Length: +13\r\n\r\n" + BODY,
    "a folded header": HEAD + b"X-A: b\r\n c\r\nContent-Length: 13\r\n\r\n" + BODY,
    "a blank before the colon": HEAD + b"Content-Length : 13\r\n\r\n" + BODY,
    "nearly chunked": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKS,
    "chunked and not": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + CHUNKS,
    "a negative piece": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-" + CHUNKS,
}  # fmt: skip


@pytest.mark.hazard("H-71")
@pytest.mark.parametrize("what", AMBIGUOUS)
def test_row_21_a_request_whose_end_can_be_read_in_two_ways_is_refused_and_cut_off(
    port: int, what: str
) -> None:
    behind = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

    answer, closed = say(port, AMBIGUOUS[what] + behind)

    assert status(answer) == 400
    assert closed
    assert answer.count(b"HTTP/1.1 ") == 1
    assert CANARY.encode() not in answer


LONG = {
    "a header of 100 KB": (GET % b"" + b"X-A: " + b"a" * 100_000 + b"\r\n\r\n", 431),
    "1,000 headers": (GET % b"" + b"".join(b"X-%d: a\r\n" % at for at in range(1000)) + b"\r\n", 431),
    "an address of 10 KB": (GET % (b"?" + b"a" * 10_000) + b"\r\n", 414),
}  # fmt: skip


@pytest.mark.hazard("H-43")
@pytest.mark.parametrize("what", LONG)
def test_row_22_headers_and_addresses_without_measure_are_refused(port: int, what: str) -> None:
    request, code = LONG[what]

    answer, _ = say(port, request)

    assert status(answer) == code


HALVES = {
    "nothing at all": b"",
    "half a header": HEAD,
    "half a body": HEAD + b"Content-Length: 13\r\n\r\n{",
}


@pytest.mark.hazard("H-42")
@pytest.mark.parametrize("what", HALVES)
def test_row_25_half_a_request_is_cut_off_within_ten_seconds(port: int, what: str) -> None:
    answer, closed = say(port, HALVES[what], seconds=12)

    assert closed or status(answer) == 408


@pytest.mark.hazard("H-42")
def test_row_25_a_byte_a_second_is_cut_off_within_ten_seconds(port: int) -> None:
    with closing(socket.create_connection(("127.0.0.1", port))) as line:
        line.setblocking(False)
        begun = time.monotonic()
        for byte in HEAD:
            try:
                line.send(bytes([byte]))
                time.sleep(1)
                if line.recv(65_536) is not None:
                    break
            except BlockingIOError:
                pass
            except ConnectionError:
                break
            if time.monotonic() - begun > 14:
                break

        assert time.monotonic() - begun < 14


def test_the_server_still_answers_after_all_that(port: int) -> None:
    answer, _ = say(port, GET % b"" + b"Connection: close\r\n\r\n")

    assert status(answer) == 200
