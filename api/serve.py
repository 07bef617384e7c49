"""Starting the HTTP server: loopback only, as long as nothing checks who is calling."""

from __future__ import annotations

import ipaddress
import os

from api.settings import ServiceSettings, read_settings
from schemas.errors import InputError, Problem, SettingsError


def check_address(host: str) -> None:
    """Raise InputError for any address but loopback: there is no authentication to protect another one."""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise InputError(
            Problem(
                code="not-loopback",
                message="refusing to listen beyond this machine without authentication",
                help="leave --host at 127.0.0.1 and put an authenticating proxy in front",
                where="--host",
            )
        )


def check_workers(settings: ServiceSettings, workers: int) -> None:
    """Raise SettingsError for several processes that would each let the same token in once."""
    own = settings.cds_hooks
    if workers > 1 and own.clients and own.state_file is None:
        raise SettingsError(
            Problem(
                code="no-state-file",
                message="several workers need one memory of the tokens that were used",
                help="name a `state_file` in the file of STEPPEDCARE_CDS_HOOKS, or start one worker",
                where="--workers",
            )
        )


def serve(host: str, port: int, workers: int) -> None:
    """Serve until stopped; `api.main:app` is what the workers import.

    Raises InputError or SettingsError before anything is started. Unless a public address is set, clients are
    taken to use the one the service listens at.
    """
    check_address(host)
    name = f"[{host}]" if ":" in host else host
    os.environ.setdefault("STEPPEDCARE_PUBLIC_URL", f"http://{name}:{port}")
    check_workers(read_settings(os.environ), workers)
    import uvicorn

    uvicorn.run(
        "api.main:app",
        host=host,
        port=port,
        workers=workers,
        server_header=False,
        access_log=False,
        timeout_keep_alive=15,
    )
