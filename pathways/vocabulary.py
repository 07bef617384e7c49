"""The names a condition may use, and what kind of thing each of them is."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Derivation, Medicine

OUTCOMES = (
    "none",
    "running",
    "inadequate",
    "failed",
    "worse",
    "intolerant",
    "partial",
    "responder",
    "worn-off",
)
"""How the trials of one treatment can have been judged, all of them together."""

GENERATED = ("blocked", "indicated", "exhausted", "done", "passed", "red")
"""Conclusions the network makes for every treatment, stage or urgency."""

LISTS = {"taking": "medications", "tried": "trials", "justified": "overrides", "early": "overrides"}


def snake(word: str) -> str:
    return word.replace("-", "_")


@dataclass
class Vocabulary:
    """All names of one pathway; derived facts such as `taking(opioid)` are added as conditions ask for them."""

    facts: dict[str, FactDefinition]
    derivations: dict[str, Derivation]
    settings: set[str]
    findings: set[str]
    treatments: set[str]
    stages: set[str]
    medicines: dict[str, Medicine]
    classes: dict[str, str]
    own_only: bool = False
    """True for the conditions that judge one trial: its own facts and settings only."""
    used: set[str] = field(default_factory=set)

    @classmethod
    def of_one_trial(cls, facts: dict[str, FactDefinition], settings: set[str]) -> Vocabulary:
        """Return the names that a condition on one trial may use: its own fields and settings."""
        return cls(facts, {}, settings, set(), set(), set(), {}, {}, own_only=True)

    def fact(self, name: str) -> FactDefinition | None:
        definition = self.facts.get(name)
        if definition is None and name in self.derivations:
            definition = self.derivations[name].fact
        if definition is not None:
            self.used.add(name)
        return definition

    def derived(self, verb: str, word: str) -> FactDefinition | None:
        """Return the fact behind `verb(word)`, adding it when it is new; None when *word* means nothing here."""
        name = f"{verb}_{snake(word)}"
        known = self.fact(name)
        if known is not None:
            return known
        if verb == "taking":
            if word not in self.classes and word not in self.medicines:
                return None
            title = self.classes.get(word) or self.medicines[word].title
            derivation = Derivation(
                fact=_boolean(name, f"Taking: {title}", "medications"), rule="taking", of=(word,)
            )
        elif verb == "tried" and word in self.treatments:
            derivation = Derivation(
                fact=FactDefinition(
                    name=name,
                    kind=FactKind.CHOICE,
                    section="derived",
                    title=f"Tried: {word}",
                    ask="",
                    words=OUTCOMES,
                    from_list="trials",
                    stated=False,
                ),
                rule="tried",
                of=(word,),
            )
        elif verb in ("justified", "early") and word in self.treatments:
            title = "Override recorded" if verb == "justified" else "Early step recorded"
            derivation = Derivation(
                fact=_boolean(name, f"{title}: {word}", "overrides"),
                rule="justified" if verb == "justified" else "early",
                of=(word,),
            )
        else:
            return None
        self.derivations[name] = derivation
        self.used.add(name)
        return derivation.fact

    def names(self) -> Iterable[str]:
        return {*self.facts, *self.derivations, *self.settings, *self.findings}


def _boolean(name: str, title: str, source: str) -> FactDefinition:
    return FactDefinition(
        name=name,
        kind=FactKind.BOOLEAN,
        section="derived",
        title=title,
        ask="",
        from_list=source,  # type: ignore[arg-type]
        stated=False,
    )


_NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?")


def did_you_mean(word: str, choices: Iterable[str], otherwise: str) -> str:
    """Return a help line naming the nearest of *choices*, or *otherwise*."""
    others = [choice for choice in choices if choice != word]
    near = difflib.get_close_matches(word, others, n=1)
    return f"did you mean `{near[0]}`?" if near else otherwise


def number(text: str) -> Decimal | None:
    """Read a plain number, or return None."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None
