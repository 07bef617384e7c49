"""The one JSON reader: each limit on both sides, one meaning for every text, and nothing but our own errors."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import Any

import pytest

from api.library import get_vignettes
from api.strict_json import (
    DEEPEST,
    LONGEST_NUMBER,
    LONGEST_TEXT,
    MOST_BYTES,
    MOST_ITEMS,
    MOST_KEYS,
    MOST_KEYS_IN_ALL,
    RECORD,
    RECORD_BYTES,
    read_json,
    write_json,
)
from rules.check import Checker
from schemas.errors import InputError
from tests.conftest import ON


def code(data: bytes) -> str:
    """Return the code of the refusal, or `read`."""
    try:
        read_json(data)
    except InputError as error:
        return error.code
    return "read"


def keys(count: int) -> str:
    return "{" + ",".join(f'"{at}":1' for at in range(count)) + "}"


BORDERS = [
    ("depth", lambda n: "[" * n + "]" * n, DEEPEST, "too-deep"),
    ("keys of an object", keys, MOST_KEYS, "too-many-keys"),
    ("items of a list", lambda n: "[" + ",".join("1" * n) + "]", MOST_ITEMS, "too-many-items"),
    ("letters of a text", lambda n: f'"{"a" * n}"', LONGEST_TEXT, "text-too-long"),
    ("letters outside the first plane", lambda n: f'"{"🙂" * n}"', LONGEST_TEXT, "text-too-long"),
    ("letters of a key", lambda n: f'{{"{"a" * n}": 1}}', LONGEST_TEXT, "text-too-long"),
    ("digits of a whole number", lambda n: "9" * n, LONGEST_NUMBER, "number-too-long"),
    ("digits of a decimal number", lambda n: f"1.{'9' * (n - 2)}", LONGEST_NUMBER, "number-too-long"),
    ("bytes", lambda n: "[]" + " " * (n - 2), MOST_BYTES, "too-large"),
]  # fmt: skip


@pytest.mark.hazard("H-43")
@pytest.mark.parametrize(
    ("write", "limit", "refusal"), [row[1:] for row in BORDERS], ids=[row[0] for row in BORDERS]
)
def test_a_limit_is_reached_without_harm_and_refused_one_beyond(
    write: Any, limit: int, refusal: str
) -> None:
    assert code(write(limit).encode()) == "read"
    assert code(write(limit + 1).encode()) == refusal


@pytest.mark.hazard("H-43")
def test_keys_are_counted_over_the_whole_document() -> None:
    full = [keys(1000)] * (MOST_KEYS_IN_ALL // 1000)

    assert code(f"[{','.join(full)}]".encode()) == "read"
    assert code(f"[{','.join([*full, keys(1)])}]".encode()) == "too-many-keys"


def test_brackets_inside_texts_are_not_depth() -> None:
    text = "[{" * 100 + '\\"' + "[" * 100 + "\\\\"

    assert read_json(f'["{text}"]'.encode()) == [text.replace('\\"', '"').replace("\\\\", "\\")]
    assert code(f'["a\\\\", {"[" * 40}'.encode()) == "too-deep"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7), ("-7", -7), ("-0", 0), ("7.0", Decimal("7.0")), ("7.10", Decimal("7.10")), ("0.1", Decimal("0.1")),
        ("1e2", Decimal("100")), ("true", True), ("null", None), ('"\\ud83d\\ude42"', "🙂"), ('"\\u0061"', "a"),
        (' \n\t[1]\r\n', [1]), ('{"a": {"a": 1}, "b": {"a": 1}}', {"a": {"a": 1}, "b": {"a": 1}}),
        ("9" * 32, int("9" * 32)),
    ],
)  # fmt: skip
def test_what_json_means_is_read_exactly(text: str, value: object) -> None:
    found = read_json(text.encode())

    assert found == value
    assert type(found) is type(value)


@pytest.mark.hazard("H-44")
@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}', '{"a": 1, "\\u0061": 2}', '[{"b": {"a": 1, "a": 2}}]', '{"": 1, "": 2}',
        '{"a": 1, "b": {"a": 1}, "a": 3}',
    ],
    ids=["same value", "escaped", "deep inside", "empty", "apart"],
)  # fmt: skip
def test_a_key_that_stands_twice_is_refused_because_readers_disagree_about_it(text: str) -> None:
    assert code(text.encode()) == "duplicate-key"


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return *data* with one to four places cut, doubled, swapped or overwritten."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found) or 1)
        piece = chance.choice(
            [b"", b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"\0", b"\xff", b"\xed\xa0\x80", b"NaN", b"1e999",
             b"0", b"-", b".", b"\\ud800", b"/*", b"null", b'"a":1,', bytes([chance.randrange(256)])]
        )  # fmt: skip
        found[at : at + chance.randint(0, 3)] = piece
    return bytes(found)


@pytest.mark.hazard("H-44")
def test_of_thousands_of_damaged_documents_each_is_refused_by_us_or_read_as_others_read_it() -> (
    None
):
    chance = random.Random(20260301)
    seeds = [json.dumps(vignette.input).encode() for vignette in get_vignettes("fbss")[:6]]
    seeds += [
        b'{"facts": {"age": 50, "pain_now": true, "inr": 1.20}, "trials": [{"weeks": 4}]}'
    ] * 6
    counts = {"read": 0, "refused": 0}
    for _ in range(3_000):
        data = mutated(chance.choice(seeds), chance)
        try:
            ours = read_json(data)
        except InputError:
            counts["refused"] += 1
            continue
        counts["read"] += 1
        # No reader of ours is more generous than the standard one, nor does it read anything else.
        assert ours == json.loads(data.decode("utf-8"), parse_float=Decimal)

    assert min(counts.values()) > 200


def test_a_refusal_carries_nothing_of_the_document_in_its_chain_of_causes() -> None:
    for data in (b'{"zqcanary": ', b'{"zqcanary": "\xff"}'):
        with pytest.raises(InputError) as caught:
            read_json(data)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


def test_a_built_in_patient_as_printed_is_read_as_the_same_patient(checker: Checker) -> None:
    for vignette in get_vignettes("fbss"):
        printed = write_json(vignette.input).encode()

        assert checker.check(read_json(printed), ON) == checker.check(vignette.input, ON)


def test_a_record_may_be_longer_than_a_plain_input_but_not_deeper_and_not_ambiguous() -> None:
    long = json.dumps({"div": "x" * (LONGEST_TEXT + 1), "rows": [1] * (MOST_ITEMS + 1)}).encode()
    assert code(long) == "too-many-items"
    assert read_json(long, RECORD_BYTES, RECORD)["rows"] == [1] * (MOST_ITEMS + 1)

    for bad, expected in (
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "too-deep"),
        ("[" * 100_000, "too-deep"),
        (json.dumps([1] * (RECORD.items + 1)), "too-many-items"),
        ('{"a": [{"b": 1, "\\u0062": 2}]}', "duplicate-key"),
        ('{"a": "\\ud800"}', "text-not-unicode"),
        ('{"\\uDfFf": 1}', "text-not-unicode"),
        ('{"a": NaN}', "number-not-finite"),
    ):
        with pytest.raises(InputError) as caught:
            read_json(bad.encode(), RECORD_BYTES, RECORD)
        assert caught.value.code == expected


def test_a_whole_character_written_as_two_escapes_is_a_whole_character() -> None:
    assert read_json(b'["\\ud83d\\ude00", "\\u00e9", "\\\\ud800"]') == [
        "\U0001f600",
        "\u00e9",
        "\\ud800",
    ]
