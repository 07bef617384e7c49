"""The one JSON reader: what is ambiguous, unbounded or not JSON is refused before anything else looks at it."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from schemas.errors import InputError, Problem

MOST_BYTES = 256 * 1024
DEEPEST = 32
MOST_KEYS = 2_000
MOST_KEYS_IN_ALL = 20_000
MOST_ITEMS = 1_000
LONGEST_TEXT = 4_000
LONGEST_NUMBER = 32

_OPENING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)
_NOT_JSON_HELP = "send one JSON document: double quotes, no comments, no trailing commas"


def _refuse(code: str, message: str, help: str) -> NoReturn:
    raise InputError(Problem(code=code, message=message, help=help, where="$"))


def read_json(data: bytes, limit: int = MOST_BYTES) -> Any:
    """Return the value of one JSON document; numbers with a point become Decimal.

    Raises InputError for more than *limit* bytes, text that is not UTF-8, repeated keys, numbers that are not finite
    or longer than 32 digits, lone surrogates, nesting deeper than 32, more than 2,000 keys in an object or
    20,000 in all, lists over 1,000 items and texts over 4,000 characters. No message repeats what was sent.
    """
    if len(data) > limit:
        _refuse("too-large", f"the input is over {limit // 1024} KiB", "send less at a time")
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        _refuse("not-utf-8", "the input begins with a byte-order mark", "send plain UTF-8")
    if 0 in data[:4]:
        # Without a mark, UTF-16 and UTF-32 of plain letters decode as UTF-8 full of NUL.
        _refuse("not-utf-8", "the input is not UTF-8", "send plain UTF-8")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        # Not chained: the library's error carries the whole input.
        raise InputError(
            Problem(
                code="not-utf-8", message="the input is not UTF-8", help="send UTF-8", where="$"
            )
        ) from None
    _check_depth(text)
    reader = _Reader()
    try:
        return _checked(
            json.loads(
                text,
                object_pairs_hook=reader.object,
                parse_int=_integer,
                parse_float=_decimal,
                parse_constant=_constant,
            )
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}"
        raise InputError(
            Problem(
                code="not-json", message="the input is not JSON", help=_NOT_JSON_HELP, where=where
            )
        ) from None


def _check_depth(text: str) -> None:
    depth = 0
    for match in _OPENING.finditer(text):
        first = match.group()[0]
        if first in "[{":
            depth += 1
            if depth > DEEPEST:
                _refuse(
                    "too-deep", "the input is nested too deeply", f"nest at most {DEEPEST} deep"
                )
        elif first in "]}":
            depth -= 1


class _Reader:
    def __init__(self) -> None:
        self.keys = 0

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        self.keys += len(pairs)
        if len(pairs) > MOST_KEYS or self.keys > MOST_KEYS_IN_ALL:
            _refuse(
                "too-many-keys", "the input has too many keys", f"at most {MOST_KEYS} in an object"
            )
        result = dict(pairs)
        if len(result) != len(pairs):
            _refuse("duplicate-key", "a key stands twice in one object", "keep one of the two")
        return result


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        _refuse("number-too-long", "a number has too many digits", f"at most {LONGEST_NUMBER}")
    return int(text)


def _decimal(text: str) -> Decimal:
    if len(text) > LONGEST_NUMBER:
        _refuse("number-too-long", "a number has too many digits", f"at most {LONGEST_NUMBER}")
    try:
        value = Decimal(text)
    except InvalidOperation:  # an exponent beyond what Decimal can hold
        _constant("")
    if value and abs(value.adjusted()) > 300:
        _constant("")
    return value


def _constant(_: str) -> NoReturn:
    _refuse(
        "number-not-finite", "a number is not finite", "send a plain number, or leave the fact out"
    )


def _checked(value: Any) -> Any:
    """Refuse lone surrogates, overlong texts (keys too) and overlong lists."""
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            _refuse("text-too-long", "a text is too long", f"at most {LONGEST_TEXT} characters")
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            _refuse("text-not-unicode", "a text holds half a character", "send whole characters")
    elif isinstance(value, dict):
        for key, item in value.items():
            _checked(key)
            _checked(item)
    elif isinstance(value, list):
        if len(value) > MOST_ITEMS:
            _refuse("too-many-items", "a list has too many items", f"at most {MOST_ITEMS}")
        for item in value:
            _checked(item)
    return value


def write_json(value: Any) -> str:
    """Return *value* as readable JSON, two spaces deep, keys in the order of the schema."""
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
