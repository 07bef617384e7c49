"""Starting the HTTP server: loopback only, as long as nothing checks who is calling."""

from __future__ import annotations

import ipaddress

from schemas.errors import InputError, Problem


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


def serve(host: str, port: int, workers: int) -> None:
    """Serve until stopped; `api.main:app` is what the workers import."""
    check_address(host)
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
