"""The left side of the page: every fact a person can enter, by section, with what has been entered."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from api.page.form import AGED, ASKED_TOGETHER, NOT_KNOWN, UNAVAILABLE, Fields, rows_of
from api.page.rows import OVERRIDES, ROW_LISTS, RowList
from api.page.words import choice
from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Pathway

_BEFORE = {"surgeries": "surgery-and-pain", "trials": "person", "medications": "person"}
"""In front of which section each list stands."""


@dataclass(frozen=True)
class FactField:
    """One fact as a form field."""

    name: str
    title: str
    ask: str
    kind: str
    """`radio` (yes, no, not known, not asked), `select` or `text`."""
    options: tuple[tuple[str, str], ...]
    unit: str
    hint: str
    value: str
    date: str
    source: str
    dated: bool
    """Whether date and source are shown: something is entered."""
    shelf_days: int | None
    needed: bool
    """Whether the answer now waits for it."""

    @property
    def answered(self) -> bool:
        return bool(self.value)


@dataclass(frozen=True)
class FactSectionView:
    """A section of facts with its counts."""

    id: str
    title: str
    fields: tuple[FactField, ...]
    open: bool
    together: bool
    """Whether something in it was answered as a whole section."""

    @property
    def answered(self) -> int:
        return sum(field.answered for field in self.fields)

    @property
    def needed(self) -> int:
        return sum(field.needed for field in self.fields)

    @property
    def deniable(self) -> int:
        """How many unanswered questions can be answered with no."""
        return sum(not f.answered and (f.kind == "radio" or _has_none(f)) for f in self.fields)


@dataclass(frozen=True)
class ListView:
    """A list of rows with what has been entered."""

    list: RowList
    mark: str
    """`none` or `part` where a person or a record has said so."""
    rows: tuple[dict[str, str], ...]
    open: bool
    needed: bool


Part = FactSectionView | ListView


def _has_none(field: FactField) -> bool:
    return any(value == "none" for value, _ in field.options)


def parts_of(
    fields: Fields,
    pathway: Pathway,
    needed: Collection[str],
    blank: str = "",
    opened: Collection[str] = (),
) -> tuple[Part, ...]:
    """Return sections and lists in the order in which they are filled in.

    *needed* are the facts and lists the answer waits for; the first part that holds one is open. *blank* names the
    list to which an empty row is added, *opened* what a person is working in.
    """
    found: list[Part] = []
    is_open = bool(opened)
    for section in pathway.sections:
        for each in ROW_LISTS:
            if _BEFORE.get(each.name) == section.id:
                found.append(_list(fields, each, needed, blank, opened))
        members = tuple(
            field_of(definition, fields, definition.name in needed)
            for definition in pathway.facts.values()
            if definition.section == section.id
        )
        opens = not is_open and any(field.needed for field in members)
        is_open = is_open or opens
        opens = opens or section.id in opened
        together = any(field.source == ASKED_TOGETHER for field in members)
        found.append(FactSectionView(section.id, section.title, members, opens, together))
    found += [
        _list(fields, each, needed, blank, opened) for each in ROW_LISTS if each.name == OVERRIDES
    ]
    return tuple(found)


def _list(
    fields: Fields, each: RowList, needed: Collection[str], blank: str, opened: Collection[str]
) -> ListView:
    rows: list[dict[str, str]] = rows_of(fields, each)
    if each.name == blank:
        rows.append({})
    return ListView(
        list=each,
        mark=fields.get(f"l.{each.name}", ""),
        rows=tuple(rows),
        open=each.name in opened,
        needed=each.name in needed,
    )


def field_of(definition: FactDefinition, fields: Fields, needed: bool) -> FactField:
    """Return one fact as a form field with what *fields* hold for it."""
    name = definition.name
    value = fields.get(f"f.{name}", "").strip()
    date, source = fields.get(f"d.{name}", ""), fields.get(f"s.{name}", "")
    kind, options = _kind(definition, value)
    return FactField(
        name=name,
        title=definition.title,
        ask=definition.ask,
        kind=kind,
        options=tuple(options),
        unit=definition.unit,
        hint=_hint(definition),
        value=value,
        date=date,
        source=source,
        dated=bool(value or date or source),
        shelf_days=definition.shelf_days,
        needed=needed,
    )


def _kind(definition: FactDefinition, value: str) -> tuple[str, Iterable[tuple[str, str]]]:
    rare = {UNAVAILABLE: "cannot be had", AGED: "out of date"}
    unknown = [(NOT_KNOWN, "not known")]
    if value in rare:
        unknown.append((value, rare[value]))
    match definition.kind:
        case FactKind.BOOLEAN:
            return "radio", [("yes", "yes"), ("no", "no"), *unknown, ("", "not asked")]
        case FactKind.CHOICE | FactKind.SIGN:
            words = [(word, choice(word)) for word in definition.choices]
            return "select", [("", "not asked"), *words, *unknown]
        case _:
            return "text", ()


def _hint(definition: FactDefinition) -> str:
    match definition.kind:
        case FactKind.INTEGER | FactKind.DECIMAL:
            return f"{definition.minimum} to {definition.maximum}, or ?"
        case FactKind.DATE:
            return "2025, 2025-11, 2025-11-03, or ?"
        case _:
            return ""


def answerable(pathway: Pathway, fields: Fields, names: Iterable[str]) -> dict[str, FactField]:
    """Return those of *names* that are facts, as form fields to be answered where they are asked."""
    return {
        name: field_of(pathway.facts[name], fields, True) for name in names if name in pathway.facts
    }
