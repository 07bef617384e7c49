"""What can be read about the pathways over HTTP: what they ask for, their rules in words, sources and patients."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from api.library import get_cases, get_pathway, pathway_ids
from api.openapi import error_responses
from pathways.account import uses_of_statements
from rules.derive import canonical_value
from rules.words import in_words
from schemas.facts import FactDefinition
from schemas.pathway import Pathway, Rule, Setting


def add_pathways(app: FastAPI) -> None:
    """Add the routes; a pathway that nobody has is a 404."""
    missing = error_responses(404)

    @app.get("/v1/pathways", summary="List the pathways")
    def pathways() -> list[dict[str, Any]]:
        return [_summary(get_pathway(id)) for id in pathway_ids()]

    @app.get("/v1/pathways/{id}", responses=missing, summary="Describe one pathway")
    def pathway(id: str) -> dict[str, Any]:
        return _described(get_pathway(id))

    @app.get("/v1/pathways/{id}/facts", responses=missing, summary="List the facts it asks for")
    def facts(id: str) -> dict[str, Any]:
        found = get_pathway(id)
        return {
            "sections": [section.model_dump() for section in found.sections],
            "facts": [{**_plain(each), "choices": each.choices} for each in found.facts.values()],
        }

    @app.get("/v1/pathways/{id}/rules", responses=missing, summary="List its rules in words")
    def rules(id: str) -> list[dict[str, Any]]:
        found = get_pathway(id)
        values = {name: setting.value for name, setting in found.settings.items()}
        return [_rule(rule, in_words(rule.when, found, values)) for rule in found.rules.values()]

    @app.get("/v1/pathways/{id}/sources", responses=missing, summary="List its sources")
    def sources(id: str) -> list[dict[str, Any]]:
        return [source.model_dump() for source in get_pathway(id).sources.values()]

    @app.get(
        "/v1/pathways/{id}/ledger", responses=missing, summary="Account for the founding document"
    )
    def ledger(id: str) -> list[dict[str, Any]]:
        found = get_pathway(id)
        uses = uses_of_statements(found)
        return [
            {"statement": key, "says": says, "cited_by": uses.get(key, ())}
            for key, says in found.statements.items()
        ]

    @app.get("/v1/pathways/{id}/cases", responses=missing, summary="List the built-in patients")
    def cases(id: str) -> list[dict[str, Any]]:
        get_pathway(id)
        return [
            {"id": each.id, "title": each.title, "teaches": each.teaches, "input": each.input}
            for each in get_cases(id)
        ]


def _plain(item: FactDefinition | Setting) -> dict[str, Any]:
    """Return *item* with its numbers as JSON numbers, and without what only the program needs."""
    parts = item.model_dump(exclude={"place", "from_list", "stated"})
    return {name: canonical_value(value) for name, value in parts.items()}


def _summary(pathway: Pathway) -> dict[str, Any]:
    keys = {
        "id",
        "title",
        "version",
        "status",
        "released",
        "reviewed",
        "review_due",
        "content_hash",
    }
    return pathway.model_dump(include=keys)


def _described(found: Pathway) -> dict[str, Any]:
    return {
        **_summary(found),
        "intended_use": found.intended_use,
        "caveats": found.caveats,
        "stages": [
            stage.model_dump(include={"id", "title", "after"}) for stage in found.stages.values()
        ],
        "treatments": [
            treatment.model_dump(exclude={"adequate", "place", "sources"}, mode="json")
            for treatment in found.treatments.values()
        ],
        "red_signs": [sign.model_dump(include={"id", "title"}) for sign in found.signs.values()],
        "profiles": sorted(found.profiles),
        "settings": [_plain(setting) for setting in found.settings.values()],
    }


def _rule(rule: Rule, when: str) -> dict[str, Any]:
    return {
        "id": rule.id,
        "effect": rule.effect.value,
        "on": rule.on,
        "agents": rule.agents,
        "when": when,
        "says": rule.says,
        "do": rule.do,
        "do_not": rule.do_not,
        "urgency": rule.urgency,
        "topic": rule.topic,
        "statement": rule.statement,
        "sources": [str(citation) for citation in rule.sources],
        "extension": rule.is_extension,
        "overrides": rule.overrides,
        "place": str(rule.place),
    }
