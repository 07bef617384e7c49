"""A service in a process of its own, started as a site starts it, and always ended by its id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.serving import free_port, surroundings

START_SECONDS = 90
SECRET = "kq3V8cXw0ZbT5nYr1LhEo7sUd2GfJ9aM"


def memory_kb(process: int) -> int:
    """Return the resident memory of *process*, in KiB."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


@dataclass
class Served:
    """One running service."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def told(self) -> str:
        """Return everything it has logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self, seconds: float = 30) -> int:
        """Ask it to stop and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def memory_kb(self) -> int:
        """Return the resident memory of the process, in KiB."""
        return memory_kb(self.process.pid)

    def workers(self) -> list[int]:
        """Return the ids of its worker processes."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    stat = (entry / "stat").read_text(encoding="ascii", errors="replace")
                    line = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                parent = int(stat.rpartition(")")[2].split()[1])
                if parent == self.process.pid and b"spawn_main" in line:
                    found.append(int(entry.name))
        return sorted(found)


def with_receipts(folder: Path) -> dict[str, str]:
    """Return the settings of a service that keeps receipts in *folder*, and logs every request."""
    key = folder / "key"
    key.write_text(SECRET)
    key.chmod(0o600)
    return {
        "STEPPEDCARE_RECORD": "receipt", "STEPPEDCARE_LOG_KEY_FILE": str(key),
        "STEPPEDCARE_DATABASE": str(folder / "log.sqlite3"), "STEPPEDCARE_LOG_LEVEL": "DEBUG",
    }  # fmt: skip


@contextmanager
def served(
    folder: Path,
    *words: str,
    settings: Mapping[str, str] | None = None,
    program: str | None = None,
    wait: float = START_SECONDS,
) -> Iterator[Served]:
    """Serve in a process of its own until the block ends; *program* runs before the service inside that process."""
    port, log = free_port(), folder / "service.log"
    command = [sys.executable, "-c", f"{program or ''}\nfrom api.cli import main; main()"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "serve", "--port", str(port), *words],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=surroundings(settings or {}), start_new_session=True,
        )  # fmt: skip
    one = Served(process, port, log)
    try:
        _wait_until_ready(one, wait)
        yield one
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                for worker in one.workers():
                    os.kill(worker, signal.SIGKILL)
                process.kill()
                process.wait(10)


def _wait_until_ready(one: Served, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if one.process.poll() is not None:
            raise AssertionError(f"the service ended with {one.process.returncode}: {one.told()}")
        try:
            if httpx2.get(f"{one.address}/health/ready", timeout=5).status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"the service was not ready in time: {one.told()}")
