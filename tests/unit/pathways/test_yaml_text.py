"""YAML that strangers may have written is plain data, or is refused with its line."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from pathways.yaml_text import DEEPEST, LARGEST, read_yaml
from schemas.errors import PathwayError, Problem


def refusal(text: str, first_line: int = 1) -> Problem:
    with pytest.raises(PathwayError) as caught:
        read_yaml(text, "some.yaml", first_line)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("on", "on", id="on stays a word"),
        pytest.param("off", "off", id="off stays a word"),
        pytest.param("yes", "yes", id="yes stays a word"),
        pytest.param("no", "no", id="no stays a word"),
        pytest.param("y", "y", id="y stays a letter"),
        pytest.param("True", "True", id="a capital is another word"),
        pytest.param("NULL", "NULL", id="capitals are another word"),
        pytest.param("2026-03-01", "2026-03-01", id="a date stays text"),
        pytest.param("2026-03", "2026-03", id="a month stays text"),
        pytest.param("12:30", "12:30", id="a time is not a number to the base of sixty"),
        pytest.param("0x1F", "0x1F", id="a hexadecimal number stays text"),
        pytest.param("0o17", "0o17", id="an octal number stays text"),
        pytest.param("007", "007", id="leading zeros are kept"),
        pytest.param("1_000", "1_000", id="an underscore is no thousand"),
        pytest.param("1e3", "1e3", id="an exponent stays text"),
        pytest.param("+1", "+1", id="a plus sign stays text"),
        pytest.param(".5", ".5", id="a number needs a digit before its point"),
        pytest.param("5.", "5.", id="a number needs a digit after its point"),
        pytest.param(".inf", ".inf", id="infinity stays text"),
        pytest.param(".nan", ".nan", id="no number stays text"),
        pytest.param("<<", "<<", id="a merge sign stays text"),
        pytest.param("=", "=", id="a sign for a default stays text"),
        pytest.param("'5'", "5", id="a number in quotation marks is text"),
        pytest.param('"true"', "true", id="a truth in quotation marks is text"),
        pytest.param("777-3", "777-3", id="a code with a hyphen stays text"),
        pytest.param("true", True, id="true"),
        pytest.param("false", False, id="false"),
        pytest.param("null", None, id="null"),
        pytest.param("~", None, id="a tilde is null"),
        pytest.param("", "", id="nothing at all is empty text"),
        pytest.param("0", 0, id="zero"),
        pytest.param("-12", -12, id="a negative number"),
        pytest.param("0.1", Decimal("0.1"), id="a decimal number is exact"),
        pytest.param("-8.50", Decimal("-8.50"), id="a decimal number keeps its zeros"),
    ],
)
def test_a_value_is_what_it_says_and_nothing_that_yaml_thinks_of(written: str, meant: Any) -> None:
    value = read_yaml(f"a: {written}", "some.yaml")["a"]

    assert value == meant
    assert type(value) is type(meant)


def test_keys_are_always_text() -> None:
    assert read_yaml("{on: 1, 5: 2, null: 3, true: 4}", "some.yaml") == {
        "on": 1,
        "5": 2,
        "null": 3,
        "true": 4,
    }


def test_an_empty_document_holds_nothing() -> None:
    assert read_yaml("# only a remark\n", "some.yaml") is None


@pytest.mark.hazard("H-72")
@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        pytest.param("a: 1\nb: !!python/object/apply:os.system [ls]", "yaml-tag", 2, id="a call"),
        pytest.param("a: !!python/name:os.system", "yaml-tag", 1, id="a function"),
        pytest.param("a: !!str 5", "yaml-tag", 1, id="a harmless tag"),
        pytest.param("a: !mine 5", "yaml-tag", 1, id="a tag of one's own"),
        pytest.param("a: ! 5", "yaml-tag", 1, id="an empty tag"),
        pytest.param("a: 1\nb:\n  - !!set {c}", "yaml-tag", 3, id="a tagged mapping"),
        pytest.param("a: !!seq [1]", "yaml-tag", 1, id="a tagged list"),
        pytest.param("a: 1\nb: &x 5", "yaml-alias", 2, id="an anchor nobody uses"),
        pytest.param("a: &x 5\nb: *x", "yaml-alias", 1, id="an anchor and its alias"),
        pytest.param("a: [1]\nb: &x [*x]", "yaml-alias", 2, id="a list that holds itself"),
        pytest.param("a: &x {b: 1}\nc:\n  <<: *x", "yaml-alias", 1, id="a merge"),
        pytest.param("a: 1\nb: 2\na: 3", "yaml", 3, id="a key twice"),
        pytest.param("a:\n  b: 1\n  c: 2\n  b: 3", "yaml", 4, id="a key twice, inside"),
        pytest.param("{a: 1, a: 1}", "yaml", 1, id="a key twice with the same value"),
        pytest.param('{"a": 1,\n "\\x61": 2}', "yaml", 2, id="a key twice in other letters"),
        pytest.param("a: [1\nb: 2", "yaml", 2, id="an open list"),
        pytest.param("a:\n\tb: 1", "yaml", 2, id="a tabulator"),
        pytest.param("a: b: c", "yaml", 1, id="a colon inside text"),
        pytest.param("a: 1\n---\nb: 2", "yaml", 2, id="two documents"),
        pytest.param("? [a]\n: b", "yaml", 1, id="a list as a key"),
        pytest.param("a: \x00", "yaml", 1, id="a null character"),
        pytest.param('a: "\\ud800"', "yaml", 1, id="half a character"),
        pytest.param("a: *x", "yaml-alias", 1, id="an alias of nothing"),
        pytest.param("%TAG ! tag:evil,2026:\n---\na: !b 1", "yaml-tag", 3, id="a tag by a handle"),
    ],
)
def test_whatever_is_not_plain_data_is_refused_with_its_line(
    text: str, code: str, line: int
) -> None:
    problem = refusal(text)

    assert (problem.code, problem.where) == (code, f"some.yaml:{line}")
    assert problem.help


def test_a_line_is_counted_from_where_the_text_begins() -> None:
    assert refusal("a: 1\nb: !x 2", first_line=40).where == "some.yaml:41"
    assert refusal("a: 1\na: 2", first_line=40).where == "some.yaml:41"


@pytest.mark.hazard("H-72")
def test_a_bomb_of_aliases_is_refused_before_it_unfolds() -> None:
    bomb = "\n".join(
        ["a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
        + [
            f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]"
            for a, b in zip("abcdefgh", "bcdefghi", strict=True)
        ]
    )
    began = time.process_time()

    assert refusal(bomb).code == "yaml-alias"
    assert time.process_time() - began < 0.5


@pytest.mark.hazard("H-72")
@pytest.mark.parametrize(
    ("opened", "closed"),
    [
        pytest.param("[", "]", id="lists"),
        pytest.param("{a: ", "}", id="mappings"),
    ],
)
def test_a_document_is_refused_from_the_first_level_too_deep(opened: str, closed: str) -> None:
    assert read_yaml(opened * DEEPEST + closed * DEEPEST, "some.yaml")
    assert refusal(opened * (DEEPEST + 1) + closed * (DEEPEST + 1)).code == "yaml-too-deep"


def test_lists_side_by_side_are_not_deep() -> None:
    assert len(read_yaml("\n".join(["- [1]"] * (DEEPEST * 3)), "some.yaml")) == DEEPEST * 3


@pytest.mark.hazard("H-72")
@pytest.mark.parametrize("opened", ["[", "{a: ", "- "])
def test_a_hundred_thousand_levels_are_refused_at_once(opened: str) -> None:
    began = time.process_time()

    assert refusal(opened * 100_000).code in ("yaml-too-deep", "yaml")
    assert time.process_time() - began < 0.5


@pytest.mark.hazard("H-72")
def test_a_document_is_refused_from_the_first_character_too_many() -> None:
    text = "a: " + "b" * (LARGEST - 3)

    assert len(read_yaml(text, "some.yaml")["a"]) == LARGEST - 3
    problem = refusal(text + "b", first_line=7)
    assert (problem.code, problem.where) == ("document-too-large", "some.yaml:7")


@pytest.mark.hazard("H-72")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: " + "9" * 5_000, id="a number of five thousand digits"),
        pytest.param("a: \ud800", id="half a character that is not escaped"),
    ],
)
def test_no_library_error_comes_through(text: str) -> None:
    problem = refusal(text)

    assert (problem.code, problem.where) == ("yaml", "some.yaml:1")
