"""Checking what a client sent: closed shapes, strict types, ranges, contradictions. Missing facts are not errors.

An error names our own field, a position and the way out; never a value, a key or a text of the client.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from schemas.errors import InputError, Problem
from schemas.facts import (
    FactDefinition,
    FactEntry,
    FactKind,
    PartialDate,
    adapter_of,
    parse_partial_date,
)
from schemas.pathway import Pathway
from schemas.patient import Medication, NotRead, Override, Patient, Surgery, Trial

MOST_PROBLEMS = 20
MOST_ROWS = 1_000
KEYS = (
    "facts", "trials", "medications", "surgeries", "overrides", "incomplete", "not_used", "on",
    "settings",
)  # fmt: skip
LISTS = ("trials", "medications", "surgeries")
"""The lists whose silence means no, unless they are named in `incomplete`."""
_ROWS: dict[str, type[BaseModel]] = {
    "trials": Trial,
    "medications": Medication,
    "surgeries": Surgery,
    "overrides": Override,
    "not_used": NotRead,
}
_CODES = {
    "extra_forbidden": "unknown-field",
    "missing": "missing-field",
    "literal_error": "not-a-choice",
    "string_pattern_mismatch": "text-not-allowed",
    "string_too_long": "text-too-long",
    "string_too_short": "text-too-short",
    "greater_than_equal": "out-of-range",
    "less_than_equal": "out-of-range",
    "decimal_max_digits": "out-of-range",
    "decimal_max_places": "out-of-range",
    "decimal_whole_digits": "out-of-range",
}


class Checker:
    """Checks the input for one pathway; the validators are built once."""

    def __init__(self, pathway: Pathway) -> None:
        self.pathway = pathway
        self._adapters = {name: adapter_of(d) for name, d in pathway.facts.items()}

    def check(self, data: Any, today: dt.date) -> Patient:
        """Return the patient that *data* describes; *today* stands in when `on` is left out.

        Raises InputError with up to 20 problems.
        """
        return _Check(self, today).patient(data)

    def adapter(self, name: str) -> TypeAdapter[Any]:
        return self._adapters[name]


class _Check:
    def __init__(self, checker: Checker, today: dt.date) -> None:
        self.checker, self.pathway, self.today = checker, checker.pathway, today
        self.problems: list[Problem] = []

    def problem(self, code: str, where: str, message: str, help: str) -> None:
        if not self.full:
            self.problems.append(Problem(code=code, message=message, help=help, where=where))

    @property
    def full(self) -> bool:
        """Whether as many problems are known as an answer names; looking for more would only cost time."""
        return len(self.problems) >= MOST_PROBLEMS

    def stop(self) -> None:
        if self.problems:
            raise InputError(*self.problems)

    def patient(self, data: Any) -> Patient:
        if not isinstance(data, Mapping):
            self.problem(
                "wrong-type", "$", "the input is not an object",
                "send an object with the key `facts`; only `facts` is required",
            )  # fmt: skip
            self.stop()
        for at, key in enumerate(data, start=1):
            if key not in KEYS:
                self.unknown("$", at, key, KEYS)
        on = self.on(data.get("on"))
        facts = self.facts(data.get("facts"), "facts" in data, on)
        rows = {name: self.rows(name, data.get(name)) for name in _ROWS}
        incomplete = self.incomplete(data.get("incomplete"))
        for name in incomplete:
            # A list that may lack something and holds nothing says nothing: as if it were not given.
            rows[name] = rows[name] or None
        settings = data.get("settings", "default")
        if settings is None:
            settings = "default"
        if not isinstance(settings, str) or settings not in self.pathway.profiles:
            self.problem(
                "unknown-profile", "settings", "there is no settings profile of that name",
                f"profiles are {', '.join(sorted(self.pathway.profiles))}",
            )  # fmt: skip
        self.stop()
        patient = Patient(
            facts=facts, on=on, settings=settings, trials=rows["trials"],
            medications=rows["medications"], surgeries=rows["surgeries"],
            overrides=rows["overrides"] or (), incomplete=tuple(name for name in incomplete if rows[name]),
            not_used=rows["not_used"] or (),
        )  # fmt: skip
        self.dates(patient)
        self.stop()
        return patient

    def unknown(self, where: str, at: int, key: Any, known: Any) -> None:
        if self.full:
            return
        near = difflib.get_close_matches(str(key)[:80], list(known), n=1, cutoff=0.75)
        help = (
            f"did you mean `{near[0]}`?"
            if near
            else "unknown fields are refused; see the fact dictionary"
        )
        self.problem("unknown-field", f"{where}.[key {at}]", "this field is not known here", help)

    def on(self, value: Any) -> dt.date:
        if value is None:
            return self.today
        try:
            day = parse_partial_date(value)
        except ValueError:
            day = None
        # Something that never happened is dated 1900: a question asked much later keeps it long ago.
        if day is None or day.earliest != day.latest or day.earliest.year < 2000:
            self.problem(
                "not-a-date",
                "on",
                "the date of the question is not a date",
                "write it as YYYY-MM-DD, in 2000 or later",
            )
            return self.today
        return day.earliest

    def facts(self, value: Any, given: bool, on: dt.date) -> dict[str, FactEntry]:
        if not isinstance(value, Mapping):
            code = "wrong-type" if given else "missing-field"
            self.problem(
                code, "facts", "`facts` is not an object", 'send {"facts": {...}}; it may be empty'
            )
            return {}
        found: dict[str, FactEntry] = {}
        for at, (name, raw) in enumerate(value.items(), start=1):
            definition = self.pathway.facts.get(name)
            if definition is None:
                self.unknown("facts", at, name, self.pathway.facts)
                continue
            entry = self.entry(definition, raw, on)
            if entry is not None:
                found[name] = entry
        return found

    def entry(self, definition: FactDefinition, raw: Any, on: dt.date) -> FactEntry | None:
        where = f"facts.{definition.name}"
        if not isinstance(raw, Mapping):
            raw = {"value": raw}
        try:
            entry = FactEntry.model_validate(dict(raw))
        except ValidationError as error:
            self.invalid(error, where, raw, FactEntry)
            return None
        if entry.value is None:
            return entry
        if entry.unknown is not None:
            self.problem(
                "contradiction", where, f"`{definition.name}` has a value and a reason for having none",
                "send one of the two",
            )  # fmt: skip
            return None
        if entry.date is not None and entry.date.earliest > on:
            self.problem(
                "in-the-future", f"{where}.date", f"`{definition.name}` was recorded after the date of the question",
                "correct the date, or ask for a later `on`",
            )  # fmt: skip
            return None
        value = self.value(definition, entry.value, where)
        if isinstance(value, PartialDate) and not definition.ahead and value.earliest > on:
            self.problem(
                "in-the-future", where, f"`{definition.name}` lies after the date of the question",
                "correct the date, or ask for a later `on`",
            )  # fmt: skip
            return None
        if value is entry.value:
            return entry  # as most are: a copy would cost as much as the checks
        return None if value is None else entry.model_copy(update={"value": value})

    def value(self, definition: FactDefinition, value: Any, where: str) -> Any:
        """Return the checked value, or None with the problem kept."""
        decimal = definition.kind is FactKind.DECIMAL
        if decimal and (isinstance(value, bool | str) or value != value):
            value = object()
        try:
            return self.checker.adapter(definition.name).validate_python(value)
        except ValidationError as error:
            kind = error.errors(include_url=False, include_input=False)[0]["type"]
        code = _CODES.get(kind, "wrong-type")
        if definition.kind is FactKind.DATE:
            code = "not-a-date"
        self.problem(code, where, f"`{definition.name}` cannot be read", _expected(definition))
        return None

    def incomplete(self, value: Any) -> tuple[Any, ...]:
        """Return the lists that are said to lack something, each once, in the order of `LISTS`."""
        if value is None:
            return ()
        help = f"send a list of some of {', '.join(LISTS)}"
        if not isinstance(value, list | tuple):
            self.problem("wrong-type", "incomplete", "`incomplete` is not a list", help)
            return ()
        for at, each in enumerate(value):
            if each not in LISTS:
                where = f"incomplete[{at}]"
                self.problem("not-a-choice", where, "there is no list of that name", help)
        return tuple(name for name in LISTS if name in value)

    def rows(self, name: str, value: Any) -> tuple[Any, ...] | None:
        if value is None:
            return None
        if not isinstance(value, list | tuple):
            self.problem("wrong-type", name, f"`{name}` is not a list", "send a list of objects")
            return None
        if len(value) > MOST_ROWS:
            self.problem(
                "too-many-items", name, f"`{name}` has too many items", f"send at most {MOST_ROWS}"
            )
            return None
        found = []
        for at, raw in enumerate(value):
            where = f"{name}[{at}]"
            if not isinstance(raw, Mapping):
                self.problem("wrong-type", where, "this item is not an object", "send an object")
                continue
            try:
                found.append(_ROWS[name].model_validate(_no_text_numbers(raw, _ROWS[name])))
            except ValidationError as error:
                self.invalid(error, where, raw, _ROWS[name])
        # Equal rows are one row: compared as values, since 4 and 4.0 weeks are the same (INV-D4).
        return tuple(dict.fromkeys(found))

    def invalid(
        self, error: ValidationError, where: str, raw: Mapping[str, Any], model: type[BaseModel]
    ) -> None:
        """Keep the problems pydantic found, by our own field names and codes only."""
        names = list(raw)
        for item in error.errors(include_url=False, include_input=False, include_context=True):
            field = str(item["loc"][0]) if item["loc"] else ""
            if item["type"] == "extra_forbidden":
                self.unknown(where, names.index(field) + 1, field, model.model_fields)
                continue
            code = _CODES.get(item["type"], "wrong-type")
            if field in _dates(model) and code == "wrong-type":
                code = "not-a-date"
            self.problem(
                code, f"{where}.{field}", f"`{field}` cannot be read", _row_help(code, item)
            )

    def dates(self, patient: Patient) -> None:
        """Refuse what cannot be: an operation, a treatment, an override after the date of the question."""
        on = patient.on
        for at, surgery in enumerate(patient.surgeries or ()):
            self.not_after(
                surgery.date, on, f"surgeries[{at}].date", "the operation lies in the future",
                "a planned operation is the fact `planned_spine_surgery`",
            )  # fmt: skip
        for at, trial in enumerate(patient.trials or ()):
            where = f"trials[{at}]"
            self.not_after(
                trial.started, on, f"{where}.started", "the trial starts in the future", ""
            )
            self.not_after(trial.ended, on, f"{where}.ended", "the trial ends in the future", "")
            self.ordered(trial.started, trial.ended, f"{where}.ended")
        for at, medication in enumerate(patient.medications or ()):
            self.ordered(medication.started, medication.stopped, f"medications[{at}].stopped")
        for at, override in enumerate(patient.overrides):
            self.not_after(
                override.when, on, f"overrides[{at}].when", "the override lies in the future", ""
            )
        age, duration = patient.facts.get("age"), patient.facts.get("pain_duration_months")
        told = age and duration and age.value is not None and duration.value is not None
        if told and age and duration and duration.value > (age.value + 1) * 12:
            self.problem(
                "contradiction", "facts.pain_duration_months",
                "the pain has lasted longer than the patient has lived",
                "correct `age` or `pain_duration_months` (months)",
            )  # fmt: skip

    def not_after(
        self, date: PartialDate | None, on: dt.date, where: str, message: str, help: str
    ) -> None:
        if date is not None and date.earliest > on:
            self.problem(
                "in-the-future", where, message, help or "correct the date, or ask for a later `on`"
            )

    def ordered(self, first: PartialDate | None, last: PartialDate | None, where: str) -> None:
        if first is not None and last is not None and first.earliest > last.latest:
            self.problem("contradiction", where, "it ends before it starts", "correct the dates")


def _expected(definition: FactDefinition) -> str:
    """Say what a value of this fact looks like."""
    unit = f" {definition.unit}" if definition.unit else ""
    match definition.kind:
        case FactKind.BOOLEAN:
            return "send true, false, or leave it out when it is not known"
        case FactKind.INTEGER:
            return f"send a whole number from {definition.minimum} to {definition.maximum}{unit}"
        case FactKind.DECIMAL:
            return f"send a number from {definition.minimum} to {definition.maximum}{unit}"
        case FactKind.DATE:
            return "write it as YYYY-MM-DD, YYYY-MM or YYYY"
        case _:
            return f"send one of {', '.join(definition.choices)}"


def _row_help(code: str, item: Any) -> str:
    context = item.get("ctx", {})
    if code == "not-a-choice":
        return f"send one of {str(context.get('expected', '')).replace(chr(39), '')}"
    if code == "out-of-range":
        limits = [f"{key} {context[key]}" for key in ("ge", "le") if key in context]
        return f"allowed: {', '.join(limits) or 'fewer digits'}"
    return {
        "missing-field": "this field is required",
        "not-a-date": "write it as YYYY-MM-DD, YYYY-MM or YYYY",
        "text-too-long": "shorten the text",
        "text-too-short": "say a little more",
        "text-not-allowed": "leave out control characters and angle brackets",
    }.get(code, "see the description of this field in /openapi.json")


def _no_text_numbers(raw: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Return *raw* with texts in decimal fields made unreadable: pydantic would take "7" for 7."""
    return {
        key: object() if isinstance(value, str) and key in _decimals(model) else value
        for key, value in raw.items()
    }


@cache
def _decimals(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(
        name for name, field in model.model_fields.items() if "Decimal" in str(field.annotation)
    )


@cache
def _dates(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(
        name for name, field in model.model_fields.items() if "PartialDate" in str(field.annotation)
    )
