"""Bad input: what cannot be used at all is refused before anything is decided; a bad row never stops a run."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from tests.unit.cohort.conftest import Cohort, answers, faults, write


def test_a_column_of_the_wrong_type_is_refused(tmp_path: Path, cohort: Cohort) -> None:
    file = write(tmp_path, "patients", {"patient": ["a"], "age": ["48"]})

    done = cohort(file, "--out", tmp_path / "out")

    assert done.code == 2
    assert "wrong-column-type: patients.parquet, column `age`" in done.err
    assert "48" not in done.err
    assert not list((tmp_path / "out").glob("part-*"))


def test_an_unknown_column_is_refused_with_the_nearest_name(tmp_path: Path, cohort: Cohort) -> None:
    file = write(tmp_path, "patients", {"patient": ["a"], "agee": [48]})

    done = cohort(file, "--out", tmp_path / "out")

    assert done.code == 2
    assert "did you mean `age`?" in done.err


def test_a_column_can_be_left_aside_by_name_and_the_run_says_so(
    tmp_path: Path, cohort: Cohort
) -> None:
    file = write(tmp_path, "patients", {"patient": ["a"], "ward": [4]})

    done = cohort(file, "--out", tmp_path / "out", "--ignore", "ward")

    assert done.code == 0
    assert "left aside, as asked: ward" in done.out
    assert json.loads((tmp_path / "out/run.json").read_text())["ignored"] == ["ward"]


def test_missing_and_double_ids_leave_their_rows_out(tmp_path: Path, cohort: Cohort) -> None:
    ids = ["a", None, "b", "c", "b"]
    file = write(tmp_path, "patients", {"patient": ids, "age": [50] * 5})

    done = cohort(file, "--out", tmp_path / "out")

    assert done.code == 1
    assert sorted(answers(tmp_path / "out")) == ["a", "c"]
    told = sorted((fault["code"], fault["row"]) for fault in faults(tmp_path / "out"))
    assert told == [("duplicate-id", 3), ("duplicate-id", 5), ("missing-id", 2)]


def test_doubles_far_apart_are_found(tmp_path: Path, cohort: Cohort) -> None:
    ids = [f"p{at}" for at in range(30)] + ["p0"]
    file = write(tmp_path, "patients", {"patient": ids}, patient=pa.string())

    cohort(file, "--out", tmp_path / "out", "--chunk", "10")

    assert len(list((tmp_path / "out").glob("part-*"))) == 4
    assert len(answers(tmp_path / "out")) == 29
    assert {fault["patient"] for fault in faults(tmp_path / "out")} == {"p0"}


@pytest.mark.parametrize("kept", [0, 3, 60, 0.5, -1], ids=str)
def test_a_parquet_file_cut_short_is_refused(kept: float, tmp_path: Path, cohort: Cohort) -> None:
    file = write(tmp_path, "patients", {"patient": ["a"], "age": [50]})
    data = file.read_bytes()
    file.write_bytes(data[: int(kept * len(data)) if 0 < kept < 1 else int(kept)])

    done = cohort(file, "--out", tmp_path / "out")

    assert done.code == 2
    assert done.err.startswith("not-a-table: patients.parquet")


def test_a_part_of_a_child_table_that_cannot_be_read_stops_before_anything_is_decided(
    tables: Path, tmp_path: Path, cohort: Cohort
) -> None:
    """Whose medicines are gone nobody can tell, and none of these people may be offered anything."""
    _spoil(tables / "medications.parquet")

    done = cohort(tables, "--out", tmp_path / "out")

    assert done.code == 2
    assert done.err.startswith("unreadable: medications.parquet, row 1")
    assert not list((tmp_path / "out").glob("part-*"))


def test_a_part_of_the_patients_that_cannot_be_read_is_told_and_the_rest_is_decided(
    tables: Path, tmp_path: Path, cohort: Cohort
) -> None:
    (tables / "patients.parquet").rename(tables / "patients-1.parquet")
    write(tables, "patients-2", {"patient": ["c"], "age": [40], "medications__list": ["whole"]})
    _spoil(tables / "patients-2.parquet")

    done = cohort(tables, "--out", tmp_path / "out")

    assert done.code == 1
    assert sorted(answers(tmp_path / "out")) == ["a", "b"]
    assert [fault["code"] for fault in faults(tmp_path / "out")] == ["unreadable"]


def _spoil(file: Path) -> None:
    """Damage the first page and leave the footer whole."""
    data = bytearray(file.read_bytes())
    data[4:24] = b"\xff" * 20
    file.write_bytes(bytes(data))


CSV = (
    "patient,age,temperature_c,pregnant,lumbar_imaging\n"
    "a,50,36.6,false,2024-05\n"
    "b,=1+1,,,\n"
    "=cmd|x,60,,,\n"
    "short\n"
    "\n"
    "d,old,37,true,\n"
    "e,70,36.6,maybe,2024-02-31\n"
)


def test_each_bad_line_of_a_csv_file_is_told_by_its_line_and_the_others_are_decided(
    tmp_path: Path, cohort: Cohort
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(CSV, encoding="utf-8")

    done = cohort(file, "--out", tmp_path / "out")

    assert done.code == 1
    assert sorted(answers(tmp_path / "out")) == ["=cmd|x", "a"]
    told = sorted((fault["row"], fault["code"]) for fault in faults(tmp_path / "out"))
    assert told == [
        (3, "cannot-be-read"),
        (5, "wrong-number-of-fields"),
        (7, "cannot-be-read"),
        (8, "cannot-be-read"),
    ]
    assert "old" not in (tmp_path / "out/errors.ndjson").read_text()


@pytest.mark.hazard("H-64")
def test_ids_a_spreadsheet_would_run_are_harmless_in_csv_answers(
    tmp_path: Path, cohort: Cohort
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("patient,age\n=cmd|x,60\n@sum,60\n+1,60\n-1,60\nplain,60\n", encoding="utf-8")

    done = cohort(file, "--out", tmp_path / "out", "--format", "csv", "--check", "5")

    assert done.code == 0
    assert "checked: 5 decided again at the bedside, 0 differ" in done.out
    lines = (tmp_path / "out/part-00000.csv").read_text().splitlines()[1:]
    ids = sorted(line.split(",")[0].strip('"') for line in lines)
    assert ids == ["'+1", "'-1", "'=cmd|x", "'@sum", "plain"]


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("people.csv", "name,age\nx,50\n", "missing-column"),
        ("people.csv", "patient,age,age\nx,50,50\n", "duplicate-column"),
        ("people.csv", "patient;age\nx;50\n", "missing-column"),
        ("people.txt", "patient\n", "no-records"),
    ],
)
def test_a_file_without_what_is_needed_is_refused(
    name: str, text: str, code: str, tmp_path: Path, cohort: Cohort
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")

    done = cohort(file, "--out", tmp_path / "out")

    assert done.code == 2
    assert code in done.err


@pytest.mark.parametrize(
    ("name", "text"),
    [("people.csv", "patient,age\n"), ("people.ndjson", ""), ("people.ndjson", "\n\n")],
    ids=["a header alone", "an empty file", "empty lines"],
)
def test_an_input_with_nobody_in_it_is_refused_and_the_folder_stays_free(
    name: str, text: str, tmp_path: Path, cohort: Cohort
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")

    done = cohort(file, "--out", tmp_path / "out")
    write(tmp_path, "patients", {"patient": ["a"]})
    again = cohort(tmp_path / "patients.parquet", "--out", tmp_path / "out")

    assert done.code == 2
    assert done.err.startswith("no-patients")
    assert again.code == 0


def test_one_letter_that_is_not_utf_8_spoils_its_row_and_not_the_file(
    tmp_path: Path, cohort: Cohort
) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes("patient,age,pain_pattern\na,50,\nb,60,\xe4\n".encode("latin-1"))

    done = cohort(file, "--out", tmp_path / "out")

    assert done.code == 1
    assert list(answers(tmp_path / "out")) == ["a"]
    assert [(each["row"], each["code"]) for each in faults(tmp_path / "out")] == [
        (3, "cannot-be-read")
    ]


@pytest.mark.hazard("H-64")
@pytest.mark.parametrize(
    ("stray", "help"),
    [("medication.parquet", "did you mean `medications`?"), ("trials.csv", "in the same format")],
)
def test_a_table_that_nobody_would_read_is_refused(
    stray: str, help: str, tables: Path, tmp_path: Path, cohort: Cohort
) -> None:
    """Left unread without a word, a list of medicines would look as if nobody had given one."""
    (tables / stray).write_bytes((tables / "medications.parquet").read_bytes())

    done = cohort(tables, "--out", tmp_path / "out")
    aside = cohort(tables, "--out", tmp_path / "aside", "--ignore", stray.split(".")[0])

    assert done.code == 2
    assert done.err.startswith(f"unknown-table: {stray}")
    assert help in done.err
    assert aside.code == 0


def test_the_answers_of_a_run_are_no_input(tables: Path, tmp_path: Path, cohort: Cohort) -> None:
    cohort(tables, "--out", tmp_path / "out")

    done = cohort(tmp_path / "out", "--out", tmp_path / "again")

    assert done.code == 2
    assert done.err.startswith("answers: INPUT")


def test_an_id_on_two_lines_of_ndjson_is_told_by_both_lines(tmp_path: Path, cohort: Cohort) -> None:
    file = tmp_path / "people.ndjson"
    lines = [f'{{"patient": "{id}", "facts": {{}}}}' for id in "aba"]
    file.write_text("\ufeff" + "\n".join(lines), encoding="utf-8")

    done = cohort(file, "--out", tmp_path / "out")

    assert done.code == 1
    assert sorted(fault["row"] for fault in faults(tmp_path / "out")) == [1, 3]


def test_a_bad_line_of_ndjson_is_told_and_the_others_are_decided(
    tmp_path: Path, cohort: Cohort
) -> None:
    lines = [
        '{"patient": "a", "facts": {"age": 50}}',
        "not json",
        '{"facts": {}}',
        '{"patient": "b", "facts": {"age": 430}}',
        '{"patient": "c", "facts": {"agee": 4}}',
        '{"patient": "d", "facts": {}, "not_used": [{"where": "x", "why": "y"}]}',
        '{"patient": "e", "facts": {}, "settings": "payer"}',
    ]
    file = tmp_path / "people.ndjson"
    file.write_text("\n".join(lines), encoding="utf-8")

    done = cohort(file, "--out", tmp_path / "out")

    assert done.code == 1
    found = answers(tmp_path / "out")
    assert sorted(found) == ["a", "d"]
    assert found["d"]["not_used"] == 1
    told = {fault["row"]: fault["code"] for fault in faults(tmp_path / "out")}
    assert told == {
        2: "not-json",
        3: "missing-id",
        4: "out-of-range",
        5: "unknown-field",
        7: "other-settings",
    }
