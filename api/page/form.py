"""The form and the input object: what a person entered on the page, as the product reads it, and back again.

Names: `f.FACT` a value, `d.FACT` and `s.FACT` its date and source, `q.FACT` an answer given among the questions,
`l.LIST` whether a list is none or may lack something, `t.0.weeks` a column of a row, `n.0.why` what an upstream reader
could not use, `r.TREATMENT` and `w.TREATMENT` what the clinician answered to a suggestion. Left empty: not asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from api.page.rows import LIST_OF, ROW_LISTS, Column, RowList
from schemas.errors import InputError, Problem
from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Pathway

Fields = Mapping[str, str]

NOT_KNOWN, UNAVAILABLE, AGED = "?", "!", "~"
WHY = {NOT_KNOWN: "asked-but-unknown", UNAVAILABLE: "unavailable", AGED: "stale"}
_SIGN_OF = {why: sign for sign, why in WHY.items()}
MOST_FIELDS = 5_000
MOST_BYTES = 2 * 1024 * 1024
ASKED_TOGETHER = "answered together for the whole section"

_NUMBER = re.compile(r"[+\-\u2212]?[0-9]{1,12}(?:[.,][0-9]{1,6})?")
_ROW = re.compile(r"([a-z])\.([0-9]{1,4})\.([a-z_]{1,40})")


def parse_form(data: bytes) -> dict[str, str]:
    """Return the fields of an urlencoded body; of a name that stands twice, the last counts.

    Raises InputError for text that is not UTF-8 and for more than 5,000 fields.
    """
    try:
        pairs = parse_qsl(
            data.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except (UnicodeDecodeError, ValueError):
        raise InputError(
            Problem(
                code="not-a-form",
                message="what was sent is not a form of this page",
                help="go back and send the page's own form",
                where="form",
            )
        ) from None
    return dict(pairs)


def settled(fields: Fields) -> dict[str, str]:
    """Return *fields* with answers given among the questions moved to their facts."""
    found = {name: text for name, text in fields.items() if not name.startswith("q.")}
    for name, text in fields.items():
        if name.startswith("q.") and text.strip():
            found[f"f.{name[2:]}"] = text
    return found


def input_of(fields: Fields, pathway: Pathway) -> dict[str, Any]:
    """Return the input object that *fields* describe; what cannot be read stays text, for the checker to refuse.

    Raises InputError when a list is marked as empty and has rows.
    """
    facts = {
        name: entry
        for name, definition in pathway.facts.items()
        if (entry := _entry(fields, definition)) is not None
    }
    data: dict[str, Any] = {"facts": facts}
    for each in ROW_LISTS:
        rows = [_row(each, row) for row in rows_of(fields, each)]
        if rows and fields.get(f"l.{each.name}") == "none":
            raise InputError(
                Problem(
                    code="contradiction",
                    message=f"{each.title.lower()}: marked as none, and rows are entered",
                    help="remove the rows, or take the mark away",
                    where=each.name,
                )
            )
        if rows or (fields.get(f"l.{each.name}") == "none" and each.none):
            data[each.name] = rows
        if rows and fields.get(f"l.{each.name}") == "part":
            data.setdefault("incomplete", []).append(each.name)
    left = [
        {"where": row.get("where", ""), "why": row.get("why", "")} for row in _numbered(fields, "n")
    ]
    if left:
        data["not_used"] = left
    for name in ("on", "settings"):
        if fields.get(name, "").strip():
            data[name] = fields[name].strip()
    return data


def fields_of(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields that describe *data*, an input object that has been checked."""
    fields: dict[str, str] = {}
    for name, raw in data.get("facts", {}).items():
        entry = raw if isinstance(raw, Mapping) else {"value": raw}
        value = entry.get("value")
        fields[f"f.{name}"] = (
            _text(value) if value is not None else _SIGN_OF.get(str(entry.get("unknown")), "")
        )
        for key, part in (("d", "date"), ("s", "source")):
            if entry.get(part) is not None:
                fields[f"{key}.{name}"] = _text(entry[part])
    for each in ROW_LISTS:
        rows = data.get(each.name)
        if rows is None:
            continue
        may_lack = each.name in data.get("incomplete", ())
        fields[f"l.{each.name}"] = "part" if may_lack else "" if rows else "none"
        for at, row in enumerate(rows):
            for key, value in row.items():
                if value is not None:
                    fields[f"{each.prefix}.{at}.{key}"] = _text(value)
    for at, item in enumerate(data.get("not_used", ())):
        fields |= {f"n.{at}.where": item["where"], f"n.{at}.why": item["why"]}
    for name in ("on", "settings"):
        if data.get(name):
            fields[name] = str(data[name])
    return fields


