"""Everything published under /fhir, built once for each pathway, and the searching of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain

from api.fhir.activity import activity_definitions
from api.fhir.logic import data_library, logic_libraries
from api.fhir.names import Resource, finished
from api.fhir.operations import operation_definitions
from api.fhir.own_terms import code_systems, extension_definitions
from api.fhir.plan import plan_definitions
from api.fhir.questionnaire import questionnaire
from api.fhir.value_sets import value_sets
from api.library import get_codes, get_pathway, pathway_ids
from rules.network import build_network
from schemas.errors import NotFoundError, Problem

TYPES = (
    "PlanDefinition", "ActivityDefinition", "Library", "Questionnaire", "ValueSet", "CodeSystem",
    "StructureDefinition", "OperationDefinition",
)  # fmt: skip
MOST_ON_A_PAGE = 500
USUAL_PAGE = 50

Published = Mapping[str, Mapping[str, Resource]]
"""Resources by type and id."""


@cache
def published() -> Published:
    """Return every resource of every pathway; the same for every client and every patient."""
    found: dict[str, dict[str, Resource]] = {type: {} for type in TYPES}
    for id in pathway_ids():
        pathway, codes = get_pathway(id), get_codes(id)
        network = build_network(pathway)
        resources: Iterable[Resource] = chain(
            plan_definitions(pathway, network),
            activity_definitions(pathway),
            logic_libraries(pathway, network),
            (data_library(pathway), questionnaire(pathway, codes)),
            value_sets(pathway, codes),
            code_systems(pathway, codes),
            extension_definitions(pathway),
            operation_definitions(pathway),
        )
        for resource in resources:
            found[resource["resourceType"]][resource["id"]] = finished(resource, pathway)
    return found


def by_url(type: str, url: str, version: str | None = None) -> Resource | None:
    """Return the resource of a canonical address (`url` or `url|version`); None when it is not ours."""
    address, bar, given = url.partition("|")
    wanted = given if bar else version
    for resource in published()[type].values():
        if resource["url"] == address and wanted in (None, resource["version"]):
            return resource
    return None


def pathway_of_plan(plan: str) -> str:
    """Return the pathway that the PlanDefinition of id *plan* is, or is a part of; raise NotFoundError."""
    if plan in published()["PlanDefinition"]:
        for id in sorted(pathway_ids(), key=len, reverse=True):
            if plan == id or plan.startswith(f"{id}-"):
                return id
    raise NotFoundError(
        Problem(
            code="not-found",
            message="there is no PlanDefinition of that id",
            help="search /fhir/PlanDefinition",
            where="PlanDefinition",
        )
    )


@dataclass(frozen=True)
class Found:
    """One page of a search."""

    total: int
    page: tuple[Resource, ...]
    used: tuple[tuple[str, str], ...]
    """The parameters that were understood."""
    more: bool


def _token(field: str) -> Callable[[Resource, str], bool]:
    return lambda resource, value: resource.get(field) in value.split(",")


def _starts(field: str) -> Callable[[Resource, str], bool]:
    """Match the beginning of a text whatever the case, as FHIR searches text."""

    def test(resource: Resource, value: str) -> bool:
        text = str(resource.get(field, "")).casefold()
        return any(text.startswith(part.casefold()) for part in value.split(",") if part)

    return test


SEARCHED: dict[str, tuple[str, Callable[[Resource, str], bool]]] = {
    "_id": ("token", _token("id")),
    "url": ("uri", _token("url")),
    "version": ("token", _token("version")),
    "name": ("string", _starts("name")),
    "title": ("string", _starts("title")),
    "status": ("token", _token("status")),
}
"""Search parameters with their types; `title` is none of OperationDefinition."""


def parameters_of(type: str) -> tuple[str, ...]:
    """Return the names one can search *type* by."""
    return tuple(name for name in SEARCHED if (type, name) != ("OperationDefinition", "title"))


def search(type: str, given: Iterable[tuple[str, str]], count: int, offset: int) -> Found:
    """Return the page of *type* from *offset* on; parameters nobody knows are left aside."""
    known = parameters_of(type)
    used = tuple((name, value) for name, value in given if name in known)
    hits = [
        resource
        for resource in published()[type].values()
        if all(SEARCHED[name][1](resource, value) for name, value in used)
    ]
    page = tuple(hits[offset : offset + count])
    return Found(len(hits), page, used, more=bool(count) and offset + count < len(hits))
