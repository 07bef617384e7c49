"""One foreign patient ends the reading; a reference nobody can follow is nobody's."""

from __future__ import annotations

from typing import Any

import pytest

from api.fhir.reading import MixedPatients
from tests.unit.fhir.charts import (
    ON,
    bundle,
    condition,
    facts,
    made,
    not_used,
    observation,
    patient,
    read,
)

BASE = "https://ehr.example/fhir"
UUID = "0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"


@pytest.mark.hazard("H-08")
@pytest.mark.parametrize(
    "reference",
    [
        "Patient/p2", "Patient/p10", "Patient/P1", f"{BASE}/Patient/p2", "Patient/p2/_history/3",
        f"{BASE}/Patient/p2/_history/1", "https://other.example/fhir/Patient/p1",
    ],
)  # fmt: skip
def test_row_30_a_resource_of_another_patient_ends_the_reading(reference: str) -> None:
    mine = bundle(patient())
    mine["entry"][0]["fullUrl"] = f"{BASE}/Patient/p1"

    with pytest.raises(MixedPatients) as caught:
        read(mine, observation(), condition(subject={"reference": reference}))

    assert caught.value.code == "other-patient"
    assert reference not in str(caught.value)


@pytest.mark.hazard("H-08")
def test_row_30_patient_1_is_not_patient_10() -> None:
    with pytest.raises(MixedPatients):
        read(patient(id="1"), condition(subject={"reference": "Patient/10"}), subject="1")


@pytest.mark.parametrize("where", ["subject", "patient", "beneficiary"])
@pytest.mark.parametrize("kind", ["Encounter", "Coverage", "AllergyIntolerance", "Immunization"])
def test_a_type_that_is_not_read_ends_the_reading_as_well(where: str, kind: str) -> None:
    other = {"resourceType": kind, where: {"reference": "Patient/p2"}}

    with pytest.raises(MixedPatients):
        read(patient(), other)


@pytest.mark.parametrize(
    "others",
    [
        [patient(), patient(id="p2")],
        [bundle(patient()), bundle(bundle(patient(id="p2")))],
        [patient(id="p2")],
        [{"resourceType": "Patient", "birthDate": "1970"}, {"resourceType": "Patient"}],
    ],
    ids=["two of them", "one of them deep in a Bundle", "only a foreign one", "two without an id"],
)  # fmt: skip
def test_row_30_two_patients_end_the_reading(others: list[Any]) -> None:
    with pytest.raises(MixedPatients):
        read(*others)


def test_without_a_patient_in_context_all_references_must_agree() -> None:
    one, other = condition(), condition(subject={"reference": "Patient/p2"})

    assert facts(one, subject=None) == {"copd": True}
    with pytest.raises(MixedPatients):
        read(one, other, subject=None)


@pytest.mark.parametrize("subject", ["p1", "Patient/p1", f"{BASE}/Patient/p1", None])
@pytest.mark.parametrize(
    "reference", ["Patient/p1", f"{BASE}/Patient/p1", "Patient/p1/_history/2", "p1"]
)
def test_d7_the_patient_is_the_same_however_it_is_written(
    subject: str | None, reference: str
) -> None:
    mine = condition(subject={"reference": reference})

    assert facts(patient(), mine, subject=subject)["copd"] is True


def test_a_urn_is_followed_to_the_patient_of_the_bundle() -> None:
    mine = bundle({"resourceType": "Patient", "birthDate": "1970-05-01"}, condition())
    mine["entry"][0]["fullUrl"] = f"urn:uuid:{UUID}"
    mine["entry"][1]["resource"]["subject"] = {"reference": f"urn:uuid:{UUID.upper()}"}

    assert facts(mine, subject=None) == {"age": 55, "copd": True}
    assert facts(mine, subject=UUID) == {"age": 55, "copd": True}


@pytest.mark.hazard("H-08")
@pytest.mark.parametrize(
    ("subject", "why"),
    [
        (None, "1 without a patient"),
        ({}, "1 without a patient"),
        ({"display": "Somebody, Some"}, "1 whose patient cannot be told"),
        ({"identifier": {"system": "urn:x", "value": "9"}}, "1 whose patient cannot be told"),
        ({"reference": f"urn:uuid:{UUID}"}, "1 whose patient cannot be told"),
        ({"reference": "#other"}, "1 whose patient cannot be told"),
        ({"reference": "Patient?identifier=9"}, "1 whose patient cannot be told"),
        ({"reference": "Group/p1"}, "1 that are not about a patient"),
        ({"reference": "Device/p1"}, "1 that are not about a patient"),
    ],
)  # fmt: skip
def test_row_30_a_resource_of_nobody_is_not_used_and_is_no_other_patient(
    subject: Any, why: str
) -> None:
    found = read(patient(), condition(subject=subject)).input

    assert "copd" not in found["facts"]
    assert {"where": "Condition", "why": why} in found["not_used"]


def test_a_logical_reference_is_ours_by_the_same_identifier() -> None:
    known = patient(identifier=[{"system": "urn:clinic", "value": "77"}])
    mine = condition(subject={"identifier": {"system": "urn:clinic", "value": "77"}})

    assert facts(known, mine)["copd"] is True


def test_a_contained_patient_is_ours_by_the_same_identifier_and_otherwise_nobodys() -> None:
    known = patient(identifier=[{"system": "urn:clinic", "value": "77"}])
    inner = {
        "resourceType": "Patient",
        "id": "x",
        "identifier": [{"system": "urn:clinic", "value": "77"}],
    }
    mine = condition(subject={"reference": "#x"}, contained=[inner])
    foreign = condition(subject={"reference": "#x"}, contained=[{**inner, "identifier": []}])

    assert facts(known, mine)["copd"] is True
    assert ("Condition", "1 whose patient cannot be told") in not_used(known, foreign)


def test_a_family_history_says_nothing_about_the_patient() -> None:
    family = made(
        "FamilyMemberHistory", patient={"reference": "Patient/p1"}, status="completed",
        condition=[{"code": {"coding": [{"system": "http://snomed.info/sct", "code": "59282003"}]}}],
    )  # fmt: skip

    assert facts(patient(), family) == {"age": 55}
    assert not_used(family) == [("FamilyMemberHistory", "1 of a type that is not read")]


def test_two_versions_of_one_patient_are_one_patient() -> None:
    old = patient(birthDate="1950-01-01", meta={"lastUpdated": "2020-01-01T00:00:00Z"})
    new = patient(meta={"lastUpdated": "2025-01-01T00:00:00Z"})

    assert facts(old, new) == {"age": ON.year - 1971}
    assert facts(patient(), patient(birthDate="1950-01-01")) == {}
