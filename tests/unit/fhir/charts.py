"""Pieces of invented records, as short as a test needs them, and one way to have them read."""

from __future__ import annotations

import datetime as dt
from typing import Any

from api.fhir.reading import ReadRecord, read_record
from api.library import get_codes, get_pathway

ON = dt.date(2026, 3, 1)
OURS = {"reference": "Patient/p1"}
LOINC, ICD = "http://loinc.org", "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED, RXNORM = "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm"
CPT, UCUM, LOCAL = "http://www.ama-assn.org/go/cpt", "http://unitsofmeasure.org", "urn:fbss:local"
EGFR, GLUCOSE, HBA1C, PLATELETS = "98979-8", "2345-7", "4548-4", "777-3"
ML = "mL/min/{1.73_m2}"

Resource = dict[str, Any]


def read(*resources: Any, subject: str | None = "p1", on: dt.date = ON, **more: Any) -> ReadRecord:
    return read_record(
        list(resources),
        subject=subject,
        on=on,
        pathway=get_pathway("fbss"),
        codes=get_codes("fbss"),
        **more,
    )


def facts(*resources: Any, **more: Any) -> dict[str, Any]:
    """Return what is read of each fact: its value, or None with a reason."""
    found = read(*resources, **more).input["facts"]
    return {name: entry.get("value") for name, entry in found.items()}


def not_used(*resources: Any, **more: Any) -> list[tuple[str, str]]:
    rows = read(*resources, **more).input["not_used"]
    return [(row["where"], row["why"]) for row in rows]


def coded(code: str, system: str = ICD, **more: Any) -> Resource:
    return {"coding": [{"system": system, "code": code, **more}]}


def made(kind: str, **body: Any) -> Resource:
    """Return a resource of our patient; a member that is None is left out."""
    whole = {"resourceType": kind, "subject": OURS, **body}
    return {key: value for key, value in whole.items() if value is not None}


def patient(**body: Any) -> Resource:
    return {"resourceType": "Patient", "id": "p1", "birthDate": "1970-05-01", **body}


def condition(code: str = "J44.9", system: str = ICD, **body: Any) -> Resource:
    """Return an active, confirmed condition; chronic obstructive pulmonary disease unless told otherwise."""
    usual = {
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "code": coded(code, system),
        "recordedDate": "2026-02-27",
    }
    return made("Condition", **{**usual, **body})


def quantity(value: Any, unit: str | None = ML, **more: Any) -> Resource:
    written = {} if unit is None else {"unit": unit, "code": unit, "system": UCUM}
    return {"value": value, **written, **more}


def observation(value: Any = 55, code: str = EGFR, system: str = LOINC, **body: Any) -> Resource:
    """Return a final measurement of two days ago; an eGFR unless told otherwise."""
    usual = {
        "status": "final",
        "code": coded(code, system),
        "effectiveDateTime": "2026-02-27",
        "valueQuantity": quantity(value),
    }
    return made("Observation", **{**usual, **body})


def request(medicine: Any = "apixaban", **body: Any) -> Resource:
    concept = {"text": medicine} if isinstance(medicine, str) else medicine
    usual = {"status": "active", "intent": "order", "medicationCodeableConcept": concept}
    return made("MedicationRequest", **{**usual, **body})


def procedure(code: str = "63047", system: str = CPT, **body: Any) -> Resource:
    usual = {"status": "completed", "code": coded(code, system), "performedDateTime": "2024-06-03"}
    return made("Procedure", **{**usual, **body})


def form(*items: Resource, **body: Any) -> Resource:
    usual = {"status": "completed", "authored": "2026-02-28T09:00:00Z", "item": list(items)}
    return made("QuestionnaireResponse", **{**usual, **body})


def answer(link: str, **value: Any) -> Resource:
    return {"linkId": link, "answer": [value]}


def listed(*names: str) -> Resource:
    """Return a form that says of lists that they are complete."""
    return form(*(answer(f"{name}_listed", valueBoolean=True) for name in names))


def bundle(*resources: Resource, **body: Any) -> Resource:
    entries = [{"resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries, **body}
