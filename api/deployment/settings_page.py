"""The settings of the service as a page, read off the models that hold them: nothing is listed by hand."""

from __future__ import annotations

import ast
import inspect
import secrets
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from api.settings import ServiceSettings, read_settings

PREFIX = "STEPPEDCARE_"
NAMED_OTHERWISE = {
    "STEPPEDCARE_KEYS": ("AccessSettings", "keys_file"),
    "STEPPEDCARE_LOG_KEY": ("RecordSettings", "key"),
    "STEPPEDCARE_LOG_KEY_FILE": ("RecordSettings", "key"),
}
"""Variables that are not called after the field they fill."""
NOT_SET_BY_A_SITE = {("AccessSettings", "everywhere"), ("RecordSettings", "wait_seconds")}
"""Fields that no variable and no member of a file fills."""
_SAID_HERE = {
    ("RunningSettings", "log_level"): "How grave a line must be to stand in the log.",
    ("Issuer", "iss"): "The issuer, as it stands in its tokens.",
    ("Issuer", "algorithms"): "With which its tokens may be signed.",
    ("Client", "iss"): "The issuer, as it stands in its tokens.",
    ("Client", "algorithms"): "With which its tokens may be signed.",
    (
        "CdsHooksSettings",
        "most_cards",
    ): "Cards in one answer; the rest is folded into the last one.",
}
"""Meanings of fields that have none where they are written."""
_ADDED = {
    "STEPPEDCARE_LOG_KEY": "The key itself; a file is better.",
    "STEPPEDCARE_LOG_KEY_FILE": "Path of a file that only its owner may read.",
}


@dataclass(frozen=True)
class Entry:
    """One setting: what it is called, what it may be, what it is unless it is set, and what it means."""

    name: str
    kind: str
    usual: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """Settings that are set in one place."""

    title: str
    entries: tuple[Entry, ...]


