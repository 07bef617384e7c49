"""Starting the HTTP server: this machine only, unless callers are asked who they are and nobody can listen in."""

from __future__ import annotations

import ipaddress
import os
import ssl
import stat
import sys
from pathlib import Path

from api.deployment.intact import check_intact
from api.settings import ServiceSettings, read_settings
from schemas.errors import Problem, SettingsError


def is_loopback(host: str) -> bool:
    """Tell whether listening at *host* reaches this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_address(host: str, settings: ServiceSettings, encrypted: bool) -> None:
    """Raise SettingsError for an address beyond this machine without callers being asked or without TLS.

    *encrypted*: whether the server has a certificate of its own. There is no way around this one: a service that
    only tries something out listens on its own machine.
    """
    if is_loopback(host):
        return
    if settings.is_local:
        raise _not_beyond(
            "no-public-address",
            "refusing to listen beyond this machine under a name that means this machine",
            "set STEPPEDCARE_PUBLIC_URL to the https address clients use",
        )
    if not settings.asks and not settings.trusted_proxies:
        raise _not_beyond(
            "open-to-all",
            "refusing to listen beyond this machine when anybody who connects is let in",
            "name what checks callers in front in STEPPEDCARE_TRUSTED_PROXIES: only it may connect then",
        )
    if not encrypted and not settings.trusted_proxies:
        raise _not_beyond(
            "not-encrypted",
            "refusing to listen beyond this machine without TLS",
            "give --tls-certificate and --tls-key, or name the proxy that speaks TLS in STEPPEDCARE_TRUSTED_PROXIES",
        )
    if not settings.public_url.startswith("https:"):
        raise _not_beyond(
            "not-encrypted",
            "refusing to be reached beyond this machine by an address without TLS",
            "set STEPPEDCARE_PUBLIC_URL to the https address clients use",
        )


def check_certificate(certificate: str | None, key: str | None) -> bool:
    """Tell whether the server has a certificate of its own.

    Raises SettingsError for one without the other, a key that others may read, and what TLS cannot use.
    """
    if certificate is None and key is None:
        return False
    if certificate is None or key is None:
        raise _bad_certificate("--tls-certificate and --tls-key belong together", "give both")
    try:
        mode = Path(key).stat().st_mode
    except OSError:
        raise _bad_certificate("the key cannot be read", "name a PEM file") from None
    if stat.S_ISREG(mode) and mode & 0o077:
        raise _bad_certificate("other users of this machine may read the key", "`chmod 600` it")
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # A key with a passphrase is refused rather than asked for: nobody sits there when a service starts.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError):
        raise _bad_certificate(
            "TLS cannot use this certificate and key",
            "give PEM files: the certificate with its chain, and its own key of 2048 bits or more without a passphrase",
        ) from None
    return True


def _not_beyond(code: str, message: str, help: str) -> SettingsError:
    return SettingsError(Problem(code=code, message=message, help=help, where="--host"))


def _bad_certificate(message: str, help: str) -> SettingsError:
    problem = Problem(code="bad-certificate", message=message, help=help, where="--tls-key")
    return SettingsError(problem)


def check_workers(settings: ServiceSettings, workers: int) -> None:
    """Raise SettingsError for several processes that would each let the same token in once."""
    own = settings.cds_hooks
    once = own.clients or any(issuer.single_use for issuer in settings.access.issuers)
    if workers > 1 and once and own.state_file is None:
        raise SettingsError(
            Problem(
                code="no-state-file",
                message="several workers need one memory of the tokens that were used",
                help="name a `state_file` in the file of STEPPEDCARE_CDS_HOOKS, or start one worker",
                where="--workers",
            )
        )


def serve(
    host: str, port: int, workers: int, certificate: str | None = None, key: str | None = None
) -> None:
    """Serve until stopped; `api.main:app` is what the workers import.

    Raises SettingsError before anything is started, and PathwayError where what is installed is not one version.
    Unless a public address is set, clients are taken to use the one the service listens at.
    """
    check_intact()
    encrypted = check_certificate(certificate, key)
    name = f"[{host}]" if ":" in host else host
    if is_loopback(host):
        scheme = "https" if encrypted else "http"
        os.environ.setdefault("STEPPEDCARE_PUBLIC_URL", f"{scheme}://{name}:{port}")
    settings = read_settings(os.environ)
    check_address(host, settings, encrypted)
    check_workers(settings, workers)
    from api.running.run import run

    address = settings.public_url if port else f"{name}, any port"
    print(f"steppedcare: serving {address} (Ctrl+C to stop)", file=sys.stderr, flush=True)
    run(
        settings.running,
        workers,
        host=host,
        port=port,
        # Nobody's word is taken for where a request comes from, not even a proxy's: links are built from the public
        # address, and who may connect is judged by the connection itself.
        proxy_headers=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
