"""The code lists as ValueSets: what a record may say, and how far each code has been checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from api.fhir.names import Resource, artifact, canonical, extension_url
from schemas.codes import Code, CodeLists
from schemas.pathway import Pathway


def value_sets(pathway: Pathway, codes: CodeLists) -> Iterator[Resource]:
    """Yield a value set for each concept, each medicine with codes, and each class of medicines."""
    for listed, concepts in codes.concepts.items():
        for each in concepts:
            says = f"Codes among {listed} that mean: {each.title}."
            if each.fact:
                says += f" The fact is `{each.fact}`."
            yield from _value_set(each.id, each.title, says, each.codes, pathway, codes, each.note)
    listed_medicines = set()
    for agent, found in codes.medicines.items():
        title = pathway.medicines[agent].title if agent in pathway.medicines else agent
        for made in _value_set(
            f"medicine-{agent}", title, f"Codes of the medicine {title}.", found, pathway, codes
        ):
            listed_medicines.add(agent)
            yield made
    for word, title in pathway.medicine_classes.items():
        members = [
            m.id
            for m in pathway.medicines.values()
            if word in m.classes and m.id in listed_medicines
        ]
        if members:
            yield {
                **_head(f"class-{word}", title, f"Codes of the medicines of this class: {title}.", pathway),
                "compose": {
                    "include": [
                        {"valueSet": [canonical("ValueSet", f"{pathway.id}-medicine-{id}")]}
                        for id in members
                    ]
                },
            }  # fmt: skip


def _head(id: str, title: str, says: str, pathway: Pathway) -> Resource:
    return {**artifact("ValueSet", f"{pathway.id}-{id}", title, says, pathway), "immutable": False}


def _value_set(
    id: str,
    title: str,
    says: str,
    found: Iterable[Code],
    pathway: Pathway,
    codes: CodeLists,
    note: str = "",
) -> Iterator[Resource]:
    """Yield one value set, or none where no system of its codes has a known address.

    A code nobody has verified carries the mark of where it comes from; it is listed, never hidden.
    """
    systems: dict[str, list[Code]] = {}
    for code in found:
        systems.setdefault(code.system, []).append(code)
    include = [part for system, mine in systems.items() for part in _include(system, mine, codes)]
    if include:
        nameless = [s for s in systems if codes.systems[s].uri is None]
        extra = f" Left out, because its system has no known address: {', '.join(nameless)}."
        yield {
            **_head(id, title, says + (extra if nameless else ""), pathway),
            "purpose": note,
            "compose": {"include": include},
        }


def _include(system: str, found: list[Code], codes: CodeLists) -> Iterator[Resource]:
    uri = codes.systems[system].uri
    if uri is None:
        return
    whole = [code for code in found if not code.prefix]
    if whole:
        yield {
            "system": uri,
            "concept": [{"extension": _marks(code), "code": code.code} for code in whole],
        }
    for code in found:
        if code.prefix:
            pattern = "".join(f"[{each}]" if each == "." else each for each in code.code)
            yield {
                "extension": _marks(code),
                "system": uri,
                "filter": [{"property": "code", "op": "regex", "value": f"{pattern}.*"}],
            }


def _marks(code: Code) -> list[Resource]:
    return [
        {"url": extension_url("code-mark"), "valueString": code.mark},
        {"url": extension_url("code-verified"), "valueBoolean": code.verified},
    ]
