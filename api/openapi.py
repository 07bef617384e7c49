"""What the OpenAPI document says of the input: taken from the fact dictionary, never typed by hand."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from api.library import get_vignettes
from rules.check import KEYS
from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Pathway
from schemas.patient import Medication, Override, Surgery, Trial


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
            parts |= {"type": "string", "pattern": r"^\d{4}(-\d{2}(-\d{2})?)?$"}
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
    entry = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "value": {},
            "date": {"type": "string", "description": "YYYY-MM-DD, YYYY-MM or YYYY"},
            "source": {"type": "string", "maxLength": 200},
            "unknown": {"enum": ["not-asked", "asked-but-unknown", "unavailable"]},
        },
    }
    facts = {
        name: {"anyOf": [fact_schema(definition), entry, {"type": "null"}]}
        for name, definition in pathway.facts.items()
    }
    models: tuple[type[BaseModel], ...] = (Trial, Medication, Surgery, Override)
    rows: dict[str, Any] = {
        name: {"type": "array", "maxItems": 1000, "items": model.model_json_schema()}
        for name, model in zip(KEYS[1:5], models, strict=True)
    }
    for schema in rows.values():
        schema["items"].pop("$defs", None)
        for field in schema["items"]["properties"].values():
            _plain_dates(field)
    return {
        "type": "object",
        "required": ["facts"],
        "additionalProperties": False,
        "properties": {
            "facts": {"type": "object", "additionalProperties": False, "properties": facts},
            **rows,
            "on": {
                "type": "string",
                "format": "date",
                "description": "date of the question; default today",
            },
            "settings": {"type": "string", "enum": sorted(pathway.profiles)},
        },
    }


def _plain_dates(field: dict[str, Any]) -> None:
    """A date is sent as text; inside the program it is an interval of days."""
    for option in [field, *field.get("anyOf", [])]:
        if "PartialDate" in option.get("$ref", ""):
            option.pop("$ref")
            option |= {"type": "string", "pattern": r"^\d{4}(-\d{2}(-\d{2})?)?$"}


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
