"""The commands `steppedcare cases`: the built-in patients."""

from __future__ import annotations

import typer

from api.terminal import PATHWAY, finish
from schemas.errors import NotFoundError, Problem

cases_app = typer.Typer(help="The built-in patients.", no_args_is_help=True, rich_markup_mode=None)


@cases_app.command("list")
def cases_list() -> None:
    """List the built-in patients."""
    from api.library import get_cases

    cases = get_cases(PATHWAY)
    for case in cases:
        print(f"{case.id}  {case.title}")
    print(f"{len(cases)} patients")


@cases_app.command("show")
def cases_show(id: str) -> None:
    """Print one built-in patient as the input of `decide`."""
    from api.library import get_cases
    from api.strict_json import write_json

    for case in get_cases(PATHWAY):
        if case.id.lower() == id.lower():
            print(write_json(case.input))
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

    finish(lambda: cases_report(PATHWAY))
