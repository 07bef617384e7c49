"""What the OpenAPI document says of CDS Hooks: discovery, calls, feedback, and every refusal."""

from __future__ import annotations

from typing import Any

from api.fhir.requirements import HOOKS
from api.openapi import outcome_responses
from api.records.asked import HEADERS as RECORD_HEADERS

JSON = "application/json"
_TEXT = {"type": "string", "minLength": 1}
_OBJECT = {"type": "object"}
_CARD: dict[str, Any] = {
    "type": "object",
    "required": [
        "uuid", "summary", "detail", "indicator", "source", "overrideReasons", "links", "extension",
    ],
    "additionalProperties": False,
    "properties": {
        "uuid": {"type": "string", "format": "uuid"},
        "summary": {"type": "string", "minLength": 1, "maxLength": 139},
        "detail": {"type": "string", "description": "Markdown"},
        "indicator": {"enum": ["info", "warning", "critical"]},
        "source": {"type": "object", "required": ["label", "topic"]},
        "overrideReasons": {"type": "array", "minItems": 1, "items": _OBJECT},
        "links": {"type": "array", "minItems": 1, "items": _OBJECT},
        "extension": {"type": "object", "description": "which rules and which version made the card"},
        "suggestions": {"type": "array", "minItems": 1, "items": _OBJECT},
        "selectionBehavior": {"const": "at-most-one"},
    },
}  # fmt: skip
CARDS: dict[str, Any] = {
    "type": "object",
    "required": ["cards"],
    "additionalProperties": False,
    "properties": {"cards": {"type": "array", "items": _CARD}},
}
CALL: dict[str, Any] = {
    "type": "object",
    "required": ["hook", "hookInstance", "context"],
    "properties": {
        "hook": {"enum": list(HOOKS)},
        "hookInstance": _TEXT,
        "context": {
            "type": "object",
            "required": ["patientId"],
            "properties": {
                "patientId": {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"},
                "userId": {"type": "string"},
            },
        },
        "prefetch": {
            "type": "object",
            "description": "resources or search results by key, as discovery asks for them",
        },
        "fhirServer": {"type": "string", "format": "uri"},
    },
}
FEEDBACK: dict[str, Any] = {
    "type": "object",
    "required": ["feedback"],
    "properties": {
        "feedback": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["card", "outcome", "outcomeTimestamp"],
                "properties": {
                    "card": {"type": "string", "format": "uuid"},
                    "outcome": {"enum": ["accepted", "overridden"]},
                    "outcomeTimestamp": {"type": "string", "format": "date-time"},
                    "acceptedSuggestions": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["id"],
                            "properties": {"id": _TEXT},
                        },
                    },
                    "overrideReason": _OBJECT,
                },
            },
        }
    },
}
_DISCOVERED: dict[str, Any] = {
    "type": "object",
    "required": ["services"],
    "properties": {
        "services": {
            "type": "array",
            "items": {"type": "object", "required": ["hook", "title", "description", "id"]},
        }
    },
}
_EXAMPLE = {
    "hook": "patient-view",
    "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    "context": {"userId": "Practitioner/example", "patientId": "1"},
    "prefetch": {
        "patient": {"resourceType": "Patient", "id": "1", "birthDate": "1980-02-03"},
        "conditions": {"resourceType": "Bundle", "type": "searchset"},
    },
}


def discovery() -> dict[str, Any]:
    """Return what the document says of discovery, as arguments of its route."""
    return {
        "summary": "CDS Hooks: list the services",
        "operation_id": "cds_services",
        "responses": {
            200: _answer("every service and the data it asks for", _DISCOVERED),
            304: {"description": "nothing has changed since the copy the client has"},
            **outcome_responses(JSON, 401, 503),
        },
    }


def call(services: tuple[str, ...]) -> dict[str, Any]:
    """Return what the document says of a call to one of *services*."""
    answer = _answer("cards, the most urgent first; none when there is nothing to say", CARDS)
    return {
        "summary": "CDS Hooks: ask for cards",
        "operation_id": "cds_call",
        "responses": {
            200: answer | {"headers": RECORD_HEADERS},
            **outcome_responses(JSON, 400, 401, 403, 404, 408, 412, 413, 415, 503),
        },
        "openapi_extra": _asked(services, CALL, _EXAMPLE),
    }


def feedback(services: tuple[str, ...]) -> dict[str, Any]:
    """Return what the document says of feedback."""
    return {
        "summary": "CDS Hooks: say what became of cards",
        "operation_id": "cds_feedback",
        "responses": {
            200: {"description": "taken; the same report sent again counts once"},
            **outcome_responses(JSON, 400, 401, 403, 404, 408, 413, 415, 503),
        },
        "openapi_extra": _asked(services, FEEDBACK, None),
    }


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {JSON: {"schema": schema}}}


def _asked(services: tuple[str, ...], schema: dict[str, Any], example: Any) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema} | ({"example": example} if example else {})
    return {
        "parameters": [
            {"name": "service", "in": "path", "required": True, "schema": {"enum": list(services)}}
        ],
        "requestBody": {"required": True, "content": {JSON: content}},
    }
