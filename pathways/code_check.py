"""Checking codes one by one: system, form, check digit, mark, and that each stands for one thing only."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from pathways.code_formats import FORMATS
from pathways.entries import Entry, entries
from pathways.vocabulary import did_you_mean
from pathways.yaml_text import read_yaml
from schemas.codes import Code, CodeSystem
from schemas.errors import PathwayError, Problem

SYSTEMS = "codes/systems.yaml"
KEYS: dict[str, set[str]] = {
    "system": {"title", "uri", "mark", "note"},
    "mark": {"means", "verified"},
    "concept": {"id", "title", "fact", "codes", "note"},
    "set": {"id", "title", "oid", "mark"},
    "code": {"system", "code", "mark", "prefix"},
    "rxnorm": {"code", "mark", "level"},
    "atc": {"code", "mark", "prefix"},
}


class CodeCheck:
    """Knows the systems and marks of one pathway and the codes met so far; problems are collected."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.systems: dict[str, CodeSystem] = {}
        self.marks: dict[str, bool] = {}
        self.seen: dict[tuple[str, str, str], str] = {}
        """Where a code was first met, by what it stands for, its system and itself."""

    def problem(self, code: str, where: str, message: str, help: str) -> None:
        self.problems.append(Problem(code=code, message=message, help=help, where=where))

    def entries(self, file: str, text: str, section: str, content: Any = None) -> list[Entry]:
        """Return the entries of one section; a file of another shape is a problem and has none.

        *content* is the file as read; without it *text* is read here.
        """
        try:
            content = read_yaml(text, file) if content is None else content
            return list(entries(file, text, section, content))
        except PathwayError as error:
            self.problems.extend(error.problems)
        except (KeyError, TypeError, AttributeError, ValueError):
            self.problem(
                "wrong-shape", f"{file}:1", f"`{section}` is not of the expected shape",
                "compare it with the fbss pathway",
            )  # fmt: skip
        return []

    def has_keys(self, entry: Entry, data: Any, kind: str) -> bool:
        """Tell whether *data* can be read at all; a key nobody knows is a problem."""
        if not isinstance(data, dict):
            self.problem(
                "wrong-shape", entry.where(), f"`{entry.name}` has a part without keys",
                f"keys are {', '.join(sorted(KEYS[kind]))}",
            )  # fmt: skip
            return False
        for key in data.keys() - KEYS[kind]:
            self.problem(
                "unknown-key", entry.where(rf"\b{re.escape(key)}['\"]?:"),
                f"`{entry.name}` has the unknown key `{key}`",
                did_you_mean(key, KEYS[kind], f"keys are {', '.join(sorted(KEYS[kind]))}"),
            )  # fmt: skip
        return True

    def text(self, entry: Entry, key: str) -> str:
        """Return the text under *key*, which must be there."""
        value = entry.data.get(key)
        if isinstance(value, str) and value:
            return value
        self.problem(
            "wrong-value", entry.where(rf"\b{key}:"), f"`{entry.name}` needs a text as `{key}`",
            "write it in quotation marks",
        )  # fmt: skip
        return ""

    def known(self, entry: Entry, fact: Any, facts: Collection[str]) -> str | None:
        """Return the *fact* that follows from a concept, or None when none does."""
        if fact is None:
            return None
        if fact not in facts:
            self.problem(
                "unknown-fact", entry.where(r"\bfact:"), f"`{entry.name}` gives the unknown fact `{fact}`",
                did_you_mean(str(fact), facts, "facts are listed in facts.yaml"),
            )  # fmt: skip
        return str(fact)

    def verified(self, entry: Entry, data: dict[str, Any], what: str, pattern: str) -> bool:
        """Tell whether every part of the mark of *data* counts as verified; it must have a known one.

        A mark with a stroke names all the marks of its row, and which of them is the weakest is not said.
        """
        mark = data.get("mark")
        if not mark:
            self.problem(
                "unmarked-code", entry.where(pattern), f"{what} of `{entry.name}` has no mark",
                f"add `mark`: how it was verified; marks stand in {SYSTEMS}",
            )  # fmt: skip
            return False
        parts = str(mark).split("/")
        for part in parts:
            if part not in self.marks:
                self.problem(
                    "unknown-mark", entry.where(pattern), f"{what} of `{entry.name}` has the unknown mark `{part}`",
                    did_you_mean(part, self.marks, f"marks stand in {SYSTEMS}"),
                )  # fmt: skip
        return all(self.marks.get(part, False) for part in parts)

    def codes(self, entry: Entry, data: Any, kind: str, scope: str) -> tuple[Code, ...]:
        """Return the codes of *data*; *scope* is what a code may stand for only once."""
        if not isinstance(data, list) or not data:
            self.problem(
                "wrong-shape", entry.where(), f"`{entry.name}` has no list of codes", "add one"
            )
            return ()
        found = [self.code(entry, each, kind, scope) for each in data]
        return tuple(code for code in found if code is not None)

    def code(self, entry: Entry, data: Any, kind: str, scope: str) -> Code | None:
        """Return one code, or None when something is wrong with it."""
        before = len(self.problems)
        if not self.has_keys(entry, data, kind):
            return None
        system = str(data.get("system", "")) if kind == "code" else kind
        text, prefix = data.get("code"), data.get("prefix", False)
        level = data.get("level", "ingredient") if kind == "rxnorm" else None
        here = rf"\bcode: *['\"]?{re.escape(str(text))}['\"]?\s*(?:[,}}]|$)"
        if system not in self.systems:
            self.problem(
                "unknown-system", entry.where(here), f"`{entry.name}` has a code of the unknown system `{system}`",
                did_you_mean(system, self.systems, f"systems stand in {SYSTEMS}"),
            )  # fmt: skip
        elif system in FORMATS:
            self.form(entry, system, text, prefix, here)
        verified = self.verified(entry, data, f"the code `{text}`", here)
        if level not in (None, "ingredient", "product") or not isinstance(prefix, bool):
            self.problem(
                "wrong-value", entry.where(here), f"`{text}` of `{entry.name}` has a wrong `level` or `prefix`",
                "`level` is ingredient or product, `prefix` is true or left out",
            )  # fmt: skip
        key = (scope, system, str(text))
        if key in self.seen:
            self.problem(
                "duplicate-code", entry.where(here), f"the code `{text}` of `{entry.name}` stands twice",
                f"the first is in {self.seen[key]}; keep one",
            )  # fmt: skip
        self.seen.setdefault(key, f"`{entry.name}` at {entry.where()}")
        if len(self.problems) > before:
            return None
        return Code(
            system=system, code=str(text), mark=str(data["mark"]), verified=verified,
            prefix=prefix, level=level,
        )  # fmt: skip

    def form(self, entry: Entry, system: str, text: Any, prefix: Any, here: str) -> None:
        """Check that *text* looks like a code of *system*, or like the beginning of some."""
        format, title = FORMATS[system], self.systems[system].title
        if prefix and format.group is None:
            self.problem(
                "stray-prefix", entry.where(here), f"beginnings of codes mean nothing in {title}",
                "list the codes one by one, or name a value set",
            )  # fmt: skip
        form = format.group if prefix and format.group else format.exact
        if not isinstance(text, str) or not form.fullmatch(text):
            self.problem(
                "malformed-code", entry.where(here), f"`{text}` of `{entry.name}` is no code of {title}",
                f"it has {format.says}" if isinstance(text, str) else "write the code in quotation marks",
            )  # fmt: skip
        elif format.holds is not None and not format.holds(text):
            self.problem(
                "wrong-check-digit", entry.where(here), f"the check digit of `{text}` of `{entry.name}` is wrong",
                "compare the code with its source: a digit is mistyped or exchanged",
            )  # fmt: skip
