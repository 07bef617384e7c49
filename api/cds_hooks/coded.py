"""What a draft or a problem names: by its codes, exactly, and a medicine without a known code by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from api.fhir.reading.lexicon import lexicon_of
from api.fhir.reading.shapes import codings
from schemas.codes import CodeLists
from schemas.pathway import Pathway


class Coded:
    """Looks names up; build it once per pathway."""

    def __init__(self, pathway: Pathway, codes: CodeLists) -> None:
        self.lexicon = lexicon_of(pathway, codes, False)

    def concepts(self, kind: str, concept: Any) -> frozenset[str]:
        """Return what a CodeableConcept of any quality means in the list *kind*."""
        return frozenset(each.concept for each in self.lexicon.meanings(kind, codings(concept)))

    def medicines(self, concept: Any) -> frozenset[str]:
        """Return the medicines a CodeableConcept of any quality stands for."""
        return frozenset(each.id for each in self.lexicon.agents(codings(concept)))

    def medicines_named(self, text: str) -> frozenset[str]:
        """Return every medicine whose name stands in *text*; for what carries no code that is known."""
        return self.lexicon.named(text)


def texts(concept: Any) -> Iterator[str]:
    """Yield what a CodeableConcept or a Reference calls itself in words."""
    if not isinstance(concept, Mapping):
        return
    coding = concept.get("coding")
    for each in (concept, *(coding if isinstance(coding, list) else ())):
        if isinstance(each, Mapping):
            for name in ("text", "display"):
                if isinstance(each.get(name), str):
                    yield each[name]
