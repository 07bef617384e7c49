"""Invented patients as data files, unfolded into the input a client would send."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from pathways.dictionary import Reader
from pathways.yaml_text import read_yaml
from schemas.errors import PathwayError
from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Pathway
from schemas.vignette import Expectation, Look, Vignette

_INPUT = ("facts", "trials", "medications", "surgeries", "overrides", "on", "settings")
_TOLD = ("told", "asks", "point")
_TAUGHT = ("difficulty", "goals", "aims", "minutes", "sources")
_KEYS = {"id", "title", "origin", "teaches", "denies", "expect", "then", "visits", "notes"}
_KEYS |= {*_INPUT, *_TOLD, *_TAUGHT}
_DATES = ("on", "date", "started", "ended", "stopped", "when")
_LOOK_KEYS = {"name", "expect", "denies", *_INPUT, *_TOLD}


def load_vignettes(files: Mapping[str, str], pathway: Pathway) -> tuple[Vignette, ...]:
    """Load every file of *files* (name and text) as a vignette of *pathway*, in order of their ids.

    Raises PathwayError with file and line for an unknown key, section or shape.
    """
    found = [_vignette(files[name], name, pathway) for name in sorted(files)]
    return tuple(sorted(found, key=lambda vignette: vignette.id))


def _vignette(text: str, file: str, pathway: Pathway) -> Vignette:
    reader = Reader(file, text)
    data = read_yaml(text, file)
    try:
        return _read(data, pathway, reader)
    except KeyError as error:
        reader.problem("id", "wrong-shape", "the vignette lacks a part", "see pathways/README.md")
        raise PathwayError(*reader.problems) from error
    except (TypeError, AttributeError, ValueError) as error:
        reader.problem(
            "", "wrong-shape", "the vignette is not of the expected shape", "compare v07.yaml"
        )
        raise PathwayError(*reader.problems) from error


def _read(data: Any, pathway: Pathway, reader: Reader) -> Vignette:
    reader.keys("vignette", data, _KEYS)
    case = {name: data[name] for name in _INPUT if name in data}
    case["facts"] = _denied(data.get("denies", ()), pathway, reader) | dict(data.get("facts", {}))
    looks = [_look("as told", case, data, reader)]
    follows = "visits" if "visits" in data else "then"
    for further in data.get(follows, ()):
        reader.keys(follows, further, _LOOK_KEYS)
        changed = case | {name: further[name] for name in _INPUT if name in further}
        changed["facts"] = (
            case["facts"]
            | _denied(further.get("denies", ()), pathway, reader)
            | dict(further.get("facts", {}))
        )
        looks.append(_look(str(further.get("name")), changed, further, reader))
        if follows == "visits":  # a visit goes on from the one before, a look from the case as told
            case = changed
    reader.done()
    return Vignette(
        id=data["id"], title=data["title"], origin=str(data["origin"]),
        teaches=str(data["teaches"]), notes=tuple(map(str, data.get("notes", ()))),
        looks=tuple(looks), visits=follows == "visits",
        **{name: data[name] for name in _TAUGHT if name in data},
    )  # fmt: skip


def _look(name: str, case: dict[str, Any], data: dict[str, Any], reader: Reader) -> Look:
    expected = dict(data.get("expect", {}))
    for key in ("verdicts", "warns"):
        expected[key] = {
            treatment: [value] if isinstance(value, str) else value
            for treatment, value in expected.get(key, {}).items()
        }
    try:
        expectation = Expectation.model_validate(expected)
    except ValidationError as error:
        part = ".".join(str(piece) for piece in error.errors()[0]["loc"])
        last = part.split(".")[-1]
        reader.problem(
            last if not last.isdigit() else "expect", "wrong-shape",
            f"`expect` has a wrong `{part}`", "see schemas/vignette.py",
        )  # fmt: skip
        expectation = Expectation()
    told = {key: data[key] for key in _TOLD if key in data}
    return Look(name=name, input=_plain(case), expect=expectation, **told)


def _denied(sections: Any, pathway: Pathway, reader: Reader) -> dict[str, Any]:
    """Return every yes/no fact of *sections* as no, every sign and choice that has the word as none."""
    known = {section.id for section in pathway.sections}
    facts: dict[str, Any] = {}
    for section in sections:
        if section not in known:
            reader.problem(
                "denies", "unknown-section", f"there is no section `{section}`",
                f"sections are {', '.join(sorted(known))}",
            )  # fmt: skip
        for fact in pathway.facts.values():
            if fact.section == section and (value := _none(fact)) is not None:
                facts[fact.name] = value
    return facts


def _none(fact: FactDefinition) -> Any:
    if fact.kind is FactKind.BOOLEAN:
        return False
    return "none" if "none" in fact.choices else None


def _plain(value: Any) -> Any:
    """Return *value* as JSON would hold it; YAML reads a bare year as a number, a date is text."""
    if isinstance(value, dict):
        return {
            key: str(item) if key in _DATES and isinstance(item, int) else _plain(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return float(value)
    return value
