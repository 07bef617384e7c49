"""The fact dictionary as one Questionnaire: every question with its unit, range and answers; linkId is the fact.

Below the facts stand the lists, a group for each row, named as the reader of forms takes them.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from api.fhir.names import (
    FACTS,
    HL7,
    WORDS,
    Resource,
    artifact,
    concept,
    extension_url,
    shelf_life,
)
from api.fhir.reading.questionnaires import LISTED, ROWS
from rules.words import plain_number
from schemas.codes import CodeLists
from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Pathway

_TYPES = {
    FactKind.BOOLEAN: "boolean",
    FactKind.INTEGER: "integer",
    FactKind.DECIMAL: "decimal",
    FactKind.CHOICE: "choice",
    FactKind.SIGN: "choice",
    FactKind.DATE: "date",
}
_HELP = concept("Help", f"{HL7}/questionnaire-item-control", "help")


def questionnaire(pathway: Pathway, codes: CodeLists) -> Resource:
    """Return the Questionnaire of *pathway*; nothing in it is required, because unknown is an answer."""
    return {
        **artifact(
            "Questionnaire", f"{pathway.id}-facts", f"{pathway.title}: questions",
            "Every fact the rules can read. The linkId of an item is the name of the fact. An item without an answer "
            "is not known; it is never read as no. Instruments are asked for by their score only.", pathway,
        ),
        "subjectType": ["Patient"],
        "purpose": pathway.intended_use,
        **shelf_life(pathway),
        "item": [
            {
                "linkId": f"section.{section.id}",
                "text": section.title,
                "type": "group",
                "item": [
                    _item(fact, codes)
                    for fact in pathway.facts.values()
                    if fact.section == section.id
                ],
            }
            for section in pathway.sections
        ]
        + [_row(name, model) for name, model in ROWS.items()]
        + [
            {
                "linkId": f"{name}_listed",
                "text": f"Are all {name} listed, here and in the record? (none is an answer as well)",
                "type": "boolean",
            }
            for name in ROWS
            if f"{name}_listed" in LISTED
        ],
    }  # fmt: skip


def _row(name: str, model: type[BaseModel]) -> Resource:
    """Return one row of a list as a group that may be repeated; its items are named `list.field`."""
    return {
        "linkId": name,
        "text": f"{name.capitalize()}, one by one",
        "type": "group",
        "repeats": True,
        "item": [
            _field(name, field, part)
            for field, part in model.model_json_schema()["properties"].items()
        ],
    }


def _field(name: str, field: str, part: dict[str, Any]) -> Resource:
    options = part.get("anyOf", [part])
    words = [word for option in options for word in option.get("enum", ())]
    words += [option["const"] for option in options if "const" in option]
    item: Resource = {"linkId": f"{name}.{field}", "text": field.replace("_", " ").capitalize()}
    if words:
        choices = [{"valueCoding": {"system": WORDS, "code": word}} for word in words]
        return item | {"type": "choice", "answerOption": choices}
    if any("PartialDate" in option.get("$ref", "") for option in options):
        return item | {"type": "date"}
    found = {option.get("type") for option in options}
    for kind, type in (("boolean", "boolean"), ("integer", "integer"), ("number", "decimal")):
        if kind in found:
            return item | {"type": type}
    return item | {"type": "string"}


def _item(fact: FactDefinition, codes: CodeLists) -> Resource:
    item: Resource = {
        "extension": _extensions(fact),
        "linkId": fact.name,
        "code": [{"system": FACTS, "code": fact.name, "display": fact.title}, *_codes(fact, codes)],
        "text": fact.ask,
        "type": _TYPES[fact.kind],
    }
    if fact.choices:
        item["answerOption"] = [
            {"valueCoding": {"system": WORDS, "code": word, "display": word.replace("-", " ")}}
            for word in fact.choices
        ]
    if help := _help(fact):
        item["item"] = [
            {
                "extension": [
                    {
                        "url": f"{HL7}/StructureDefinition/questionnaire-itemControl",
                        "valueCodeableConcept": _HELP,
                    }
                ],
                "linkId": f"{fact.name}.help",
                "text": help,
                "type": "display",
            }
        ]
    return item


def _extensions(fact: FactDefinition) -> list[Resource]:
    found: list[Resource] = [{"url": extension_url("burden"), "valueCode": fact.burden.value}]
    if fact.shelf_days is not None:
        found.append({"url": extension_url("shelf-days"), "valueInteger": fact.shelf_days})
    whole = fact.kind is FactKind.INTEGER
    for name, bound in (("minValue", fact.minimum), ("maxValue", fact.maximum)):
        if bound is not None:
            value: dict[str, Any] = (
                {"valueInteger": int(bound)} if whole else {"valueDecimal": _number(bound)}
            )
            found.append({"url": f"{HL7}/StructureDefinition/{name}", **value})
    return found


def _number(bound: Any) -> int | float:
    return int(bound) if bound == int(bound) else float(bound)


def _help(fact: FactDefinition) -> str:
    """Return unit, range, place and shelf life in words."""
    parts = [f"Unit: {fact.unit}."] if fact.unit else []
    if fact.minimum is not None and fact.maximum is not None:
        parts.append(f"From {plain_number(fact.minimum)} to {plain_number(fact.maximum)}.")
    if fact.where:
        parts.append(f"Usually found: {fact.where}.")
    if fact.shelf_days is not None:
        parts.append(f"Counts for {fact.shelf_days} days.")
    if fact.kind is FactKind.DATE:
        parts.append("A month or a year is enough where the day is not known.")
    return " ".join(parts)


def _codes(fact: FactDefinition, codes: CodeLists) -> list[Resource]:
    """Return the checked codes of observations that mean the fact itself."""
    return [
        {"system": codes.systems[code.system].uri, "code": code.code}
        for each in codes.concepts.get("observations", ())
        if each.fact == fact.name
        for code in each.codes
        if code.verified and not code.prefix and codes.systems[code.system].uri
    ]
