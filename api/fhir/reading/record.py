"""From the resources of one patient to the product's input object: apart, whose, what they say, what stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from api.fhir.reading.chart import Chart
from api.fhir.reading.conditions import read_condition
from api.fhir.reading.lexicon import lexicon_of
from api.fhir.reading.lists import complete_lists
from api.fhir.reading.medications import read_medication
from api.fhir.reading.names import READ, SUPPORT
from api.fhir.reading.observations import read_observation
from api.fhir.reading.others import read_allergy, read_device, read_person, read_report
from api.fhir.reading.procedures import read_procedure, read_service_request
from api.fhir.reading.questionnaires import read_answers
from api.fhir.reading.readings import settle
from api.fhir.reading.resources import Item, take_apart
from api.fhir.reading.subjects import Whose, identify
from api.fhir.reading.tally import Tally
from schemas.codes import CodeLists
from schemas.pathway import Pathway

_READERS: dict[str, Callable[[Item, Chart], None]] = {
    "Patient": read_person,
    "Condition": read_condition,
    "Observation": read_observation,
    "MedicationRequest": read_medication,
    "MedicationStatement": read_medication,
    "MedicationAdministration": read_medication,
    "Procedure": read_procedure,
    "ServiceRequest": read_service_request,
    "DiagnosticReport": read_report,
    "AllergyIntolerance": read_allergy,
    "Device": read_device,
    "QuestionnaireResponse": read_answers,
}
_NOT_OURS = {
    Whose.MISSING: "without a patient",
    Whose.UNTOLD: "whose patient cannot be told",
    Whose.NO_PATIENT: "that are not about a patient",
}
BROKEN = "that could not be read, by a fault of ours"
_MODIFIED = "with a modifier that is not known here"
_LISTS = {
    "MedicationRequest": "medications",
    "MedicationStatement": "medications",
    "MedicationAdministration": "medications",
    "Procedure": "surgeries",
}


@dataclass(frozen=True)
class ReadRecord:
    """What a record says, in the product's own input shape."""

    input: dict[str, Any]
    """Facts, lists, `on`, `settings`, and `not_used`."""
    warnings: tuple[str, ...]
    """For a log: no patient values."""


def read_record(
    resources: Iterable[Any],
    *,
    subject: str | None,
    on: dt.date,
    pathway: Pathway,
    codes: CodeLists,
    settings: str = "default",
    verified_only: bool = False,
    whole: Collection[str] = (),
) -> ReadRecord:
    """Read *resources* (parsed JSON of any quality) of the patient *subject* (`id` or `Patient/id`) as of *on*.

    Bundles are taken apart however deep they lie. Whatever is not understood is counted in `not_used`, by type
    and reason. *whole* names resource types whose complete search result is among the *resources*, which only the
    one who searched can know; a searchset that says so itself needs no naming. With *verified_only*, codes nobody
    has verified are as good as unknown ones; otherwise what rests on them is used and said.

    Raises MixedPatients when any resource is another patient's, and nothing else.
    """
    tally = Tally()
    heap = take_apart(resources, tally)
    identity = identify(heap.items, subject)
    chart = Chart(lexicon_of(pathway, codes, verified_only), on, tally, heap.items)
    for item in heap.items:
        if item.kind == "Patient":
            if not _modified(item, chart):
                _read(item, chart)
            continue
        whose = identity.owner(item.body)
        if item.kind not in READ:
            _not_read(item, chart)
        elif whose is not Whose.OURS:
            tally.add(item.kind, _NOT_OURS[whose])
            _doubt(item, chart)
        elif not _modified(item, chart):
            _read(item, chart)
    lists = complete_lists(chart, {*whole, *heap.whole})
    facts, unverified = settle(chart.readings, chart.lexicon, tally)
    _plausible(facts, tally)
    if chart.unverified_rows:
        tally.add(
            "Bundle",
            "rows of a list read by a code that nobody has verified",
            chart.unverified_rows,
        )
    given: dict[str, Any] = {"facts": facts, **lists, "not_used": tally.rows()}
    given |= {"on": on.isoformat(), "settings": settings}
    return ReadRecord(given, _warnings(chart, unverified, given["not_used"]))


def _read(item: Item, chart: Chart) -> None:
    """Read one resource; one that breaks its reader is counted and leaves its list in doubt.

    Readers are written not to break, and tests hold that none does. If one does all the same, the rest of the record
    must still be read: a red sign elsewhere in it matters more than our mistake.
    """
    try:
        _READERS[item.kind](item, chart)
    except Exception:
        chart.tally.add(item.kind, BROKEN)
        _doubt(item, chart)


def _not_read(item: Item, chart: Chart) -> None:
    if item.kind == "OperationOutcome":
        chart.tally.add(item.kind, "errors: part of the record did not come")
    elif item.kind not in SUPPORT:
        chart.tally.add(item.kind, "of a type that is not read")


def _modified(item: Item, chart: Chart) -> bool:
    """Tell whether something in the resource may turn its meaning round, and count it (row 31)."""
    if item.body.get("modifierExtension") or item.body.get("implicitRules"):
        chart.tally.add(item.kind, _MODIFIED)
        _doubt(item, chart)
        return True
    return False


def _doubt(item: Item, chart: Chart) -> None:
    if item.kind in _LISTS:
        chart.doubts.add(_LISTS[item.kind])


def _plausible(facts: dict[str, dict[str, Any]], tally: Tally) -> None:
    """Drop a duration of pain longer than the life: one of two sources is wrong, and the product would refuse both."""
    age = facts.get("age", {}).get("value")
    months = facts.get("pain_duration_months", {}).get("value")
    if age is not None and months is not None and months > (age + 1) * 12:
        del facts["pain_duration_months"]
        tally.add("Bundle", "duration of pain longer than the patient's life")


def _warnings(
    chart: Chart, unverified: tuple[str, ...], not_used: list[dict[str, str]]
) -> tuple[str, ...]:
    """Return what a log may hold: kinds and numbers, the names of facts, nothing of the patient's."""
    found = [f"not used: {row['where']}: {row['why']}" for row in not_used]
    if unverified:
        found.append(f"facts by unverified codes: {', '.join(unverified)}")
    return tuple(found)
