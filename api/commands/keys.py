"""The commands `steppedcare keys`: API keys made and taken back."""

from __future__ import annotations

import datetime as dt
import os
import sys
from typing import Annotated

import typer

from api.terminal import finish

keys_app = typer.Typer(
    help="The API keys in the file that STEPPEDCARE_KEYS names (default: keys.sqlite3).",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@keys_app.command("add")
def keys_add(
    label: Annotated[str, typer.Option("--label", help="Who gets it.")],
    scope: Annotated[
        list[str], typer.Option("--scope", help="decide, read-decisions or audit; may be repeated.")
    ],
    tenant: Annotated[
        str, typer.Option("--tenant", help="Whose decisions it asks for and reads.")
    ] = "",
    days: Annotated[int, typer.Option("--days", help="How long it holds.", min=1, max=730)] = 365,
) -> None:
    """Make a key and print it, this once."""
    from api.keys_report import add_key

    key, result = add_key(os.environ, label, scope, tenant, days, dt.datetime.now(dt.UTC))
    print(key)
    print(result, file=sys.stderr)


@keys_app.command("list")
def keys_list() -> None:
    """List the keys; none can be read back."""
    from api.keys_report import list_keys

    finish(lambda: list_keys(os.environ, dt.datetime.now(dt.UTC)))


@keys_app.command("revoke")
def keys_revoke(id: str) -> None:
    """Take a key back: a running service refuses it from now on."""
    from api.keys_report import revoke_key

    finish(lambda: revoke_key(os.environ, id, dt.datetime.now(dt.UTC)))
