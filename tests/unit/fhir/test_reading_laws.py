"""Laws of reading: nothing but another patient stops it, order and nesting change nothing, no value gets out."""

from __future__ import annotations

import copy
import json
import random
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.fhir.reading import MixedPatients, ReadRecord
from api.fhir.reading.names import KNOWN, READ
from api.fhir.reading.record import BROKEN
from api.library import get_vignettes
from api.service import get_checker
from tests.fhir_records import day_of, record_of
from tests.unit.fhir.charts import (
    CPT,
    ICD,
    LOCAL,
    LOINC,
    ON,
    OURS,
    RXNORM,
    bundle,
    condition,
    observation,
    procedure,
    read,
    request,
)

QUIET = settings(
    max_examples=300, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
RECORDS = [
    record
    for vignette in get_vignettes("fbss")
    if (record := record_of(vignette.input)) is not None
]

# Words a record uses, so that arbitrary JSON comes near a real one often enough to get somewhere.
KEYS = [
    "resourceType", "id", "status", "intent", "code", "coding", "system", "value", "unit", "subject", "patient",
    "reference", "item", "linkId", "answer", "valueBoolean", "valueInteger", "valueDecimal", "valueCoding",
    "valueQuantity", "valueDateTime", "effectiveDateTime", "effectivePeriod", "start", "end", "entry", "resource",
    "link", "relation", "url", "meta", "lastUpdated", "contained", "component", "birthDate", "gender",
    "clinicalStatus", "verificationStatus", "abatementDateTime", "recordedDate", "onsetDateTime", "authored",
    "medicationCodeableConcept", "medicationReference", "dosageInstruction", "timing", "repeat", "boundsPeriod",
    "doseAndRate", "doseQuantity", "frequency", "period", "periodUnit", "performedDateTime", "performedPeriod",
    "bodySite", "outcome", "reasonCode", "text", "display", "identifier", "modifierExtension", "extension",
    "dataAbsentReason", "type", "reaction", "substance", "conclusionCode", "authoredOn", "questionnaire",
    "parameter", "part", "search", "mode", "total", "fullUrl", "occurrenceDateTime", "deceasedBoolean",
]  # fmt: skip
WORDS = [
    *sorted(READ), "Bundle", "Parameters", "Medication", "Questionnaire", "searchset", "final", "completed", "active",
    "order", "confirmed", "Patient/p1", "#x", "urn:uuid:1", LOINC, ICD, CPT, RXNORM, LOCAL, "98979-8", "J44.9",
    "63047", "7258", "R33.9", "fusion", "age", "diabetes", "trials", "trials.treatment", "nsaid", "medications_listed",
    "2026-02-20", "2026-02", "2026-02-20T10:00:00Z", "9999", "%", "mg", "d", "self", "next",
    "MedicationRequest?patient=p1", "pulse", "weakness_mrc", "p1", "",
]  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers(-(10**13), 10**13) | st.floats()
    | st.sampled_from(WORDS) | st.text(max_size=8)
)  # fmt: skip
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=40,
)


def answer_of(resources: list[Any], **more: Any) -> ReadRecord | None:
    try:
        return read(*resources, **more)
    except MixedPatients:
        return None


def check(record: ReadRecord | None) -> None:
    """Hold that what was read is an input the product takes, and that no reader broke."""
    if record is not None:
        assert BROKEN not in "".join(record.warnings)
        get_checker("fbss").check(record.input, ON)


