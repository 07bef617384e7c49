"""The pathway as PlanDefinitions in three layers: pathway, strategies, and one recommendation for each rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from api.fhir.activity import activity_of
from api.fhir.names import (
    PARTS,
    TERMINOLOGY,
    Resource,
    artifact,
    canonical,
    citations,
    concept,
    extension_url,
    shelf_life,
    versioned,
)
from api.fhir.requirements import HOOKS
from rules.cql import library_name, print_condition
from rules.network import Network
from rules.words import in_words
from schemas.pathway import Effect, Pathway, Rule, Urgency

_PRIORITY = {Urgency.U0: "stat", Urgency.U1: "urgent", Urgency.U2: "urgent", Urgency.U3: "routine"}


@dataclass(frozen=True)
class Strategy:
    """One group of rules that belong together for a reader: a stage, or what lies across the stages."""

    id: str
    title: str
    says: str
    rules: tuple[Rule, ...]


def strategies(pathway: Pathway) -> tuple[Strategy, ...]:
    """Return the groups in the order a patient meets them; every rule stands in at least one."""
    rules = pathway.rules.values()
    acting = [r for r in rules if r.on]

    def standing(*effects: Effect) -> tuple[Rule, ...]:
        return tuple(r for r in rules if not r.on and r.effect in effects)

    def on(stage: str) -> tuple[Rule, ...]:
        members = {t.id for t in pathway.treatments.values() if t.stage == stage}
        return tuple(r for r in acting if members & set(r.on))

    named = (Effect.RED_SIGN, Effect.SUPPORT, Effect.ADVISE, Effect.CAUSE)
    found = (
        Strategy("red-signs", "Red signs", "What stops every step until it has been cleared up.",
                 standing(Effect.RED_SIGN)),
        Strategy("assessment", "Assessment", "What makes the diagnosis likelier, and what else to do first.",
                 standing(Effect.SUPPORT, Effect.ADVISE)),
        Strategy("causes", "Causes", "Why pain may go on, and what each cause points to.",
                 standing(Effect.CAUSE)),
        *(Strategy(f"stage-{s.id.lower()}", s.title, f"The rules of stage {s.id}.", on(s.id))
          for s in pathway.stages.values()),
        Strategy("beyond-stages", "Beyond the stages", "What belongs to no stage.", on("")),
        Strategy("safety", "Safety across the pathway", "What is to be looked at whatever is chosen.",
                 standing(*(effect for effect in Effect if effect not in named))),
    )  # fmt: skip
    return tuple(each for each in found if each.rules)


def plan_definitions(pathway: Pathway, network: Network) -> Iterator[Resource]:
    """Yield the pathway, its strategies and its recommendations."""
    groups = strategies(pathway)
    yield _pathway(pathway, groups)
    for group in groups:
        yield _strategy(pathway, group)
    for rule in pathway.rules.values():
        yield _recommendation(pathway, network, rule)


def strategy_id(pathway: Pathway, group: Strategy) -> str:
    return f"{pathway.id}-{group.id}"


def recommendation_id(pathway: Pathway, rule: str) -> str:
    return f"{pathway.id}-rule-{rule}"


def _plan(id: str, type: str, title: str, description: str, pathway: Pathway) -> Resource:
    return {
        **artifact("PlanDefinition", id, title, description, pathway),
        "type": concept(type, f"{TERMINOLOGY}/plan-definition-type", type),
        "subjectCodeableConcept": concept(
            "Patient", "http://hl7.org/fhir/resource-types", "Patient"
        ),
        "purpose": pathway.intended_use,
        "usage": " ".join(pathway.caveats),
        **shelf_life(pathway),
    }


def _pathway(pathway: Pathway, groups: tuple[Strategy, ...]) -> Resource:
    cited = [c for rule in pathway.rules.values() for c in rule.sources if c.key]
    return {
        **_plan(pathway.id, "clinical-protocol", pathway.title, pathway.intended_use, pathway),
        "relatedArtifact": [
            *citations((c for c in cited if c.tag != "SEED"), pathway),
            {"type": "depends-on", "resource": versioned("Library", f"{pathway.id}-data", pathway)},
            {"type": "depends-on", "resource": versioned("Questionnaire", f"{pathway.id}-facts", pathway)},
        ],
        "library": [versioned("Library", library_name(pathway), pathway)],
        "action": [
            {
                "title": group.title,
                "description": group.says,
                "code": [concept(group.title, PARTS, group.id)],
                "definitionCanonical": versioned(
                    "PlanDefinition", strategy_id(pathway, group), pathway
                ),
            }
            for group in groups
        ],
    }  # fmt: skip


def _strategy(pathway: Pathway, group: Strategy) -> Resource:
    return {
        **_plan(
            strategy_id(pathway, group), "workflow-definition", group.title, group.says, pathway
        ),
        "action": [
            {
                "title": rule.says,
                "description": _description(rule, pathway),
                "code": [concept(rule.id, PARTS, rule.id)],
                "definitionCanonical": versioned(
                    "PlanDefinition", recommendation_id(pathway, rule.id), pathway
                ),
            }
            for rule in group.rules
        ],
    }


def _description(rule: Rule, pathway: Pathway) -> str:
    """Return what a rule says, where it applies, and what it asks to do or to leave."""
    parts = [rule.statement or rule.says]
    if rule.on:
        parts.append(f"Applies to: {', '.join(pathway.treatments[t].title for t in rule.on)}.")
    if rule.agents:
        parts.append(
            f"Only for: {', '.join(pathway.medicines[a].title for a in rule.agents if a in pathway.medicines)}."
        )
    parts += [f"Do: {rule.do}"] if rule.do else []
    parts += [f"Do not: {rule.do_not}"] if rule.do_not else []
    if rule.overrides:
        parts.append(f"An exception to: {', '.join(rule.overrides)}.")
    return "\n\n".join(parts)


def _recommendation(pathway: Pathway, network: Network, rule: Rule) -> Resource:
    settings = {name: setting.value for name, setting in pathway.settings.items()}
    condition = network.conditions[f"rule:{rule.id}"]
    logic = canonical("Library", library_name(pathway))
    found = [activity_of(rule, treatment, pathway) for treatment in rule.on or ("",)]
    targets = list(dict.fromkeys(versioned("ActivityDefinition", id, pathway) for id in found))
    action: Resource = {
        "id": rule.id,
        "extension": [{"url": extension_url("effect"), "valueCode": rule.effect.value}],
        "title": rule.says,
        "description": _description(rule, pathway),
        "priority": "stat" if rule.effect is Effect.RED_SIGN else _PRIORITY[rule.urgency or Urgency.U3],
        "code": [concept(rule.id, PARTS, rule.id)],
        "documentation": citations(rule.sources, pathway),
        "trigger": [{"type": "named-event", "name": hook} for hook in HOOKS],
        "condition": [
            {
                "kind": "applicability",
                "expression": {
                    "description": in_words(condition, pathway, settings),
                    "language": "text/cql",
                    "expression": print_condition(condition),
                    "reference": logic,
                },
            }
        ],
    }  # fmt: skip
    if len(targets) == 1:
        action["definitionCanonical"] = targets[0]
    else:
        action["selectionBehavior"] = "any"
        action["action"] = [
            {"title": pathway.treatments[treatment].title, "definitionCanonical": target}
            for treatment, target in zip(rule.on, targets, strict=True)
        ]
    return {
        **_plan(
            recommendation_id(pathway, rule.id), "eca-rule", rule.says,
            rule.statement or rule.says, pathway,
        ),
        "relatedArtifact": citations(rule.sources, pathway),
        "library": [versioned("Library", library_name(pathway), pathway)],
        "action": [action],
    }  # fmt: skip
