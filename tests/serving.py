"""A server for a test, on a free port of this machine: in a process of its own, ended by its id, or in a thread."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn

COMMAND = Path(sys.executable).with_name("steppedcare")
START_SECONDS = 60


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return int(found.getsockname()[1])


def surroundings(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of these tests without what a site may have set in it, and with *settings*."""
    alone = {name: each for name, each in os.environ.items() if not name.startswith("STEPPEDCARE")}
    return {**alone, **settings}


def wait_for(port: int, running: subprocess.Popen[bytes]) -> None:
    """Return as soon as something listens at *port*."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert running.poll() is None, "the server has ended"
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.1)
    raise AssertionError("nothing listens")


@contextmanager
def running(
    words: list[str], port: int, log: Path, **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server that will listen at *port* until the block ends; all it says goes to *log*."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=surroundings(settings), cwd=log.parent
        )  # fmt: skip
        try:
            wait_for(port, process)
            yield process
        finally:
            process.terminate()
            process.wait(30)


def heard(line: socket.socket, data: bytes, seconds: float) -> tuple[bytes, bool]:
    """Send *data* on *line*; return what comes back within *seconds*, and whether the other side closed it."""
    with closing(line):
        line.settimeout(seconds)
        answer = b""
        try:
            line.sendall(data)
            while part := line.recv(65_536):
                answer += part
        except TimeoutError:
            return answer, False
        except OSError:
            pass  # closed with our bytes unread, which is as good
        return answer, True


@contextmanager
def in_a_thread(app: Any, **config: Any) -> Iterator[int]:
    """Serve *app* from this process until the block ends; yields the port. *config* is uvicorn's."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, **{"log_level": "critical", **config}))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [own]}, daemon=True)
        thread.start()
        end = time.monotonic() + START_SECONDS
        while not server.started:
            assert thread.is_alive(), "the server has ended"
            assert time.monotonic() < end, "nothing listens"
            time.sleep(0.02)
        yield own.getsockname()[1]
        server.should_exit = True
        thread.join(10)
