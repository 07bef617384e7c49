"""The fact dictionary and the medicines, from their YAML."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from pathways.vocabulary import OUTCOMES
from schemas.errors import PathwayError, Problem
from schemas.facts import FactDefinition, FactKind, FactSection
from schemas.pathway import Derivation, Medicine, Source

_FACT_KEYS = {
    "kind", "title", "ask", "where", "unit", "range", "words", "shelf", "burden", "source", "do", "pace", "ahead",
}  # fmt: skip
_MEDICINE_KEYS = {
    "title", "classes", "rxnorm", "atc", "mme_factor", "mme_mark", "mme_factor_per_mcg_hour",
    "also", "membership", "note",
}  # fmt: skip
_DERIVED_KEYS = {"rule", "of", "within_days", "title", "ask"}
_KIND_OF_DERIVATION = {
    "listed": FactKind.BOOLEAN,
    "surgery": FactKind.BOOLEAN,
    "surgery-date": FactKind.DATE,
    "surgery-result": FactKind.CHOICE,
    "procedure-date": FactKind.DATE,
    "started": FactKind.DATE,
    "sessions": FactKind.INTEGER,
    "count-taking": FactKind.INTEGER,
    "mme": FactKind.DECIMAL,
    "tried": FactKind.CHOICE,
}
_LIST_OF_DERIVATION = {
    "surgery": "surgeries",
    "surgery-date": "surgeries",
    "surgery-result": "surgeries",
    "procedure-date": "trials",
    "sessions": "trials",
    "tried": "trials",
    "started": "medications",
    "count-taking": "medications",
    "mme": "medications",
}
SURGERY_RESULTS = ("no-improvement", "partial", "full-then-recurred", "worse")

_RANGES: dict[str, tuple[int, int]] = {
    "weeks": (0, 2600),
    "sessions": (0, 10_000),
    "relief_percent": (-100, 100),
    "odi_points_better": (-100, 100),
}
"""As in schemas.patient.Trial."""

TRIAL_FACTS: dict[str, FactDefinition] = {
    name: FactDefinition(
        name=name,
        kind=kind,
        section="trial",
        title=title,
        ask="",
        words=words,
        stated=False,
        minimum=Decimal(_RANGES[name][0]) if name in _RANGES else None,
        maximum=Decimal(_RANGES[name][1]) if name in _RANGES else None,
    )
    for name, kind, title, words in (
        ("weeks", FactKind.DECIMAL, "Weeks tried", ()),
        ("sessions", FactKind.INTEGER, "Sessions", ()),
        ("full_dose", FactKind.BOOLEAN, "Effective regular dose reached", ()),
        ("relief_percent", FactKind.DECIMAL, "Relief", ()),
        ("odi_points_better", FactKind.INTEGER, "ODI points better", ()),
        ("goal_met", FactKind.BOOLEAN, "Functional goal met", ()),
        ("technique_sound", FactKind.BOOLEAN, "Right level and approach, under image guidance", ()),
        ("still_helping", FactKind.BOOLEAN, "Still helping", ()),
        ("adequate", FactKind.BOOLEAN, "Adequate trial", ()),
        (
            "stopped_because",
            FactKind.CHOICE,
            "Why it was stopped",
            ("no-effect", "harm", "worse", "course-ended", "other", "still-running"),
        ),
    )
}
"""What the conditions that judge one trial may read: the fields of schemas.patient.Trial."""


def _line(text: str, key: str) -> int:
    """Return the first line of *text* on which the key *key* begins, or 1."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip().startswith(f"{key}:"):
            return number
    return 1


