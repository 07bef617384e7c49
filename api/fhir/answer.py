"""One decision as one answer: a CarePlan that contains everything it refers to, or a Bundle of the same."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from api.fhir.asked import GROUP, GUIDANCE, Asked
from api.fhir.group import GroupWriter
from api.fhir.names import Resource, extension_url, pruned, versioned
from api.fhir.response import guidance_response
from api.guidance import guidance, notes
from schemas.codes import CodeLists
from schemas.decision import Decision
from schemas.pathway import Pathway

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://steppedcare.example/fhir")


@dataclass(frozen=True)
class Parts:
    """The resources of one answer; references among them begin with `#`."""

    group: Resource | None
    """The RequestGroup; None when nothing is proposed."""
    requests: tuple[Resource, ...]
    response: tuple[Resource, ...]
    """The GuidanceResponse and what it refers to."""
    notes: tuple[str, ...]


def parts_of(decision: Decision, pathway: Pathway, codes: CodeLists, asked: Asked) -> Parts:
    """Return *decision* as resources: every action that `guidance` has, none folded away, none added."""
    actions = guidance(decision, pathway, most=None)
    group: Resource | None = None
    requests: list[Resource] = []
    if actions:
        group, requests = GroupWriter(decision, pathway, codes, asked).write(actions)
    response = guidance_response(decision, pathway, codes, asked, has_group=bool(actions))
    return Parts(
        group=pruned(group) if group else None,
        requests=tuple(map(pruned, requests)),
        response=tuple(map(pruned, response)),
        notes=notes(decision) if actions else ("Nothing of the pathway applies.", *notes(decision)),
    )


def care_plan(decision: Decision, pathway: Pathway, codes: CodeLists, asked: Asked) -> Resource:
    """Return the answer as one draft CarePlan that contains everything it refers to."""
    parts = parts_of(decision, pathway, codes, asked)
    contained = [*([parts.group] if parts.group else []), *parts.requests, *parts.response]
    found: Resource = {
        "resourceType": "CarePlan",
        "contained": contained,
        "extension": [_trace(decision)],
        "instantiatesCanonical": [versioned("PlanDefinition", pathway.id, pathway)],
        "status": "draft",
        "intent": "proposal",
        "title": pathway.title,
        "description": _summary(decision),
        "subject": asked.patient,
        "encounter": asked.visit,
        "created": decision.on,
        "supportingInfo": [{"reference": f"#{GUIDANCE}"}],
        "activity": [{"reference": {"reference": f"#{GROUP}"}}] if parts.group else None,
        "note": [{"text": text} for text in parts.notes],
    }
    cleaned: Resource = pruned(found)
    return cleaned


def bundle(decision: Decision, pathway: Pathway, codes: CodeLists, asked: Asked) -> Resource:
    """Return the same answer as a collection Bundle; the addresses of its entries follow from the answer itself."""
    parts = parts_of(decision, pathway, codes, asked)
    resources = [*([parts.group] if parts.group else []), *parts.requests, *parts.response]
    addresses = {
        resource["id"]: uuid.uuid5(_NAMESPACE, f"{decision.receipt.decision}/{resource['id']}").urn
        for resource in resources
    }
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {
                "fullUrl": addresses[resource["id"]],
                "resource": _readdressed(
                    {k: v for k, v in resource.items() if k != "id"}, addresses
                ),
            }
            for resource in resources
        ],
    }


def _readdressed(value: object, addresses: Mapping[str, str]) -> object:
    match value:
        case dict():
            return {
                name: addresses[item.removeprefix("#")]
                if name == "reference" and isinstance(item, str) and item.startswith("#")
                else _readdressed(item, addresses)
                for name, item in value.items()
            }
        case list():
            return [_readdressed(item, addresses) for item in value]
        case _:
            return value


def _summary(decision: Decision) -> str:
    return " ".join((decision.urgency_text, *(step.text for step in decision.next_steps)))


def _trace(decision: Decision) -> Resource:
    """Return what is needed to make the same answer again."""
    receipt = decision.receipt
    parts = {
        "pathway-version": decision.version,
        "pathway-content": receipt.content,
        "program": decision.engines.program,
        "settings": decision.settings.profile,
        "facts-hash": receipt.facts,
        "decision-hash": receipt.decision,
    }
    return {
        "url": extension_url("receipt"),
        "extension": [{"url": name, "valueString": text} for name, text in parts.items()],
    }
