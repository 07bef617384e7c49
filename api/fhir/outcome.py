"""What FHIR calls an OperationOutcome: how our problems are told to a client that speaks FHIR."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from schemas.errors import Problem

CODES = "https://steppedcare.example/fhir/CodeSystem/problems"
"""The system our own problem codes belong to; its host is reserved, so nobody else can own it."""

ISSUE_CODES = {
    "internal": "exception",
    "length-required": "required",
    "media-type": "not-supported",
    "method-not-allowed": "not-supported",
    "missing": "required",
    "no-data": "required",
    "not-acceptable": "not-supported",
    "not-found": "not-found",
    "not-json": "structure",
    "not-plain-json": "not-supported",
    "not-supported": "not-supported",
    "not-utf-8": "structure",
    "duplicate-key": "structure",
    "refused": "forbidden",
    "required": "required",
    "too-deep": "too-costly",
    "too-large": "too-long",
    "too-many-items": "too-costly",
    "too-many-keys": "too-costly",
    "too-slow": "timeout",
    "text-too-long": "too-long",
    "unauthorized": "login",
    "unknown-host": "security",
    "unknown-pathway": "not-found",
    "unknown-service": "not-found",
    "forbidden": "forbidden",
    "busy": "transient",
    "too-many-requests": "throttled",
    "not-open": "forbidden",
    "not-from-there": "security",
    "origin-not-allowed": "security",
    "other-patient": "business-rule",
    "unknown-parameter": "not-supported",
    "wrong-type": "value",
}
"""Which code of the required value set a problem of ours is; whatever is not listed is `invalid`."""

_EXPRESSION = re.compile(r"^[A-Z][A-Za-z]+(\.[A-Za-z]+(\[\d+\])?)*$")


def operation_outcome(problems: Iterable[Problem], severity: str = "error") -> dict[str, Any]:
    """Return one OperationOutcome with an issue for each of *problems*; at least one is needed.

    *severity* is `fatal`, `error`, `warning` or `information`. `expression` stands only where the place of
    a problem is an element of a resource. No value a client sent is ever in it, because none is in a Problem.
    """
    issues = [_issue(problem, severity) for problem in problems]
    if not issues:
        raise ValueError("an outcome needs at least one problem")
    return {"resourceType": "OperationOutcome", "issue": issues}


def _issue(problem: Problem, severity: str) -> dict[str, Any]:
    issue: dict[str, Any] = {
        "severity": severity,
        "code": ISSUE_CODES.get(problem.code, "invalid"),
        "details": {
            "coding": [{"system": CODES, "code": problem.code}],
            "text": problem.message,
        },
        "diagnostics": f"{problem.where}: {problem.help}",
    }
    if _EXPRESSION.match(problem.where):
        issue["expression"] = [problem.where]
    return issue
