"""The Libraries: the rules as CQL, and the data they need."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from api.fhir.names import (
    FACTS,
    TERMINOLOGY,
    Resource,
    artifact,
    canonical,
    concept,
    extension_url,
    shelf_life,
)
from api.fhir.requirements import REQUIREMENTS, Requirement
from rules.cql import library_name, print_library, print_trials
from rules.network import Network
from schemas.codes import CodeLists
from schemas.pathway import Pathway

_LISTS = {"conditions": "Condition", "observations": "Observation", "procedures": "Procedure"}


def logic_libraries(pathway: Pathway, network: Network) -> Iterator[Resource]:
    """Yield the Libraries that carry every condition of *pathway* as CQL: its rules, and how a trial is judged."""
    name = library_name(pathway)
    yield _logic(
        name, f"{pathway.title}: logic",
        "Every condition of the pathway as CQL, printed from its documents. Facts and settings are parameters; "
        "a parameter that is not given is not known.", print_library(pathway, network), pathway,
    )  # fmt: skip
    yield _logic(
        f"{name}Trials", f"{pathway.title}: judging a trial",
        "How one treatment that was tried is judged, as CQL, printed from the documents of the pathway.",
        print_trials(pathway), pathway,
    )  # fmt: skip


def _logic(id: str, title: str, says: str, text: str, pathway: Pathway) -> Resource:
    return {
        **artifact("Library", id, title, says, pathway),
        "name": id,
        "type": concept("logic-library", f"{TERMINOLOGY}/library-type", "logic-library"),
        "subjectCodeableConcept": concept(
            "Patient", "http://hl7.org/fhir/resource-types", "Patient"
        ),
        "purpose": pathway.intended_use,
        **shelf_life(pathway),
        "content": [
            {
                "contentType": "text/cql",
                "data": base64.b64encode(text.encode()).decode(),
                "title": f"{id}.cql",
            }
        ],
    }


def data_library(pathway: Pathway) -> Resource:
    """Return the module definition: the searches of a record that the pathway is judged from."""
    return {
        **artifact(
            "Library", f"{pathway.id}-data", f"{pathway.title}: data",
            "What is read of a patient's record. The prefetch templates of the CDS Hooks services are the same list. "
            "Only what is marked as required must come; whatever else is absent is not known.", pathway,
        ),
        "type": concept("module-definition", f"{TERMINOLOGY}/library-type", "module-definition"),
        "subjectCodeableConcept": concept(
            "Patient", "http://hl7.org/fhir/resource-types", "Patient"
        ),
        "purpose": pathway.intended_use,
        **shelf_life(pathway),
        "dataRequirement": [data_requirement(each) for each in REQUIREMENTS],
    }  # fmt: skip


def data_requirement(requirement: Requirement) -> Resource:
    """Return one search as a DataRequirement; its prefetch template stands beside it."""
    found: Resource = {
        "extension": [
            {"url": extension_url("prefetch-key"), "valueString": requirement.key},
            {"url": extension_url("prefetch-template"), "valueString": requirement.template},
            {"url": extension_url("required"), "valueBoolean": requirement.required},
        ],
        "type": requirement.type,
    }
    if requirement.category:
        found["codeFilter"] = [
            {
                "path": "category",
                "code": [
                    {"system": f"{TERMINOLOGY}/observation-category", "code": requirement.category}
                ],
            }
        ]
    if requirement.count:
        found["limit"] = requirement.count
    if requirement.sort:
        found["sort"] = [{"path": requirement.sort, "direction": "descending"}]
    return found


def missing_requirement(fact: str, ask: str, pathway: Pathway, codes: CodeLists) -> Resource:
    """Return what would answer *fact*: records of its codes where there are any, else an answer to its question."""
    for listed, concepts in codes.concepts.items():
        for each in concepts:
            if each.fact == fact and listed in _LISTS:
                sets = canonical("ValueSet", f"{pathway.id}-{each.id}")
                return {
                    "type": _LISTS[listed],
                    "codeFilter": [{"path": "code", "valueSet": sets}],
                }
    return {
        "type": "QuestionnaireResponse",
        "codeFilter": [
            {"path": "item.linkId", "code": [{"system": FACTS, "code": fact, "display": ask}]}
        ],
    }
