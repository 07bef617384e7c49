"""What the commands share at the terminal: reading the input, the options several of them have, and how each ends.

Heavy parts are imported by the function that needs them; `decide` must start fast.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from api.errors import EXIT_NOT_SO, EXIT_OK
from schemas.errors import InputError, Problem

PATHWAY = "fbss"
MOST_READ = 4 * 1024 * 1024 + 1
"""Bytes; what reads the input afterwards refuses more than it allows."""
File = Annotated[
    str, typer.Argument(metavar="FILE|-", help="A patient as JSON, or - for standard input.")
]
On = Annotated[
    str | None, typer.Option("--on", help="Date of the question, YYYY-MM-DD (default: today).")
]
Settings = Annotated[
    str | None, typer.Option("--settings", help="A settings profile, or a YAML file of a site.")
]
Format = Annotated[str, typer.Option("--format", help="text or json.")]


def read_input(
    file: str,
    where: str = "FILE",
    help: str = "give the path of a JSON file, or - for standard input",
) -> bytes:
    """Return the bytes of *file*, or of standard input for `-`; raise InputError when it cannot be read.

    *where* names in the error the argument or option that gave the file, *help* the way out.
    """
    try:
        if file == "-":
            return sys.stdin.buffer.read(MOST_READ)
        with Path(file).open("rb") as source:
            return source.read(MOST_READ)
    except OSError as error:
        raise InputError(
            Problem(
                code="cannot-read",
                message="the file cannot be read",
                help=help,
                where=where,
            )
        ) from error


def read_patient(
    file: str, on: str | None, settings: str | None
) -> tuple[Any, dict[str, Decimal] | None]:
    """Return the input object with the options put in, and a site's own settings when a file was named."""
    from api.strict_json import read_json

    data = read_json(read_input(file))
    changed = None
    if isinstance(data, dict):
        profile, changed = choose_settings(settings)
        given = {"on": on, "settings": profile}
        data |= {name: each for name, each in given.items() if each is not None}
    return data, changed


def choose_settings(settings: str | None) -> tuple[str | None, dict[str, Decimal] | None]:
    """Return the profile that *settings* names, or what stands in the site's own file that it names."""
    if settings is not None and settings.endswith((".yaml", ".yml")):
        return None, site_settings(settings)
    return settings, None


def site_settings(file: str) -> dict[str, Decimal]:
    """Read a site's settings file; every value must lie inside the range of its setting."""
    from api.library import get_pathway
    from pathways.profiles import read_profile
    from schemas.errors import PathwayError, SettingsError

    help = "give the path of a YAML file of a site, or the name of a profile"
    text = read_input(file, "--settings", help).decode("utf-8", errors="replace")
    try:
        return read_profile(text, Path(file).name, get_pathway(PATHWAY).settings)
    except PathwayError as error:
        raise SettingsError(*error.problems) from error


def read_day(text: str) -> dt.date:
    """Return the day *text* writes as YYYY-MM-DD; raise InputError when it writes none."""
    from schemas.facts import parse_partial_date

    try:
        day = parse_partial_date(text)
    except ValueError:
        day = None
    if day is None or day.earliest != day.latest:
        raise InputError(
            Problem(
                code="not-a-date",
                message="the date of the question is not a date",
                help="write it as YYYY-MM-DD",
                where="--on",
            )
        )
    return day.earliest


def check_format(format: str) -> None:
    """Raise InputError for an output format nobody has."""
    if format not in ("text", "json"):
        raise InputError(
            Problem(
                code="not-a-choice",
                message="no such format",
                help="use text or json",
                where="--format",
            )
        )


def tell(line: str) -> None:
    """Print a line at once: what takes minutes shows how far it is."""
    print(line, flush=True)


def tell_aside(line: str) -> None:
    """Print a line beside the answer, on standard error."""
    print(line, file=sys.stderr, flush=True)


def finish(report: Callable[[], tuple[list[str], str, bool]]) -> None:
    """Print a report and its result line; exit 0 only when it holds."""
    lines, result, holds = report()
    for line in lines:
        print(line)
    print(result)
    raise typer.Exit(EXIT_OK if holds else EXIT_NOT_SO)
