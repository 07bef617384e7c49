"""The one JSON reader: what is ambiguous, unbounded or not JSON is refused before anything else looks at it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
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

RECORD_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True)
class Bounds:
    """How much one document may hold, beside its bytes and its depth."""

    keys: int = MOST_KEYS
    """In one object."""
    keys_in_all: int = MOST_KEYS_IN_ALL
    items: int = MOST_ITEMS
    text: int = LONGEST_TEXT


PLAIN = Bounds()
RECORD = Bounds(keys_in_all=200_000, items=5_000, text=RECORD_BYTES)
"""For a patient's record: narratives and attachments are long, nobody here reads them, and a chart refused for one of
them would go unjudged."""

_NO_BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[^"\[\]{}]+', re.DOTALL)
"""Every text, and whatever else lies between brackets."""
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""The escape of half a character; a text that was decoded from UTF-8 can hold one in no other way."""
_SPACED_COLONS = (" :", "\t:", "\n:", "\r:")
_IN_DOUBT = object()
_NOT_JSON_HELP = "send one JSON document: double quotes, no comments, no trailing commas"


def _refuse(code: str, message: str, help: str) -> NoReturn:
    raise InputError(Problem(code=code, message=message, help=help, where="$"))


def read_json(data: bytes, limit: int = MOST_BYTES, bounds: Bounds = PLAIN) -> Any:
    """Return the value of one JSON document; numbers with a point become Decimal.

    Raises InputError for more than *limit* bytes, text that is not UTF-8, repeated keys, numbers that are not finite
    or longer than 32 digits, lone surrogates, nesting deeper than 32, more than 2,000 keys in an object or
    20,000 in all, lists over 1,000 items and texts over 4,000 characters (more under other *bounds*).
    No message repeats what was sent.
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
    value = _plain(text, bounds)
    if value is _IN_DOUBT:
        value = _scrutinised(text, bounds)
    if len(text) > bounds.text or ("\\u" in text and _HALF.search(text)):
        _check_texts(value, bounds)
    return value


def _plain(text: str, bounds: Bounds) -> Any:
    """Return the value of a document that a quick look shows to be in order; `_IN_DOUBT` for any other.

    A repeated key is lost in the value, so keys are counted: those in the value, and the most that the text can
    hold. Every key ends in a quote and a colon, and nothing else of the document does outside of a text; where the
    two numbers agree, no key was lost. This costs a third less than looking at every object while it is read.
    """
    if any(spaced in text for spaced in _SPACED_COLONS):
        return _IN_DOUBT
    try:
        value = json.loads(text, parse_int=_integer, parse_float=_decimal, parse_constant=_constant)
    except (RecursionError, ValueError, InputError):
        return _IN_DOUBT
    keys, level, depth = 0, [value] if isinstance(value, dict | list) else [], 0
    while level:
        depth += 1
        below: list[Any] = []
        for item in level:
            if type(item) is dict:
                keys += len(item)
                if len(item) > bounds.keys:
                    return _IN_DOUBT
                inside: Iterable[Any] = item.values()
            else:
                if len(item) > bounds.items:
                    return _IN_DOUBT
                inside = item
            for each in inside:
                kind = type(each)
                if kind is dict or kind is list:
                    below.append(each)
        level = below
    in_order = depth <= DEEPEST and keys <= bounds.keys_in_all and keys == text.count('":')
    return value if in_order else _IN_DOUBT


def _scrutinised(text: str, bounds: Bounds) -> Any:
    """Return the value of a document, object by object; raise InputError with what is wrong with it."""
    reader = _Reader(bounds)
    try:
        value = json.loads(
            text,
            object_pairs_hook=reader.object,
            parse_int=_integer,
            parse_float=_decimal,
            parse_constant=_constant,
        )
    except RecursionError:
        _too_deep()
    except json.JSONDecodeError as error:
        if _is_deep(text):
            _too_deep()
        where = f"line {error.lineno}"
        raise InputError(
            Problem(
                code="not-json", message="the input is not JSON", help=_NOT_JSON_HELP, where=where
            )
        ) from None
    _check_shape(value, bounds)
    return value


def _is_deep(text: str) -> bool:
    """Tell whether a text that is not JSON is nested too deeply besides."""
    depth = 0
    for bracket in _NO_BRACKETS.sub("", text):
        depth += 1 if bracket in "[{" else -1
        if depth > DEEPEST:
            return True
    return False


def _too_deep() -> NoReturn:
    _refuse("too-deep", "the input is nested too deeply", f"nest at most {DEEPEST} deep")


class _Reader:
    def __init__(self, bounds: Bounds) -> None:
        self.bounds, self.keys = bounds, 0

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        self.keys += len(pairs)
        if len(pairs) > self.bounds.keys or self.keys > self.bounds.keys_in_all:
            _refuse(
                "too-many-keys",
                "the input has too many keys",
                f"at most {self.bounds.keys} in an object",
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


def _check_shape(value: Any, bounds: Bounds) -> None:
    """Refuse nesting too deep and lists too long; goes down level by level, so that depth costs no stack."""
    level, depth = [value] if isinstance(value, dict | list) else [], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            _too_deep()
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inside: Iterable[Any] = item.values()
            else:
                inside = item
                if len(item) > bounds.items:
                    _refuse(
                        "too-many-items", "a list has too many items", f"at most {bounds.items}"
                    )
            below += [each for each in inside if type(each) is dict or type(each) is list]
        level = below


def _check_texts(value: Any, bounds: Bounds) -> None:
    """Refuse lone surrogates and overlong texts, keys too."""
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            _check_text(item, bounds)
        elif isinstance(item, dict):
            left.extend(item)
            left.extend(item.values())
        elif isinstance(item, list):
            left.extend(item)


def _check_text(text: str, bounds: Bounds) -> None:
    if len(text) > bounds.text:
        _refuse("text-too-long", "a text is too long", f"at most {bounds.text} characters")
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        _refuse("text-not-unicode", "a text holds half a character", "send whole characters")


def write_json(value: Any) -> str:
    """Return *value* as readable JSON, two spaces deep, keys in the order of the schema."""
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
