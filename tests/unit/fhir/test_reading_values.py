"""Dates as intervals, units from a closed list, codes compared exactly, and several sayings of one fact."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest

from api.fhir.reading import read_record
from api.fhir.reading.dates import read_moment
from api.library import get_codes, get_pathway
from tests.unit.fhir.charts import (
    EGFR,
    GLUCOSE,
    HBA1C,
    ICD,
    LOCAL,
    LOINC,
    ON,
    PLATELETS,
    SNOMED,
    answer,
    bundle,
    coded,
    condition,
    facts,
    form,
    made,
    not_used,
    observation,
    patient,
    quantity,
    read,
)

NO_DATE = {"effectiveDateTime": None}


@pytest.mark.hazard("H-09")
@pytest.mark.parametrize(
    "written",
    ["2026-02-30", "2026-2-3", "0000-00-00", "9999-12-31", "2026-06-31T24:00:00Z", "2026-02-20T24:00:00Z",
     "2026-02-20T10:00:00+15:00", "2026-02-20T10:00:00+14:01", "2026-02-20T10:61:00Z", "2026-02-20T10",
     "2026-W08-5", "20260220", " 2026-02-20", "2026-02-20 ", "yesterday", "", 20260220, None, [], {},
     "\uff12026-02-20", "2026-02-20T10:00:00+1400"],
)  # fmt: skip
def test_row_27_what_is_no_date_makes_a_measurement_no_evidence(written: Any) -> None:
    taken = observation() | {"effectiveDateTime": written}

    assert facts(taken) == {}
    assert not_used(taken) == [("Observation", "1 with a date that is none")]


@pytest.mark.hazard("H-09")
@pytest.mark.parametrize(
    ("written", "date"),
    [("2026-02-20", "2026-02-20"), ("2026-02", "2026-02"), ("2025", "2025"),
     ("2026-02-20T23:59:60Z", "2026-02-20"), ("2026-02-20T10:00:00.123456Z", "2026-02-20"),
     ("2026-02-20T10:00:00", "2026-02-20"), ("2026-02-20T10:00Z", "2026-02-20"),
     ("2026-02-20T01:00:00+14:00", "2026-02-19"), ("2024-02-29T12:00:00Z", "2024-02-29")],
)  # fmt: skip
def test_row_27_a_date_stays_as_coarse_as_it_is(written: str, date: str) -> None:
    entry = read(observation(effectiveDateTime=written)).input["facts"]["egfr"]

    assert entry == {"value": 55, "date": date, "source": "Observation"}


@pytest.mark.hazard("H-09")
def test_d8_one_instant_is_one_day_in_every_zone_and_the_future_in_none() -> None:
    for hour in range(0, 60):
        instant = dt.datetime(2026, 2, 28, tzinfo=dt.UTC) + dt.timedelta(hours=hour)
        days = set()
        for zone in range(-12, 15):
            local = instant.astimezone(dt.timezone(dt.timedelta(hours=zone)))
            moment = read_moment(local.isoformat(), ON)
            assert moment is not None
            days.add(moment.text)
        assert len(days) == 1
        # Somewhere on earth it is still the day of the question until noon UTC of the next.
        assert (days.pop() > ON.isoformat()) is (hour >= 24 + 24 + 12)


@pytest.mark.parametrize(
    ("period", "date"),
    [({"start": "2026-02-01", "end": "2026-02-20"}, "2026-02-20"), ({"start": "2026-02-01"}, "2026-02-01"),
     ({"end": "2026-02"}, "2026-02"), ({"start": "2026-02-21", "end": "2026-02-20"}, None),
     ({"start": "2026-02-30"}, None), ({"start": "2026-04-01"}, None)],
)  # fmt: skip
def test_row_27_a_period_counts_by_its_last_day_and_not_when_it_is_none(
    period: dict[str, str], date: str | None
) -> None:
    found = read(observation(effectiveDateTime=None, effectivePeriod=period)).input["facts"]

    assert found.get("egfr", {}).get("date") == date


def test_row_27_a_result_without_its_own_date_has_that_of_its_release() -> None:
    late = observation(effectiveDateTime=None, issued="2026-02-25T08:00:00Z")

    assert read(late).input["facts"]["egfr"]["date"] == "2026-02-25"


@pytest.mark.hazard("H-05")
def test_h05_a_measurement_without_a_date_would_be_fresh_for_ever_and_is_not_used() -> None:
    assert facts(observation(**NO_DATE)) == {}
    assert not_used(observation(**NO_DATE)) == [
        ("Observation", "1 without a date, of something that ages")
    ]
    assert facts(form(answer("egfr", valueInteger=55), authored=None)) == {}
    assert facts(form(answer("diabetes", valueBoolean=True), authored=None)) == {"diabetes": True}


@pytest.mark.hazard("H-05")
@pytest.mark.parametrize(("age", "stale"), [(364, False), (365, False), (366, True)])
def test_h05_the_date_goes_along_and_the_rules_judge_the_age(age: int, stale: bool) -> None:
    from api.service import decide_input

    day = (ON - dt.timedelta(days=age)).isoformat()
    decision = decide_input("fbss", read(observation(effectiveDateTime=day)).input, ON)

    assert [each.fact for each in decision.stale] == (["egfr"] if stale else [])


@pytest.mark.hazard("H-09")
@pytest.mark.parametrize("resource", [
    observation(effectiveDateTime="2026-03-02"), condition(recordedDate="2026-03-02"),
    condition(onsetDateTime="2026-04"), form(answer("diabetes", valueBoolean=True), authored="2026-03-02"),
], ids=lambda each: each["resourceType"])  # fmt: skip
def test_row_26_what_is_dated_after_the_day_of_the_question_is_not_used(resource: Any) -> None:
    assert facts(resource) == {}
    why = "1 dated after the day of the question"
    assert not_used(resource) == [(resource["resourceType"], why)]


@pytest.mark.parametrize(
    ("born", "age"),
    [("1970-03-01", 56), ("1970-03-02", 55), ("1970-02", 56), ("1970-03", None), ("1970", None),
     ("2026-03-01", 0), ("2026-03-02", None), ("1905-01-01", None), ("1970-13-01", None), (19700301, None),
     ("2004-02-29", 22)],
)  # fmt: skip
def test_row_26_the_age_is_known_when_both_ends_of_the_birth_date_agree(
    born: Any, age: int | None
) -> None:
    found = read(patient(birthDate=born)).input

    assert found["facts"].get("age", {}).get("value") == age
    assert [row["where"] for row in found["not_used"]] == ([] if age is not None else ["Patient"])


def test_row_26_the_age_by_birth_stands_before_the_age_on_an_old_form() -> None:
    old = form(answer("age", valueInteger=54), authored="2025-03-01")

    assert facts(patient(), old) == {"age": 55}


def test_row_26_the_day_after_29_february_makes_a_year() -> None:
    born = patient(birthDate="2004-02-29")

    assert facts(born, on=dt.date(2026, 2, 28)) == {"age": 21}
    assert facts(born, on=dt.date(2026, 3, 1)) == {"age": 22}


@pytest.mark.hazard("H-03")
@pytest.mark.parametrize(
    ("code", "fact", "value", "unit", "expected"),
    [
        (EGFR, "egfr", 55, "mL/min/{1.73_m2}", 55),
        (EGFR, "egfr", 55, "mL/min/1.73m2", 55),
        (EGFR, "egfr", 55, "mL/min", None),
        (EGFR, "egfr", 55, "mg/dL", None),
        (EGFR, "egfr", 55, None, None),
        (HBA1C, "hba1c_percent", 8.5, "%", 8.5),
        (HBA1C, "hba1c_percent", 69.3922, "mmol/mol", 8.5),
        (HBA1C, "hba1c_percent", 8.5, "mmol/L", None),
        (HBA1C, "hba1c_percent", 69, None, None),
        (GLUCOSE, "glucose_mg_dl", 200, "mg/dL", 200),
        (GLUCOSE, "glucose_mg_dl", 10, "mmol/L", 180),
        (PLATELETS, "platelets", 150, "10*3/uL", 150),
        (PLATELETS, "platelets", 150000, "/uL", 150),
        (PLATELETS, "platelets", 150, "10*12/L", None),
        ("6301-6", "inr", 1.2, "{INR}", 1.2),
        ("6301-6", "inr", 1.2, None, 1.2),
        ("6301-6", "inr", 1.2, "%", None),
        ("8310-5", "temperature_c", 37.5, "Cel", 37.5),
        ("8310-5", "temperature_c", 99.5, "[degF]", 37.5),
        ("8310-5", "temperature_c", 99.5, "Cel", None),
        ("44261-6", "phq9", 12, "{score}", 12),
        ("44261-6", "phq9", 12, None, 12),
        ("44261-6", "phq9", 12, "%", None),
        ("44261-6", "phq9", 28, None, None),
        ("11885-1", "gestation_weeks", 24, "wk", 24),
        ("11885-1", "gestation_weeks", 24, "mo", None),
    ],
)  # fmt: skip
def test_row_29_a_quantity_counts_in_a_unit_that_is_expected(
    code: str, fact: str, value: float, unit: str | None, expected: float | None
) -> None:
    found = facts(observation(code=code, valueQuantity=quantity(value, unit)))

    assert found == ({} if expected is None else {fact: expected})


@pytest.mark.hazard("H-03")
def test_row_29_the_unit_of_another_system_is_no_unit() -> None:
    odd = quantity(55) | {"system": "urn:somebody"}
    printed = {"value": 55, "unit": "mL/min/1.73m2"}

    assert facts(observation(valueQuantity=odd)) == {}
    assert facts(observation(valueQuantity=printed)) == {"egfr": 55}


@pytest.mark.parametrize("comparator", ["<", "<=", ">=", ">", "ad", "nonsense"])
def test_row_29_a_comparator_leaves_the_value_open(comparator: str) -> None:
    over = observation(valueQuantity=quantity(60, comparator=comparator))

    assert facts(over) == {}
    assert not_used(over) == [("Observation", "1 with a comparator, which leaves the value open")]


@pytest.mark.hazard("H-19")
@pytest.mark.parametrize(
    ("value", "read_as"), [(29.6, 29), (30, 30), (30.4, 30), (29.999999, 29), (Decimal("59.5"), 59)]
)
def test_h19_a_fraction_never_crosses_a_border_of_the_rules(value: Any, read_as: int) -> None:
    assert facts(observation(value)) == {"egfr": read_as}


@pytest.mark.hazard("H-19")
@pytest.mark.parametrize(
    ("value", "read_as"), [(249.5, 249), (250.5, 251), (199.5, 199), (200.5, 200), (300.5, 301)]
)
def test_h19_a_fraction_is_cut_or_lifted_as_the_comparisons_of_its_fact_want_it(
    value: float, read_as: int
) -> None:
    raised = observation(code=GLUCOSE, valueQuantity=quantity(value, "mg/dL"))

    assert facts(raised) == {"glucose_mg_dl": read_as}


@pytest.mark.parametrize("value", [70, -1, 11, "7", True, 10.5, float("nan"), float("inf"), 10**30])
def test_h04_a_value_out_of_the_range_of_the_instrument_is_refused_not_clipped(value: Any) -> None:
    said = form(answer("pain_back_nrs", valueInteger=value))

    assert facts(said) == {}
    assert len(not_used(said)) == 1


@pytest.mark.hazard("H-15")
@pytest.mark.parametrize(
    ("code", "system"),
    [("j44.9", ICD), (" J44.9", ICD), ("J44.9 ", ICD), ("J449", ICD), ("J44.9", ICD.upper()), ("J44.9", ICD + "/"),
     ("J44.9", "ICD-10-CM"), ("J44.9", ""), ("J44.9", None), ("J44.9", "http://hl7.org/fhir/sid/icd-10"),
     ("J44.9", SNOMED), ("J44.9|2021", ICD), ("J44.99", ICD), (449, ICD)],
)  # fmt: skip
def test_h15_a_code_matches_by_system_and_code_exactly(code: Any, system: Any) -> None:
    entry = condition(code, system)

    assert facts(entry) == {}
    assert not_used(entry) == [("Condition", "1 with a code nobody here knows")]


@pytest.mark.hazard("H-15")
def test_h15_the_display_decides_nothing() -> None:
    said = {"coding": [{"system": ICD, "code": "Z99.99", "display": "COPD, J44.9"}], "text": "COPD"}

    assert facts(condition() | {"code": said}) == {}
    lying = coded("J44.9", display="healthy") | {"text": "asthma"}
    assert facts(condition() | {"code": lying}) == {"copd": True}


@pytest.mark.hazard("H-14")
def test_h14_codes_nobody_has_verified_are_used_and_said_or_left_out_on_demand() -> None:
    guess = condition("I71.3", ICD)
    used, left = read(guess), read(guess, verified_only=True)

    assert used.input["facts"]["known_aaa"]["source"] == "Condition, by an unverified code"
    assert used.warnings == ("facts by unverified codes: known_aaa",)
    assert left.input["facts"] == {}
    assert left.input["not_used"] == [
        {"where": "Condition", "why": "1 with a code nobody here knows"}
    ]


def test_the_longest_code_decides_and_a_fact_brings_the_one_it_cannot_do_without() -> None:
    assert facts(condition("E10.9")) == {"diabetes": True}
    assert facts(condition("E10.65")) == {"diabetes": True, "diabetes_poorly_controlled": True}
    assert facts(condition("Z3A.24")) == {"gestation_weeks": 24, "pregnant": True}
    assert facts(condition("Z3A.49")) == {"pregnant": True}


def test_a_code_that_cannot_say_how_severe_leaves_the_question_open() -> None:
    for code in ("I50.9", "Z98.84", "F11.20"):
        assert facts(condition(code)) == {}
        assert not_used(condition(code)) == [
            ("Condition", "1 that need a further answer: how severe, how long ago, or treated")
        ]


@pytest.mark.hazard("H-01")
def test_a_code_that_is_a_red_sign_by_itself_but_no_fact_is_told_apart() -> None:
    codes = get_codes("fbss")
    silent = tuple(
        each.model_copy(update={"fact": None}) if each.id == "collapsed-vertebra" else each
        for each in codes.concepts["conditions"]
    )
    found = read_record(
        [condition("M48.56XA")], subject="p1", on=ON, pathway=get_pathway("fbss"),
        codes=codes.model_copy(update={"concepts": {**codes.concepts, "conditions": silent}}),
    )  # fmt: skip

    ((where, why),) = [(row["where"], row["why"]) for row in found.input["not_used"]]
    assert where == "Condition"
    assert "may be a red sign" in why


@pytest.mark.hazard("H-01")
def test_every_condition_noted_as_a_red_sign_gives_a_fact() -> None:
    noted = [
        each for each in get_codes("fbss").concepts["conditions"] if re.search(r"\bR\d", each.note)
    ]

    assert len(noted) > 5
    assert [each.id for each in noted if each.fact is None] == []


@pytest.mark.hazard("H-01")
@pytest.mark.parametrize(
    "reason", ["unknown", "asked-unknown", "asked-declined", "not-performed", "error", "masked"]
)
def test_d2_a_reason_for_absent_data_is_unknown_and_never_no(reason: str) -> None:
    absent = observation(valueQuantity=None, dataAbsentReason=coded(reason, "urn:x"))
    entry = read(absent).input["facts"]["egfr"]

    asked = reason in ("asked-unknown", "asked-declined")
    assert entry == {"unknown": "asked-but-unknown" if asked else "unavailable"}


def test_a_value_in_words_is_not_read() -> None:
    said = observation(valueQuantity=None, valueString="about 55")

    assert facts(said) == {}
    assert not_used(said) == [("Observation", "1 with a value in words, which are not read")]


def test_a_yes_needs_a_value_that_says_it() -> None:
    def status(code: str) -> dict[str, Any]:
        return observation(
            code="82810-3", valueQuantity=None, valueCodeableConcept=coded(code, SNOMED)
        )

    assert facts(status("77386006")) == {"pregnant": True}
    # 60001007 (not pregnant) and 2667000 (absent): unknown, never no.
    assert facts(status("60001007")) == {}
    assert facts(status("2667000")) == {}
    assert facts(observation(code="82810-3", valueQuantity=None, valueBoolean=True)) == {
        "pregnant": True
    }


def test_components_are_measurements_of_their_own() -> None:
    panel = made(
        "Observation", status="final", code=coded("24320-4", LOINC), effectiveDateTime="2026-02-27",
        component=[
            {"code": coded(PLATELETS, LOINC), "valueQuantity": quantity(90, "10*9/L")},
            {"code": coded("1-1", LOINC), "valueQuantity": quantity(1, "1")},
        ],
    )  # fmt: skip

    assert facts(panel) == {"platelets": 90}


def test_a_code_of_ours_is_a_fact_by_its_own_name() -> None:
    measured = observation(
        code="bladder_disturbance", system=LOCAL, valueQuantity=None,
        valueCodeableConcept=coded("worsening", LOCAL),
    )  # fmt: skip
    device = made("Device", patient={"reference": "Patient/p1"}, subject=None, status="active",
                  type=coded("stimulator_implanted", LOCAL))  # fmt: skip

    assert facts(measured) == {"bladder_disturbance": "worsening"}
    assert facts(device) == {"stimulator_implanted": True}
    assert facts(device | {"status": "inactive"}) == {}


# --- several sayings of one fact


@pytest.mark.hazard("H-11")
def test_row_28_a_red_sign_true_and_false_on_one_day_is_true_and_the_conflict_is_named() -> None:
    def said(value: str) -> dict[str, Any]:
        return observation(
            code="saddle_sensation_change", system=LOCAL, valueQuantity=None,
            valueCodeableConcept=coded(value, LOCAL),
        )  # fmt: skip

    found = read(said("none"), said("new")).input

    assert found["facts"]["saddle_sensation_change"]["value"] == "new"
    assert found["not_used"] == [
        {
            "where": "Observation",
            "why": "2 of one date that contradict each other (saddle_sensation_change); "
            "the graver answer is used",
        }
    ]


@pytest.mark.hazard("H-11")
@pytest.mark.parametrize(
    ("fact", "one", "other", "graver"),
    [("leg_weakness", "stable", "onset-unknown", "onset-unknown"), ("leg_weakness", "new", "worsening", "worsening"),
     ("fever_or_chills", False, True, True), ("weakness_mrc", 4, 2, 2), ("systolic_bp", 120, 85, 85),
     ("pulse", 70, 130, 130), ("suicidal_thoughts", "thoughts", "plan-or-intent", "plan-or-intent"),
     ("weakness_surgeon_assessed", True, False, False), ("sphincter_cause_documented", True, False, False)],
)  # fmt: skip
def test_h11_the_graver_of_two_answers_to_a_red_sign_question_stands(
    fact: str, one: Any, other: Any, graver: Any
) -> None:
    def said(value: Any) -> dict[str, Any]:
        kind = {bool: "valueBoolean", int: "valueInteger"}.get(type(value))
        told = {kind: value} if kind else {"valueCoding": {"code": value}}
        return form(answer(fact, **told), authored="2026-02-28")

    assert facts(said(one), said(other)) == {fact: graver}
    assert facts(said(other), said(one)) == {fact: graver}


@pytest.mark.hazard("H-11")
def test_row_28_two_measurements_of_one_day_that_differ_are_none() -> None:
    found = read(observation(55), observation(25)).input

    assert found["facts"] == {}
    assert found["not_used"] == [
        {"where": "Observation", "why": "2 of one date that contradict each other (egfr)"}
    ]


def test_the_latest_saying_stands_by_day_and_by_instant() -> None:
    days = [observation(55, effectiveDateTime="2026-02-01"), observation(25)]
    hours = [
        observation(90, code="pulse", system=LOCAL, valueQuantity=quantity(rate, "/min"), effectiveDateTime=when)
        for rate, when in ((90, "2026-03-01T08:00:00Z"), (120, "2026-03-01T12:00:00+03:00"))
    ]  # fmt: skip

    assert facts(*days) == facts(*reversed(days)) == {"egfr": 25}
    assert facts(*hours) == facts(*reversed(hours)) == {"pulse": 120}


def test_a_month_and_a_day_inside_it_have_no_order() -> None:
    assert facts(observation(55, effectiveDateTime="2026-02"), observation(25)) == {}
    assert facts(observation(55, effectiveDateTime="2026-01"), observation(25)) == {"egfr": 25}


@pytest.mark.hazard("H-01")
def test_a_calm_red_sign_answer_does_not_outlive_a_later_not_known() -> None:
    calm = form(answer("fever_or_chills", valueBoolean=False), authored="2026-02-20")
    grave = form(answer("fever_or_chills", valueBoolean=True), authored="2026-02-20")
    later = form(
        answer("fever_or_chills", valueCoding={"code": "not-known"}), authored="2026-02-28"
    )

    assert facts(calm, later) == {"fever_or_chills": None}
    assert facts(grave, later) == {"fever_or_chills": True}


@pytest.mark.hazard("H-10")
def test_d4_a_resource_that_stands_twice_counts_once() -> None:
    entry = condition("X99", id="c1")

    assert not_used(entry, entry, bundle(entry, dict(entry))) == [
        ("Condition", "1 with a code nobody here knows")
    ]


@pytest.mark.hazard("H-06")
def test_of_two_versions_of_a_resource_the_newer_stands() -> None:
    old = condition(id="c1", meta={"lastUpdated": "2026-01-01T00:00:00Z"})
    new = condition(id="c1", meta={"lastUpdated": "2026-02-01T00:00:00Z"},
                    verificationStatus={"coding": [{"code": "entered-in-error"}]})  # fmt: skip

    assert facts(old, new) == {}
    assert ("Condition", "1 of an older version") in not_used(new, old)


def test_a_pain_longer_than_the_life_is_not_used() -> None:
    long = form(answer("pain_duration_months", valueDecimal=900))

    assert facts(patient(), long) == {"age": 55}
