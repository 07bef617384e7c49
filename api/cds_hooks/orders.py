"""Which treatment of the pathway a drafted order is: the medicine it names, or the procedure it asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from api.cds_hooks.call import names_of
from api.cds_hooks.coded import Coded, texts
from api.fhir.reading.procedures import TRIED
from schemas.pathway import Pathway

PROCEDURES = TRIED | {
    "stimulator-lead-paddle": "spinal-cord-stimulation",
    "stimulator-generator": "spinal-cord-stimulation",
    "lumbar-decompression": "revision-surgery",
    "lumbar-decompression-revision": "revision-surgery",
    "lumbar-fusion": "revision-surgery",
    "fusion-exploration": "revision-surgery",
    "physical-therapy-evaluation": "physical-therapy",
    "physical-therapy-referral": "physical-therapy",
}
"""By concept of the procedure list. Adjusting or removing a stimulator is no step of the pathway."""
SCANS = frozenset({"mri-lumbar", "mri-lumbar-contrast"})
MEDICINES = frozenset({"MedicationRequest", "MedicationStatement", "MedicationDispense"})
_SETTLED = frozenset({"stopped", "cancelled", "completed", "entered-in-error", "revoked", "ended"})


@dataclass(frozen=True)
class Order:
    """One drafted order as the pathway sees it."""

    reference: str | None
    """`Type/id`, where the draft has an id."""
    treatment: str | None
    """None: a medicine that is no treatment of the pathway, or a scan."""
    agent: str | None = None
    scan: bool = False


def orders(
    drafts: Iterable[Mapping[str, Any]],
    others: Iterable[Mapping[str, Any]],
    coded: Coded,
    pathway: Pathway,
) -> tuple[Order, ...]:
    """Return what *drafts* order; a draft that names nothing the pathway knows gives none.

    *others* are the resources a medication reference may point at. A draft that has already ended orders nothing.
    """
    drafts = tuple(drafts)
    known = {name: each for each in (*others, *drafts) for name in names_of(each)}
    found: dict[Order, None] = {}
    for draft in drafts:
        if draft.get("status") in _SETTLED or draft.get("doNotPerform") is True:
            continue
        id = draft.get("id")
        reference = f"{draft['resourceType']}/{id}" if isinstance(id, str) and id else None
        if draft["resourceType"] in MEDICINES:
            for agent in sorted(_agents(draft, known, coded)):
                found[Order(reference, _treatment(agent, pathway), agent)] = None
        else:
            for concept in coded.concepts("procedures", draft.get("code")):
                if concept in PROCEDURES:
                    found[Order(reference, PROCEDURES[concept])] = None
                elif concept in SCANS:
                    found[Order(reference, None, scan=True)] = None
    return tuple(sorted(found, key=lambda o: (o.reference or "", o.treatment or "", o.agent or "")))


def _treatment(agent: str, pathway: Pathway) -> str | None:
    """Return the treatment a medicine belongs to: by name, else by its class."""
    for treatment in pathway.treatments.values():
        if agent in treatment.agents:
            return treatment.id
    classes = pathway.medicines[agent].classes
    for treatment in pathway.treatments.values():
        if treatment.medicine_class and treatment.medicine_class in classes:
            return treatment.id
    return None


def _agents(
    draft: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]], coded: Coded
) -> frozenset[str]:
    """Return the medicines a draft names, in any of the four ways a record does it.

    A code that is known decides. Only where none is, the name is read: a warning too many is dismissed, one too few
    is not seen.
    """
    reference = draft.get("medicationReference")
    target = _target(reference, draft, known)
    concepts = [draft.get("medicationCodeableConcept"), target.get("code") if target else None]
    ingredients = target.get("ingredient") if target else None
    for each in ingredients if isinstance(ingredients, list) else ():
        if isinstance(each, Mapping):
            concepts.append(each.get("itemCodeableConcept"))
    found = frozenset(id for each in concepts for id in coded.medicines(each))
    if found:
        return found
    words = [text for each in (*concepts, reference) for text in texts(each)]
    return frozenset(id for text in words for id in coded.medicines_named(text))


def _target(
    reference: Any, draft: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    to = reference.get("reference") if isinstance(reference, Mapping) else None
    if not isinstance(to, str) or not to:
        return None
    if to.startswith("#"):
        contained = draft.get("contained")
        for each in contained if isinstance(contained, list) else ():
            if isinstance(each, Mapping) and each.get("id") == to[1:]:
                return each
        return None
    return known.get("/".join(to.split("/")[-2:]))
