"""Medicines, operations and treatments tried; and when a list is complete."""

from __future__ import annotations

from typing import Any

import pytest

from api.library import get_vignettes
from api.service import decide_input
from tests.unit.fhir.charts import (
    CPT,
    LOCAL,
    ON,
    RXNORM,
    UCUM,
    answer,
    bundle,
    coded,
    condition,
    facts,
    form,
    listed,
    made,
    not_used,
    patient,
    procedure,
    read,
    request,
)

ATC = "http://www.whocc.no/atc"


def medicines(*resources: Any, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(listed("medications"), *resources, **more).input[
        "medications"
    ]
    return found


def closed(list_name: str, *resources: Any, **more: Any) -> bool:
    """Tell whether a list is given as complete."""
    found = read(*resources, **more).input
    return list_name in found and list_name not in found.get("incomplete", ())


def agents(*resources: Any) -> list[str]:
    return sorted(row["agent"] for row in medicines(*resources))


def referring(reference: dict[str, Any], **more: Any) -> dict[str, Any]:
    return request(medicationCodeableConcept=None, medicationReference=reference, **more)


NAPROXEN = {"resourceType": "Medication", "id": "m1", "code": coded("7258", RXNORM)}


@pytest.mark.parametrize(
    "resources",
    [
        [request(coded("7258", RXNORM))],
        [referring({"reference": "#m1"}, contained=[NAPROXEN])],
        [referring({"reference": "Medication/m1"}), NAPROXEN],
        [referring({"reference": "https://ehr.example/fhir/Medication/m1"}), bundle(NAPROXEN)],
        [referring({"identifier": {"system": "urn:x", "value": "5"}}),
         NAPROXEN | {"identifier": [{"system": "urn:x", "value": "5"}]}],
        [referring({"display": "Naproxen 500 MG Oral Tablet"})],
        [referring({"reference": "Medication/elsewhere", "display": "naproxen"})],
        [request(None, medicationCodeableConcept=None, medication={"concept": coded("7258", RXNORM)})],
        [referring({"reference": "#m1"}, contained=[{"resourceType": "Medication", "id": "m1", "ingredient": [
            {"itemCodeableConcept": coded("7258", RXNORM)}]}])],
    ],
    ids=["concept", "contained", "in the record", "absolute address", "identifier", "display only",
         "display of what did not come", "the shape of R5", "by its ingredient"],
)  # fmt: skip
def test_e9_a_medicine_is_found_in_every_shape_it_is_written(resources: list[Any]) -> None:
    assert agents(*resources) == ["naproxen"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"text": "Eliquis 5mg tab"}, ["apixaban"]),
        ({"text": "APIXABAN tablet"}, ["apixaban"]),
        ({"text": "Oxycodone / Acetaminophen 5-325"}, ["oxycodone-paracetamol"]),
        ({"text": "Apixaban and gabapentin"}, ["apixaban", "gabapentin"]),
        (coded("7258", RXNORM, display="apixaban") | {"text": "apixaban"}, ["naproxen"]),
        (coded("M01AE02", ATC), ["naproxen"]),
        (coded("999999", RXNORM, display="naproxen 500 mg"), ["naproxen"]),
        (coded("7258", "http://example.org"), ["a medicine that cannot be named"]),
        ({"text": "Wonderdrug"}, ["Wonderdrug"]),
        ({"text": "<b>x</b>"}, ["a medicine that cannot be named"]),
        ({}, ["a medicine that cannot be named"]),
        ({"coding": [{}]}, ["a medicine that cannot be named"]),
        ({"text": "x" * 500}, ["a medicine that cannot be named"]),
    ],
)  # fmt: skip
def test_h15_a_known_code_names_the_medicine_and_only_without_one_its_name(
    written: Any, expected: list[str]
) -> None:
    assert agents(request(written)) == expected


