"""Which form a FHIR client may ask for, and how its search parameters are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import Request

from api.fhir.parameters import Refused
from api.fhir.store import MOST_ON_A_PAGE, USUAL_PAGE, parameters_of
from schemas.errors import InputError, Problem

JSON_TYPES = frozenset({"application/fhir+json", "application/json", "application/*", "*/*"})
_FORMATS = frozenset({"json", "application/fhir+json", "application/json", "text/json"})
_PLAIN = frozenset({"_format", "_pretty", "_count", "_offset"})


class NotAcceptable(InputError):
    """The client wants a form that is not spoken here: status 406."""


def check_form(request: Request) -> None:
    """Raise NotAcceptable unless the client takes JSON; `_format` outranks `Accept`."""
    form = request.query_params.get("_format")
    if form is not None:
        # In an address a plus sign stands for a blank.
        fits = form.replace(" ", "+").partition(";")[0].strip().lower() in _FORMATS
    else:
        accept = request.headers.get("accept", "*/*")
        fits = any(_wanted(part) for part in accept.split(","))
    if not fits:
        raise NotAcceptable(
            Problem(
                code="not-acceptable",
                message="only JSON is spoken here",
                help="ask for application/fhir+json",
                where="Accept",
            )
        )


def _wanted(part: str) -> bool:
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    refused = any(p.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for p in parameters)
    return (media in JSON_TYPES or not media) and not refused


@dataclass(frozen=True)
class Query:
    """A search as understood."""

    given: tuple[tuple[str, str], ...]
    count: int
    offset: int


def read_query(type: str, pairs: Iterable[tuple[str, str]], strict: bool) -> Query:
    """Read the parameters of a search of *type*; an unknown one is left aside, or refused when *strict*."""
    given: list[tuple[str, str]] = []
    numbers = {"_count": USUAL_PAGE, "_offset": 0}
    for name, value in pairs:
        if name in numbers:
            numbers[name] = _number(name, value)
        elif name in parameters_of(type):
            given.append((name, value))
        elif strict and name not in _PLAIN:
            raise Refused(
                Problem(
                    code="unknown-parameter",
                    message="there is no search parameter of that name",
                    help=f"parameters are {', '.join(parameters_of(type))}",
                    where="search",
                )
            )
    return Query(tuple(given), min(numbers["_count"], MOST_ON_A_PAGE), numbers["_offset"])


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 6):
        raise Refused(
            Problem(
                code="wrong-type",
                message=f"`{name}` is not a whole number",
                help="send digits only",
                where="search",
            )
        )
    return int(value)