class Reader:
    """Turns parsed YAML into models and keeps every problem, with file and line."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text = file, text
        self.problems: list[Problem] = []

    def problem(self, key: str, code: str, message: str, help: str) -> None:
        where = f"{self.file}:{_line(self.text, key)}"
        self.problems.append(Problem(code=code, message=message, help=help, where=where))

    def keys(self, name: str, entry: dict[str, Any], allowed: set[str]) -> None:
        for key in entry.keys() - allowed:
            at = key if _line(self.text, key) > 1 else name
            self.problem(
                at, "unknown-key", f"`{name}` has the unknown key `{key}`",
                f"keys are {', '.join(sorted(allowed))}",
            )  # fmt: skip

    def build(self, key: str, model: Any, /, **fields: Any) -> Any:
        """Return `model(**fields)`, or None with the problem kept."""
        try:
            return model(**fields)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            part = ".".join(str(piece) for piece in first["loc"])
            self.problem(
                key, "wrong-value", f"`{key}` has a wrong `{part}`", str(first["msg"]).lower()
            )
            return None

    def done(self) -> None:
        if self.problems:
            raise PathwayError(*self.problems)


def read_facts(
    data: Any, reader: Reader
) -> tuple[tuple[FactSection, ...], dict[str, FactDefinition], dict[str, Derivation]]:
    """Return sections, stated facts and derivations of the dictionary."""
    sections, facts, derivations = [], {}, {}
    for section_id, section in data["sections"].items():
        sections.append(FactSection(id=section_id, title=section["title"]))
        for name, entry in section["facts"].items():
            reader.keys(name, entry, _FACT_KEYS)
            low, high = entry.get("range", (None, None))
            definition = reader.build(
                name, FactDefinition, name=name, kind=entry.get("kind"), section=section_id,
                title=entry.get("title"), ask=entry.get("ask"), where=entry.get("where", ""),
                unit=str(entry.get("unit", "")), minimum=low, maximum=high,
                words=tuple(entry.get("words", ())), burden=entry.get("burden", "ask"),
                shelf_days=entry.get("shelf", section.get("shelf")), source=entry.get("source", ""),
                do=entry.get("do", ""), pace=entry.get("pace", ""),
                ahead=entry.get("ahead", False),
            )  # fmt: skip
            if definition is not None:
                if name in facts:
                    reader.problem(name, "duplicate-fact", f"`{name}` stands twice", "rename one")
                facts[name] = definition
    for name, entry in data.get("derived", {}).items():
        reader.keys(name, entry, _DERIVED_KEYS)
        rule = entry.get("rule", "")
        kind = _KIND_OF_DERIVATION.get(rule)
        if kind is None or name in facts:
            reader.problem(
                name, "unknown-derivation", f"`{name}` cannot be derived by `{rule}`",
                f"derivations are {', '.join(sorted(_KIND_OF_DERIVATION))}",
            )  # fmt: skip
            continue
        of = tuple(str(word) for word in entry.get("of", ()))
        words = {"tried": OUTCOMES, "surgery-result": SURGERY_RESULTS}.get(rule, ())
        definition = reader.build(
            name, FactDefinition, name=name, kind=kind, section="derived",
            title=entry.get("title", ""), ask=entry.get("ask", ""), words=words, stated=False,
            from_list=of[0] if rule == "listed" else _LIST_OF_DERIVATION[rule],
        )  # fmt: skip
        if definition is not None:
            derivations[name] = Derivation(
                fact=definition, rule=rule, of=of, within_days=entry.get("within_days")
            )
    return tuple(sections), facts, derivations


def read_medicines(data: Any, reader: Reader) -> tuple[dict[str, str], dict[str, Medicine]]:
    """Return the classes with their titles, and every medicine with its classes."""
    classes = {name: str(entry["title"]) for name, entry in data["classes"].items()}
    medicines: dict[str, Medicine] = {}
    spelled: dict[str, str] = {}
    for name, entry in data["agents"].items():
        reader.keys(name, entry, _MEDICINE_KEYS)
        for word in entry.get("classes", ()):
            if word not in classes:
                reader.problem(name, "unknown-class", f"`{name}` is of no class `{word}`", "add it")
        factor = entry.get("mme_factor")
        medicine = reader.build(
            name, Medicine, id=name, title=entry.get("title"),
            classes=tuple(entry.get("classes", ())), also=tuple(map(str, entry.get("also", ()))),
            mme_factor=factor,
        )  # fmt: skip
        if medicine is None:
            continue
        medicines[name] = medicine
        for spelling in (name, *medicine.also):
            if spelled.setdefault(spelling, name) != name:
                reader.problem(
                    name, "duplicate-spelling", f"`{spelling}` names two medicines", "keep one"
                )
    return classes, medicines


def read_sources(data: Any, reader: Reader) -> dict[str, Source]:
    """Return the register of sources."""
    sources = {}
    for key, entry in data["sources"].items():
        tags = entry.get("cited_as") or [entry.get("tag", "")]
        source = reader.build(
            key, Source, key=key, title=str(entry.get("title")), seen=str(entry.get("seen", "")),
            locate=str(entry.get("locate", "")), tags=tuple(map(str, tags)),
        )  # fmt: skip
        if source is not None:
            sources[key] = source
    return sources
