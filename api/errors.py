"""Which status code and which exit code each kind of error has; the only place that knows."""

from __future__ import annotations

from typing import Any

from schemas.errors import (
    AccessError,
    BusyError,
    ConflictError,
    InputError,
    MissingDataError,
    NotFoundError,
    PathwayError,
    SettingsError,
    SteppedCareError,
    StorageError,
)

EXIT_OK, EXIT_NOT_SO, EXIT_BAD_INPUT, EXIT_PATHWAY, EXIT_NOT_FOUND, EXIT_STORAGE = 0, 1, 2, 3, 4, 5
"""Holds; does not hold (a case differs, a proof fails); bad input; documents do not load; no such thing; disk full."""

_BAD_REQUEST = {"not-json", "not-utf-8"}
_TOO_LARGE = {"too-large"}


def exit_code(error: SteppedCareError) -> int:
    match error:
        case InputError() | SettingsError() | MissingDataError():
            return EXIT_BAD_INPUT
        case NotFoundError():
            return EXIT_NOT_FOUND
        case PathwayError():
            return EXIT_PATHWAY
        case StorageError():
            return EXIT_STORAGE
        case _:
            return EXIT_NOT_SO


def status_code(error: SteppedCareError) -> int:
    match error:
        case NotFoundError():
            return 404
        case ConflictError():
            return 409
        case MissingDataError():
            return 412
        case AccessError():
            return 401 if error.code == "unauthorized" else 403
        case BusyError():
            return 503
        case InputError() | SettingsError():
            if error.code in _BAD_REQUEST:
                return 400
            return 413 if error.code in _TOO_LARGE else 422
        case _:
            return 500


def error_body(error: SteppedCareError) -> dict[str, Any]:
    """Return the error shape of every door: the first problem, and all of them."""
    problems = [problem.model_dump() for problem in error.problems]
    return {**problems[0], "problems": problems}
