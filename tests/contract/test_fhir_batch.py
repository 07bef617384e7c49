"""The batch over Bulk Data folders: every patient once, faults apart, memory bounded, nothing of a line repeated."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from api.fhir.batch import decide_folder
from api.library import get_vignettes
from api.service import decide_input
from tests.contract.doors import CANARY, run
from tests.fhir_records import PATIENT, day_of, record_of
from tests.unit.fhir.charts import ON, RXNORM, coded, condition, listed, patient, request

Lines = dict[str, list[dict[str, Any]]]
VIGNETTES = [each for each in get_vignettes("fbss") if each.input["on"] == ON.isoformat()]


def resources_of(vignettes: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the records of *vignettes*, each under its own id, as a server would export them."""
    found = []
    for vignette in vignettes:
        for entry in json.loads(
            json.dumps(record_of(vignette.input)).replace(PATIENT, vignette.id)
        )["entry"]:
            resource = entry["resource"]
            if resource["resourceType"] != "Patient":
                resource["id"] = f"{vignette.id}-{resource['id']}"
            found.append(resource)
    return found


def write(folder: Path, resources: list[dict[str, Any]]) -> Path:
    """Write *resources* as Bulk Data: by type, in the order they come."""
    folder.mkdir(parents=True, exist_ok=True)
    for resource in resources:
        with (folder / f"{resource['resourceType']}.000.ndjson").open("a") as file:
            file.write(json.dumps(resource) + "\n")
    return folder


def batch(folder: Path, *more: str) -> tuple[int, str, list[Any], list[Any]]:
    out, errors = folder.parent / "out.ndjson", folder.parent / "errors.ndjson"
    answer = run(
        "batch", str(folder), "--out", str(out), "--errors", str(errors), "--on", ON.isoformat(), *more
    )  # fmt: skip
    lines = [[json.loads(line) for line in each.read_text().splitlines()] for each in (out, errors)]
    return answer.code, answer.words, lines[0], lines[1]


def codes(errors: list[Any]) -> list[tuple[str, str]]:
    """Return where each fault is, and what."""
    return [
        (
            each["issue"][0]["diagnostics"].partition(": ")[0],
            each["issue"][0]["details"]["coding"][0]["code"],
        )
        for each in errors
    ]


def test_7_1_every_patient_of_the_folder_gets_the_decision_of_its_own_input(tmp_path: Path) -> None:
    folder = write(tmp_path / "bulk", resources_of(VIGNETTES))

    code, words, lines, errors = batch(folder)

    assert (code, errors) == (0, [])
    assert words.splitlines()[-1].startswith(
        f"{len(VIGNETTES)} of {len(VIGNETTES)} patients decided, "
    )
    assert [line["patient"] for line in lines] == sorted(each.id for each in VIGNETTES)
    for vignette in VIGNETTES:
        told = decide_input("fbss", vignette.input, day_of(vignette.input))
        (line,) = (each for each in lines if each["patient"] == vignette.id)
        assert line["decision"]["urgency"] == told.urgency.value
        assert {t["treatment"]: t["verdict"] for t in line["decision"]["treatments"]} == {
            each.treatment: each.verdict.value for each in told.treatments
        }


@pytest.mark.hazard("H-08")
@pytest.mark.parametrize("seed", range(3))
def test_7_1_the_order_of_files_and_lines_changes_nothing(tmp_path: Path, seed: int) -> None:
    resources = resources_of(VIGNETTES[:4])
    mixed = resources.copy()
    random.Random(seed).shuffle(mixed)
    straight = batch(write(tmp_path / "a" / "bulk", resources))
    shuffled = write(tmp_path / "b" / "bulk", mixed)
    # One type in several files, and the people last.
    (shuffled / "Patient.000.ndjson").rename(shuffled / "zz.ndjson")
    half = (shuffled / "Condition.000.ndjson").read_text().splitlines(keepends=True)
    (shuffled / "Condition.000.ndjson").write_text("".join(half[1:]))
    (shuffled / "Condition.001.ndjson").write_text("\n" + half[0].rstrip("\n"))

    assert batch(shuffled) == straight


def test_7_1_a_medication_that_patients_share_is_found(tmp_path: Path) -> None:
    shared = {"resourceType": "Medication", "id": "m1", "code": coded("7258", RXNORM)}
    order = request(None, medicationReference={"reference": "Medication/m1"})
    order = {key: value for key, value in order.items() if value is not None}
    folder = write(tmp_path / "bulk", [patient(), order, shared, listed("medications")])

    _, _, lines, errors = batch(folder)

    assert errors == []
    assert [row["agent"] for row in lines[0]["decision"]["input"]["medications"]] == ["naproxen"]


