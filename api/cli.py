"""The command `steppedcare`: answers on standard output, all else on standard error, exit code by kind of failure.

Heavy parts are imported by the command that needs them; `decide` must start fast.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from api.errors import EXIT_NOT_SO, EXIT_OK, exit_code
from schemas.errors import InputError, NotFoundError, Problem, SteppedCareError

app = typer.Typer(
    name="steppedcare",
    help="Suggested next steps for a patient with failed back surgery syndrome, and why. It never orders.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
cases_app = typer.Typer(help="The built-in patients.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(cases_app, name="cases")

PATHWAY = "fbss"
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


def main() -> None:
    """Run the command; every error of ours becomes two lines and an exit code."""
    try:
        app()
    except SteppedCareError as error:
        for problem in error.problems:
            print(f"{problem.code}: {problem}", file=sys.stderr)
        sys.exit(exit_code(error))
    except BrokenPipeError:
        sys.exit(EXIT_OK)


def read_input(file: str) -> bytes:
    """Return the bytes of *file*, or of standard input for `-`; raise InputError when it cannot be read."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InputError(
            Problem(
                code="cannot-read",
                message="the file cannot be read",
                help="give the path of a JSON file, or - for standard input",
                where="FILE",
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
        if on is not None:
            data["on"] = on
        if settings is not None:
            if settings.endswith((".yaml", ".yml")):
                changed = site_settings(settings)
            else:
                data["settings"] = settings
    return data, changed


def site_settings(file: str) -> dict[str, Decimal]:
    """Read a site's settings file; every value must lie inside the range of its setting."""
    from api.library import get_pathway
    from pathways.profiles import read_profile
    from schemas.errors import PathwayError, SettingsError

    text = read_input(file).decode("utf-8", errors="replace")
    try:
        return read_profile(text, Path(file).name, get_pathway(PATHWAY).settings)
    except PathwayError as error:
        raise SettingsError(*error.problems) from error


@app.command()
def decide(file: File, on: On = None, settings: Settings = None, format: Format = "text") -> None:
    """Suggest the next steps for one patient."""
    from api.service import decide_input

    if format not in ("text", "json"):
        raise InputError(
            Problem(
                code="not-a-choice",
                message="no such format",
                help="use text or json",
                where="--format",
            )
        )
    data, changed = read_patient(file, on, settings)
    decision = decide_input(PATHWAY, data, dt.date.today(), changed)
    if format == "json":
        print(decision.model_dump_json())
    else:
        from api.text import decision_text

        print(decision_text(decision), end="")
    print(f"decided: {decision.urgency.value}, {decision.state.value}", file=sys.stderr)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Processes.", min=1, max=64)] = 1,
) -> None:
    """Serve the JSON API on this machine."""
    from api.serve import serve as run

    run(host, port, workers)


@app.command()
def ledger(
    source: Annotated[
        str | None, typer.Option("--source", help="The founding document, to check against.")
    ] = None,
) -> None:
    """Account for every statement of the founding document."""
    from api.reports import ledger_report

    _finish(lambda: ledger_report(PATHWAY, source))


@cases_app.command("list")
def cases_list() -> None:
    """List the built-in patients."""
    from api.library import get_vignettes

    vignettes = get_vignettes(PATHWAY)
    for vignette in vignettes:
        print(f"{vignette.id}  {vignette.title}")
    print(f"{len(vignettes)} patients")


@cases_app.command("show")
def cases_show(id: str) -> None:
    """Print one built-in patient as the input of `decide`."""
    from api.library import get_vignettes
    from api.strict_json import write_json

    for vignette in get_vignettes(PATHWAY):
        if vignette.id.lower() == id.lower():
            print(write_json(vignette.input))
            return
    raise NotFoundError(
        Problem(
            code="unknown-case",
            message="there is no such patient",
            help="`steppedcare cases list` names them all",
            where="ID",
        )
    )


@cases_app.command("check")
def cases_check() -> None:
    """Decide all built-in patients again and compare with what is expected of them."""
    from api.reports import cases_report

    _finish(lambda: cases_report(PATHWAY))


def _finish(report: Callable[[], tuple[list[str], str, bool]]) -> None:
    """Print a report and its result line; exit 0 only when it holds."""
    lines, result, holds = report()
    for line in lines:
        print(line)
    print(result)
    raise typer.Exit(EXIT_OK if holds else EXIT_NOT_SO)
