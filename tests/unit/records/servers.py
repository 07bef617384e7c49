"""PostgreSQL as Debian ships it, started in a folder of its own for as long as a test needs it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

MISSING = "PostgreSQL is not here: `apt install postgresql` (its initdb and postgres are needed)"
ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}


def programs() -> Path | None:
    """Return the folder of the newest initdb and postgres; None where there are none."""
    found = sorted(
        (each.parent for each in Path("/usr/lib/postgresql").glob("*/bin/initdb")),
        key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0,
    )
    if found and (found[-1] / "postgres").exists():
        return found[-1]
    initdb, server = shutil.which("initdb"), shutil.which("postgres")
    return Path(initdb).parent if initdb and server else None


def _unprivileged() -> dict[str, Any]:
    """Return how to run as somebody else where we are root: PostgreSQL refuses to."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("there is no unprivileged user to run PostgreSQL as")


class Postgres:
    """One server, reached by a socket in its own folder and by nothing else."""

    def __init__(self, bin: Path) -> None:
        self.bin, self._as = bin, _unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="steppedcare-pg-"))
        if self._as:
            os.chown(self.folder, self._as["user"], self._as["group"])
        self.data = self.folder / "data"
        self._run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8")
        self._databases = 0
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it as a child of ours: where nobody buries the dead, pg_ctl takes a killed server for a living one."""
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    str(self.bin / "postgres"), "-D", str(self.data), "-k", str(self.folder),
                    "-c", "listen_addresses=", "-c", "max_connections=60",
                ],
                cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT, **self._as,
            )  # fmt: skip
        ready = [str(self.bin / "pg_isready"), "-q", "-h", str(self.folder), "-U", "postgres"]
        for _ in range(300):
            if subprocess.run(ready, check=False, timeout=10, env=ENVIRONMENT).returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError("PostgreSQL does not start")

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop it at once (SIGQUIT), which leaves what a crash leaves, or in good order (SIGINT)."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(30)
            self._server = None

    def kill(self) -> None:
        """Kill the server outright, its children too."""
        if self._server is None:
            return
        family = _children(self._server.pid)
        self._server.kill()
        self._server.wait(30)
        self._server = None
        for each in family:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        end = time.monotonic() + 10
        while not all(_gone(each) for each in family) and time.monotonic() < end:
            time.sleep(0.01)

    def freeze(self, how: signal.Signals) -> None:
        """Stop all its processes (SIGSTOP) or let them go on (SIGCONT)."""
        assert self._server is not None
        pid = self._server.pid
        for each in [pid, *_children(pid)]:
            with suppress(ProcessLookupError):
                os.kill(each, how)

    def database(self) -> str:
        """Make a new database and return its address."""
        self._databases += 1
        name = f"log{self._databases}"
        self._run("createdb", "-h", str(self.folder), "-U", "postgres", name)
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [str(self.bin / program), *words], cwd="/", stdin=subprocess.DEVNULL, timeout=60, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT, **self._as,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stdout.decode()[-500:]}")


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in found]


def _gone(pid: int) -> bool:
    """Tell whether a process has ended, buried or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