@QUIET
@given(st.lists(JSON, max_size=5), st.sampled_from([None, "p1", "Patient/p1", "", "?"]))
def test_any_json_is_read_into_an_input_the_product_takes_or_is_another_patients(
    resources: list[Any], subject: str | None
) -> None:
    check(answer_of(resources, subject=subject))


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every place in *value*, as its holder and key, outermost first."""
    found: list[tuple[Any, Any]] = []
    left = [value]
    while left:
        holder = left.pop(0)
        inside = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, each in inside:
            found.append((holder, key))
            if isinstance(each, dict | list):
                left.append(each)
    return found


@QUIET
@given(st.sampled_from(RECORDS), st.integers(0, 10**9), LEAVES | JSON, st.booleans())
def test_a_good_record_with_one_place_spoilt_is_read_or_is_another_patients(
    record: dict[str, Any], at: int, instead: Any, gone: bool
) -> None:
    spoilt = copy.deepcopy(record)
    holder, key = (found := places(spoilt))[at % len(found)]
    if gone and isinstance(holder, dict):
        del holder[key]
    else:
        holder[key] = instead

    check(answer_of([spoilt], subject=None))


@pytest.mark.parametrize("seed", range(100))
def test_a_record_spoilt_in_many_places_is_read_or_is_another_patients(seed: int) -> None:
    spoil = random.Random(seed)
    record = copy.deepcopy(spoil.choice(RECORDS))
    for _ in range(spoil.choice([3, 10, 40])):
        found = [place for entry in record["entry"] for place in places(entry)]
        (holder, key), (other, at) = spoil.choice(found), spoil.choice(found)
        what = spoil.random()
        if what < 0.2:
            del holder[key]
        elif what < 0.7:
            holder[key] = spoil.choice(
                [*WORDS, None, True, 0, -1.5, [], {}, [[]], {"coding": [{}]}]
            )
        elif what < 0.85:
            holder[key] = copy.deepcopy(other[at])
        elif isinstance(holder, dict):
            holder[spoil.choice(KEYS)] = holder.pop(key)
        record["entry"] = [entry for entry in record["entry"] if isinstance(entry, dict)]

    check(answer_of([record], subject=spoil.choice([None, "made-up-1"])))


@pytest.mark.parametrize("record", RECORDS[:6])
def test_a_record_stays_as_it_came(record: dict[str, Any]) -> None:
    before = copy.deepcopy(record)

    assert read(record, subject=None) == read(record, subject=None)
    assert record == before


def test_row_33_deep_nesting_and_circles_end_in_time() -> None:
    deep: dict[str, Any] = condition()
    for _ in range(5_000):
        deep = bundle(deep)
    item: dict[str, Any] = {"linkId": "diabetes", "answer": [{"valueBoolean": True}]}
    for _ in range(5_000):
        item = {"linkId": "group", "item": [item]}
    form = {"resourceType": "QuestionnaireResponse", "status": "completed", "item": [item],
            "subject": {"reference": "Patient/p1"}}  # fmt: skip
    circle = request(None, medicationReference={"reference": "#m"}, contained=[
        {"resourceType": "Medication", "id": "m", "ingredient": [{"itemReference": {"reference": "#m"}}]}])  # fmt: skip
    many = request(None, medicationReference={"reference": "#m9999"},
                   contained=[{"resourceType": "Medication", "id": f"m{n}"} for n in range(10_000)])  # fmt: skip

    start = time.process_time()
    read(circle, many)
    took = time.process_time() - start
    found = read(deep, form, circle, many).input

    assert took < 0.1
    assert found["facts"]["copd"]["value"] is True
    assert found["facts"]["diabetes"]["value"] is True


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "record", RECORDS, ids=lambda each: each["entry"][0]["resource"]["birthDate"]
)
def test_d3_the_order_of_a_record_and_bundles_in_bundles_change_nothing(
    record: dict[str, Any], seed: int
) -> None:
    shuffle = random.Random(seed)
    resources = [entry["resource"] for entry in record["entry"]]
    resources += [condition("X99"), observation(status="?"), request("Wonderdrug"), procedure()]
    resources = [
        each | ({"subject": {"reference": "Patient/made-up-1"}} if "subject" in each else {})
        for each in resources
    ]
    mixed = copy.deepcopy(resources)
    shuffle.shuffle(mixed)
    cut = shuffle.randrange(len(mixed))
    nested = bundle(bundle(*mixed[:cut]), {"resourceType": "Parameters", "parameter": [
        {"name": "x", "resource": each} for each in mixed[cut:]]})  # fmt: skip

    straight = read(*resources, subject=None)

    assert read(nested, subject="made-up-1") == read(*resources, subject="made-up-1")
    assert read(nested, subject=None) == straight


@pytest.mark.parametrize("record", RECORDS[:6])
@pytest.mark.parametrize(
    "strange",
    [
        {"resourceType": "Encounter", "subject": {"reference": "Patient/made-up-1"}},
        {"resourceType": "Smith, John", "id": "x"},
        {"resourceType": "Condition", "subject": {"reference": "Patient/made-up-1"}, "code": {"text": "pain"}},
        "rubbish", 7, [], {"a": 1}, [[["x"]]],
    ],
)  # fmt: skip
def test_d5_what_nobody_understands_only_adds_to_what_is_not_used(
    record: dict[str, Any], strange: Any
) -> None:
    before, after = read(record, subject=None).input, read(record, strange, subject=None).input

    assert {key: value for key, value in after.items() if key != "not_used"} == {
        key: value for key, value in before.items() if key != "not_used"
    }
    assert all(row in after["not_used"] for row in before["not_used"])
    assert (len(after["not_used"]) > len(before["not_used"])) is (strange != [])


@pytest.mark.hazard("H-61")
@pytest.mark.parametrize("seed", range(40))
def test_a2_no_text_of_a_record_gets_into_not_used_or_a_warning(seed: int) -> None:
    canary = "Kanarienvogel"
    spoil = random.Random(seed)
    record = copy.deepcopy(spoil.choice(RECORDS))
    found = places(record)
    for holder, key in spoil.sample(found, k=min(40, len(found))):
        if isinstance(holder, dict) and isinstance(holder.get(key), str):
            holder[key] = f"{canary}{spoil.randrange(9)}"
    record["entry"].append({"resource": {"resourceType": canary, canary: canary}})

    result = answer_of([record], subject=None)

    if result is not None:
        assert canary not in json.dumps(result.input["not_used"])
        assert canary not in "".join(result.warnings)
        assert all(row["where"] in KNOWN | {"unknown resource"} for row in result.input["not_used"])


def test_what_is_read_of_a_record_is_an_input_for_every_vignette() -> None:
    for vignette in get_vignettes("fbss"):
        record = record_of(vignette.input)
        assert record is not None
        check(read(record, subject=None, on=day_of(vignette.input)))


@pytest.mark.hazard("H-63")
@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", "a\nb", "\x1b[31mred", "\u202egnp.exe", "\u200bapixaban", "\x00", "x" * 4_000],
)  # fmt: skip
def test_row_36_text_that_is_no_name_does_not_get_through(hostile: str) -> None:
    listed = {"resourceType": "QuestionnaireResponse", "status": "completed", "subject": OURS, "item": [
        {"linkId": "medications_listed", "answer": [{"valueBoolean": True}]}]}  # fmt: skip
    operation = procedure("fusion", LOCAL, bodySite=[{"text": hostile}])
    found = read(request(hostile), operation, observation(valueString=hostile), listed).input

    check(read(request(hostile), operation, listed))
    assert hostile not in json.dumps(found, ensure_ascii=False)


def test_row_37_names_of_inner_things_are_only_keys_nobody_reads() -> None:
    hostile = {
        "sid": "1",
        "$s": 1,
        "__class__": "x",
        "constructor": {"prototype": 1},
        "id": "__init__",
    }

    assert read(condition(**hostile)).input["facts"]["copd"]["value"] is True
