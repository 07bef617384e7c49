"""The proxy a site is given, in front of the service it is given: what it passes on, cuts off and keeps to itself."""

from __future__ import annotations

import json
import resource
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.contract.doors import CANARY, DECISIONS
from tests.contract.test_bad_input_sockets import status
from tests.deployment.proxy import NAME, NGINX, Proxy, configured, proxied, write_certificate

needs_nginx = pytest.mark.skipif(NGINX is None, reason="no nginx here: `apt install nginx-light`")
HOST = f"Host: {NAME}\r\n".encode()
BODY = b'{"facts": {"age": 51}, "on": "2026-03-01"}'
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with proxied(tmp_path_factory.mktemp("site")) as found:
        yield found


def post(proxy: Proxy, *more: bytes, body: bytes = BODY, key: str | None = None) -> bytes:
    """Return a request for a decision, under the key of the site unless another is named."""
    bearer = f"Authorization: Bearer {proxy.key if key is None else key}\r\n".encode()
    head = b"".join(more) or b"Content-Length: %d\r\n" % len(body)
    return (
        f"POST {DECISIONS} HTTP/1.1\r\n".encode()
        + HOST
        + (bearer if key != "" else b"")
        + b"Content-Type: application/json\r\nConnection: close\r\n"
        + head
        + b"\r\n"
        + body
    )


def get(path: bytes, *more: bytes) -> bytes:
    return b"GET %s HTTP/1.1\r\n%s%sConnection: close\r\n\r\n" % (path, HOST, b"".join(more))


def error_of(answer: bytes) -> str:
    """Return the code of an error, which must be told in our shape."""
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert body.keys() == {"code", "message", "help", "where", "problems"}
    assert body["problems"] == [{k: v for k, v in body.items() if k != "problems"}]
    return str(body["code"])


@needs_nginx
@pytest.mark.slow
def test_a_caller_with_a_key_gets_its_decision_recorded_and_one_without_gets_401(
    proxy: Proxy,
) -> None:
    answer, _ = proxy.say(post(proxy))
    refused, _ = proxy.say(post(proxy, key=""))

    assert status(answer) == 200
    assert b"steppedcare-recorded: full" in answer.lower()
    assert b"strict-transport-security" in answer.lower()
    assert b"server: nginx\r\n" in answer.lower() or b"server:" not in answer.lower()
    assert status(refused) == 401


@needs_nginx
@pytest.mark.slow
def test_another_name_gets_no_handshake(proxy: Proxy) -> None:
    context = ssl.create_default_context(cafile=str(proxy.certificate))
    context.check_hostname = False
    with proxy.plain() as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname="elsewhere.example")


@needs_nginx
@pytest.mark.slow
@pytest.mark.hazard("H-71")
@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(BODY),
        b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n" % len(BODY),
        b"Content-Length: 13\r\nContent-Length: 14\r\n",
        b"Content-Length: 13\r\nContent-Length: 13\r\n",
        b"Content-Length: -13\r\n",
        b"Content-Length: +13\r\n",
        b"Content-Length : 13\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        b"X-A: b\r\n c\r\nContent-Length: 13\r\n",
    ],
    ids=lambda head: head.decode().replace("\r\n", "; "),
)
def test_a_request_whose_end_can_be_read_in_two_ways_is_refused_and_the_next_is_not_answered(
    proxy: Proxy, head: bytes
) -> None:
    body = CHUNKS if b"chunked" in head else BODY

    answer, closed = proxy.say(post(proxy, head, body=body) + get(b"/health/live"))

    assert 400 <= status(answer) < 502
    assert status(answer) != 404
    assert closed
    assert answer.count(b"HTTP/1.1 ") == 1


@needs_nginx
@pytest.mark.slow
@pytest.mark.hazard("H-43")
@pytest.mark.parametrize(
    ("request_", "code", "told"),
    [
        (get(b"/health/live", b"X-A: " + b"a" * 100_000 + b"\r\n"), 431, "headers-too-long"),
        (get(b"/health/live?" + b"a" * 10_000), 414, "address-too-long"),
        (get(b"/metrics"), 404, "not-found"),
        (b"NOT HTTP\r\n\r\n", 400, "not-http"),
    ],
    ids=["a header of 100 KB", "an address of 10 KB", "its own counters", "no HTTP"],
)
def test_what_the_proxy_refuses_itself_is_told_in_the_shape_of_the_service(
    proxy: Proxy, request_: bytes, code: int, told: str
) -> None:
    answer, _ = proxy.say(request_)

    assert status(answer) == code
    assert error_of(answer) == told