@pytest.mark.parametrize(
    ("dosage", "dose"),
    [
        ({"timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}}, 20),
        ({"timing": {"repeat": {"frequency": 1, "period": 8, "periodUnit": "h"}}}, 30),
        ({"timing": {"repeat": {"period": 1, "periodUnit": "wk"}}}, 1.429),
        ({"timing": {"repeat": {"frequency": 1, "frequencyMax": 3, "period": 1, "periodUnit": "d"}}}, None),
        ({"timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}, "asNeededBoolean": True}, None),
        ({"timing": {"repeat": {"frequency": 2, "period": 0, "periodUnit": "d"}}}, None),
        ({"timing": {"code": {"text": "BID"}}}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_a_daily_dose_is_told_only_where_it_is_plain(
    dosage: dict[str, Any], dose: float | None
) -> None:
    amount = {"value": 10, "unit": "mg", "code": "mg", "system": UCUM}
    whole = dosage | {"doseAndRate": [{"doseQuantity": amount}]}
    (row,) = medicines(request("oxycodone", dosageInstruction=[whole]))

    assert row.get("dose_mg_per_day") == dose
    tablets = dosage | {"doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}]}
    (row,) = medicines(request("oxycodone", dosageInstruction=[tablets]))
    assert "dose_mg_per_day" not in row


@pytest.mark.hazard("H-25")
def test_an_order_is_no_witness_of_since_when_and_a_statement_is() -> None:
    order = request("oxycodone", authoredOn="2026-02-20")
    statement = request("oxycodone", intent=None, effectivePeriod={"start": "2024-01"}) | {
        "resourceType": "MedicationStatement"
    }

    assert medicines(order) == [{"agent": "oxycodone", "status": "active"}]
    assert medicines(order, statement) == [
        {"agent": "oxycodone", "status": "active", "started": "2024-01"}
    ]


@pytest.mark.hazard("H-10")
def test_h10_one_medicine_in_two_kinds_of_resource_is_one_and_two_orders_are_two_doses() -> None:
    def order(dose: int, **more: Any) -> dict[str, Any]:
        amount = {"value": dose, "unit": "mg", "code": "mg", "system": UCUM}
        repeat = {"frequency": 1, "period": 1, "periodUnit": "d"}
        dosage = {"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": amount}]}
        return request("oxycodone", dosageInstruction=[dosage], **more)

    statement = request("OxyContin", intent=None) | {"resourceType": "MedicationStatement"}

    assert len(medicines(order(20), order(20, id="again"), statement)) == 1
    assert [row["dose_mg_per_day"] for row in medicines(order(20), order(10), statement)] == [
        10,
        20,
    ]


@pytest.mark.hazard("H-13")
@pytest.mark.parametrize(
    ("resource", "taken"),
    [
        (request(dosageInstruction=[{"timing": {"repeat": {"boundsPeriod": {"end": "2026-02-28"}}}}]), False),
        (request(dosageInstruction=[{"timing": {"repeat": {"boundsPeriod": {"end": "2026-03-01"}}}}]), True),
        (request(dosageInstruction=[{"timing": {"repeat": {"boundsPeriod": {"end": "2026-02-28"}}}},
                                    {"timing": {"repeat": {"boundsPeriod": {"end": "2026-04"}}}}]), True),
        (request(authoredOn="2026-03-02"), False),
        (request(authoredOn="soon"), False),
        (request(intent=None, effectivePeriod={"end": "2026-02"}) | {"resourceType": "MedicationStatement"}, False),
    ],
)  # fmt: skip
def test_h13_an_active_medicine_whose_time_is_over_or_ahead_is_a_doubt(
    resource: Any, taken: bool
) -> None:
    assert bool(medicines(resource)) is taken
    # A search result is not enough to close a list that holds a doubt.
    assert closed("medications", resource, whole={"MedicationRequest"}) is taken


@pytest.mark.hazard("H-02")
@pytest.mark.hazard("H-16")
def test_a_record_with_medicines_does_not_prove_that_they_are_all() -> None:
    found = read(patient(), request()).input
    decision = decide_input("fbss", found, ON)

    assert found["incomplete"] == ["medications"]
    assert found["not_used"] == []
    assert "medications" in {each.fact for each in decision.missing}


@pytest.mark.hazard("H-16")
def test_inv_d13_a_whole_search_result_is_taken_for_the_list_and_that_is_shown() -> None:
    named = read(request(), whole={"MedicationRequest"}).input
    empty = read(whole={"MedicationStatement"}).input
    shown = "medications: the record's own list is taken for the whole: what comes from elsewhere may be missing"

    assert [row["agent"] for row in named["medications"]] == ["apixaban"]
    assert empty["medications"] == []
    assert named["not_used"] == empty["not_used"] == [{"where": "Bundle", "why": shown}]


@pytest.mark.hazard("H-16")
@pytest.mark.parametrize(
    ("body", "whole"),
    [
        ({"link": [{"relation": "self", "url": "https://e/MedicationRequest?patient=p1&_count=100"}]}, True),
        ({"link": [{"relation": "self", "url": "MedicationRequest?subject=Patient/p1&status=active"}]}, True),
        ({"link": [{"relation": "self", "url": "MedicationRequest?patient=p1&code=7258"}]}, False),
        ({"link": [{"relation": "self", "url": "MedicationRequest?status=active"}]}, False),
        ({"link": [{"relation": "self", "url": "Condition?patient=p1"}]}, False),
        ({"link": [{"relation": "self", "url": "MedicationRequest?patient=p1"},
                   {"relation": "next", "url": "https://e?page=2"}]}, False),
        ({"link": [{"relation": "self", "url": "MedicationRequest?patient=p1"}], "total": 2}, False),
        ({"link": [{"relation": "self", "url": "MedicationRequest?patient=p1"}], "type": "collection"}, False),
        ({}, False),
    ],
)  # fmt: skip
def test_row_32_a_searchset_is_whole_when_its_own_address_says_so_and_no_page_is_left(
    body: dict[str, Any], whole: bool
) -> None:
    result = bundle(request(), **{"type": "searchset", **body})

    assert closed("medications", result) is whole


def test_row_32_an_error_and_a_page_that_did_not_come_are_said() -> None:
    failed = bundle({"resourceType": "OperationOutcome", "issue": []}, type="searchset")
    cut = bundle(request(), type="searchset", link=[{"relation": "next", "url": "x"}])

    assert ("OperationOutcome", "1 errors: part of the record did not come") in not_used(failed)
    assert ("Bundle", "1 with further pages that did not come") in not_used(cut)
    assert not closed("medications", failed)


def test_the_last_answer_on_whether_a_list_is_complete_counts() -> None:
    def said(value: bool, day: str) -> dict[str, Any]:
        return form(answer("medications_listed", valueBoolean=value), authored=day)

    assert closed("medications", said(False, "2026-01-01"), said(True, "2026-02-01"))
    assert not closed("medications", said(True, "2026-01-01"), said(False, "2026-02-01"))
    assert not closed("medications", said(True, "2026-02-01"), said(False, "2026-02-01"))
    # A search result does not outweigh somebody who says that medicines are missing.
    assert not closed("medications", said(False, "2026-02-01"), whole={"MedicationRequest"})


@pytest.mark.hazard("H-11")
@pytest.mark.parametrize(
    ("code", "medicine"),
    [("Z79.01", "apixaban"), ("Z79.02", "clopidogrel"), ("Z79.891", "oxycodone"), ("Z79.52", "prednisolone")],
)  # fmt: skip
def test_h11_a_list_without_what_the_problem_list_says_is_not_complete(
    code: str, medicine: str
) -> None:
    said = listed("medications")

    assert not closed("medications", condition(code), said)
    assert not closed("medications", condition(code), whole={"MedicationRequest"})
    assert not closed("medications", condition(code), request("metformin"), said)
    assert not closed("medications", condition(code), request(medicine, status="stopped"), said)
    assert closed("medications", condition(code), request(medicine), said)
    over = condition(code, clinicalStatus={"coding": [{"code": "resolved"}]})
    assert closed("medications", over, said)
    assert ("Condition", "medications: the problem list names what is not in the list; "
            "it is taken for incomplete") in not_used(condition(code), said)  # fmt: skip


@pytest.mark.hazard("H-20")
def test_h20_nobody_with_a_postlaminectomy_syndrome_was_never_operated() -> None:
    syndrome, said = condition("M96.1"), listed("surgeries")

    assert closed("surgeries", said)
    assert not closed("surgeries", syndrome, said)
    assert closed("surgeries", syndrome, said, procedure())


# --- operations


OPERATION = {"procedure": "decompression", "region": "lumbar", "date": "2024-06-03"}


@pytest.mark.parametrize(
    ("body", "row"),
    [
        ({}, OPERATION),
        ({"code": coded("22612", CPT)}, OPERATION | {"procedure": "fusion"}),
        ({"code": {"coding": [*coded("63047", CPT)["coding"], *coded("22612", CPT)["coding"]]}},
         OPERATION | {"procedure": "fusion"}),
        ({"code": coded("discectomy", LOCAL)}, {"procedure": "discectomy", "date": "2024-06-03"}),
        ({"bodySite": [coded("lumbosacral", LOCAL) | {"text": "L4-S1"}]},
         OPERATION | {"region": "lumbosacral", "level": "L4-S1"}),
        ({"outcome": coded("no-improvement", LOCAL)}, OPERATION | {"result": "no-improvement"}),
        ({"reasonCode": [coded("M54.5")]}, OPERATION | {"for_pain": True}),
        ({"reasonCode": [coded("not-pain", LOCAL)]}, OPERATION | {"for_pain": False}),
        ({"performedDateTime": None, "performedPeriod": {"start": "2024-06-03T08:00:00Z"}}, OPERATION),
        ({"performedDateTime": "2024"}, OPERATION | {"date": "2024"}),
        ({"performedDateTime": None, "performedString": "years ago"},
         {"procedure": "decompression", "region": "lumbar"}),
    ],
)  # fmt: skip
def test_an_operation_is_read_with_what_is_coded_of_it(
    body: dict[str, Any], row: dict[str, Any]
) -> None:
    done = {key: value for key, value in (procedure() | body).items() if value is not None}

    assert read(done, listed("surgeries")).input["surgeries"] == [row]


@pytest.mark.hazard("H-20")
def test_a_whole_search_closes_the_operations_only_where_one_is_of_the_lumbar_spine() -> None:
    whole = {"Procedure"}

    assert read(procedure(), whole=whole).input["surgeries"] == [OPERATION]
    assert not closed("surgeries", whole=whole)
    assert not closed("surgeries", procedure("20552"), whole=whole)
    # An unknown code may be an operation on the spine, and so may one whose status is not known.
    assert not closed("surgeries", procedure(), procedure("00000"), whole=whole)
    doubtful = procedure("22612", status="unknown")
    assert not closed("surgeries", procedure(), doubtful, whole=whole)


def test_an_operation_ahead_is_not_done() -> None:
    ahead = procedure(performedDateTime="2026-03-02")

    assert read(ahead, listed("surgeries")).input["surgeries"] == []
    assert ("Procedure", "1 dated after the day of the question") in not_used(ahead)


def test_a_coded_operation_is_the_one_somebody_told_of_the_same_time() -> None:
    told = form(
        {"linkId": "surgeries", "item": [
            answer("surgeries.procedure", valueCoding={"code": "discectomy"}),
            answer("surgeries.region", valueCoding={"code": "lumbar"}),
            answer("surgeries.date", valueDate="2024-06"),
            answer("surgeries.result", valueCoding={"code": "partial"}),
        ]},
        answer("surgeries_listed", valueBoolean=True),
    )  # fmt: skip
    later = procedure("22612", performedDateTime="2025-01-01")
    found = read(told, procedure(), later).input["surgeries"]

    assert [row["procedure"] for row in found] == ["discectomy", "fusion"]


# --- treatments tried


def test_an_injection_done_is_a_trial_of_which_nobody_knows_the_outcome() -> None:
    done = [procedure("62323"), procedure("64483", performedDateTime="2025-06-03")]
    found = read(*done, listed("trials")).input
    decision = decide_input("fbss", found, ON)

    row = {"treatment": "epidural-steroid-injection", "sessions": 1}
    assert found["trials"] == [row | {"ended": "2024-06-03"}, row | {"ended": "2025-06-03"}]
    tried = {each.treatment: each.trial for each in decision.treatments}
    assert tried["epidural-steroid-injection"] not in ("failed", "none", "responder")


def test_levels_of_one_day_are_one_session() -> None:
    levels = [procedure("64483"), procedure("64484"), procedure("64484", id="second")]

    assert len(read(*levels, listed("trials")).input["trials"]) == 1


def test_sessions_of_therapy_are_one_course_counted_by_their_days() -> None:
    days = [procedure("97110", performedDateTime=f"2025-09-{day:02d}") for day in (1, 8, 8, 15)]

    assert read(*days, listed("trials")).input["trials"] == [
        {"treatment": "physical-therapy", "sessions": 3, "started": "2025-09-01", "ended": "2025-09-15"}
    ]  # fmt: skip


def test_a_session_within_a_trial_somebody_judged_is_part_of_it() -> None:
    told = form(
        {"linkId": "trials", "item": [
            answer("trials.treatment", valueCoding={"code": "epidural-steroid-injection"}),
            answer("trials.sessions", valueInteger=2),
            answer("trials.relief_percent", valueDecimal=10),
            answer("trials.ended", valueDate="2025-12-01"),
        ]},
        answer("trials_listed", valueBoolean=True),
    )  # fmt: skip
    within, after = procedure("62323"), procedure("62323", performedDateTime="2026-02-01")

    assert len(read(told, within).input["trials"]) == 1
    assert len(read(told, within, after).input["trials"]) == 2


def test_a_search_result_never_closes_the_treatments_tried() -> None:
    assert not closed("trials", procedure("62323"), whole={"Procedure", "MedicationRequest"})


# --- forms


def row_of(list_name: str, **fields: dict[str, Any]) -> dict[str, Any]:
    items = [answer(f"{list_name}.{name}", **value) for name, value in fields.items()]
    return {"linkId": list_name, "item": items}


def test_a_group_is_a_row_of_its_list() -> None:
    said = form(
        {"linkId": "section.medicines", "item": [
            row_of("medications", agent={"valueCoding": {"system": RXNORM, "code": "7258"}},
                   long_acting={"valueBoolean": False}, started={"valueDate": "2025-05"}),
            row_of("medications", agent={"valueString": "metformin"}),
        ]},
        row_of("overrides", treatment={"valueCoding": {"code": "opioid"}},
               lifts={"valueCoding": {"code": "block-unless-justified"}}, who={"valueString": "Dr. Example"},
               when={"valueDate": "2026-02-01"}, why={"valueString": "agreed at the conference"}),
        answer("medications_listed", valueCoding={"code": "yes"}),
        row_of("medications", agent={"valueString": "Eliquis 5 mg tablets"}),
    )  # fmt: skip
    found = read(said).input

    assert found["medications"] == [
        {"agent": "apixaban"},
        {"agent": "metformin"},
        {"agent": "naproxen", "long_acting": False, "started": "2025-05"},
    ]
    assert found["overrides"][0]["why"] == "agreed at the conference"


@pytest.mark.parametrize(
    "row",
    [
        row_of("trials", treatment={"valueCoding": {"code": "magic"}}),
        row_of("trials", weeks={"valueDecimal": 4}),
        row_of("trials", treatment={"valueCoding": {"code": "nsaid"}}, weeks={"valueDecimal": -4}),
        row_of("trials", treatment={"valueCoding": {"code": "nsaid"}}, colour={"valueString": "red"}),
        row_of("trials", treatment={"valueCoding": {"code": "nsaid"}}, started={"valueDate": "2027-01-01"}),
        row_of("trials", treatment={"valueCoding": {"code": "nsaid"}}, started={"valueDate": "2025-02-01"},
               ended={"valueDate": "2025-01-01"}),
        {"linkId": "trials", "item": []},
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_is_counted(row: dict[str, Any]) -> None:
    found = read(form(row)).input

    assert "trials" not in found
    assert found["not_used"] == [
        {"where": "QuestionnaireResponse", "why": "1 rows of a list that cannot be read"}
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"valueBoolean": True}, True), ({"valueBoolean": False}, False),
        ({"valueCoding": {"code": "yes"}}, True), ({"valueCoding": {"code": "no"}}, False),
        ({"valueCoding": {"code": "not-known"}}, None), ({"valueCoding": {"code": "Yes"}}, "nothing"),
        ({"valueBoolean": None, "_valueBoolean": {"extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}}, None),
        ({"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                         "valueCode": "asked-declined"}]}, None),
        ({"valueString": "yes"}, "nothing"), ({"valueInteger": 1}, "nothing"), ({"valueBoolean": "true"}, "nothing"),
    ],
)  # fmt: skip
def test_an_answer_of_a_form_is_yes_no_or_not_known_and_nothing_else(
    value: dict[str, Any], expected: Any
) -> None:
    said = facts(form(answer("diabetes", **value)))

    assert said == ({} if expected == "nothing" else {"diabetes": expected})


def test_an_item_whose_answer_is_absent_is_asked_but_unknown() -> None:
    absent = {"linkId": "diabetes", "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}  # fmt: skip

    assert read(form(absent)).input["facts"] == {"diabetes": {"unknown": "asked-but-unknown"}}
    assert read(form({"linkId": "diabetes"})).input["facts"] == {}


def test_a_form_of_somebody_else_is_read_only_by_codes() -> None:
    foreign = {"questionnaire": "https://elsewhere.example/Questionnaire/intake|2"}
    asked = {"resourceType": "Questionnaire", "url": "https://elsewhere.example/Questionnaire/intake",
             "item": [{"linkId": "q7", "code": [{"system": "http://loinc.org", "code": "44261-6"}]}]}  # fmt: skip

    assert facts(form(answer("diabetes", valueBoolean=True), **foreign)) == {}
    assert facts(form(answer("/44261-6", valueInteger=12), **foreign)) == {"phq9": 12}
    assert facts(form(answer("q7", valueInteger=12), **foreign), asked) == {"phq9": 12}
    assert facts(form(answer("q7", valueInteger=12), **foreign)) == {}
    ours = {"questionnaire": "https://steppedcare.example/fhir/Questionnaire/fbss-facts|0.1.0"}
    assert facts(form(answer("diabetes", valueBoolean=True), **ours)) == {"diabetes": True}


def test_two_answers_to_one_question_must_agree() -> None:
    twice = {"linkId": "dn4", "answer": [{"valueInteger": 4}, {"valueInteger": 6}]}

    assert facts(form(twice)) == {}
    assert not_used(form(twice)) == [("QuestionnaireResponse", "1 with several values")]


@pytest.mark.hazard("H-14")
def test_an_allergy_to_one_medicine_is_one_to_its_class() -> None:
    def allergy(code: str, system: str) -> dict[str, Any]:
        return made(
            "AllergyIntolerance",
            patient={"reference": "Patient/p1"},
            subject=None,
            code=coded(code, system),
        )

    assert facts(allergy("7258", RXNORM)) == {"nsaid_allergy": True}
    assert facts(allergy("B01AC06", ATC)) == {"nsaid_allergy": True}
    assert facts(allergy("M01A", ATC)) == {"nsaid_allergy": True}
    assert facts(allergy("1815", RXNORM)) == {"injectate_allergy": True}
    assert facts(allergy("716186003", "http://snomed.info/sct")) == {}


@pytest.mark.hazard("H-13")
def test_a_known_medicine_still_blocks_where_nobody_says_that_the_list_is_complete() -> None:
    data = next(each.input for each in get_vignettes("fbss") if each.id == "V08")
    known = decide_input("fbss", {**data, "incomplete": ["medications"]}, ON)
    verdicts = {each.treatment: each.verdict.value for each in known.treatments}

    assert verdicts["nsaid"] == "block-unless-justified"
    assert verdicts["physical-therapy"] == "needs-data"
