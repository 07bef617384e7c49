"""The GuidanceResponse: how far an answer goes, the verdict on every treatment, what is missing, what was not used."""

from __future__ import annotations

from collections.abc import Iterator

from api.fhir.asked import GROUP, GUIDANCE, MESSAGES, SERVICE, Asked
from api.fhir.logic import missing_requirement
from api.fhir.names import Resource, extension_url, versioned
from api.guidance import notes
from schemas.codes import CodeLists
from schemas.decision import OFFERS, Decision, TreatmentDecision
from schemas.pathway import Pathway


def guidance_response(
    decision: Decision, pathway: Pathway, codes: CodeLists, asked: Asked, *, has_group: bool
) -> Iterator[Resource]:
    """Yield the GuidanceResponse of *decision* and the resources it refers to."""
    messages = tuple(_messages(decision, asked))
    yield {
        "resourceType": "GuidanceResponse",
        "id": GUIDANCE,
        "extension": [_verdict(item) for item in decision.treatments],
        "requestIdentifier": {"value": decision.receipt.facts},
        "moduleCanonical": versioned("PlanDefinition", pathway.id, pathway),
        "status": _status(decision),
        "subject": asked.patient,
        "encounter": asked.visit,
        "occurrenceDateTime": decision.on,
        "performer": {"reference": f"#{SERVICE}"},
        "note": [{"text": text} for text in notes(decision)],
        "evaluationMessage": [{"reference": f"#{MESSAGES}"}] if messages else None,
        "result": {"reference": f"#{GROUP}"} if has_group else None,
        "dataRequirement": [
            missing_requirement(item.fact, item.ask, pathway, codes) for item in decision.missing
        ],
    }
    yield {
        "resourceType": "Device",
        "id": SERVICE,
        "status": "active",
        "deviceName": [{"name": "steppedcare", "type": "model-name"}],
        "version": [{"value": decision.engines.program}],
    }
    if messages:
        yield {"resourceType": "OperationOutcome", "id": MESSAGES, "issue": list(messages)}


def _verdict(item: TreatmentDecision) -> Resource:
    """Return what is said of one treatment; all ten stand in every answer, offered or not."""
    parts = {
        "treatment": ("valueCode", item.treatment),
        "verdict": ("valueCode", item.verdict.value),
        "put-aside": ("valueCode", item.otherwise.value if item.otherwise else ""),
        "summary": ("valueString", item.summary),
    }
    return {
        "url": extension_url("verdict"),
        "extension": [{"url": url, type: value} for url, (type, value) in parts.items() if value],
    }


def _status(decision: Decision) -> str:
    """Return how far the answer goes: an answer nothing was offered in for want of data says so."""
    if decision.incomplete:
        return "failure"
    if not decision.missing:
        return "success"
    judged = decision.red_signs or any(item.verdict in OFFERS for item in decision.treatments)
    return "data-requested" if judged else "data-required"


def _messages(decision: Decision, asked: Asked) -> Iterator[Resource]:
    for text in decision.faults:
        yield _issue("error", "exception", f"part of the evaluation did not run: {text}")
    for text in asked.warnings:
        yield _issue("warning", "informational", text)
    for conflict in decision.conflicts:
        yield _issue("warning", "conflict", conflict.text)
    for stale in decision.stale:
        yield _issue("warning", "expired", f"too old to be used: {stale.fact}")
    for item in decision.not_used:
        yield _issue("information", "incomplete", f"not used: {item.where}: {item.why}")


def _issue(severity: str, code: str, text: str) -> Resource:
    return {"severity": severity, "code": code, "details": {"text": text}}
