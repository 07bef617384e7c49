"""What a recommendation leads to, as ActivityDefinitions: propose, avoid, act on a red sign, ask, tell."""

from __future__ import annotations

from collections.abc import Iterator

from api.fhir.names import PARTS, Resource, artifact, citations, concept, shelf_life, versioned
from schemas.pathway import Effect, Pathway, Rule, Treatment

_PROPOSING = (Effect.RECOMMEND, Effect.CONSIDER)
_AVOIDING = (Effect.BLOCK, Effect.HOLD, Effect.BLOCK_UNLESS_JUSTIFIED)


def activity_of(rule: Rule, treatment: str, pathway: Pathway) -> str:
    """Return the id of what follows from *rule* for *treatment* (empty: for the patient as a whole)."""
    if rule.effect is Effect.RED_SIGN:
        return f"{pathway.id}-{rule.sign.lower()}"
    if treatment and rule.effect in _PROPOSING:
        return f"{pathway.id}-propose-{treatment}"
    if treatment and rule.effect in _AVOIDING:
        return f"{pathway.id}-avoid-{treatment}"
    return f"{pathway.id}-tell-{treatment}" if treatment else f"{pathway.id}-tell"


def activity_definitions(pathway: Pathway) -> Iterator[Resource]:
    """Yield every activity a recommendation of *pathway* leads to, and the asking of open questions."""
    for sign in pathway.signs.values():
        yield {
            **_activity(
                f"{pathway.id}-{sign.id.lower()}", "ServiceRequest", f"Red sign: {sign.title}",
                "Clear up the red sign before anything else.", pathway,
            ),
            "relatedArtifact": citations(sign.sources, pathway),
            "intent": "proposal",
            "priority": "stat",
            "code": concept(sign.title, PARTS, sign.id),
        }  # fmt: skip
    for treatment in pathway.treatments.values():
        yield from _of_treatment(treatment, pathway)
    tell = "Show what the rule says to the clinician."
    yield {
        **_activity(f"{pathway.id}-tell", "CommunicationRequest", "Tell the clinician", tell, pathway),
        "priority": "routine",
        "code": concept("Tell the clinician", PARTS, "tell"),
    }  # fmt: skip
    yield {
        **_activity(
            f"{pathway.id}-ask", "Task", "Ask what is not known",
            "Answer the open questions; unknown is never read as no.", pathway,
        ),
        "intent": "proposal",
        "priority": "routine",
        "code": concept("Ask what is not known", PARTS, "ask"),
        "relatedArtifact": [
            {"type": "depends-on", "resource": versioned("Questionnaire", f"{pathway.id}-facts", pathway)}
        ],
    }  # fmt: skip


def _of_treatment(treatment: Treatment, pathway: Pathway) -> Iterator[Resource]:
    kind = "MedicationRequest" if treatment.family == "medicine" else "ServiceRequest"
    for verb, word, says in (
        ("propose", "Propose", treatment.expect or f"A draft of {treatment.title} to look at."),
        ("avoid", "Avoid", f"{treatment.title} is advised against under the rule's condition."),
    ):
        found = {
            **_activity(
                f"{pathway.id}-{verb}-{treatment.id}", kind, f"{word}: {treatment.title}", says, pathway
            ),
            "relatedArtifact": citations(treatment.sources, pathway),
            "intent": "proposal",
            "priority": "routine",
            "doNotPerform": verb == "avoid",
        }  # fmt: skip
        named = concept(treatment.title, PARTS, treatment.id)
        yield found | (
            {"productCodeableConcept": named} if kind == "MedicationRequest" else {"code": named}
        )
    yield {
        **_activity(
            f"{pathway.id}-tell-{treatment.id}", "CommunicationRequest", f"Tell: {treatment.title}",
            f"Show what the rule says of {treatment.title} to the clinician.", pathway,
        ),
        "priority": "routine",
        "code": concept(treatment.title, PARTS, treatment.id),
    }  # fmt: skip


def _activity(id: str, kind: str, title: str, description: str, pathway: Pathway) -> Resource:
    return {
        **artifact("ActivityDefinition", id, title, description, pathway),
        "subjectCodeableConcept": concept(
            "Patient", "http://hl7.org/fhir/resource-types", "Patient"
        ),
        "purpose": pathway.intended_use,
        **shelf_life(pathway),
        "kind": kind,
    }
