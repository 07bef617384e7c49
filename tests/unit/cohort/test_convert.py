"""Columns of files turned into the types the rules read: what is kept exactly, and what is refused."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from api.cohort.convert import convert, decode, fits, read_text


@pytest.mark.parametrize(
    ("held", "kind", "good"),
    [
        pytest.param(pa.array([3.0, None, float("nan")]), "integer", [3, None, None], id="pandas-integers"),
        pytest.param(pa.array([36.6], pa.float32()), "decimal", [36.6], id="four-byte-number-as-written"),
        pytest.param(pa.array(["a"]).dictionary_encode(), "text", ["a"], id="dictionary"),
        pytest.param(pa.array([18_000], pa.date32()), "date", ["2019-04-14"], id="date"),
        pytest.param(pa.nulls(1), "boolean", [None], id="nothing-at-all"),
    ],
)  # fmt: skip
def test_what_other_programs_write_is_read_exactly(held: Any, kind: Any, good: list[Any]) -> None:
    values, bad = convert(held, kind)

    assert values.to_pylist() == good
    assert not any(bad.to_pylist())


@pytest.mark.parametrize(
    ("text", "kind"),
    [("3.5", "integer"), ("1e3", "decimal"), ("=1+1", "integer"), ("yes", "boolean"), ("1", "boolean"),
     ("01/02/2024", "date"), ("2024-1-1", "date"), ("x" * 401, "text"), (" 5", "integer")],
)  # fmt: skip
def test_text_that_is_not_plainly_the_value_is_refused_and_never_guessed(
    text: str, kind: Any
) -> None:
    values, bad = read_text(pa.array([text, None]), kind)

    assert values.to_pylist() == [None, None]
    assert bad.to_pylist() == [True, False]


@pytest.mark.parametrize("number", [3.25, 1e12, float("inf")])
def test_a_number_that_is_not_whole_is_no_whole_number(number: float) -> None:
    assert convert(pa.array([number]), "integer")[1].to_pylist() == [True]


def test_bytes_that_are_not_utf_8_spoil_their_own_cell_only() -> None:
    values, bad = decode(pa.array([b"\xff", b"ok", b""]))

    assert values.to_pylist() == [None, "ok", None]
    assert bad.to_pylist() == [True, False, False]


def test_numbers_written_as_text_do_not_fit_a_typed_column_of_numbers() -> None:
    assert not fits(pa.string(), "integer")
    assert not fits(pa.int64(), "boolean")
    assert fits(pa.float64(), "integer")
