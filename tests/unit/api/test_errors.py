"""Which status and which exit code each kind of error has, and the one shape all of them share."""

from __future__ import annotations

import pytest

from api.errors import error_body, exit_code, status_code
from schemas.errors import (
    AccessError,
    BusyError,
    ConflictError,
    InputError,
    MissingDataError,
    NotFoundError,
    PathwayError,
    Problem,
    SettingsError,
    SteppedCareError,
    StorageError,
)


def problem(code: str = "wrong-type") -> Problem:
    return Problem(code=code, message="it is not so", help="make it so", where="facts.age")


@pytest.mark.parametrize(
    ("error", "status", "leaves"),
    [
        (InputError(problem()), 422, 2),
        (InputError(problem("not-json")), 400, 2),
        (InputError(problem("not-utf-8")), 400, 2),
        (InputError(problem("too-large")), 413, 2),
        (SettingsError(problem()), 422, 2),
        (NotFoundError(problem()), 404, 4),
        (MissingDataError(problem()), 412, 2),
        (AccessError(problem("unauthorized")), 401, 1),
        (AccessError(problem("forbidden")), 403, 1),
        (BusyError(problem()), 503, 1),
        (ConflictError(problem()), 409, 1),
        (PathwayError(problem()), 500, 3),
        (StorageError(problem()), 500, 5),
        (SteppedCareError(problem()), 500, 1),
    ],
    ids=["input", "not JSON", "not UTF-8", "too large", "settings", "not found",
        "missing data", "not known", "not allowed", "too busy", "in conflict", "documents", "disk full",
        "anything else"],
)  # fmt: skip
def test_an_error_has_one_status_and_one_exit_code(
    error: SteppedCareError, status: int, leaves: int
) -> None:
    assert (status_code(error), exit_code(error)) == (status, leaves)


def test_every_kind_of_error_has_been_given_a_status_on_purpose() -> None:
    assert set(SteppedCareError.__subclasses__()) == {
        InputError,
        SettingsError,
        PathwayError,
        NotFoundError,
        MissingDataError,
        AccessError,
        BusyError,
        ConflictError,
        StorageError,
    }


def test_the_first_problem_stands_on_top_and_all_of_them_beneath() -> None:
    body = error_body(InputError(problem("a"), problem("b")))

    assert (body["code"], body["where"]) == ("a", "facts.age")
    assert [each["code"] for each in body["problems"]] == ["a", "b"]
    assert body.keys() == {"code", "message", "help", "where", "problems"}


def test_an_error_without_a_problem_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="at least one problem"):
        InputError()
