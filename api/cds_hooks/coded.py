"""What a draft or a problem names: by its codes, exactly, and a medicine without a known code by its name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from api.fhir.reading.lexicon import lexicon_of
from api.fhir.reading.shapes import codings
from schemas.codes import CodeLists
from schemas.pathway import Pathway, plain_spelling

LONGEST_NAME = 400
_WORD = re.compile(r"[^\W_]+")


class Coded:
    """Looks names up; build it once per pathway."""

    def __init__(self, pathway: Pathway, codes: CodeLists) -> None:
        self.pathway, self.lexicon = pathway, lexicon_of(pathway, codes, False)

    def concepts(self, kind: str, concept: Any) -> frozenset[str]:
        """Return what a CodeableConcept of any quality means in the list *kind*."""
        return frozenset(each.concept for each in self.lexicon.meanings(kind, codings(concept)))

    def medicines(self, concept: Any) -> frozenset[str]:
        """Return the medicines a CodeableConcept of any quality stands for."""
        return frozenset(each.id for each in self.lexicon.agents(codings(concept)))

    @cached_property
    def _names(self) -> dict[tuple[str, ...], str]:
        return {
            tuple(_WORD.findall(name)): medicine.id
            for name, medicine in self.pathway.spellings.items()
        }

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._names))

    def medicines_named(self, text: str) -> frozenset[str]:
        """Return every medicine whose name stands in *text* as whole words; for what carries no code that is known.

        Of names that overlap the longest counts: a combination is not taken for its first part.
        """
        words = _WORD.findall(plain_spelling(text[:LONGEST_NAME]))
        found, at = set(), 0
        while at < len(words):
            for length in range(self._longest, 0, -1):
                id = self._names.get(tuple(words[at : at + length]))
                if id is not None and at + length <= len(words):
                    found.add(id)
                    at += length - 1
                    break
            at += 1
        return frozenset(found)


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
