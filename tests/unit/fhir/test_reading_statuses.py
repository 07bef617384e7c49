"""Which statuses count: the closed lists, crossed out in full; everything else is no evidence, and never no."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.unit.fhir.charts import (
    CPT,
    RXNORM,
    answer,
    coded,
    condition,
    facts,
    form,
    listed,
    made,
    not_used,
    observation,
    patient,
    procedure,
    read,
    request,
)

STRANGE = ("unknown", "ACTIVE", " active", "nonsense", 7)
VERIFICATION = ("confirmed", None, "unconfirmed", "provisional", "differential", "refuted",
                "entered-in-error", *STRANGE)  # fmt: skip
CLINICAL = ("active", "recurrence", "relapse", None, "inactive", "remission", "resolved", *STRANGE)


def word(code: Any) -> Any:
    return None if code is None else {"coding": [{"code": code}]}


@pytest.mark.hazard("H-06")
@pytest.mark.parametrize(
    ("clinical", "verification"), list(itertools.product(CLINICAL, VERIFICATION))
)  # fmt: skip
def test_row_31_a_condition_counts_only_when_it_is_there_and_not_doubted(
    clinical: Any, verification: Any
) -> None:
    body = {"clinicalStatus": word(clinical), "verificationStatus": word(verification)}
    there = clinical in ("active", "recurrence", "relapse", None)
    sure = verification in ("confirmed", None)
    suspected = verification in ("unconfirmed", "provisional", "differential")

    usual, red = facts(condition(**body)), facts(condition("R50.9", **body))

    assert usual == ({"copd": True} if there and sure else {})
    assert red == ({"fever_or_chills": True} if there and (sure or suspected) else {})
    if not usual:
        assert len(not_used(condition(**body))) == 1


@pytest.mark.hazard("H-06")
@pytest.mark.parametrize(
    ("status", "counts"),
    [("final", True), ("amended", True), ("corrected", True), ("registered", False), ("preliminary", False),
     ("cancelled", False), ("entered-in-error", False), (None, False), *((each, False) for each in STRANGE)],
)  # fmt: skip
def test_row_31_a_measurement_counts_only_when_it_is_a_result(status: Any, counts: bool) -> None:
    found = facts(observation(status=status))

    assert found == ({"egfr": 55} if counts else {})
    if not counts:
        assert not_used(observation(status=status)) == [
            ("Observation", "1 of no status that counts")
        ]


@pytest.mark.hazard("H-06")
@pytest.mark.parametrize(
    ("status", "done"),
    [("completed", True), ("preparation", False), ("in-progress", False), ("not-done", False), ("on-hold", False),
     ("stopped", False), ("entered-in-error", False), (None, False), *((each, False) for each in STRANGE)],
)  # fmt: skip
def test_row_31_a_procedure_is_done_only_when_it_is_completed(status: Any, done: bool) -> None:
    found = read(procedure(status=status), listed("surgeries")).input

    row = {"procedure": "decompression", "region": "lumbar", "date": "2024-06-03"}
    assert found["surgeries"] == ([row] if done else [])


@pytest.mark.hazard("H-13")
@pytest.mark.parametrize(
    ("status", "intent"),
    [*itertools.product(
        ("active", "on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft", None, *STRANGE),
        ("order", "original-order", "reflex-order", "filler-order", "instance-order", "proposal", "plan", "option",
         None, "nonsense"),
    )],
)  # fmt: skip
def test_h13_only_an_order_that_stands_is_a_medicine_taken(status: Any, intent: Any) -> None:
    found = read(listed("medications"), request(status=status, intent=intent)).input

    orders = ("order", "original-order", "reflex-order", "filler-order", "instance-order")
    taken = [row["agent"] for row in found["medications"] if row["status"] == "active"]
    assert taken == (["apixaban"] if status == "active" and intent in orders else [])


@pytest.mark.hazard("H-13")
@pytest.mark.parametrize(
    ("status", "expected"),
    [("active", "active"), ("completed", "stopped"), ("stopped", "stopped"), ("entered-in-error", None),
     ("intended", None), ("on-hold", None), ("unknown", None), ("not-taken", None), (None, None), ("?", None)],
)  # fmt: skip
def test_h13_a_statement_says_what_is_taken_by_its_status(
    status: Any, expected: str | None
) -> None:
    statement = request(status=status, intent=None) | {"resourceType": "MedicationStatement"}
    found = read(listed("medications"), statement).input

    assert [row["status"] for row in found["medications"]] == ([expected] if expected else [])
    if expected is None:
        assert "MedicationStatement" in {row["where"] for row in found["not_used"]}


@pytest.mark.parametrize(
    ("status", "when", "taken"),
    [("in-progress", None, True), ("completed", "2026-03-01", True), ("completed", "2026-02-20", False),
     ("completed", None, False), ("not-done", "2026-03-01", False), ("entered-in-error", "2026-03-01", False),
     ("stopped", "2026-03-01", False), ("unknown", "2026-03-01", False)],
)  # fmt: skip
def test_h13_an_administration_counts_while_it_runs_and_on_its_day(
    status: str, when: str | None, taken: bool
) -> None:
    given = made(
        "MedicationAdministration", status=status, effectiveDateTime=when,
        medicationCodeableConcept={"text": "enoxaparin"},
    )  # fmt: skip

    assert bool(read(listed("medications"), given).input["medications"]) is taken


def test_row_31_an_order_not_to_take_something_is_no_medicine() -> None:
    forbidden = request(doNotPerform=True)

    assert read(listed("medications"), forbidden).input["medications"] == []
    assert ("MedicationRequest", "1 that say not to take it") in not_used(forbidden)


@pytest.mark.parametrize(
    ("body", "allergic"),
    [({}, True), ({"verificationStatus": word("unconfirmed")}, True), ({"clinicalStatus": word("active")}, True),
     ({"verificationStatus": word("refuted")}, False), ({"verificationStatus": word("entered-in-error")}, False),
     ({"clinicalStatus": word("inactive")}, False), ({"clinicalStatus": word("resolved")}, False),
     ({"type": "allergy"}, True), ({"type": "intolerance"}, False), ({"clinicalStatus": word("?")}, False)],
)  # fmt: skip
def test_row_31_an_allergy_counts_unless_refuted_over_or_an_intolerance(
    body: dict[str, Any], allergic: bool
) -> None:
    allergy = made("AllergyIntolerance", patient={"reference": "Patient/p1"}, subject=None,
                   code=coded("7258", RXNORM), **body)  # fmt: skip

    assert facts(allergy) == ({"nsaid_allergy": True} if allergic else {})


@pytest.mark.parametrize(
    ("status", "counts"),
    [("completed", True), ("amended", True), ("in-progress", False), ("entered-in-error", False),
     ("stopped", False), (None, False)],
)  # fmt: skip
def test_row_31_a_form_counts_when_it_is_finished(status: str | None, counts: bool) -> None:
    found = facts(form(answer("diabetes", valueBoolean=True), status=status))

    assert found == ({"diabetes": True} if counts else {})


@pytest.mark.parametrize(
    ("status", "counts"),
    [("final", True), ("amended", True), ("corrected", True), ("appended", True), ("preliminary", False),
     ("partial", False), ("cancelled", False), ("entered-in-error", False), ("unknown", False), (None, False)],
)  # fmt: skip
def test_row_31_a_report_counts_when_it_is_final(status: str | None, counts: bool) -> None:
    report = made(
        "DiagnosticReport", status=status, code=coded("72148", CPT), effectiveDateTime="2026-01-05"
    )

    assert facts(report) == ({"lumbar_imaging": "2026-01-05"} if counts else {})


@pytest.mark.hazard("H-17")
@pytest.mark.parametrize("status", ["active", "draft", "completed", "revoked", "on-hold", None])
@pytest.mark.parametrize("intent", ["order", "plan", "proposal", "option", None])
def test_h17_what_was_asked_for_is_not_done_and_an_order_ahead_plans_an_operation(
    status: str | None, intent: str | None
) -> None:
    asked = made(
        "ServiceRequest", status=status, intent=intent, code=coded("63042", CPT),
        occurrenceDateTime="2026-03-06",
    )  # fmt: skip
    found = read(listed("surgeries"), asked).input

    assert found["surgeries"] == []
    stands = status == "active" and intent == "order"
    assert (found["facts"].get("planned_spine_surgery", {}).get("value") == "2026-03-06") is stands


@pytest.mark.hazard("H-06")
@pytest.mark.parametrize(
    "resource",
    [patient(), condition(), observation(), procedure(), request(), form(answer("diabetes", valueBoolean=True))],
    ids=lambda each: each["resourceType"],
)  # fmt: skip
@pytest.mark.parametrize(
    "modifier",
    [{"modifierExtension": [{"url": "urn:not", "valueBoolean": True}]}, {"implicitRules": "urn:other-rules"}],
    ids=lambda each: next(iter(each)),
)  # fmt: skip
def test_row_31_an_unknown_modifier_makes_a_resource_no_evidence(
    resource: dict[str, Any], modifier: dict[str, Any]
) -> None:
    found = read(resource | modifier).input

    why = "1 with a modifier that is not known here"
    assert found["facts"] == {}
    assert found["not_used"] == [{"where": resource["resourceType"], "why": why}]


@pytest.mark.hazard("H-07")
@pytest.mark.parametrize(
    ("body", "there"),
    [({"abatementDateTime": "2025-01-01"}, None), ({"abatementDateTime": "2026-06"}, True),
     ({"clinicalStatus": None, "abatementDateTime": "2025"}, False),
     ({"clinicalStatus": None, "abatementDateTime": "2026"}, None),
     ({"clinicalStatus": None, "abatementString": "last spring"}, None),
     ({"clinicalStatus": word("resolved"), "abatementDateTime": "2027-01-01"}, None),
     ({"clinicalStatus": word("resolved"), "abatementDateTime": "2025-01-01"}, False)],
)  # fmt: skip
def test_h07_an_end_that_contradicts_the_status_leaves_a_condition_unknown_and_a_red_sign_open(
    body: dict[str, Any], there: bool | None
) -> None:
    assert facts(condition(**body)) == ({"copd": True} if there else {})
    assert facts(condition("R33.9", **body)) == (
        {} if there is False else {"bladder_disturbance": "onset-unknown"}
    )


@pytest.mark.hazard("H-07")
def test_h07_what_has_ended_still_answers_a_question_about_the_past() -> None:
    over = {"clinicalStatus": word("resolved")}

    assert facts(condition("K92.2", **over)) == {"gi_bleed_history": True}
    assert facts(condition("F11.20", clinicalStatus=word("remission"))) == {
        "opioid_use_disorder": "treated-or-past"
    }
    assert facts(condition("R33.9", **over)) == {}
