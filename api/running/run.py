"""The server process: started with our own patience, ended without dropping what has begun."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
from typing import Any

from api.running.counters import SHARED
from api.running.settings import RunningSettings

KEEP_SECONDS = 15
"""How long a connection may be idle between two requests."""
_WORKER_SECONDS = 5
"""A worker that has been silent for so long is ended and replaced."""
_LAST_SECONDS = 3.0
_TURN_SECONDS = 0.0005
_HELD_BACK = 1_024
"""Connections the system holds for us while nobody accepts."""


def run(settings: RunningSettings, workers: int, **options: Any) -> None:
    """Serve `api.main:app` with *options* for uvicorn until told to stop; SIGTERM then ends with exit code 0.

    With several *workers* a supervisor starts another where one dies, and all of them count together.
    """
    import uvicorn

    from api.running.protocol import CarefulProtocol

    CarefulProtocol.most_connections = settings.most_connections
    # After the last answer the server sends itself the signal again; this makes of it an orderly end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    folder = _count_together() if workers > 1 else None
    try:
        uvicorn.run(
            "api.main:app",
            workers=workers,
            http=CarefulProtocol,
            ws="none",
            # What is logged, and how, is decided in one place: see the journal.
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=_HELD_BACK,
            timeout_keep_alive=KEEP_SECONDS,
            timeout_graceful_shutdown=settings.stop_seconds,
            timeout_worker_healthcheck=_WORKER_SECONDS,
            **options,
        )
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _count_together() -> str | None:
    """Make the folder in which the workers keep their numbers; None where a site has named one."""
    if os.environ.get(SHARED):
        return None
    os.environ[SHARED] = tempfile.mkdtemp(prefix="steppedcare-counts-")
    return os.environ[SHARED]


def share_time() -> None:
    """Let the loop that everybody waits for have its turn soon, while a decision is worked on beside it.

    Each thing a connection does costs the loop a wait for the interpreter, by default 5 ms a time. Under ten times
    the load that wait, and not the work, decided how long a refusal took.
    """
    sys.setswitchinterval(_TURN_SECONDS)


def leave_soon() -> None:
    """End this process a little later, whatever still hangs in it: everything that matters has been written."""
    timer = threading.Timer(_LAST_SECONDS, os._exit, (0,))
    timer.daemon = True
    timer.start()
