"""What our FHIR resources are called: canonical addresses, versions, and the metadata all of them share."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from api.guidance.write import source_url
from schemas.pathway import Pathway
from schemas.provenance import Citation

Resource = dict[str, Any]

BASE = "https://steppedcare.example/fhir"
"""Canonical base, the same wherever the service runs; the host is reserved, so nobody else can own it."""
FACTS = f"{BASE}/CodeSystem/facts"
"""Codes of this system are fact names of the pathway."""
WORDS = f"{BASE}/CodeSystem/words"
"""Codes of this system are the words a fact may be answered with."""
PARTS = f"{BASE}/CodeSystem/parts"
"""Codes of this system name stages, groups and rules of the pathway."""
HL7 = "http://hl7.org/fhir"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
FHIR_JSON = "application/fhir+json; charset=utf-8"

_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")


def extension_url(name: str) -> str:
    return f"{BASE}/StructureDefinition/{name}"


def canonical(type: str, id: str) -> str:
    return f"{BASE}/{type}/{id}"


def versioned(type: str, id: str, pathway: Pathway) -> str:
    """Return the canonical address with the version of the pathway."""
    return f"{canonical(type, id)}|{pathway.version}"


def resource_name(*parts: str) -> str:
    """Return a name a program can use: letters and digits, the first a capital."""
    words = [word for part in parts for word in re.split(r"[^A-Za-z0-9]+", part) if word]
    return "".join(word[0].upper() + word[1:] for word in words)[:255]


def concept(text: str, system: str = "", code: str = "") -> Resource:
    """Return a CodeableConcept; without a code only its text."""
    return {"coding": [{"system": system, "code": code}], "text": text} if code else {"text": text}


def artifact(type: str, id: str, title: str, description: str, pathway: Pathway) -> Resource:
    """Return the first part of every published resource.

    It is a draft and experimental until a clinician has reviewed the pathway; a date of review stands only
    where the documents give one.
    """
    reviewed = bool(_DATE.match(pathway.reviewed))
    found: Resource = {
        "resourceType": type,
        "id": id,
        "url": canonical(type, id),
        "version": pathway.version,
        "name": resource_name("SteppedCare", id),
        "title": title,
        "status": "draft",
        "experimental": not reviewed,
        "date": pathway.released,
        "publisher": "steppedcare",
        "description": description,
        "jurisdiction": [
            {
                "coding": [
                    {"system": "http://unstats.un.org/unsd/methods/m49/m49.htm", "code": "001"}
                ]
            }
        ],
    }
    return found


def shelf_life(pathway: Pathway) -> Resource:
    """Return when the content was reviewed and how long it is meant to be used."""
    found: Resource = {
        "effectivePeriod": {"start": pathway.released, "end": pathway.review_due},
    }
    if _DATE.match(pathway.reviewed):
        found |= {"approvalDate": pathway.reviewed, "lastReviewDate": pathway.reviewed}
    return found


def citations(sources: Iterable[Citation], pathway: Pathway) -> list[Resource]:
    """Return each source once as a RelatedArtifact: its mark, its title, and its address where one is known."""
    found: dict[str, Resource] = {}
    for source in sources:
        registered = pathway.sources.get(source.key)
        says = pathway.statements.get(source.key, "")
        item: Resource = {
            "type": "citation",
            "label": str(source),
            "display": registered.title if registered else source.label,
        }
        if says:
            item["citation"] = says
        if address := source_url(pathway, source.key):
            item["url"] = address
        found.setdefault(str(source), item)
    return list(found.values())


def finished(resource: Resource, pathway: Pathway) -> Resource:
    """Return *resource* with its `meta`: the version is a hash of the content, the date that of the release."""
    resource = pruned(resource)
    text = json.dumps(resource, sort_keys=True, ensure_ascii=False)
    version = hashlib.sha256(text.encode()).hexdigest()[:16]
    updated = f"{pathway.released}T00:00:00Z"
    head = {"resourceType": resource["resourceType"], "id": resource["id"]}
    return head | {"meta": {"versionId": version, "lastUpdated": updated}} | resource


def pruned(value: Any) -> Any:
    """Return *value* without empty members: FHIR knows no null, no empty text, list or object."""
    match value:
        case dict():
            found = {name: pruned(item) for name, item in value.items()}
            return {name: item for name, item in found.items() if item not in (None, "", [], {})}
        case list():
            return [item for item in map(pruned, value) if item not in (None, "", [], {})]
        case _:
            return value
