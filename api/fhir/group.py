"""The RequestGroup: the actions of the guidance, and the drafts and messages they refer to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from api.fhir.asked import GROUP, GUIDANCE, Asked
from api.fhir.names import FACTS, PARTS, Resource, canonical, concept, extension_url, versioned
from api.guidance import Action, draft_resource
from rules.cql import library_name
from schemas.codes import CodeLists
from schemas.decision import Decision, Reason
from schemas.pathway import Pathway

_RANK = ("routine", "urgent", "asap", "stat")


class GroupWriter:
    """Writes the RequestGroup of one decision."""

    def __init__(
        self, decision: Decision, pathway: Pathway, codes: CodeLists, asked: Asked
    ) -> None:
        self.decision, self.pathway, self.codes, self.asked = decision, pathway, codes, asked
        self.plan = versioned("PlanDefinition", pathway.id, pathway)
        self.facts: dict[str, tuple[str, ...]] = {}
        for reason in _reasons(decision):
            used = tuple(fact.fact for fact in reason.facts)
            self.facts[reason.rule] = (*self.facts.get(reason.rule, ()), *used)
        self.asks = {item.fact: item for item in decision.missing}

    def write(self, actions: Sequence[Action]) -> tuple[Resource, list[Resource]]:
        """Return the group of *actions*, of which there is at least one, and the requests it refers to."""
        requests: list[Resource] = []
        return self._group(
            [self._action(each, requests) for each in _told_apart(actions)]
        ), requests

    def _group(self, actions: list[Resource]) -> Resource:
        return {
            "resourceType": "RequestGroup",
            "id": GROUP,
            "instantiatesCanonical": [self.plan],
            "status": "draft",
            "intent": "proposal",
            "priority": max((a["priority"] for a in actions), key=_RANK.index),
            "code": {"text": self.pathway.title},
            "subject": self.asked.patient,
            "encounter": self.asked.visit,
            "authoredOn": self.decision.on,
            "action": actions,
        }

    def _action(self, action: Action, requests: list[Resource]) -> Resource:
        """Return *action*, and put the requests it refers to into *requests*.

        It has a resource or actions below it, never both (rqg-1): one draft or a message is its resource,
        several drafts are alternatives below it.
        """
        found: Resource = {
            "id": action.id,
            "extension": self._provenance(action.rules),
            "title": action.title,
            "description": "\n\n".join(action.detail),
            "priority": action.priority,
            "code": [concept(action.kind, PARTS, action.kind)],
            "documentation": self._documentation(action),
            "condition": [self._condition(rule) for rule in action.rules],
        }
        if not action.drafts:
            message = self._message(action)
            requests.append(message)
            return found | {"resource": {"reference": f"#{message['id']}"}}
        found["selectionBehavior"] = "at-most-one"
        found["action"] = []
        for draft in action.drafts:
            body = draft_resource(
                draft,
                self.pathway,
                self.codes,
                subject=self.asked.subject,
                on=self.decision.on,
                intent="option",
            )
            head = {"resourceType": body["resourceType"], "id": draft.id}
            extra: Resource = {
                "instantiatesCanonical": [
                    canonical("ActivityDefinition", f"{self.pathway.id}-propose-{draft.treatment}")
                    + f"|{self.pathway.version}"
                ],
                "encounter": self.asked.visit,
                "priority": action.priority,
                "reasonCode": [{"text": detail} for detail in action.detail if detail.startswith("Because ")],
                "supportingInfo" if body["resourceType"] == "ServiceRequest" else "supportingInformation": [
                    {"reference": f"#{GUIDANCE}"}
                ],
            }  # fmt: skip
            requests.append(head | body | extra)
            found["action"].append(
                {
                    "id": f"take-{draft.id}",
                    "title": draft.label,
                    "resource": {"reference": f"#{draft.id}"},
                }
            )
        return found

    def _message(self, action: Action) -> Resource:
        """Return a Task for questions, and a message to the clinician for everything else that is not a draft."""
        plan = {
            "id": f"tell-{action.id}"[:64],
            "status": "draft",
            "priority": action.priority,
            "encounter": self.asked.visit,
            "authoredOn": self.decision.on,
        }
        if action.kind == "ask":
            return {
                "resourceType": "Task",
                **plan,
                "instantiatesCanonical": versioned(
                    "ActivityDefinition", f"{self.pathway.id}-ask", self.pathway
                ),
                "intent": "option",
                "code": concept("Ask what is not known", PARTS, "ask"),
                "description": action.title,
                "for": self.asked.patient,
                "input": [
                    {
                        "type": concept(name, FACTS, name),
                        "valueString": self.asks[name].ask if name in self.asks else name,
                    }
                    for name in action.missing
                ],
            }
        return {
            "resourceType": "CommunicationRequest",
            **plan,
            "category": [concept(action.kind, PARTS, action.kind)],
            "subject": self.asked.patient,
            "payload": [{"contentString": text} for text in (action.title, *action.detail)],
        }

    def _provenance(self, rules: Iterable[str]) -> list[Resource]:
        return [
            {
                "url": extension_url("rule"),
                "extension": [
                    {"url": "id", "valueString": rule},
                    {"url": "version", "valueString": self.pathway.version},
                    *(
                        {"url": "fact", "valueString": fact}
                        for fact in dict.fromkeys(self.facts.get(rule, ()))
                    ),
                ],
            }
            for rule in rules
        ]

    def _documentation(self, action: Action) -> list[Resource]:
        found: list[Resource] = [
            {"type": "citation", "display": label, "url": action.source.url if at == 0 else None}
            for at, label in enumerate(dict.fromkeys((action.source.label, *action.sources)))
        ]
        return found

    def _condition(self, rule: str) -> Resource:
        return {
            "kind": "applicability",
            "expression": {
                "description": self.pathway.rules[rule].says
                if rule in self.pathway.rules
                else rule,
                "language": "text/cql",
                "expression": f'"rule:{rule}"',
                "reference": canonical("Library", library_name(self.pathway)),
            },
        }


def _told_apart(actions: Iterable[Action]) -> list[Action]:
    """Return *actions* with different ids: two steps that open one treatment may come under the same."""
    seen: Counter[str] = Counter()
    found = []
    for action in actions:
        seen[action.id] += 1
        again = seen[action.id] > 1
        found.append(replace(action, id=f"{action.id}-{seen[action.id]}") if again else action)
    return found


def _reasons(decision: Decision) -> Iterator[Reason]:
    for sign in decision.red_signs:
        yield from sign.reasons
    for item in decision.treatments:
        yield from (*item.reasons, *item.cautions)
        for agent in item.agents:
            yield from agent.reasons
    yield from (each.reason for each in decision.advice)
    yield from (each.reason for each in decision.causes)
