"""What is said of a command line that cannot be read: a code, a place, the way out, and nothing of what was typed."""

from __future__ import annotations

from typing import Any

import typer
from typer.exceptions import TyperException

from schemas.errors import InputError, Problem


def refusal(error: TyperException) -> InputError:
    """Return *error* in our words; the library's own repeat what stood on the command line."""
    context = getattr(error, "ctx", None)
    program = "steppedcare COMMAND" if context is None else context.command_path
    message, where = _problem(error, context, program)
    return InputError(
        Problem(
            code="bad-usage",
            message=message,
            help=f"`{program} --help` tells how it is written",
            where=where,
        )
    )


def is_help(error: TyperException) -> bool:
    """Tell whether *error* only says that a group was called without a command: then its text is the help."""
    context = getattr(error, "ctx", None)
    return context is not None and error.message == context.get_help()


def _problem(error: TyperException, context: Any, program: str) -> tuple[str, str]:
    """Return the message and the place."""
    parameter = getattr(error, "param", None)
    if isinstance(error, typer.BadParameter) and parameter is not None:
        return _unfit(error, parameter), _name(parameter)
    if hasattr(error, "possibilities"):
        return "there is no such option", program
    if option := getattr(error, "option_name", None):
        return "the option stands without the value it needs, or with one it does not take", option
    if context is not None and hasattr(context.command, "commands"):
        return "there is no such command", program
    return "there is more on the line than the command takes", program


def _unfit(error: typer.BadParameter, parameter: Any) -> str:
    if not error.message:
        return "it is missing"
    number = "whole number" if "integer" in error.message else "number"
    least, most = getattr(parameter, "min", None), getattr(parameter, "max", None)
    if least is not None and most is not None:
        return f"it has to be a {number} from {least} to {most}"
    return f"it has to be a {number}" + ("" if least is None else f" of {least} or more")


def _name(parameter: Any) -> str:
    """Return the option, or the argument as the help writes it."""
    if parameter.param_type_name == "option":
        return str(parameter.opts[0])
    return str(parameter.metavar or parameter.name.upper())
