"""A service on one core, started and ended by who measures it."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.serving import free_port


@contextmanager
def serving(app: str, healthy: str | None = None) -> Iterator[tuple[int, int]]:
    """Serve *app* on loopback by one worker on the first core; yield its process and port once *healthy* answers."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log"]
    service = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(service.pid, {min(os.sched_getaffinity(0))})
        wait(port, healthy)
        yield service.pid, port
    finally:
        service.terminate()
        service.wait(20)


def processor(pid: int) -> float | None:
    """Return the processor's seconds a process has used so far; None where the system does not tell."""
    try:
        parts = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def wait(port: int, healthy: str | None = None) -> None:
    """Wait until a service listens on *port*, and until *healthy* is answered with 200 where it is given."""
    for _ in range(600):
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            line.connect()
            if healthy is None:
                return
            line.request("GET", healthy)
            if line.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            line.close()
        time.sleep(0.1)
    raise TimeoutError("the service did not start")
