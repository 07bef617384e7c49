"""What a client asks to be recorded: the two headers, read strictly, and how they are documented."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.errors import InputError, Problem

IDEMPOTENCY_KEY, PATIENT = "Idempotency-Key", "Steppedcare-Patient"
RECORDED, DECISION_ID = "Steppedcare-Recorded", "Steppedcare-Decision-Id"
_PLAIN = re.compile(r"[!-~]{1,200}")
"""Printable ASCII without blanks."""
SHAPE = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[!-~]+$"}

HEADERS: dict[str, Any] = {
    RECORDED: {
        "description": "whether this answer is kept: no, receipt (hashes only), full, or spooled (on disk, on its "
        "way to the log)",
        "schema": {"enum": ["no", "receipt", "full", "spooled"]},
    },
    DECISION_ID: {
        "description": "present when the answer is kept: the id to ask for it again",
        "schema": {"type": "string", "format": "uuid"},
    },
}
"""Of an answer, for the OpenAPI document."""
PARAMETERS: list[dict[str, Any]] = [
    {
        "name": IDEMPOTENCY_KEY,
        "in": "header",
        "required": False,
        "description": "drawn by the client; the same request sent again within a day under the same key gets the "
        "recorded answer, byte for byte, and another request under it a 409",
        "schema": SHAPE,
    },
    {
        "name": PATIENT,
        "in": "header",
        "required": False,
        "description": "the patient's id at the client; only a keyed hash of it is kept, by which decisions are found",
        "schema": SHAPE,
    },
]
"""Of a request, for the OpenAPI document."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a decision, as it arrived."""

    pathway: str
    body: bytes
    tenant: str = ""
    key: str | None = None
    patient: str | None = None


def read_asked(pathway: str, body: bytes, headers: Mapping[str, str], tenant: str = "") -> Asked:
    """Return what is asked; raise InputError for a header that is empty, too long, or not plain ASCII."""
    return Asked(pathway, body, tenant, plain(headers, IDEMPOTENCY_KEY), plain(headers, PATIENT))


def plain(headers: Mapping[str, str], name: str) -> str | None:
    """Return the header *name*, None when it is not there; raise InputError when it cannot be used."""
    value = headers.get(name)
    return None if value is None else checked(value, name)


def checked(value: object, where: str) -> str:
    """Return an id of the client's; raise InputError for what is no plain text of up to 200 characters."""
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    raise InputError(
        Problem(
            code="bad-id",
            message="an id is empty, too long, or holds blanks or characters beyond ASCII",
            help="send 1 to 200 printable ASCII characters; percent-encode others",
            where=where,
        )
    )


def tenant_of(scope: Mapping[str, Any]) -> str:
    """Return the tenant that whoever checked the caller has put into the request's scope; one for all otherwise.

    Never read from what the client sent.
    """
    return str(scope.get("steppedcare.tenant", ""))
