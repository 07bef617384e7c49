"""What the OpenAPI document says of the input: taken from the fact dictionary, never typed by hand."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel

from api.library import get_vignettes
from api.strict_json import MOST_ITEMS
from rules.check import LISTS
from schemas.facts import SOURCE_PATTERN, FactDefinition, FactKind, WhyUnknown
from schemas.pathway import Pathway
from schemas.patient import Medication, NotRead, Override, Surgery, Trial

_DATE = r"^(19|20|21)[0-9]{2}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$"


def fact_schema(definition: FactDefinition) -> dict[str, Any]:
    """Return the JSON schema of one fact's value: type, unit, range, words, question."""
    parts: dict[str, Any] = {"title": definition.title, "description": _describe(definition)}
    match definition.kind:
        case FactKind.BOOLEAN:
            parts["type"] = "boolean"
        case FactKind.INTEGER | FactKind.DECIMAL:
            whole = definition.kind is FactKind.INTEGER
            parts["type"] = "integer" if whole else "number"
            for key, bound in (("minimum", definition.minimum), ("maximum", definition.maximum)):
                if bound is not None:
                    parts[key] = int(bound) if bound == int(bound) else float(bound)
        case FactKind.DATE:
            parts |= {"type": "string", "pattern": _DATE}
        case _:
            parts |= {"type": "string", "enum": list(definition.choices)}
    return parts


def _describe(definition: FactDefinition) -> str:
    unit = f" Unit: {definition.unit}." if definition.unit else ""
    shelf = (
        f" Counts as unknown {definition.shelf_days} days after its date."
        if definition.shelf_days
        else ""
    )
    return f"{definition.ask}{unit}{shelf}"


def input_schema(pathway: Pathway) -> dict[str, Any]:
    """Return the JSON schema of the input object; only `facts` is required."""
    facts = {name: _fact(definition) for name, definition in pathway.facts.items()}
    models: tuple[type[BaseModel], ...] = (Trial, Medication, Surgery, Override, NotRead)
    rows: dict[str, Any] = {
        name: {
            "type": ["array", "null"],
            "maxItems": MOST_ITEMS,
            "items": model.model_json_schema(),
        }
        for name, model in zip((*LISTS, "overrides", "not_used"), models, strict=True)
    }
    for schema in rows.values():
        schema["items"].pop("$defs", None)
        for field in schema["items"]["properties"].values():
            _as_sent(field)
    return {
        "type": "object",
        "required": ["facts"],
        "additionalProperties": False,
        "properties": {
            "facts": {"type": "object", "additionalProperties": False, "properties": facts},
            **rows,
            "incomplete": {
                "type": ["array", "null"],
                "maxItems": MOST_ITEMS,
                "items": {"enum": list(LISTS)},
                "description": "lists that may lack something: what stands in them is so, "
                "what does not is unknown",
            },
            "on": {
                "type": ["string", "null"],
                "format": "date",
                "description": "date of the question; default today",
            },
            "settings": {"enum": [*sorted(pathway.profiles), None]},
        },
    }


def _fact(definition: FactDefinition) -> dict[str, Any]:
    """Return the schema of a fact as it may be sent: the bare value, or the value with its date and source."""
    value = fact_schema(definition)
    entry = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "value": {"anyOf": [value, {"type": "null"}]},
            "date": {"type": ["string", "null"], "pattern": _DATE},
            "source": {"type": ["string", "null"], "maxLength": 200, "pattern": SOURCE_PATTERN},
            "unknown": {"enum": [*get_args(WhyUnknown), None]},
        },
    }
    return {"anyOf": [value, entry, {"type": "null"}]}


def _as_sent(field: dict[str, Any]) -> None:
    """Describe what is sent, not what the program makes of it: dates as text, decimals as numbers only."""
    options = field.get("anyOf", [])
    if any(option.get("type") == "number" for option in options):
        field["anyOf"] = [option for option in options if option.get("type") != "string"]
    for option in [field, *options]:
        if "PartialDate" in option.get("$ref", ""):
            option.pop("$ref")
            option |= {"type": "string", "pattern": _DATE}


def decision_operation(pathway: Pathway) -> dict[str, Any]:
    """Return the OpenAPI parts of the decision route: request, worked examples, answers."""
    examples = {
        vignette.id: {"summary": vignette.title, "value": vignette.input}
        for vignette in get_vignettes(pathway.id)
        if vignette.id in ("V07", "V14")
    }
    examples["empty"] = {"summary": "Nothing is known yet", "value": {"facts": {}}}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": input_schema(pathway), "examples": examples}
            },
        }
    }


ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["code", "message", "help", "where", "problems"],
    "properties": {
        "code": {"type": "string", "description": "stable, machine-readable"},
        "message": {"type": "string"},
        "help": {"type": "string", "description": "the way out"},
        "where": {"type": "string", "description": "a path of our own field names and positions"},
        "problems": {"type": "array", "items": {"type": "object"}},
    },
}


def error_responses(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Return the error answers of a route for its OpenAPI description."""
    content = {"application/json": {"schema": ERROR_SCHEMA}}
    return {
        code: {"description": "an error; no value of yours is repeated", "content": content}
        for code in codes
    }


OUTCOME_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["resourceType", "issue"],
    "additionalProperties": False,
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "issue": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["severity", "code", "details", "diagnostics"],
                "additionalProperties": False,
                "properties": {
                    "severity": {"enum": ["fatal", "error", "warning", "information"]},
                    "code": {"type": "string", "description": "of the required value set"},
                    "details": {"type": "object", "required": ["coding", "text"]},
                    "diagnostics": {"type": "string", "description": "the place and the way out"},
                    "expression": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
}


def outcome_responses(media: str, *codes: int) -> dict[int | str, dict[str, Any]]:
    """Return the error answers of a route that speaks FHIR: an OperationOutcome sent as *media*."""
    content = {media: {"schema": {"$ref": "#/components/schemas/OperationOutcome"}}}
    return {
        code: {"description": "an error; no value of yours is repeated", "content": content}
        for code in codes
    }


def finished(document: dict[str, Any], pathways: tuple[str, ...]) -> dict[str, Any]:
    """Return *document* with the names a pathway may have, and without the framework's own validation error.

    No answer of ours has the shape of that error: it repeats what was sent.
    """
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
            for parameter in operation.get("parameters", []):
                if path.startswith("/v1/pathways/") and parameter["name"] == "id":
                    parameter["schema"]["enum"] = list(pathways)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    document["components"]["schemas"]["OperationOutcome"] = OUTCOME_SCHEMA
    return document
