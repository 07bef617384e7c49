"""Whose list is whole: silence says no only where the input says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cohort.conftest import Cohort, answers, faults, write

LISTED = "medications"


def asks_for_medications(row: dict[str, object]) -> bool:
    return LISTED in str(row["missing"]).split(";")


def test_a_list_is_whole_only_where_the_input_says_so(
    tables: Path, tmp_path: Path, cohort: Cohort
) -> None:
    assert cohort(tables, "--out", tmp_path / "out").code == 0

    found = answers(tmp_path / "out")
    assert not asks_for_medications(found["a"])
    assert asks_for_medications(found["b"])


def test_the_caller_can_say_that_a_table_is_whole_for_everybody(
    tables: Path, tmp_path: Path, cohort: Cohort
) -> None:
    cohort(tables, "--out", tmp_path / "out", "--whole", LISTED)

    assert not asks_for_medications(answers(tmp_path / "out")["b"])


@pytest.mark.hazard("H-64")
def test_a_row_that_names_no_patient_makes_every_list_of_its_kind_incomplete(
    tables: Path, tmp_path: Path, cohort: Cohort
) -> None:
    """The row without an id may be the anticoagulant of anybody: no list may be silent about it."""
    write(tables, "medications", {"patient": ["b", None], "agent": ["naproxen", "apixaban"]})

    done = cohort(tables, "--out", tmp_path / "out", "--whole", LISTED)

    assert done.code == 1
    assert "every list of medications counts as incomplete" in done.out
    assert asks_for_medications(answers(tmp_path / "out")["a"])
    assert [fault["code"] for fault in faults(tmp_path / "out")] == ["missing-id"]


def test_a_bad_row_takes_its_patient_out_and_nobody_else(
    tables: Path, tmp_path: Path, cohort: Cohort
) -> None:
    write(tables, "medications", {"patient": ["a", "b"], "agent": ["apixaban", "x" * 500]})

    done = cohort(tables, "--out", tmp_path / "out")

    assert done.code == 1
    assert list(answers(tmp_path / "out")) == ["a"]
    fault = faults(tmp_path / "out")[0]
    assert (fault["patient"], fault["row"], fault["where"]) == ("b", 2, "medications.agent")


def test_rows_of_people_who_are_not_in_the_cohort_are_counted(
    tables: Path, tmp_path: Path, cohort: Cohort
) -> None:
    write(tables, "medications", {"patient": ["a", "z"], "agent": ["apixaban", "naproxen"]})

    done = cohort(tables, "--out", tmp_path / "out")

    assert "1 rows tell of patients who are not in the cohort" in done.out


def test_equal_rows_are_one_row(tables: Path, tmp_path: Path, cohort: Cohort) -> None:
    write(tables, "medications", {"patient": ["a", "a"], "agent": ["apixaban", "apixaban"]})

    assert "1 rows said the same" in cohort(tables, "--out", tmp_path / "out").out