class _Asked(Mapping[str, str]):
    """An environment that notes what it is asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values_, self.names = dict(values), set[str]()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self.values_[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


def variables() -> frozenset[str]:
    """Return every variable the service asks its environment for."""
    found: set[str] = set()
    for given in (
        {},
        {"STEPPEDCARE_RECORD": "full", "STEPPEDCARE_LOG_KEY": secrets.token_urlsafe(48)},
    ):
        asked = _Asked(given)
        read_settings(asked)
        found |= {name for name in asked.names if name.startswith(PREFIX)}
    return frozenset(found)


def tables() -> tuple[Table, ...]:
    """Return all settings: first the variables, then the members of each file that a variable names.

    Raises LookupError for a variable that no field explains, or more than one.
    """
    asked = variables()
    entries: list[Entry] = []
    files: list[Table] = []
    for model, name, field in _fields(ServiceSettings):
        variable = PREFIX + name.upper()
        inner = _model_in(field)
        if inner is None:
            called = {variable, *_other_names(model, name)} & asked
            entries += [_entry(each, model, name, field) for each in sorted(called)]
        elif variable in asked:
            file = f"Path of a JSON file; see {inner.__name__} below. {_meaning(model, name)}"
            entries.append(Entry(variable, "path", "none", file.strip()))
            files += _members(inner, f"{inner.__name__}: members of the file of {variable}")
    named = [entry.name for entry in entries]
    if wrong := {name for name in asked if named.count(name) != 1}:
        raise LookupError(f"not one field says what these are: {', '.join(sorted(wrong))}")
    return (Table("Variables", tuple(sorted(entries, key=lambda each: each.name))), *files)


def _fields(model: type[BaseModel]) -> Iterator[tuple[type[BaseModel], str, FieldInfo]]:
    """Yield each field of *model* and of the models it holds."""
    for name, field in model.model_fields.items():
        if (model.__name__, name) in NOT_SET_BY_A_SITE:
            continue
        yield model, name, field
        if inner := _model_in(field):
            yield from _fields(inner)


def _model_in(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _other_names(model: type[BaseModel], name: str) -> set[str]:
    return {
        variable for variable, filled in NAMED_OTHERWISE.items() if filled == (model.__name__, name)
    }


def _members(model: type[BaseModel], title: str) -> list[Table]:
    """Return the table of *model*, and those of the models its lists hold."""
    filled = {field for owner, field in NAMED_OTHERWISE.values() if owner == model.__name__}
    rows = [
        _entry(name, model, name, field)
        for name, field in model.model_fields.items()
        if name not in filled and (model.__name__, name) not in NOT_SET_BY_A_SITE
    ]
    found = [Table(title, tuple(rows))]
    for name, field in model.model_fields.items():
        for part in get_args(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                found += _members(part, f"{part.__name__}: each of `{name}`")
    return found


def _entry(name: str, model: type[BaseModel], field_name: str, field: FieldInfo) -> Entry:
    schema = _schema(model)
    own = schema["properties"][field_name]
    usual = (
        "required" if field.is_required() else _plain(field.get_default(call_default_factory=True))
    )
    meaning = f"{_ADDED.get(name, '')} {_meaning(model, field_name)}".strip()
    in_file = not name.startswith(PREFIX)
    kind = _kind(own, schema.get("$defs", {}), in_file)
    return Entry(name, kind, usual, meaning)


def _kind(schema: Mapping[str, Any], shared: Mapping[str, Any], in_file: bool) -> str:
    """Put the type of a setting, and its limits, into words."""
    if "$ref" in schema:
        schema = shared[schema["$ref"].rpartition("/")[2]] | {
            k: v for k, v in schema.items() if k != "$ref"
        }
    if options := schema.get("anyOf"):
        return " or ".join(
            _kind(each, shared, in_file) for each in options if each.get("type") != "null"
        )
    if words := schema.get("enum"):
        return ", ".join(f"`{word}`" for word in words)
    match schema.get("type"):
        case "array":
            return "list" if in_file else "list, separated by commas"
        case "boolean":
            return "`true` or `false`"
        case "integer" | "number" as kind:
            return " ".join(["whole number" if kind == "integer" else "number", *_limits(schema)])
        case "object":
            return "object"
        case _:
            return "text"


def _limits(schema: Mapping[str, Any]) -> list[str]:
    words = {
        "minimum": "from",
        "exclusiveMinimum": "above",
        "maximum": "to",
        "exclusiveMaximum": "below",
    }
    return [f"{word} {schema[key]:g}" for key, word in words.items() if key in schema]


def _plain(value: Any) -> str:
    match value:
        case None | () | {} | "":
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case tuple():
            return ", ".join(f"`{each}`" for each in value)
        case _:
            return f"`{value}`"


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(mode="validation")


@cache
def _body(model: type[BaseModel]) -> ast.ClassDef:
    """Return how *model* is written."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(body, ast.ClassDef)
    return body


def _meaning(model: type[BaseModel], field: str) -> str:
    """Return the text that stands under a field where its model is written."""
    body = _body(model)
    for line, following in zip(body.body, [*body.body[1:], None], strict=True):
        if (
            isinstance(line, ast.AnnAssign)
            and isinstance(line.target, ast.Name)
            and line.target.id == field
        ):
            match following:
                case ast.Expr(value=ast.Constant(value=str() as text)):
                    return " ".join(text.split())
    return _SAID_HERE.get((model.__name__, field), "")


def settings_page() -> str:
    """Return the reference as Markdown."""
    parts = [
        "# Settings",
        "",
        "Written by `steppedcare settings --markdown`; not edited by hand. `steppedcare settings --check` tells "
        "whether the service would start with the environment it is called in.",
    ]
    for table in tables():
        parts += [
            "",
            f"## {table.title}",
            "",
            "| name | type | unless set | what |",
            "|---|---|---|---|",
        ]
        parts += [
            f"| `{each.name}` | {_cell(each.kind)} | {_cell(each.usual)} | {_cell(each.meaning)} |"
            for each in table.entries
        ]
    return "\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def settings_text() -> list[str]:
    """Return the reference as lines for a terminal."""
    lines: list[str] = []
    for table in tables():
        lines += ["", table.title] if lines else [table.title]
        for each in table.entries:
            lines.append(f"  {each.name}  ({each.kind}; unless set: {each.usual})".replace("`", ""))
            if each.meaning:
                lines += textwrap.wrap(
                    each.meaning, 110, initial_indent="      ", subsequent_indent="      "
                )
    return lines
