"""Canonical JSON: one way to write a value, so that one answer has one hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from api.library import get_vignettes
from rules.canonical import canonical_json, patient_input, sha256
from rules.check import Checker
from rules.derive import canonical_value
from schemas.decision import Decision
from schemas.facts import parse_partial_date
from tests.conftest import ON


def test_canonical_json_sorts_its_keys_wastes_no_blank_and_keeps_letters_as_they_are() -> None:
    value = {"b": [1, None, True], "a": {"ü": "é\n"}}

    assert canonical_json(value) == '{"a":{"ü":"é\\n"},"b":[1,null,true]}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("1.5"), {1, 2}])
def test_what_has_no_canonical_form_is_refused_and_not_guessed(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        canonical_json({"value": value})


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Decimal("4"), 4),
        (Decimal("4.00"), 4),
        (Decimal("1E+2"), 100),
        (Decimal("-0"), 0),
        (Decimal("38.30"), 38.3),
        (Decimal("0.1"), 0.1),
        (True, True),
        ("none", "none"),
        (parse_partial_date("2025-11"), "2025-11"),
    ],
    ids=str,
)
def test_a_number_has_one_form_and_a_date_stays_as_it_was_written(
    value: object, plain: object
) -> None:
    assert canonical_value(value) == plain
    assert type(canonical_value(value)) is type(plain)


def test_the_hash_is_the_sha256_of_the_canonical_text_in_utf8() -> None:
    assert sha256({"ü": 1}) == hashlib.sha256('{"ü":1}'.encode()).hexdigest()


@pytest.mark.parametrize("vignette", get_vignettes("fbss"), ids=lambda each: each.id)
def test_the_input_as_understood_understood_again_is_the_same_input(
    vignette: Any, checker: Checker
) -> None:
    for look in vignette.looks:
        once = patient_input(checker.check(look.input, ON))
        again = patient_input(checker.check(json.loads(json.dumps(once)), ON))

        assert canonical_json(again) == canonical_json(once)
        assert once["facts"].keys() == look.input["facts"].keys()


def test_the_input_as_understood_leaves_out_what_says_nothing(checker: Checker) -> None:
    dn4, pain = {"value": 4, "date": "2026"}, {"unknown": "unavailable"}
    facts = {"age": 50, "sex": None, "asthma": {}, "pain_now": pain, "dn4": dn4}
    patient = checker.check({"facts": facts, "trials": [], "medications": None}, ON)

    assert patient_input(patient) == {
        "facts": {"age": 50, "dn4": dn4, "pain_now": pain},
        "on": "2026-03-01",
        "settings": "default",
        "trials": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"facts": {"age": 51}},
        {"facts": {"age": {"value": 50, "source": "letter"}}},
        {"facts": {"age": 50}, "on": "2026-03-02"},
        {"facts": {"age": 50}, "trials": []},
    ],
    ids=["a value", "a source", "the date of the question", "an empty list instead of none told"],
)
def test_whatever_is_told_differently_has_another_receipt(
    change: dict[str, Any], decide: Callable[[dict[str, Any]], Decision]
) -> None:
    base = decide({"facts": {"age": 50}}).receipt

    assert decide(change).receipt.facts != base.facts
    assert decide(change).receipt.decision != base.decision


def test_another_profile_has_another_receipt_of_its_settings(
    decide: Callable[[dict[str, Any]], Decision],
) -> None:
    one, other = (decide({"facts": {}, "settings": name}).receipt for name in ("default", "payer"))

    assert one.settings != other.settings
    assert (one.content, one.program) == (other.content, other.program)


def test_the_receipt_of_a_decision_is_the_hash_of_everything_else_in_it(
    decide: Callable[[dict[str, Any]], Decision],
) -> None:
    body = decide({"facts": {"age": 50}}).model_dump(mode="json")
    told = body["receipt"]["decision"]
    body["receipt"]["decision"] = ""

    assert sha256(body) == told
    body["urgency"] = "U0"
    assert sha256(body) != told


def test_the_hash_of_a_decision_is_that_of_its_canonical_json(
    decide: Callable[[dict[str, Any]], Decision],
) -> None:
    inputs = [vignette.input for vignette in get_vignettes("fbss")]
    assert len(inputs) > 10
    for data in inputs:
        whole = decide(data).model_dump(mode="json")
        assert sha256(whole) == hashlib.sha256(canonical_json(whole).encode()).hexdigest()


def test_a_whole_number_beyond_64_bits_has_a_hash_too() -> None:
    value = {"b": 10**30, "a": 1}

    assert sha256(value) == hashlib.sha256(canonical_json(value).encode()).hexdigest()


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_a_decimal_that_is_not_finite_has_no_plain_form(value: str) -> None:
    with pytest.raises(ValueError, match="not finite"):
        canonical_value(Decimal(value))
