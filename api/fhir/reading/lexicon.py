"""What a code means here: system and code compared exactly, the longest beginning deciding, displays never."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from api.fhir.reading.shapes import Coding
from pathways.codes import verified_only as only_verified
from rules.comparisons import Border, borders_of
from schemas.codes import Code, CodeLists, Concept
from schemas.facts import adapter_of
from schemas.pathway import Pathway, plain_spelling

Found = TypeVar("Found")
_WORDS = re.compile(r"[^\W_]+")
LONGEST_NAME = 400


@dataclass(frozen=True, slots=True)
class Meaning:
    """One concept a code stands for."""

    concept: str
    fact: str | None
    verified: bool
    red_sign: bool
    """Whether the concept is noted as a red sign by itself."""


@dataclass(frozen=True, slots=True)
class Agent:
    id: str
    verified: bool


class _Index(Generic[Found]):
    """Exact codes, and beginnings of codes, of every system."""

    def __init__(self) -> None:
        self.exact: dict[Coding, Found] = {}
        self.beginnings: dict[str, dict[int, dict[str, Found]]] = {}
        """By system and length, the longest first."""

    def add(self, uri: str, code: Code, found: Found) -> None:
        if code.prefix:
            by_length = self.beginnings.setdefault(uri, {})
            by_length.setdefault(len(code.code), {})[code.code] = found
            self.beginnings[uri] = dict(sorted(by_length.items(), reverse=True))
        else:
            self.exact[uri, code.code] = found

    def find(self, coding: Coding) -> Found | None:
        found = self.exact.get(coding)
        if found is not None:
            return found
        system, code = coding
        for length, codes in self.beginnings.get(system, {}).items():
            found = codes.get(code[:length])
            if found is not None:
                return found
        return None


class Lexicon:
    """The code lists of one pathway, turned so that a coding finds its meaning."""

    def __init__(self, pathway: Pathway, lists: CodeLists) -> None:
        self.pathway = pathway
        uris = {name: system.uri for name, system in lists.systems.items() if system.uri}
        self.local = uris.get("local", "")
        self.standards = frozenset(uris.values()) - {self.local}
        self.loinc = uris.get("loinc", "")
        self._concepts: dict[str, _Index[Meaning]] = {}
        for name, concepts in lists.concepts.items():
            index = self._concepts.setdefault(name, _Index())
            for concept in concepts:
                for code in concept.codes:
                    if code.system in uris:
                        index.add(uris[code.system], code, _meaning(concept, code))
        self._agents: _Index[Agent] = _Index()
        self._groups: _Index[str] = _Index()
        for agent, codes in lists.medicines.items():
            for code in codes:
                if code.system in uris:
                    self._agents.add(uris[code.system], code, Agent(agent, code.verified))
        for group, codes in lists.medicine_classes.items():
            for code in codes:
                if code.system in uris:
                    self._groups.add(uris[code.system], code, group)
        self._adapters: dict[str, TypeAdapter[Any]] = {
            name: adapter_of(definition) for name, definition in pathway.facts.items()
        }

    def meanings(self, list_name: str, codings: Iterable[Coding]) -> list[Meaning]:
        """Return what *codings* mean in one list, each meaning once."""
        index = self._concepts.get(list_name)
        if index is None:
            return []
        found: dict[Meaning, None] = {}
        for coding in codings:
            meaning = index.find(coding)
            if meaning is not None:
                found[meaning] = None
        return list(found)

    def agents(self, codings: Iterable[Coding]) -> list[Agent]:
        """Return the medicines *codings* name, each once."""
        found = {agent.id: agent for c in codings if (agent := self._agents.find(c)) is not None}
        return [found[id] for id in sorted(found)]

    def group(self, codings: Iterable[Coding]) -> str | None:
        """Return the class of medicines that one of *codings* begins like."""
        return next((g for c in codings if (g := self._groups.find(c)) is not None), None)

    def own_facts(self, codings: Iterable[Coding]) -> list[str]:
        """Return the facts named by a code of ours that is the fact's own name."""
        return [
            code
            for system, code in codings
            if system == self.local and code in self.pathway.facts and self.local
        ]

    def own_words(self, codings: Iterable[Coding]) -> set[str]:
        """Return the codes of our own system."""
        return {code for system, code in codings if system == self.local and self.local}

    def named(self, written: str) -> frozenset[str]:
        """Return every medicine whose name stands in *written* as whole words, the longest names first.

        For what carries no code that is known: prescribers write *apixaban 5 mg tablet* or *Eliquis tab.*
        A medicine that is read although the text only mentions it makes the answer more careful, one that is
        overlooked makes it less.
        """
        words = _WORDS.findall(plain_spelling(written[:LONGEST_NAME]))
        found: set[str] = set()
        at = 0
        while at < len(words):
            for length in range(min(self._longest, len(words) - at), 0, -1):
                name = self._names.get(tuple(words[at : at + length]))
                if name is not None:
                    found.add(name)
                    at += length
                    break
            else:
                at += 1
        return frozenset(found)

    @cached_property
    def _names(self) -> dict[tuple[str, ...], str]:
        return {
            tuple(_WORDS.findall(name)): medicine.id
            for name, medicine in self.pathway.spellings.items()
        }

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._names), default=0)

    def adapter(self, fact: str) -> TypeAdapter[Any]:
        return self._adapters[fact]

    @cached_property
    def borders(self) -> dict[str, list[Border]]:
        """Where the rules compare each number, and by which operators."""
        return borders_of(self.pathway)


def _meaning(concept: Concept, code: Code) -> Meaning:
    red = re.search(r"\bR\d+\b", concept.note) is not None
    return Meaning(concept.id, concept.fact, code.verified, red)


_BUILT: dict[tuple[int, int, bool], tuple[Pathway, CodeLists, Lexicon]] = {}
_MOST_BUILT = 8
_BUILDING = threading.Lock()


def lexicon_of(pathway: Pathway, lists: CodeLists, verified_only: bool) -> Lexicon:
    """Return the lexicon of *pathway* and *lists*, built once for the same two."""
    key = (id(pathway), id(lists), verified_only)
    with _BUILDING:
        held = _BUILT.get(key)
        # What is held keeps both alive, so an id cannot have gone to another object meanwhile.
        if held is None:
            if len(_BUILT) >= _MOST_BUILT:
                _BUILT.clear()
            used = only_verified(lists) if verified_only else lists
            held = _BUILT[key] = (pathway, lists, Lexicon(pathway, used))
        return held[2]
