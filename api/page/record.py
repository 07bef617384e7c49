"""What a person pastes: an input of our own, a printed decision, or a FHIR record, turned into form fields."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from api.fhir.reading import read_record
from api.library import get_codes
from api.page.form import fields_of
from api.service import read_checked
from api.strict_json import RECORD, RECORD_BYTES, read_json
from rules.canonical import patient_input
from schemas.pathway import Pathway


@dataclass(frozen=True)
class Loaded:
    """A record as form fields, and what it was."""

    fields: dict[str, str]
    kind: str
    facts: int
    rows: int
    not_used: int


def load_record(text: str, pathway: Pathway, today: dt.date) -> Loaded:
    """Return what *text* says about one patient, as form fields.

    Raises InputError for what is not JSON, not of a known shape, or about more than one patient.
    """
    data = read_json(text.strip().encode("utf-8"), RECORD_BYTES, RECORD)
    kind = "a patient in this product's own form"
    if isinstance(data, dict) and "receipt" in data and isinstance(data.get("input"), dict):
        data, kind = data["input"], "the patient of a printed decision"
    elif isinstance(data, list) or (isinstance(data, dict) and "resourceType" in data):
        data, kind = _from_fhir(data, pathway, today), "a FHIR record"
    understood = patient_input(read_checked(pathway.id, data, today))
    lists = ("trials", "medications", "surgeries", "overrides")
    return Loaded(
        fields=fields_of(understood),
        kind=kind,
        facts=len(understood["facts"]),
        rows=sum(len(understood.get(name, ())) for name in lists),
        not_used=len(understood.get("not_used", ())),
    )


def _from_fhir(data: Any, pathway: Pathway, today: dt.date) -> dict[str, Any]:
    resources = data if isinstance(data, list) else [data]
    found = read_record(
        resources, subject=None, on=today, pathway=pathway, codes=get_codes(pathway.id)
    )
    return found.input
