"""The command `steppedcare`: answers on standard output, all else on standard error, exit code by kind of failure."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn

import typer
from typer.exceptions import TyperException

from api.cohort.command import cohort_app
from api.commands import batch, deciding, documents, service
from api.commands.cases import cases_app
from api.commands.keys import keys_app
from api.commands.log import log_app
from api.errors import EXIT_BAD_INPUT, EXIT_NOT_SO, EXIT_OK, exit_code
from api.usage import is_help, refusal
from schemas.errors import SteppedCareError

COMMANDS: dict[str, Callable[..., None]] = {
    "decide": deciding.decide,
    "explain": deciding.explain,
    "what-if": deciding.what_if,
    "journey": deciding.journey,
    "replay": deciding.replay,
    "serve": service.serve,
    "settings": service.settings,
    "sbom": service.sbom,
    "intact": service.intact,
    "feedback": service.feedback,
    "ledger": documents.ledger,
    "verify": documents.verify,
    "diff": documents.diff,
    "batch": batch.batch,
    "card": documents.card,
    "diagram": documents.diagram,
}
"""In the order in which the help lists them."""
GROUPS = {"cases": cases_app, "log": log_app, "cohort": cohort_app, "keys": keys_app}

app = typer.Typer(
    name="steppedcare",
    help="Suggested next steps for a patient with failed back surgery syndrome, and why. It never orders.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)
for _name, _group in GROUPS.items():
    app.add_typer(_group, name=_name)


def main() -> None:
    """Run the command; every error of ours becomes two lines and an exit code."""
    try:
        # An exit code comes back instead of being raised; commands return nothing else.
        sys.exit(app(prog_name="steppedcare", standalone_mode=False))
    except TyperException as error:
        if is_help(error):
            print(error.message, file=sys.stderr)
            sys.exit(EXIT_BAD_INPUT)
        _refuse(refusal(error))
    except SteppedCareError as error:
        _refuse(error)
    except BrokenPipeError:
        sys.exit(EXIT_OK)
    except Exception as error:
        # The message of somebody else's error may hold what a patient told us.
        print(f"internal: something went wrong here ({type(error).__name__})", file=sys.stderr)
        sys.exit(EXIT_NOT_SO)


def _refuse(error: SteppedCareError) -> NoReturn:
    for problem in error.problems:
        print(f"{problem.code}: {problem}", file=sys.stderr)
    sys.exit(exit_code(error))
