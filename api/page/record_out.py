"""What is entered on the page written as the FHIR R4 record an EHR would send, and what FHIR has no way to say.

- who: `Patient`, born on 1 January of the year that gives the age.
- facts with a verified code: measurements with a unit as `Observation` (LOINC or our own code), other things that are
  so as `Condition`, confirmed and active.
- all other facts: `QuestionnaireResponse` of our form, one for each date; `linkId` is the fact's name.
- operations: `Procedure`, with our own words as codes of `urn:fbss:local` (kind, region, result), and why.
- medicines: `MedicationStatement` where the beginning or the end is known, `MedicationRequest` otherwise.
- treatments tried, overrides, and medicines with a field that FHIR has no code for: groups of the form.
- that the lists are complete: the form's `trials_listed`, `medications_listed`, `surgeries_listed`.

What has no date of its own is dated on the day of the question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.fhir.reading.conditions import ALSO
from api.library import get_codes, get_pathway
from schemas.codes import Concept
from schemas.facts import FactDefinition, FactKind

LOCAL = "urn:fbss:local"
PATIENT = "made-up-1"
_SUBJECT = {"reference": f"Patient/{PATIENT}"}
_UCUM = "http://unitsofmeasure.org"
_UNITS = {
    "mL": "mL", "degrees C": "Cel", "per minute": "/min", "mmHg": "mm[Hg]", "%": "%", "mg/dL": "mg/dL",
    "10^9/L": "10*9/L", "ratio": "{INR}", "mL/min/1.73 m2": "mL/min/{1.73_m2}", "MME/day": "{MME}/d",
    "weeks": "wk", "months": "mo", "years": "a",
}  # fmt: skip
_NOT_BY_CONDITION = frozenset({"diabetes_poorly_controlled", "pregnant"})
"""Their codes say a second fact as well."""
UNSAYABLE = {
    "unavailable": "cannot be had: a record only says that it is not there",
    "stale": "out of date: a record only says that it is not there",
}


@dataclass(frozen=True)
class Written:
    """A patient as a FHIR record."""

    bundle: dict[str, Any]
    left_out: tuple[tuple[str, str], ...]
    """What the record does not say, each with the reason; nothing is left out without a line here."""


def write_record(data: Mapping[str, Any], on: str) -> Written:
    """Return the checked input object *data* as a collection Bundle; *on* (YYYY-MM-DD) dates what has no date."""
    writer, titles = _Writer(on), get_pathway("fbss").facts
    left_out = []
    told_by = 0
    for name, raw in data["facts"].items():
        entry = raw if isinstance(raw, Mapping) else {"value": raw}
        told_by += bool(entry.get("source"))
        if entry.get("unknown") in UNSAYABLE:
            left_out.append((titles[name].title, UNSAYABLE[entry["unknown"]]))
        else:
            writer.fact(name, entry)
    for surgery in data.get("surgeries") or ():
        writer.surgery(surgery)
    for medication in data.get("medications") or ():
        writer.medication(medication)
    for list_name in ("trials", "overrides"):
        for row in data.get(list_name) or ():
            writer.form(on).append(_group(list_name, row))
    for list_name in ("trials", "medications", "surgeries"):
        if data.get(list_name) is not None and list_name not in data.get("incomplete", ()):
            writer.form(on).append(
                {"linkId": f"{list_name}_listed", "answer": [{"valueBoolean": True}]}
            )
    if told_by:
        left_out.append(("Sources", f"who or what told a fact is not written ({told_by} facts)"))
    if data.get("not_used"):
        count = len(data["not_used"])
        left_out.append(("Not used", f"remarks about an earlier record are not written ({count})"))
    if data.get("settings", "default") != "default":
        left_out.append(("Settings", "a record names none; a site chooses them for each client"))
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": f"https://ehr.example/fhir/{r['resourceType']}/{r['id']}", "resource": r}
            for r in writer.resources()
        ],
    }
    return Written(bundle, tuple(left_out))


class _Writer:
    """The resources of one record as they are made."""

    def __init__(self, on: str) -> None:
        self.on, self.pathway = on, get_pathway("fbss")
        self.systems = {n: s.uri for n, s in get_codes("fbss").systems.items()}
        self.patient: dict[str, Any] = {"resourceType": "Patient", "id": PATIENT, "active": True}
        self.made: list[dict[str, Any]] = []
        self.forms: dict[str, list[dict[str, Any]]] = {}

    def resources(self) -> list[dict[str, Any]]:
        forms = [
            {
                "resourceType": "QuestionnaireResponse",
                "id": f"form-{date}",
                "status": "completed",
                "subject": _SUBJECT,
                "authored": date,
                "item": items,
            }
            for date, items in self.forms.items()
        ]
        return [self.patient, *self.made, *forms]

    def form(self, date: str) -> list[dict[str, Any]]:
        return self.forms.setdefault(date, [])

    def add(self, kind: str, **body: Any) -> None:
        id = f"{kind.lower()}-{len(self.made) + 1}"
        self.made.append({"resourceType": kind, "id": id, "subject": _SUBJECT, **body})

    def fact(self, name: str, entry: Mapping[str, Any]) -> None:
        value, date = entry.get("value"), str(entry.get("date") or self.on)
        definition = self.pathway.facts[name]
        if value is None:
            if entry.get("unknown") == "asked-but-unknown":
                answer = {"valueCoding": {"system": LOCAL, "code": "not-known"}}
                self.form(date).append({"linkId": name, "answer": [answer]})
        elif name == "age":
            self.patient["birthDate"] = f"{int(self.on[:4]) - value:04d}-01-01"
        elif name == "sex":
            self.patient["gender"] = value
        elif not self.measured(definition, value, date) and not self.found(definition, value, date):
            self.form(date).append({"linkId": name, "answer": [_answer(definition, value)]})

    def measured(self, definition: FactDefinition, value: Any, date: str) -> bool:
        concept = _concept("observations", definition.name)
        if concept is None or definition.kind not in (FactKind.INTEGER, FactKind.DECIMAL):
            return False
        quantity = {"value": value}
        if definition.unit in _UNITS:
            unit = _UNITS[definition.unit]
            quantity |= {"unit": unit, "system": _UCUM, "code": unit}
        code = {"coding": [self.coding(concept)]}
        self.add(
            "Observation", status="final", code=code, effectiveDateTime=date, valueQuantity=quantity
        )
        return True

    def found(self, definition: FactDefinition, value: Any, date: str) -> bool:
        concept = _concept("conditions", definition.name)
        if concept is None or value is not True or definition.name in _NOT_BY_CONDITION:
            return False
        self.add(
            "Condition",
            clinicalStatus=_status("condition-clinical", "active"),
            verificationStatus=_status("condition-ver-status", "confirmed"),
            code={"coding": [self.coding(concept)]},
            recordedDate=date,
        )
        return True

    def coding(self, concept: Concept) -> dict[str, str]:
        code = next(c for c in concept.codes if c.verified and not c.prefix)
        return {"system": str(self.systems[code.system]), "code": code.code}

    def surgery(self, row: dict[str, Any]) -> None:
        body: dict[str, Any] = {"status": "completed", "code": _word(row["procedure"])}
        site = _word(row["region"]) if "region" in row else {}
        if "level" in row:
            site["text"] = row["level"]
        if site:
            body["bodySite"] = [site]
        if "date" in row:
            body["performedDateTime"] = row["date"]
        if "for_pain" in row:
            body["reasonCode"] = [_word("pain" if row["for_pain"] else "not-pain")]
        if "result" in row:
            body["outcome"] = _word(row["result"])
        self.add("Procedure", **body)

    def medication(self, row: dict[str, Any]) -> None:
        if "long_acting" in row:
            self.form(self.on).append(_group("medications", row))
            return
        body: dict[str, Any] = {"medicationCodeableConcept": self.medicine(row["agent"])}
        dosage = []
        if "dose_mg_per_day" in row:
            dose = {"value": row["dose_mg_per_day"], "unit": "mg", "system": _UCUM, "code": "mg"}
            repeat = {"frequency": 1, "period": 1, "periodUnit": "d"}
            dosage = [{"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": dose}]}]
        status, intent = row.get("status", "active"), "order"
        if status == "planned":
            status, intent = "draft", "plan"
        period = {
            end: row[key] for end, key in (("start", "started"), ("end", "stopped")) if key in row
        }
        if period and intent == "order":
            if dosage:
                body["dosage"] = dosage
            self.add("MedicationStatement", status=status, effectivePeriod=period, **body)
            return
        if dosage:
            body["dosageInstruction"] = dosage
        self.add("MedicationRequest", status=status, intent=intent, authoredOn=self.on, **body)

    def medicine(self, agent: str) -> dict[str, Any]:
        codes = get_codes("fbss").medicines.get(agent, ())
        exact = next((c for c in codes if c.verified and not c.prefix), None)
        if exact is None:
            return {"text": agent}
        coding = {"system": str(self.systems[exact.system]), "code": exact.code}
        return {"coding": [coding], "text": agent}


def _concept(list_name: str, fact: str) -> Concept | None:
    """Return the concept whose verified code says *fact* and nothing else."""
    for concept in get_codes("fbss").concepts[list_name]:
        if concept.id in ALSO:
            continue
        if concept.fact == fact and any(c.verified and not c.prefix for c in concept.codes):
            return concept
    return None


def _word(code: str) -> dict[str, Any]:
    return {"coding": [{"system": LOCAL, "code": code}]}


def _status(system: str, code: str) -> dict[str, Any]:
    address = f"http://terminology.hl7.org/CodeSystem/{system}"
    return {"coding": [{"system": address, "code": code}]}


def _answer(definition: FactDefinition, value: Any) -> dict[str, Any]:
    match definition.kind:
        case FactKind.BOOLEAN:
            return {"valueBoolean": value}
        case FactKind.INTEGER:
            return {"valueInteger": value}
        case FactKind.DECIMAL:
            return {"valueDecimal": value}
        case FactKind.DATE:
            return {"valueDate": str(value)}
        case _:
            return {"valueCoding": {"system": LOCAL, "code": value}}


_WORDS_IN_ROWS = ("treatment", "stopped_because", "side", "status", "lifts")
_DAYS_IN_ROWS = ("started", "ended", "stopped", "date", "when")


def _group(list_name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return one row of a list as a group of the form."""
    items = []
    for field, value in row.items():
        if isinstance(value, bool):
            answer: dict[str, Any] = {"valueBoolean": value}
        elif isinstance(value, int):
            answer = {"valueInteger": value}
        elif not isinstance(value, str):
            answer = {"valueDecimal": value}
        elif field in _DAYS_IN_ROWS:
            answer = {"valueDate": value}
        elif field in _WORDS_IN_ROWS:
            answer = {"valueCoding": {"system": LOCAL, "code": value}}
        else:
            answer = {"valueString": value}
        items.append({"linkId": f"{list_name}.{field}", "answer": [answer]})
    return {"linkId": list_name, "item": items}
