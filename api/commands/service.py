"""The commands about the service and what it is made of."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from api.terminal import finish


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Processes.", min=1, max=64)] = 1,
    tls_certificate: Annotated[
        str | None, typer.Option("--tls-certificate", help="PEM file: certificate and chain.")
    ] = None,
    tls_key: Annotated[
        str | None, typer.Option("--tls-key", help="PEM file: its key, for the owner only.")
    ] = None,
) -> None:
    """Serve on this machine; beyond it only with callers asked who they are, and TLS."""
    from api.serve import serve as run

    run(host, port, workers, tls_certificate, tls_key)


def settings(
    markdown: Annotated[bool, typer.Option("--markdown", help="As a page.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Would the service start with this environment?")
    ] = False,
) -> None:
    """List what a site can set, with type, default and meaning."""
    from api.deployment import report, settings_page

    if markdown:
        print(settings_page.settings_page(), end="")
    elif check:
        finish(lambda: report.check_report(os.environ))
    else:
        finish(report.settings_report)


def sbom(
    lock: Annotated[
        str | None, typer.Option("--lock", help="A lock file: compare instead of printing.")
    ] = None,
) -> None:
    """Print what is installed as a bill of materials (CycloneDX), or compare it with a lock file."""
    from api.deployment.report import sbom_report

    finish(lambda: sbom_report(lock))


def intact() -> None:
    """Tell whether every installed file is the one that was released."""
    from api.deployment.report import intact_report

    finish(intact_report)


def feedback(
    file: Annotated[str, typer.Argument(help="The state file of the CDS Hooks door.")],
) -> None:
    """Count which cards EHRs have shown, and what became of them."""
    from api.cds_hooks.report import feedback_report

    finish(lambda: feedback_report(file))
