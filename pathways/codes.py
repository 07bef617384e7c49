"""Code lists: which codes of a record mean what, checked as they are read; unverified codes can be switched off."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from pathways.code_check import SYSTEMS, CodeCheck
from pathways.code_formats import FORMATS
from pathways.vocabulary import did_you_mean
from pathways.yaml_text import read_yaml
from schemas.codes import Code, CodeLists, CodeSystem, Concept, ValueSet
from schemas.errors import PathwayError, Problem
from schemas.provenance import Place

FOLDER, VALUE_SETS, MEDICINES = "codes/", "codes/value-sets.yaml", "medicines.yaml"
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+", re.ASCII)


def read_codes(
    files: Mapping[str, str], facts: Collection[str], medicines: Any = None
) -> CodeLists:
    """Read `codes/*.yaml` and the codes of medicines.yaml; *facts* are the names a concept may give.

    *medicines* is the content of medicines.yaml, from a caller that has read it already; without it the file
    is read here. A pathway without any code has empty lists.

    Raises PathwayError with file and line of every unknown system, mark, fact or key, and of every code
    that lacks the form or the check digit of its system, carries no mark, or stands twice for one fact
    (or names two medicines).
    """
    if medicines is None and MEDICINES in files:
        medicines = read_yaml(files[MEDICINES], MEDICINES)
    reading = _Reading(facts)
    if SYSTEMS in files:
        reading.read_systems(files[SYSTEMS])
    concepts = {
        name.removeprefix(FOLDER).removesuffix(".yaml"): reading.concepts(name, files[name])
        for name in sorted(files)
        if name.startswith(FOLDER) and name.endswith(".yaml") and name not in (SYSTEMS, VALUE_SETS)
    }
    agents, classes = (
        reading.medicines(files.get(MEDICINES, ""), section, medicines)
        for section in ("agents", "classes")
    )
    value_sets = reading.value_sets(files[VALUE_SETS]) if VALUE_SETS in files else ()
    if SYSTEMS not in files and reading.seen:
        raise PathwayError(
            Problem(
                code="missing-document", message=f"there is no `{SYSTEMS}`",
                help="it names the systems and explains the marks of all codes", where=SYSTEMS,
            )
        )  # fmt: skip
    if reading.problems:
        raise PathwayError(*reading.problems)
    return CodeLists(
        systems=reading.systems, concepts=concepts, medicines=agents, medicine_classes=classes,
        value_sets=value_sets,
    )  # fmt: skip


def verified_only(lists: CodeLists) -> CodeLists:
    """Return *lists* without the codes and value sets that nobody has verified.

    A concept or medicine left without a code is left out. Where an unverified code was an exception to a
    shorter one (`prefix`), the shorter one speaks for it now.
    """

    def kept(codes: tuple[Code, ...]) -> tuple[Code, ...]:
        return tuple(code for code in codes if code.verified)

    def named(table: Mapping[str, tuple[Code, ...]]) -> dict[str, tuple[Code, ...]]:
        return {name: left for name, codes in table.items() if (left := kept(codes))}

    def concepts(found: tuple[Concept, ...]) -> tuple[Concept, ...]:
        return tuple(
            concept.model_copy(update={"codes": left})
            for concept in found
            if (left := kept(concept.codes))
        )

    return CodeLists(
        systems=lists.systems,
        concepts={name: concepts(found) for name, found in lists.concepts.items()},
        medicines=named(lists.medicines),
        medicine_classes=named(lists.medicine_classes),
        value_sets=tuple(each for each in lists.value_sets if each.verified),
    )


class _Reading(CodeCheck):
    """Reads the lists of one pathway; one method a kind of file."""

    def __init__(self, facts: Collection[str]) -> None:
        super().__init__()
        self.facts = facts

    def read_systems(self, text: str) -> None:
        """Learn the marks, then the systems; a system without a known form cannot be checked and is refused."""
        for entry in self.entries(SYSTEMS, text, "marks"):
            if self.has_keys(entry, entry.data, "mark"):
                self.marks[entry.name] = entry.data.get("verified") is True
        for entry in self.entries(SYSTEMS, text, "systems"):
            if not self.has_keys(entry, entry.data, "system"):
                continue
            if entry.name not in FORMATS:
                self.problem(
                    "unknown-system", entry.where(), f"nothing here can check a code of `{entry.name}`",
                    did_you_mean(entry.name, FORMATS, f"systems are {', '.join(sorted(FORMATS))}"),
                )  # fmt: skip
            uri = entry.data.get("uri")
            self.systems[entry.name] = CodeSystem(
                id=entry.name, title=self.text(entry, "title"), uri=None if uri is None else str(uri),
                mark=str(entry.data.get("mark", "")), note=str(entry.data.get("note", "")),
                verified=self.verified(entry, entry.data, "the address", r"\bmark:"),
            )  # fmt: skip

    def concepts(self, file: str, text: str) -> tuple[Concept, ...]:
        found: dict[str, Concept] = {}
        for entry in self.entries(file, text, "entries"):
            self.has_keys(entry, entry.data, "concept")
            if entry.name in found:
                self.problem(
                    "duplicate-id", entry.where(), f"`{entry.name}` stands twice",
                    f"the first is at {found[entry.name].place}",
                )  # fmt: skip
            fact = self.known(entry, entry.data.get("fact"), self.facts)
            found[entry.name] = Concept(
                id=self.text(entry, "id"), title=self.text(entry, "title"), fact=fact,
                codes=self.codes(entry, entry.data.get("codes"), "code", scope=f"fact {fact}"),
                note=str(entry.data.get("note", "")), place=Place(file=file, line=entry.first),
            )  # fmt: skip
        return tuple(found.values())

    def medicines(self, text: str, section: str, content: Any) -> dict[str, tuple[Code, ...]]:
        """Return the codes of every agent (or class) that has any; a group may serve several classes."""
        found: dict[str, tuple[Code, ...]] = {}
        for entry in self.entries(MEDICINES, text, section, content) if content else ():
            scope = "agents" if section == "agents" else f"class {entry.name}"
            codes = tuple(
                code
                for system in ("rxnorm", "atc")
                if isinstance(entry.data, dict) and system in entry.data
                for code in self.codes(entry, entry.data[system], system, scope)
            )
            if codes:
                found[entry.name] = codes
        return found

    def value_sets(self, text: str) -> tuple[ValueSet, ...]:
        found: dict[str, ValueSet] = {}
        for entry in self.entries(VALUE_SETS, text, "value_sets"):
            self.has_keys(entry, entry.data, "set")
            oid = self.text(entry, "oid")
            if not _OID.fullmatch(oid):
                self.problem(
                    "malformed-code", entry.where(r"\boid:"), f"the number of `{entry.name}` is no OID",
                    "an OID is numbers joined by stops",
                )  # fmt: skip
            if entry.name in found or oid in {each.oid for each in found.values()}:
                self.problem(
                    "duplicate-code", entry.where(r"\boid:"), f"`{entry.name}` or its number stands twice",
                    "keep one",
                )  # fmt: skip
            found[entry.name] = ValueSet(
                id=self.text(entry, "id"), title=self.text(entry, "title"), oid=oid,
                mark=str(entry.data.get("mark", "")),
                verified=self.verified(entry, entry.data, "the number", r"\bmark:"),
            )  # fmt: skip
        return tuple(found.values())
