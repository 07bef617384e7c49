"""Faults put into the real documents one at a time, and where each must be reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from api.library import pathway_files
from pathways.loader import load_pathway
from schemas.errors import PathwayError, Problem


def documents() -> dict[str, str]:
    """Return the documents of the pathway as they are loaded: without its invented patients."""
    files = pathway_files("fbss")
    return {name: text for name, text in files.items() if not name.startswith("vignettes/")}


@dataclass(frozen=True)
class Fault:
    """A change of one document: from the line that begins with *at* on, the first *old* becomes *new*.

    Without *old*, *new* is put at the end of the document. The fault is reported on the line that begins
    with *at*, or with *told* where another line is to blame.
    """

    file: str
    at: str
    old: str
    new: str
    code: str
    says: str = ""
    """What the message must contain."""
    told: str = ""

    def seed(self, files: Mapping[str, str]) -> dict[str, str]:
        """Return *files* with the fault; fail when the document no longer has the place for it."""
        text = files[self.file]
        if not self.old:
            return {**files, self.file: text.rstrip("\n") + "\n\n" + self.new}
        start = text.index(line_beginning(text, self.at))
        place = text.index(self.old, start)
        return {**files, self.file: text[:place] + self.new + text[place + len(self.old) :]}

    def where(self, files: Mapping[str, str]) -> str:
        """Return file and line of the fault in the seeded *files*."""
        text = files[self.file]
        line = line_beginning(text, self.told or self.at)
        return f"{self.file}:{text.splitlines().index(line) + 1}"


def line_beginning(text: str, words: str) -> str:
    """Return the one line of *text* that is *words*, or else the one that begins with them."""
    lines = text.splitlines()
    found = [line for line in lines if line == words] or [
        line for line in lines if line.startswith(words)
    ]
    assert len(found) == 1, (words, found)
    return found[0]


def case(id: str, *fields: str, **more: str) -> object:
    """Return a fault as a case of a test, called by *id*."""
    return pytest.param(Fault(*fields, **more), id=id)


def told(problems: tuple[Problem, ...] | list[Problem]) -> set[tuple[str, str]]:
    """Return code and place of every problem."""
    return {(problem.code, problem.where) for problem in problems}


def all_told(error: PathwayError, fault: Fault, files: Mapping[str, str]) -> None:
    """Check that *fault* was told with its code, its place and a way out, and nothing else was blamed."""
    where = fault.where(files)
    assert (fault.code, where) in told(error.problems), told(error.problems)
    assert {problem.where for problem in error.problems} == {where}
    (first,) = [p for p in error.problems if p.code == fault.code][:1]
    assert fault.says in first.message
    assert first.help


def refusal(files: dict[str, str]) -> PathwayError:
    with pytest.raises(PathwayError) as caught:
        load_pathway(files)
    return caught.value


def block(kind: str, id: str, **fields: str) -> str:
    """Return a fenced block of a document; `_` in a key stands for a hyphen."""
    lines = (f"{key.replace('_', '-')}: {text}" for key, text in fields.items())
    return "\n".join((f"```{kind} {id}", *lines, "```\n"))


def rule(id: str = "seeded", **fields: str) -> str:
    whole = {"effect": "advise", "when": "smoker", "says": "seeded", "source": "C"} | fields
    return block("rule", id, **{key: text for key, text in whole.items() if text})
