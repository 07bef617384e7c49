"""An invented patient told in words: what is known and what is new, and nothing of what follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from api.page.words import choice, value_words
from schemas.facts import FactDefinition, FactKind
from schemas.pathway import Pathway

_LISTS = (
    ("surgeries", "Operations", "no operation on the spine"),
    ("trials", "Tried", "nothing has been tried"),
    ("medications", "Medicines", "none"),
)
_ORDER = (
    "person", "surgeries", "surgery-and-pain", "red-signs", "examination", "function-and-mood", "trials",
    "medications", "imaging", "blood", "medical-history", "preparation",
)  # fmt: skip
"""As a case is told at the bedside: who, which operation, which pain, then the rest."""


@dataclass(frozen=True)
class Told:
    """One line of a patient's story."""

    id: str
    title: str
    items: tuple[tuple[str, str], ...]
    """What is known, each with its value; a plain yes has none."""
    denied: tuple[str, ...]
    """What was asked and answered with no."""


@dataclass(frozen=True)
class Change:
    """Something that is otherwise than at the look before; either side is empty where nothing is known."""

    title: str
    before: str
    after: str


def story(data: dict[str, Any], pathway: Pathway) -> tuple[Told, ...]:
    """Return what the input *data* tells about a patient, line by line."""
    found = {part.id: part for part in (*_sections(data, pathway), *_lists(data, pathway))}
    return tuple(found[name] for name in _ORDER if name in found)


def face(data: dict[str, Any]) -> str:
    """Return who the patient is in a few words, such as `Woman, 44; discectomy 2025-04`."""
    facts = data["facts"]
    person = {"female": "Woman", "male": "Man"}.get(str(_plain(facts.get("sex"))), "Patient")
    age = _plain(facts.get("age"))
    operations = data.get("surgeries") or ()
    last = operations[-1] if operations else {}
    done = " ".join(str(last[key]) for key in ("region", "procedure", "date") if key in last)
    who = person if age is None else f"{person}, {age}"
    return f"{who}; {operated(done)}" if done else who


def operated(text: str) -> str:
    """Return what was operated in words.

    >>> operated("lumbar other 2025-09")
    'lumbar operation 2025-09'
    """
    for code, word in (
        ("disc-repl", "disc repl"),
        ("-implant", " implant"),
        ("other", "operation"),
    ):
        text = text.replace(code, word)
    return text


def changes(
    before: dict[str, Any], after: dict[str, Any], pathway: Pathway, both: bool = False
) -> tuple[Change, ...]:
    """Return what is otherwise in *after*: facts in the order of the dictionary, then new and changed rows.

    With *both* the rows that only *before* has are named too: two patients, not one who comes back.
    """
    old, new = before["facts"], after["facts"]
    found = [
        Change(fact.title, _words(fact, old.get(name)), _words(fact, new.get(name)))
        for name, fact in pathway.facts.items()
        if _plain(new.get(name)) != _plain(old.get(name))
    ]
    for name, title, none in _LISTS:
        was, now = _rows(before, name, pathway), _rows(after, name, pathway)
        if before.get(name) is None and after.get(name) == []:
            found.append(Change(title, "", none))
        found += [Change(title, row, "") for row in was if both and row not in now]
        found += [Change(title, "", row) for row in now if row not in was]
    if before.get("settings", "default") != after.get("settings", "default"):
        found.append(
            Change("Settings", *(str(e.get("settings", "default")) for e in (before, after)))
        )
    return tuple(found)


def _sections(data: dict[str, Any], pathway: Pathway) -> Iterator[Told]:
    facts = data["facts"]
    for section in pathway.sections:
        known = [
            fact for fact in pathway.facts.values() if fact.section == section.id and fact.name in facts
        ]  # fmt: skip
        denied = tuple(f.title for f in known if _is_denial(facts[f.name]))
        items = tuple(
            (f.title, "" if _plain(facts[f.name]) is True else _words(f, facts[f.name]))
            for f in known
            if not _is_denial(facts[f.name])
        )
        if known:
            yield Told(section.id, section.title, items, denied)


def _lists(data: dict[str, Any], pathway: Pathway) -> Iterator[Told]:
    for name, title, none in _LISTS:
        if data.get(name) is not None:
            rows = _rows(data, name, pathway)
            yield Told(name, title, tuple((row, "") for row in rows) or ((none, ""),), ())


def _rows(data: dict[str, Any], name: str, pathway: Pathway) -> tuple[str, ...]:
    say = {"surgeries": _operation, "medications": _medicine}
    rows = data.get(name) or ()
    return tuple(say[name](row) if name in say else _trial(row, pathway) for row in rows)


def _operation(row: dict[str, Any]) -> str:
    what = " ".join(str(row[key]) for key in ("region", "procedure", "level") if key in row)
    parts = [operated(what), str(row.get("date", ""))]
    parts.append("for pain" if row.get("for_pain") else "")
    parts.append(f"result: {choice(str(row['result']))}" if "result" in row else "")
    return ", ".join(filter(None, parts))


def _medicine(row: dict[str, Any]) -> str:
    dose = f" {row['dose_mg_per_day']} mg a day" if "dose_mg_per_day" in row else ""
    parts = [f"{choice(str(row['agent']))}{dose}", "long-acting" if row.get("long_acting") else ""]
    parts.append(f"since {row['started']}" if "started" in row else "")
    if row.get("status", "active") != "active":
        parts.append(" ".join(filter(None, (row["status"], str(row.get("stopped", ""))))))
    return ", ".join(filter(None, parts))


def _trial(row: dict[str, Any], pathway: Pathway) -> str:
    treatment = pathway.treatments.get(row["treatment"])
    title = treatment.title.split(" (")[0] if treatment else ""
    agent = choice(str(row.get("agent", "")))
    parts = [f"{agent} ({title[:1].lower()}{title[1:]})" if agent and title else agent or title]
    if "full_dose" in row:
        parts.append("full dose" if row["full_dose"] else "not at full dose")
    if "weeks" in row:
        parts.append("a few days" if row["weeks"] < 1 else _number(row["weeks"], "week"))
    if "sessions" in row:
        parts.append(_number(row["sessions"], "session"))
    if "technique_sound" in row:
        parts.append("technique sound" if row["technique_sound"] else "technique in doubt")
    parts += [str(row[key]) for key in ("level",) if key in row]
    parts.append(str(row.get("started", "")) if row["treatment"] != "other" else "")
    if "relief_percent" in row:
        parts.append(f"relief {row['relief_percent']} %")
    parts.append("goal met" if row.get("goal_met") else "")
    parts.append("no longer helps" if row.get("still_helping") is False else "")
    parts.append(choice(str(row["stopped_because"])) if "stopped_because" in row else "")
    return ", ".join(filter(None, parts))


def _number(count: Any, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def _is_denial(entry: Any) -> bool:
    """Tell whether *entry* says no; a nought that was measured is a value."""
    return _plain(entry) is False or _plain(entry) == "none"


def _plain(entry: Any) -> Any:
    return entry.get("value") if isinstance(entry, dict) else entry


def _words(fact: FactDefinition, entry: Any) -> str:
    """Return a fact's value with its unit, or with the scale it stands on; nothing for what is not known."""
    value = _plain(entry)
    if value is None:
        return ""
    if fact.kind in (FactKind.SIGN, FactKind.CHOICE):
        return choice(str(value))
    unit = fact.unit or ""
    text = value_words(value)
    if unit.startswith("0-"):
        return f"{text} of {unit[2:]}"
    if unit.startswith("-"):
        return f"{text} (scale {unit})"
    return f"{text} {unit}".strip()
