"""The commands `steppedcare log`: the decision log a site keeps."""

from __future__ import annotations

import datetime as dt
import os
import sys
from typing import Annotated

import typer

from api.terminal import finish

log_app = typer.Typer(
    help="The decision log that STEPPEDCARE_DATABASE and STEPPEDCARE_LOG_KEY_FILE name.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@log_app.command("verify")
def log_verify(
    head: Annotated[
        str | None, typer.Option("--head", help="PLACE:CODE that an earlier check printed.")
    ] = None,
) -> None:
    """Check every entry of the log, its order, and that nothing is gone."""
    from api.log_report import verify_log

    finish(lambda: verify_log(os.environ, head))


@log_app.command("export")
def log_export(
    begin: Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="The day after the last.")] = None,
) -> None:
    """Print the log, one entry a line as JSON."""
    from api.log_report import export_log

    print(export_log(os.environ, print, begin, end), file=sys.stderr)


@log_app.command("prune")
def log_prune(
    before: Annotated[
        str, typer.Option("--before", help="The first day that is kept, YYYY-MM-DD.")
    ],
) -> None:
    """Remove the content of old entries; their links stay, so that the log can still be checked."""
    from api.log_report import prune_log

    finish(lambda: prune_log(os.environ, before, dt.datetime.now(dt.UTC)))


@log_app.command("step")
def log_step(
    to: Annotated[str | None, typer.Option("--to", help="Take the tables there first.")] = None,
) -> None:
    """Tell at which step the tables of the log are; an older program needs an older step."""
    from api.deployment.log_step import step_report

    finish(lambda: step_report(os.environ, to))
