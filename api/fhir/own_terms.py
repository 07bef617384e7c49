"""Our own words in FHIR: the code systems and extensions that everything else published here refers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

from api.fhir.names import FACTS, HL7, PARTS, WORDS, Resource, artifact, extension_url
from api.fhir.outcome import CODES, ISSUE_CODES
from api.fhir.plan import strategies
from api.fhir.questionnaire import questionnaire
from api.fhir.reading.questionnaires import ROWS
from api.guidance import Kind
from schemas.codes import CodeLists
from schemas.pathway import Pathway

_EXTENSIONS: dict[str, tuple[str, str]] = {
    "effect": ("code", "What follows from a rule whose condition holds."),
    "burden": ("code", "What it costs the patient to answer."),
    "shelf-days": ("integer", "Days after which a dated answer counts as not known."),
    "prefetch-key": ("string", "The key of the same search among the prefetch of CDS Hooks."),
    "prefetch-template": ("string", "The prefetch template of the same search."),
    "required": ("boolean", "Whether nothing is judged without it."),
    "code-mark": ("string", "Where a code was found."),
    "code-verified": ("boolean", "Whether somebody has checked the code."),
}
_COMPOUND: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "receipt": (
        "What is needed to make the same answer again.",
        dict.fromkeys(
            ("pathway-version", "pathway-content", "program", "settings", "facts-hash",
             "decision-hash"),
            ("string", "1"),
        ),
    ),
    "rule": (
        "A rule that led here, its version, and the facts it has read.",
        {"id": ("string", "1"), "version": ("string", "1"), "fact": ("string", "*")},
    ),
    "verdict": (
        "What is said of one treatment; `put-aside` is the verdict a red-sign hold has put aside.",
        {"treatment": ("code", "1"), "verdict": ("code", "1"), "put-aside": ("code", "1"),
         "summary": ("string", "1")},
    ),
}  # fmt: skip


def code_systems(pathway: Pathway, codes: CodeLists) -> Iterator[Resource]:
    """Yield the code systems of facts, answers, parts of the pathway and problems."""
    facts = {f.name: f.title for f in pathway.facts.values()}
    facts |= {name: derivation.fact.title for name, derivation in pathway.derivations.items()}
    facts |= {name: f"The list of {name}" for name in ROWS}
    form = questionnaire(pathway, codes)
    words = {word: word.replace("-", " ") for word in _answers(form["item"])}
    parts = {group.id: group.title for group in strategies(pathway)}
    parts |= {rule.id: rule.says for rule in pathway.rules.values()}
    parts |= {sign.id: sign.title for sign in pathway.signs.values()}
    parts |= {treatment.id: treatment.title for treatment in pathway.treatments.values()}
    parts |= {kind: f"An action of the kind: {kind}" for kind in (*get_args(Kind), "tell")}
    problems = {code: code.replace("-", " ") for code in ISSUE_CODES}
    for url, title, concepts, content in (
        (FACTS, "Facts the rules read", facts, "complete"),
        (WORDS, "Words a fact may be answered with", words, "complete"),
        (PARTS, "Groups, rules, red signs, treatments and kinds of action", parts, "complete"),
        (CODES, "What may be wrong with a request", problems, "fragment"),
    ):
        id = url.rpartition("/")[2]
        yield {
            **artifact("CodeSystem", id, title, f"{title}.", pathway),
            "caseSensitive": True,
            "content": content,
            "count": len(concepts),
            "concept": [{"code": code, "display": text} for code, text in concepts.items()],
        }


def _answers(items: Iterable[Resource]) -> Iterator[str]:
    for item in items:
        for option in item.get("answerOption", ()):
            yield option["valueCoding"]["code"]
        yield from _answers(item.get("item", ()))


def extension_definitions(pathway: Pathway) -> Iterator[Resource]:
    """Yield the definition of every extension of ours."""
    for id, (type, says) in _EXTENSIONS.items():
        value = {
            "id": "Extension.value[x]",
            "path": "Extension.value[x]",
            "min": 1,
            "type": [{"code": type}],
        }
        nested = {"id": "Extension.extension", "path": "Extension.extension", "max": "0"}
        yield _definition(id, says, [nested, _url(id)], [value], pathway)
    for id, (says, parts) in _COMPOUND.items():
        value = {"id": "Extension.value[x]", "path": "Extension.value[x]", "max": "0"}
        yield _definition(id, says, [*_slices(parts), _url(id)], [value], pathway)


def _url(id: str) -> Resource:
    return {"id": "Extension.url", "path": "Extension.url", "fixedUri": extension_url(id)}


def _slices(parts: Mapping[str, tuple[str, str]]) -> Iterator[Resource]:
    yield {
        "id": "Extension.extension",
        "path": "Extension.extension",
        "slicing": {"discriminator": [{"type": "value", "path": "url"}], "rules": "closed"},
    }
    for name, (type, most) in parts.items():
        id, path = f"Extension.extension:{name}", "Extension.extension"
        yield {"id": id, "path": path, "sliceName": name, "min": 0, "max": most}
        yield {"id": f"{id}.url", "path": f"{path}.url", "fixedUri": name}
        yield {
            "id": f"{id}.value[x]",
            "path": f"{path}.value[x]",
            "min": 1,
            "type": [{"code": type}],
        }


def _definition(
    id: str, says: str, before: list[Resource], after: list[Resource], pathway: Pathway
) -> Resource:
    head = {"id": "Extension", "path": "Extension", "short": says, "definition": says}
    return {
        **artifact("StructureDefinition", id, f"Extension: {id}", says, pathway),
        "fhirVersion": "4.0.1",
        "kind": "complex-type",
        "abstract": False,
        "context": [{"type": "element", "expression": "Element"}],
        "type": "Extension",
        "baseDefinition": f"{HL7}/StructureDefinition/Extension",
        "derivation": "constraint",
        "differential": {"element": [head, *before, *after]},
    }