def field_named(where: str) -> str:
    """Return the id of the field that an error's *where* is about; nothing for what has no field.

    >>> field_named("trials[2].weeks"), field_named("facts.age.date"), field_named("on")
    ('t.2.weeks', 'f.age', 'on')
    """
    if where in ("on", "settings"):
        return where
    if where.startswith("facts."):
        return f"f.{where.split('.')[1]}"
    found = re.fullmatch(r"([a-z]+)\[([0-9]+)\]\.([a-z_]+)", where)
    if found and found[1] in LIST_OF:
        return f"{LIST_OF[found[1]].prefix}.{found[2]}.{found[3]}"
    return f"part.{where}" if where in LIST_OF else ""


def rows_of(fields: Fields, each: RowList) -> list[dict[str, str]]:
    """Return the rows of one list in order, blank ones left out."""
    return [row for row in _numbered(fields, each.prefix) if any(t.strip() for t in row.values())]


def denied(fields: Fields, pathway: Pathway, section: str) -> dict[str, str]:
    """Return *fields* with every unanswered yes/no, sign and choice of *section* answered no or none.

    A person does this after asking them all; each such answer carries that as its source. Measurements stay open.
    """
    found = dict(fields)
    for fact in pathway.facts.values():
        if fact.section != section or fields.get(f"f.{fact.name}", ""):
            continue
        if (no := no_of(fact)) is not None:
            found[f"f.{fact.name}"] = no
            found[f"s.{fact.name}"] = ASKED_TOGETHER
    return found


def undenied(fields: Fields, pathway: Pathway, section: str) -> dict[str, str]:
    """Return *fields* without what `denied` has answered in *section*."""
    gone = {
        name
        for name, fact in pathway.facts.items()
        if fact.section == section and fields.get(f"s.{name}") == ASKED_TOGETHER
    }
    return {
        key: text
        for key, text in fields.items()
        if key.partition(".")[0] not in ("f", "d", "s") or key.partition(".")[2] not in gone
    }


def no_of(fact: FactDefinition) -> str | None:
    """Return how *fact* is answered with no; None for what cannot be."""
    if fact.kind is FactKind.BOOLEAN:
        return "no"
    return "none" if "none" in fact.choices else None


def without_row(fields: Fields, list_name: str, at: int) -> dict[str, str]:
    """Return *fields* with row *at* of a list left out and the rest counted anew."""
    each = LIST_OF[list_name]
    rows = rows_of(fields, each)
    found = {key: text for key, text in fields.items() if not _is_row(key, each.prefix)}
    for number, row in enumerate(row for place, row in enumerate(rows) if place != at):
        found |= {f"{each.prefix}.{number}.{key}": text for key, text in row.items()}
    return found


def _entry(fields: Fields, definition: FactDefinition) -> dict[str, Any] | None:
    name = definition.name
    text = fields.get(f"f.{name}", "").strip()
    entry: dict[str, Any] = {}
    if text in WHY:
        entry["unknown"] = WHY[text]
    elif text:
        entry["value"] = _value(definition, text)
    else:
        return None
    for key, part in (("d", "date"), ("s", "source")):
        if given := fields.get(f"{key}.{name}", "").strip():
            entry[part] = given
    return entry


def _value(definition: FactDefinition, text: str) -> Any:
    match definition.kind:
        case FactKind.BOOLEAN:
            return {"yes": True, "no": False}.get(text, text)
        case FactKind.INTEGER | FactKind.DECIMAL:
            return _number(text)
        case _:
            return text


def _number(text: str) -> int | Decimal | str:
    """Read a number as people write it: a comma or a point, a hyphen or a minus sign."""
    if not _NUMBER.fullmatch(text):
        return text
    plain = text.replace(",", ".").replace("\u2212", "-")
    return Decimal(plain) if "." in plain else int(plain)


def _row(each: RowList, row: Mapping[str, str]) -> dict[str, Any]:
    columns = {column.name: column for column in each.columns}
    return {
        key: _cell(columns[key], text.strip())
        for key, text in row.items()
        if text.strip() and key in columns
    }


def _cell(column: Column, text: str) -> Any:
    match column.kind:
        case "yes-no":
            return {"yes": True, "no": False}.get(text, text)
        case "number":
            return _number(text)
        case _:
            return text


def _is_row(key: str, prefix: str) -> bool:
    found = _ROW.fullmatch(key)
    return found is not None and found[1] == prefix


def _numbered(fields: Fields, prefix: str) -> Iterable[dict[str, str]]:
    rows: dict[int, dict[str, str]] = {}
    for key, text in fields.items():
        found = _ROW.fullmatch(key)
        if found and found[1] == prefix:
            rows.setdefault(int(found[2]), {})[found[3]] = text
    return [rows[at] for at in sorted(rows)]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