@needs_nginx
@pytest.mark.slow
@pytest.mark.hazard("H-43")
def test_a_body_that_says_it_is_too_long_is_refused_unread(proxy: Proxy) -> None:
    answer, _ = proxy.say(post(proxy, b"Content-Length: 1099511627776\r\n"))

    assert status(answer) == 413
    assert error_of(answer) == "too-large"


@needs_nginx
@pytest.mark.slow
@pytest.mark.hazard("H-71")
def test_what_a_caller_says_of_where_it_comes_from_is_not_passed_on(proxy: Proxy) -> None:
    forged = b"X-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\n"
    length = b"Content-Length: %d\r\n" % len(BODY)

    assert status(proxy.say(post(proxy, forged, length, key=""))[0]) == 401
    assert status(proxy.say(post(proxy, forged, length))[0]) == 200


@needs_nginx
@pytest.mark.slow
@pytest.mark.hazard("H-61")
def test_no_log_of_the_proxy_or_the_service_holds_what_was_sent(proxy: Proxy) -> None:
    length = b"Content-Length: %d\r\n" % len(BODY)
    name = f"Steppedcare-Patient: {CANARY}\r\n".encode()
    proxy.say(post(proxy, name, length))
    proxy.say(get(f"/v1/{CANARY}?{CANARY}".encode()))
    proxy.say(get(f"/{CANARY}".encode() + b"a" * 10_000))
    proxy.say(f"GET /{CANARY} NOTHTTP\r\n\r\n".encode())

    logs = [each for each in proxy.folder.iterdir() if each.suffix == ".log"]
    told = "\n".join(each.read_text() for each in logs)

    assert '"status":200' in told
    assert CANARY not in told
    assert proxy.key not in told
    assert "127.0.0.1" not in (proxy.folder / "steppedcare.log").read_text()


def held(lines: list[socket.socket]) -> int:
    """Return how many connections the other side has not closed."""
    count = 0
    for line in lines:
        line.setblocking(False)
        try:
            count += bool(line.recv(65_536)) is True and not _ended(line)
        except (ssl.SSLWantReadError, BlockingIOError):
            count += 1
        except OSError:
            pass
    return count


def _ended(line: socket.socket) -> bool:
    with suppress(ssl.SSLWantReadError, BlockingIOError, OSError):
        while line.recv(65_536):
            pass
        return True
    return False


@needs_nginx
@pytest.mark.slow
@pytest.mark.hazard("H-42")
def test_of_two_thousand_half_sent_requests_none_is_held_after_eight_seconds(proxy: Proxy) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    lines: list[socket.socket] = []
    try:
        for at in range(2000):
            if at % 2:
                line: socket.socket = proxy.plain()
                line.sendall(b"\x16\x03\x01")  # the first bytes of a handshake that is not finished
            else:
                line = proxy.line()
                line.sendall(get(b"/health/live")[: 20 + at % 40])
            lines.append(line)
        begun = time.monotonic()
        answer, _ = proxy.say(post(proxy))
        waited = time.monotonic() - begun
        time.sleep(8)
        left = held(lines)
    finally:
        for line in lines:
            line.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert status(answer) == 200
    assert waited < 5
    assert left == 0


@needs_nginx
@pytest.mark.slow
@pytest.mark.hazard("H-42")
@pytest.mark.parametrize("pause", [1, 30], ids=["a byte a second", "silence"])
def test_a_slow_body_is_cut_off_within_twelve_seconds(proxy: Proxy, pause: int) -> None:
    begun = time.monotonic()
    with closing(proxy.line()) as line:
        line.settimeout(0.05)
        line.sendall(post(proxy, b"Content-Length: 1000\r\n", body=b"{"))
        ended, last = False, time.monotonic()
        while not ended and time.monotonic() - begun < 20:
            try:
                if time.monotonic() - last > pause:
                    line.sendall(b" ")
                    last = time.monotonic()
                ended = line.recv(65_536) is not None
            except TimeoutError:
                continue
            except OSError:
                ended = True

    assert ended
    assert time.monotonic() - begun < 12


@needs_nginx
def test_the_shipped_configuration_is_one_nginx_accepts(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    configured(tmp_path, 4443, 8000)

    words = [str(NGINX), "-t", "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "log")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr
