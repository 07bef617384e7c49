"""What a clinician could begin a request with: drafts for treatments that are offered, and for no others."""

from __future__ import annotations

from typing import Any

from api.guidance.action import Draft
from schemas.codes import Code, CodeLists
from schemas.decision import OFFERS, TreatmentDecision
from schemas.pathway import Pathway

MOST_DRAFTS = 5
"""Medicines suggested for one treatment; the decision itself lists all of them."""


def drafts_for(item: TreatmentDecision, pathway: Pathway) -> tuple[Draft, ...]:
    """Return drafts for a treatment that is offered; none for any other verdict.

    INVARIANT: a medicine that is blocked, cautioned against or not judged for want of data gets no draft. A draft is
    one press away from an order, and whoever presses may not read the caution again.
    """
    if item.verdict not in OFFERS:
        return ()
    treatment = pathway.treatments[item.treatment]
    if treatment.family == "surgery":
        return ()
    if not item.agents:
        return (
            Draft(
                id=f"draft-{item.treatment}",
                type="ServiceRequest",
                label=f"Draft a referral: {item.title}",
                treatment=item.treatment,
            ),
        )
    return tuple(
        Draft(
            id=f"draft-{item.treatment}-{agent.agent}",
            type="MedicationRequest",
            label=f"Draft a prescription: {agent.title}",
            treatment=item.treatment,
            agent=agent.agent,
        )
        for agent in item.agents
        if agent.standing == "open"
    )[:MOST_DRAFTS]


def draft_resource(
    draft: Draft, pathway: Pathway, codes: CodeLists, *, subject: str, on: str, intent: str
) -> dict[str, Any]:
    """Return *draft* as a new FHIR R4 resource without an id: status draft, no dose, no performer.

    *subject* is a reference (`Patient/1`), *on* a date, *intent* `proposal` in a card and `option` in a RequestGroup.
    Only codes that somebody has checked are written; the text always stands.
    """
    if draft.type == "MedicationRequest" and draft.agent is not None:
        medicine = pathway.medicines[draft.agent]
        concept = _concept(medicine.title, codes.medicines.get(draft.agent, ()), codes)
        body: dict[str, Any] = {"medicationCodeableConcept": concept}
    else:
        body = {"code": {"text": pathway.treatments[draft.treatment].title}}
    return {
        "resourceType": draft.type,
        "status": "draft",
        "intent": intent,
        **body,
        "subject": {"reference": subject},
        "authoredOn": on,
    }


def _concept(text: str, found: tuple[Code, ...], codes: CodeLists) -> dict[str, Any]:
    coding = [
        {"system": codes.systems[code.system].uri, "code": code.code}
        for code in found
        if code.verified
        and not code.prefix
        and code.level != "product"
        and codes.systems[code.system].uri
    ]
    return {"coding": coding, "text": text} if coding else {"text": text}
