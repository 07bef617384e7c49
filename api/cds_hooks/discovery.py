"""What the service says of itself: one entry per hook, with the data it asks for."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from api.cds_hooks.settings import CdsHooksSettings
from api.fhir.requirements import HOOKS, requirements_of
from schemas.pathway import Pathway

VERSION = "2.0.1"
"""Of CDS Hooks: the one everything here conforms to."""

HOOK_VERSIONS = dict.fromkeys(HOOKS, "1.0") | {"problem-list-item-create": "0.1.0"}
TITLES = {
    "patient-view": "Where this patient stands",
    "order-select": "The order just chosen",
    "order-sign": "The orders about to be signed",
    "encounter-start": "What to ask at this visit",
    "problem-list-item-create": "A problem just added",
    "appointment-book": "Before the appointment",
}
PURPOSES = {
    "patient-view": "Red signs, the stage of the pathway, what could be done next and what is missing",
    "order-select": "What the pathway says of the order just chosen",
    "order-sign": "Contraindications and cautions of the orders about to be signed",
    "encounter-start": "Red signs and the questions that are due at this visit",
    "problem-list-item-create": "Where the pathway starts for the problem just added",
    "appointment-book": "What should be known before the appointment",
}


def services(settings: CdsHooksSettings, pathway: Pathway) -> dict[str, Any]:
    """Return the discovery document; the same for everybody and free of patient data."""
    return {"services": [_service(hook, settings, pathway) for hook in HOOKS]}


def _service(hook: str, settings: CdsHooksSettings, pathway: Pathway) -> dict[str, Any]:
    required = [each.key for each in requirements_of(hook) if each.required]
    return {
        "hook": hook,
        "title": f"{TITLES[hook]}: {pathway.title}",
        "description": f"{PURPOSES[hook]}. {pathway.intended_use} Status: {pathway.status}.",
        "id": settings.service_id(hook),
        "version": VERSION,
        "hookVersion": HOOK_VERSIONS[hook],
        "usageRequirements": f"Needs the prefetch keys {' and '.join(required)}; every other key that does not come "
        "lowers what can be said, and the cards say so.",
        "prefetch": {
            each.key: settings.template(each.key, each.template) for each in requirements_of(hook)
        },
    }


def written(document: dict[str, Any]) -> tuple[bytes, str]:
    """Return *document* as it is sent, and its entity tag."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
