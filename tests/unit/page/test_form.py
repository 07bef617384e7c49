"""The form and the input object: nothing is lost, nothing becomes no by itself."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.library import get_vignettes
from api.page.form import (
    ASKED_TOGETHER,
    denied,
    fields_of,
    input_of,
    parse_form,
    settled,
    undenied,
    without_row,
)
from api.page.rows import ROW_LISTS
from api.service import read_checked
from rules.canonical import patient_input
from schemas.errors import InputError
from schemas.facts import FactKind
from schemas.pathway import Pathway
from schemas.patient import Medication, Override, Surgery, Trial

TODAY = dt.date(2026, 3, 1)
LOOKS = [
    pytest.param(look.input, id=f"{case.id}/{at}")
    for case in get_vignettes("fbss")
    for at, look in enumerate(case.looks, start=1)
]


def understood(data: Any) -> dict[str, Any]:
    return patient_input(read_checked("fbss", data, TODAY))


@pytest.mark.parametrize("data", LOOKS)
def test_a_patient_put_into_the_form_comes_out_the_same(data: Any, pathway: Pathway) -> None:
    checked = understood(data)
    assert understood(input_of(fields_of(checked), pathway)) == checked


@pytest.mark.hazard("H-16")
def test_a_list_that_may_lack_something_stays_so_on_the_page(pathway: Pathway) -> None:
    data = {"facts": {}, "medications": [{"agent": "apixaban"}], "incomplete": ["medications"]}
    fields = fields_of(understood(data))

    assert understood(input_of(fields, pathway)) == understood(data)
    without = {name: text for name, text in fields.items() if not name.startswith("m.")}
    assert "medications" not in input_of(without, pathway)


def test_a_value_keeps_its_date_its_source_and_its_reason_for_being_unknown(
    pathway: Pathway,
) -> None:
    facts = {
        "egfr": {"value": 92, "date": "2026-02", "source": "laboratory"},
        "dn4": {"unknown": "asked-but-unknown"},
        "inr": {"unknown": "unavailable"},
        "odi_percent": {"unknown": "stale", "date": "2019"},
    }
    rows = {"not_used": [{"where": "Observation", "why": "2 without a unit"}]}
    checked = understood({"facts": facts, **rows})
    assert understood(input_of(fields_of(checked), pathway)) == checked


def test_an_empty_form_says_nothing_and_denies_nothing(pathway: Pathway) -> None:
    blank = {f"f.{name}": "" for name in pathway.facts} | {"l.trials": "", "t.0.weeks": " "}
    assert input_of(blank, pathway) == {"facts": {}}


def test_an_empty_list_needs_a_person_to_say_none(pathway: Pathway) -> None:
    assert "trials" not in input_of({}, pathway)
    assert input_of({"l.trials": "none"}, pathway)["trials"] == []
    assert "overrides" not in input_of({"l.overrides": "none"}, pathway)


def test_a_list_marked_as_none_with_rows_is_refused_not_guessed(pathway: Pathway) -> None:
    with pytest.raises(InputError) as refused:
        input_of({"l.trials": "none", "t.0.treatment": "nsaid"}, pathway)
    assert refused.value.code == "contradiction"


@pytest.mark.parametrize(
    ("text", "value"),
    [("4,5", Decimal("4.5")), ("4.5", Decimal("4.5")), ("7", 7), ("−10", -10), ("about 7", "about 7"), ("1e3", "1e3")],
    ids=["comma", "point", "whole", "minus sign", "words stay words", "no exponents"],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: str, value: Any, pathway: Pathway) -> None:
    assert input_of({"f.hba1c_percent": text}, pathway)["facts"]["hba1c_percent"] == {
        "value": value
    }


def test_answering_a_section_together_denies_only_what_can_be_denied(pathway: Pathway) -> None:
    before = {"f.fever_or_chills": "yes", "f.night_pain": "?"}
    after = denied(before, pathway, "red-signs")
    facts = input_of(after, pathway)["facts"]
    assert facts["fever_or_chills"] == {"value": True}
    assert facts["night_pain"] == {"unknown": "asked-but-unknown"}
    assert facts["bladder_disturbance"] == {"value": "none", "source": ASKED_TOGETHER}
    for fact in pathway.facts.values():
        if fact.section == "red-signs" and fact.kind in (FactKind.INTEGER, FactKind.DECIMAL):
            assert fact.name not in facts
    assert {pathway.facts[name].section for name in facts} == {"red-signs"}


def test_what_was_answered_together_can_be_taken_back(pathway: Pathway) -> None:
    before = {"f.fever_or_chills": "yes", "r.nsaid": "accept", "on": "2026-03-01", "": "x"}
    assert undenied(denied(before, pathway, "red-signs"), pathway, "red-signs") == before


def test_a_removed_row_leaves_the_others_in_order(pathway: Pathway) -> None:
    fields = {f"t.{at}.treatment": name for at, name in ((0, "nsaid"), (3, "opioid"), (7, "other"))}
    left = input_of(without_row(fields, "trials", 1), pathway)["trials"]
    assert left == [{"treatment": "nsaid"}, {"treatment": "other"}]


def test_an_answer_given_among_the_questions_replaces_the_fact() -> None:
    fields = {"f.smoker": "", "q.smoker": "yes", "f.age": "50", "q.age": ""}
    assert settled(fields) == {"f.smoker": "yes", "f.age": "50"}


@pytest.mark.parametrize(
    ("name", "model"),
    [("trials", Trial), ("medications", Medication), ("surgeries", Surgery), ("overrides", Override)],
)  # fmt: skip
def test_every_column_of_a_row_can_be_entered(name: str, model: Any) -> None:
    columns = next(each.columns for each in ROW_LISTS if each.name == name)
    assert {column.name for column in columns} == set(model.model_fields)


def test_what_is_no_form_is_refused() -> None:
    for data in (b"f.age=%ff", "f.age=ä".encode(), b"&".join([b"a=1"] * 5001)):
        with pytest.raises(InputError):
            parse_form(data)


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=8))
def test_no_form_whatever_it_holds_breaks_the_reading(fields: dict[str, str]) -> None:
    from api.library import get_pathway

    pathway = get_pathway("fbss")
    found = input_of(settled(fields), pathway)
    assert set(found) <= {
        "facts",
        "trials",
        "medications",
        "surgeries",
        "overrides",
        "not_used",
        "on",
        "settings",
    }
