"""One thing broken at a time: a code, a class, a rule, a document, and whether the self-test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from api.library import get_codes, get_decider, get_pathway, pathway_files
from api.running import known
from pathways.loader import load_pathway
from rules.evaluation import Voices
from rules.network import Network, Node
from schemas.codes import Code, CodeLists, Concept
from schemas.condition import Or
from schemas.errors import PathwayError
from schemas.pathway import Pathway

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Break:
    """One thing that goes wrong."""

    kind: str
    name: str
    plant: Callable[[Patch], None]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def breaks() -> Iterator[Break]:
    """Yield everything that is broken, one after the other."""
    yield from _codes()
    yield from _medicines()
    for rule in get_pathway("fbss").rules:
        yield Break("rule", rule, _silence(rule))
    for file in pathway_files("fbss"):
        if not file.startswith(("vignettes/", "codes/", "ledger")):
            yield Break("file", file, _change(file))


def notices(one: Break) -> bool:
    """Tell whether a self-test finds anything wrong while *one* is broken."""
    with pytest.MonkeyPatch.context() as patch:
        one.plant(patch)
        noticed = any(known.differences())
        if one.kind == "rule":
            get_decider(
                "fbss"
            ).voices.engine.renew()  # lets go of 16 MB that nobody else would free
        return noticed


def _renamed(code: Code) -> Code:
    return code.model_copy(update={"code": f"{code.code[:-1]}~"})


def _is_said_twice(code: Code, concept: Concept) -> bool:
    """Tell whether a code that begins like *code* means the same *concept* with all that begins like it."""
    return any(
        other.prefix
        and other is not code
        and other.system == code.system
        and code.code.startswith(other.code)
        for other in concept.codes
    )


def _with_lists(lists: CodeLists) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(known, "get_codes", lambda _: lists)


def _codes() -> Iterator[Break]:
    lists = get_codes("fbss")
    for name, concepts in lists.concepts.items():
        for at, concept in enumerate(concepts):
            for number, code in enumerate(concept.codes):
                if not (uri := lists.systems[code.system].uri):
                    continue  # never matched: no address of its system is known
                if _is_said_twice(code, concept):
                    continue  # nothing is broken: the same record is read the same way
                codes = [*concept.codes]
                codes[number] = _renamed(code)
                changed = [*concepts]
                changed[at] = concept.model_copy(update={"codes": tuple(codes)})
                update = {"concepts": {**lists.concepts, name: tuple(changed)}}
                broken = lists.model_copy(update=update)
                yield Break("code", f"{name} {uri} {code.code}", _with_lists(broken))
    for agent, own in lists.medicines.items():
        for number, code in enumerate(own):
            if lists.systems[code.system].uri:
                other = tuple(_renamed(c) if at == number else c for at, c in enumerate(own))
                broken = lists.model_copy(update={"medicines": {**lists.medicines, agent: other}})
                yield Break("code", f"{agent} {code.code}", _with_lists(broken))


def _medicines() -> Iterator[Break]:
    pathway = get_pathway("fbss")
    for name, medicine in pathway.medicines.items():
        for lost in medicine.classes:
            classes = tuple(each for each in medicine.classes if each != lost)
            changed = {**pathway.medicines, name: medicine.model_copy(update={"classes": classes})}
            broken = pathway.model_copy(update={"medicines": changed})
            yield Break("table", f"{name} is no {lost}", _with_pathway(broken))


def _with_pathway(pathway: Pathway) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(known, "get_pathway", lambda _: pathway)


def _silence(rule: str) -> Callable[[Patch], None]:
    def plant(patch: Patch) -> None:
        decider = get_decider("fbss")
        nodes = tuple(
            Node(node.name, Or(items=())) if node.name == f"rule:{rule}" else node
            for node in decider.network.nodes
        )
        network = Network(nodes, decider.network.leaves)
        patch.setattr(decider, "voices", Voices(decider.pathway, network))

    return plant


def _change(file: str) -> Callable[[Patch], None]:
    def plant(patch: Patch) -> None:
        files = {n: t for n, t in pathway_files("fbss").items() if not n.startswith("vignettes/")}
        comment = "\n<!-- x -->\n" if file.endswith(".md") else "\n# x\n"
        try:
            broken = load_pathway({**files, file: files[file] + comment})
        except PathwayError:
            raise AssertionError(f"{file} no longer loads") from None
        _with_pathway(broken)(patch)

    return plant
