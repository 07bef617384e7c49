"""What the OpenAPI document says of the FHIR face: addresses, search parameters, bodies, and every refusal."""

from __future__ import annotations

import re
from typing import Any

from api.fhir.names import FHIR_JSON
from api.fhir.store import SEARCHED, TYPES, parameters_of
from api.openapi import outcome_responses
from api.records.asked import HEADERS as RECORD_HEADERS

MEDIA = FHIR_JSON.partition(";")[0]
_ID = {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9\-]{0,63}$"}
_OPERATIONS = {"$apply": "CarePlan", "$r5.apply": "Bundle", "$data-requirements": "Library"}
_BODY: dict[str, Any] = {
    "type": "object",
    "required": ["resourceType", "parameter"],
    "properties": {
        "resourceType": {"const": "Parameters"},
        "parameter": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}},
            },
        },
    },
}
_EXAMPLE = {
    "resourceType": "Parameters",
    "parameter": [
        {"name": "subject", "valueString": "Patient/1"},
        {
            "name": "data",
            "resource": {
                "resourceType": "Bundle",
                "type": "collection",
                "entry": [
                    {"resource": {"resourceType": "Patient", "id": "1", "birthDate": "1978-05-01"}}
                ],
            },
        },
    ],
}


def described(path: str, method: str) -> dict[str, Any]:
    """Return what the document says of *method* at *path* (below /fhir), as arguments of its route."""
    name = "_".join(re.findall(r"\w+", path))
    found: dict[str, Any] = {"operation_id": f"fhir_{method.lower()}_{name}"}
    parameters = _path_parameters(path)
    last = path.rpartition("/")[2]
    if last in _OPERATIONS:
        found |= _operation(last, method)
    elif last == "metadata":
        found |= _reading("what this server can do", "CapabilityStatement", usual=(406, 503))
    elif last == "_search":
        found |= _reading("search a type", "Bundle", 400, 403, 408, 413, 415)
        form = {"schema": {"type": "object", "properties": _search_fields()}}
        body = {"content": {"application/x-www-form-urlencoded": form}}
        found["openapi_extra"] = {"requestBody": {"required": True, **body}}
    elif path == "/{type}":
        found |= _reading("search a type", "Bundle", 400)
        parameters += [
            {"name": name, "in": "query", "schema": schema}
            for name, schema in _search_fields().items()
        ]
    elif last == "_history":
        found |= _reading("all versions of a resource: one", "Bundle")
    else:
        found |= _reading("read a resource", None)
        found["responses"][304] = {"description": "the client's copy is current"}
    if parameters:
        found.setdefault("openapi_extra", {})["parameters"] = parameters
    return found


def _resource(type: str | None) -> dict[str, Any]:
    kind = {"type": "string"} if type is None else {"const": type}
    return {"type": "object", "required": ["resourceType"], "properties": {"resourceType": kind}}


def _reading(
    summary: str, type: str | None, *codes: int, usual: tuple[int, ...] = (401, 404, 406, 503)
) -> dict[str, Any]:
    answer = {"description": summary, "content": {MEDIA: {"schema": _resource(type)}}}
    refusals = outcome_responses(MEDIA, *sorted({*usual, *codes}))
    return {"summary": f"FHIR: {summary}", "responses": {200: answer, **refusals}}


def _operation(name: str, method: str) -> dict[str, Any]:
    if name == "$data-requirements":
        return _reading("what is read of a record", "Library", 400, 403)
    if method == "GET":
        refusals = outcome_responses(MEDIA, 401, 403, 404, 406, 412, 503)
        says = "FHIR: an operation without a record, which is held by nobody here: 412"
        return {"summary": says, "responses": refusals, "status_code": 412}
    found = _reading(
        "evaluate a pathway for one patient", _OPERATIONS[name], 400, 403, 408, 412, 413, 415, 422
    )
    found["responses"][200]["headers"] = RECORD_HEADERS
    content = {
        media: {"schema": _BODY, "example": _EXAMPLE} for media in (MEDIA, "application/json")
    }
    return found | {"openapi_extra": {"requestBody": {"required": True, "content": content}}}


def _path_parameters(path: str) -> list[dict[str, Any]]:
    schemas: dict[str, Any] = {"type": {"enum": list(TYPES)}, "id": _ID, "version": _ID}
    return [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in schemas.items()
        if f"{{{name}}}" in path
    ]


def _search_fields() -> dict[str, Any]:
    names = {name for type in TYPES for name in parameters_of(type) if name in SEARCHED}
    number = {"type": "integer", "minimum": 0, "maximum": 9999}
    numbers = {"_count": number, "_offset": number}
    return {name: {"type": "string"} for name in sorted(names)} | numbers