def test_7_1_memory_is_bounded_by_a_patient_not_by_the_folder(tmp_path: Path) -> None:
    def many(count: int) -> Path:
        note = [{"text": "x" * 500_000}]
        people = [patient(id=f"p{n}") for n in range(count)]
        entries = [
            condition(subject={"reference": f"Patient/{p['id']}"}, note=note) for p in people
        ]
        return write(tmp_path / str(count), [*people, *entries])

    def peak(folder: Path) -> int:
        with (tmp_path / "o").open("w") as out, (tmp_path / "e").open("w") as errors:
            tracemalloc.start()
            counts = decide_folder(folder, out, errors, pathway="fbss", on=ON)
            most = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert counts.failed == 0
        return most

    few, more = many(4), many(24)
    peak(few)  # what is built once

    # Twenty patients more are ten megabytes more of text.
    assert peak(more) - peak(few) < 2_500_000


@pytest.mark.hazard("H-61")
def test_7_2_row_42_a_bad_line_is_told_by_its_number_and_never_stops_the_run(
    tmp_path: Path,
) -> None:
    folder = write(tmp_path / "bulk", resources_of(VIGNETTES[:3]))
    bad = [
        '{"resourceType": "Condition", "zqcanary',
        '{"resourceType": "Condition", "id": "1", "id": "zqcanary"}',
        '{"resourceType": "zqcanary"}',
        '[1, 2, "zqcanary"]',
        '{"resourceType": "Condition", "subject": {"display": "zqcanary"}}',
        '{"resourceType": "Observation", "valueDecimal": NaN}',
        '{"a":' * 50 + "1" + "}" * 50,
        '{"resourceType": "Condition", "note": "' + "x" * (5 * 1024 * 1024) + '"}',
        '{"resourceType": "Location", "name": "zqcanary"}',
    ]
    (folder / "Condition.001.ndjson").write_text("\n".join(bad) + "\n")
    (folder / "Condition.002.ndjson").write_bytes(b'{"resourceType": "\xff"}\n\n\n')

    code, words, lines, errors = batch(folder)

    assert code == 1
    assert len(lines) == 3
    assert words.splitlines()[-1].endswith(f"{len(errors)} failed")
    assert codes(errors) == [
        ("Condition.001.ndjson:1", "not-json"),
        ("Condition.001.ndjson:2", "duplicate-key"),
        ("Condition.001.ndjson:3", "not-a-resource"),
        ("Condition.001.ndjson:4", "not-a-resource"),
        ("Condition.001.ndjson:5", "no-patient"),
        ("Condition.001.ndjson:6", "number-not-finite"),
        ("Condition.001.ndjson:7", "too-deep"),
        ("Condition.001.ndjson:8", "too-large"),
        ("Condition.002.ndjson:1", "not-utf-8"),
    ]
    assert all(each["resourceType"] == "OperationOutcome" for each in errors)
    assert CANARY not in json.dumps(errors)
    assert CANARY not in words


def test_7_2_a_patient_who_cannot_be_decided_is_told_and_the_others_are_decided(
    tmp_path: Path,
) -> None:
    torn = [
        patient(id="torn"),
        condition(subject={"reference": "Patient/torn"}, patient={"reference": "Patient/p9"}),
    ]
    folder = write(tmp_path / "bulk", [patient(id="a"), *torn, patient(id="z")])

    code, _, lines, errors = batch(folder)

    assert code == 1
    assert [line["patient"] for line in lines] == ["a", "z"]
    assert [each[1] for each in codes(errors)] == ["other-patient"]


def test_7_2_settings_are_used(tmp_path: Path) -> None:
    folder = write(tmp_path / "bulk", [patient()])
    _, _, lines, _ = batch(folder, "--settings", "payer")

    assert lines[0]["decision"]["settings"]["profile"] == "payer"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nowhere", "--out", "o", "--errors", "e"], "cannot-read"),
        (["empty", "--out", "o", "--errors", "e"], "no-records"),
        (["bulk", "--out", "o", "--errors", "o"], "not-a-choice"),
        (["bulk", "--out", "nowhere/o", "--errors", "e"], "cannot-write"),
        (["bulk", "--out", "bulk/o.ndjson", "--errors", "e"], "not-a-choice"),
        (["bulk", "--out", "bulk", "--errors", "e"], "cannot-write"),
        (["bulk", "--out", "o", "--errors", "e", "--settings", "nobodys"], "unknown-profile"),
        (["bulk", "--out", "o", "--errors", "e", "--on", "2026-02-30"], "not-a-date"),
        (["bulk", "--out", "o", "--errors", "e", "--on", "2026-02"], "not-a-date"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "bulk", [patient()])
    (tmp_path / "empty").mkdir()

    answer = run("batch", *words)

    assert answer.code == 2
    assert [problem for problem, _ in answer.problems] == [code]
    assert not (tmp_path / "o").exists() or not (tmp_path / "o").read_text()


def test_nothing_of_the_patients_is_left_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))

    batch(write(tmp_path / "bulk", [patient()]))

    assert list((tmp_path / "temporary").iterdir()) == []
