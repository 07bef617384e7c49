"""What two versions of a pathway say differently: every entry that was changed, added or removed, in words.

Every field of a pathway is looked at, whatever it is called: a comparison that knew only some kinds of entry would
report a change of the others as none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel

from rules.leaves import Settings
from rules.network import Network
from rules.words import in_words, plain_number
from schemas.condition import (
    And,
    Compare,
    Is,
    Known,
    Not,
    OneOf,
    Or,
    Ref,
    Within,
    settings_of,
)
from schemas.pathway import Pathway
from schemas.versions import FieldChange, PartChange

KINDS = {
    "rules": "rule", "findings": "finding", "settings": "setting", "statements": "statement",
    "treatments": "treatment", "facts": "fact", "stages": "stage", "signs": "red sign",
    "outcomes": "outcome", "combinations": "combination", "derivations": "derived fact",
    "trial_facts": "fact of a trial", "medicines": "medicine", "medicine_classes": "medicine class",
    "sources": "source", "profiles": "profile", "sections": "section of facts",
}  # fmt: skip
"""Fields of a pathway that hold entries, and what one entry is called."""
HEAD = frozenset(
    {
        "id", "title", "version", "status", "released", "reviewed", "review_due", "reviewer",
        "intended_use", "caveats",
    }
)  # fmt: skip
NAMED_ANYWAY = frozenset({"content_hash"})
_IN_ORDER = ("outcomes", "stages", "treatments", "signs")
"""Where the order of entries has a meaning: the first outcome that holds decides, the others are shown in order."""
_NAMES = {"when": "condition", "adequate": "adequate when", "passed_when": "passed when"}
_CONDITIONS = (And, Or, Not, Ref, Is, Compare, OneOf, Within, Known)


def changed_parts(
    old: Pathway, new: Pathway, old_network: Network, new_network: Network
) -> tuple[PartChange, ...]:
    """Return every entry that differs between *old* and *new*, removed ones included."""
    speak = _Speaker(old), _Speaker(new)
    resting = _Resting(old, old_network), _Resting(new, new_network)
    found: list[PartChange] = []
    head = [
        change
        for name in sorted(HEAD)
        if (change := _field(name, getattr(old, name), getattr(new, name), speak)) is not None
    ]
    if head:
        found.append(PartChange(part="pathway", id=new.id, kind="changed", fields=tuple(head)))
    for name, part in KINDS.items():
        before, after = _entries(getattr(old, name)), _entries(getattr(new, name))
        for key in dict.fromkeys((*before, *after)):
            entry = _entry(part, key, before.get(key), after.get(key), speak)
            if entry is not None:
                readers = dict.fromkeys(rule for each in resting for rule in each.on(part, key))
                found.append(entry.model_copy(update={"read_by": tuple(readers)}))
        if name in _IN_ORDER and before.keys() == after.keys() and list(before) != list(after):
            order = FieldChange(field="order", before="; ".join(before), after="; ".join(after))
            found.append(PartChange(part=part, id="order", kind="changed", fields=(order,)))
    return tuple(found)


def _entries(value: Any) -> dict[str, Any]:
    """Return the entries of a field by name; those of a list are called by their id."""
    if isinstance(value, Mapping):
        return dict(value)
    found: dict[str, Any] = {}
    for item in value:
        name = str(getattr(item, "id", None) or item.outcome)
        while name in found:
            name += " again"
        found[name] = item
    return found


def _entry(
    part: str, id: str, before: Any, after: Any, speak: tuple[_Speaker, _Speaker]
) -> PartChange | None:
    kind: Literal["changed", "added", "removed"] = (
        "added" if before is None else "removed" if after is None else "changed"
    )
    one, other = _fields(before), _fields(after)
    fields = tuple(
        change
        for name in dict.fromkeys((*one, *other))
        if (change := _field(name, one.get(name), other.get(name), speak)) is not None
    )
    if kind == "changed" and not fields:
        return None
    place = getattr(before if after is None else after, "place", "")
    return PartChange(part=part, id=id, kind=kind, place=str(place), fields=fields)


def _fields(item: Any) -> dict[str, Any]:
    """Return the fields of an entry; where it stands in its document is no part of what it says."""
    if item is None:
        return {}
    if isinstance(item, BaseModel):
        return {name: getattr(item, name) for name in type(item).model_fields if name != "place"}
    if isinstance(item, Mapping):
        return dict(item)
    return {"says": item}


def _field(
    name: str, before: Any, after: Any, speak: tuple[_Speaker, _Speaker]
) -> FieldChange | None:
    if before == after:
        return None
    one, other = speak[0].say(before), speak[1].say(after)
    if one == other == "" and (before is None or after is None):
        return None
    if one == other:
        # Two ways to write the same: the difference is in the tree, not in the words.
        other = f"{other} (written differently)".lstrip()
    return FieldChange(field=_NAMES.get(name, name.replace("_", " ")), before=one, after=other)


class _Speaker:
    """Says the values of one version in words, its conditions with its own settings."""

    def __init__(self, pathway: Pathway) -> None:
        # A condition that judges one trial reads facts that no other condition may read.
        facts = {**pathway.trial_facts, **pathway.facts}
        self.pathway = pathway.model_copy(update={"facts": facts})
        self.settings: Settings = {n: s.value for n, s in pathway.settings.items()}

    def say(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, _CONDITIONS):
            return in_words(value, self.pathway, self.settings)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, Decimal):
            return plain_number(value)
        if isinstance(value, BaseModel) and type(value).__str__ is BaseModel.__str__:
            parts = ((name, self.say(each)) for name, each in _fields(value).items())
            return ", ".join(f"{name} {text}" for name, text in parts if text)
        if isinstance(value, tuple | list):
            return "; ".join(map(self.say, value))
        return str(value)


class _Resting:
    """Which rules of one version rest on which settings, facts and findings; worked out once."""

    def __init__(self, pathway: Pathway, network: Network) -> None:
        self._of: dict[tuple[str, str], list[str]] = {}
        settings = {node.name: settings_of(node.condition) for node in network.nodes}
        for rule in pathway.rules:
            upstream = network.upstream([f"rule:{rule}"])
            self._add("finding", upstream, rule)
            self._add("fact", network.facts(upstream), rule)
            self._add("setting", {each for name in upstream for each in settings[name]}, rule)
        for row in pathway.outcomes:
            self._add("setting", settings_of(row.when), f"outcome {row.outcome}")
        for treatment in pathway.treatments.values():
            if treatment.adequate is not None:
                judged = f"adequate trial of {treatment.id}"
                self._add("setting", settings_of(treatment.adequate), judged)

    def _add(self, part: str, names: Iterable[str], reader: str) -> None:
        for name in names:
            self._of.setdefault((part, name), []).append(reader)

    def on(self, part: str, id: str) -> list[str]:
        return self._of.get(("fact" if part == "derived fact" else part, id), [])
