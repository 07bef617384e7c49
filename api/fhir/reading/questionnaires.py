"""Answers to a form: items named like our facts, items with a LOINC code, and groups that are rows of a list.

`linkId` is the fact's own name. A group named `trials`, `medications`, `surgeries` or `overrides` is one row of that
list, its items named `<list>.<field>`. `trials_listed`, `medications_listed` and `surgeries_listed`, answered
yes, say that the list is complete as the form and the record show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from api.fhir.reading.chart import BAD_DATE, FUTURE, NO_CODE, NO_STATUS, Chart, Row
from api.fhir.reading.dates import Moment, in_the_future, read_moment
from api.fhir.reading.observations import answer_value, is_unreadable
from api.fhir.reading.readings import ASKED, UNAVAILABLE, Reading
from api.fhir.reading.resources import Item
from api.fhir.reading.shapes import (
    choice,
    codings,
    extension,
    mapping,
    number,
    objects,
    text,
)
from schemas.facts import parse_partial_date
from schemas.patient import Medication, Override, Surgery, Trial

KIND = "QuestionnaireResponse"
COUNTS = frozenset({"completed", "amended"})
"""A form still being filled in can say anything yet."""
NOT_KNOWN = "not-known"
"""The answer of a form for *asked, but not known*."""
ROWS: dict[str, type[BaseModel]] = {
    "trials": Trial,
    "medications": Medication,
    "surgeries": Surgery,
    "overrides": Override,
}
LISTED = {f"{name}_listed": name for name in ("trials", "medications", "surgeries")}
_ABSENT = "data-absent-reason"
_YES, _NO = frozenset({"yes", "true"}), frozenset({"no", "false"})


def read_answers(item: Item, chart: Chart) -> None:
    """Read one QuestionnaireResponse; goes down its groups with a list of its own, not by recursion."""
    body = item.body
    if text(body.get("status")) not in COUNTS:
        chart.tally.add(KIND, NO_STATUS)
        return
    authored = read_moment(body.get("authored"), chart.on)
    datable = "authored" not in body or not (authored is None or in_the_future(authored, chart.on))
    if not datable:
        # Of a form with an impossible date only the red signs that are open are read.
        chart.tally.add(KIND, FUTURE if authored else BAD_DATE)
        authored = None
    form = _Form(chart, authored, datable, _is_ours(body, chart), _question_codes(body, chart))
    left = objects(body.get("item"))
    while left:
        each = left.pop()
        link = text(each.get("linkId"))
        if each.get("modifierExtension"):
            chart.tally.add(KIND, "with a modifier that is not known here")
        elif form.ours and link in ROWS:
            if datable:
                _row(link, each, chart)
            else:
                chart.doubts.add(link)
        else:
            left.extend(objects(each.get("item")))
            for answer in objects(each.get("answer")):
                left.extend(objects(answer.get("item")))
            if "answer" in each or extension(each, _ABSENT):
                _answered(link, each, form)


@dataclass(frozen=True, slots=True)
class _Form:
    """One form being read."""

    chart: Chart
    authored: Moment | None
    datable: bool
    """Whether its date, if there is one, can be a date."""
    ours: bool
    codes: dict[str, list[tuple[str, str]]]
    """Of its questions, by `linkId`."""


def _is_ours(body: dict[str, Any], chart: Chart) -> bool:
    """Tell whether names of items can be names of our facts: the form is ours, or does not say whose it is."""
    address = text(body.get("questionnaire")).partition("|")[0]
    name = address.rstrip("/").rpartition("/")[2]
    return not address or name.startswith((chart.lexicon.pathway.id, "steppedcare"))


def _question_codes(body: dict[str, Any], chart: Chart) -> dict[str, list[tuple[str, str]]]:
    """Return the codes of the questions, from the form itself where the record holds it."""
    address = text(body.get("questionnaire")).partition("|")[0]
    form = chart.find({"reference": address}, body)
    found: dict[str, list[tuple[str, str]]] = {}
    left = objects(mapping(form).get("item"))
    while left:
        each = left.pop()
        left.extend(objects(each.get("item")))
        found[text(each.get("linkId"))] = codings(each.get("code"))
    return found


def _answered(link: str, item: dict[str, Any], form: _Form) -> None:
    chart = form.chart
    if form.ours and link in LISTED:
        if form.datable:
            _listed(LISTED[link], item, form.authored, chart)
        return
    if form.ours and link in chart.lexicon.pathway.facts:
        _fact(link, item, True, True, form)
        return
    loinc = link.rpartition("/")[2]
    asked = [*form.codes.get(link, ()), (chart.lexicon.loinc, loinc)]
    address, _, fragment = text(item.get("definition")).partition("#")
    if address and fragment:
        asked.append((chart.lexicon.loinc, fragment.rpartition("/")[2]))
    meanings = chart.lexicon.meanings("observations", asked)
    useful = [each for each in meanings if each.fact in chart.lexicon.pathway.facts and each.fact]
    for meaning in useful:
        _fact(meaning.fact or "", item, False, meaning.verified, form)
    if not useful and form.datable:
        chart.tally.add(KIND, NO_CODE if not meanings else "of questions that settle no fact")


def _fact(fact: str, item: dict[str, Any], own: bool, verified: bool, form: _Form) -> None:
    """Read the answer about *fact*; *own* tells that the question was ours, so that a plain code can answer it."""
    chart = form.chart
    if not (form.datable or chart.is_red(fact)):
        return
    definition = chart.lexicon.pathway.facts[fact]
    answers = objects(item.get("answer"))
    why = _why_unknown(item, answers)
    if why is not None:
        chart.readings.append(Reading(fact, KIND, None, why, form.authored))
        return
    values = []
    for answer in answers:
        for variant, raw in choice(answer, "value"):
            value = answer_value(definition, variant, raw, KIND, chart, own)
            if is_unreadable(value):
                return
            values.append(value)
    if not values:
        chart.tally.add(KIND, "without a value")
    elif any(value != values[0] for value in values):
        chart.tally.add(KIND, "with several values")
    elif not form.datable:
        chart.read_undated(fact, KIND, values[0], verified, None)
    elif form.authored is None and definition.shelf_days is not None:
        chart.read_undated(fact, KIND, values[0], verified)
    else:
        chart.read(fact, KIND, values[0], form.authored, verified)


def _why_unknown(item: dict[str, Any], answers: list[dict[str, Any]]) -> str | None:
    """Return why an answer gives no value: it says so by a code, or by the extension for data that is absent."""
    holders = [item, *answers]
    holders += [mapping(v) for a in answers for key, v in a.items() if key[:6] == "_value"]
    for holder in holders:
        found = extension(holder, _ABSENT) if "extension" in holder else None
        if found is not None:
            code = text(found.get("valueCode"))
            return UNAVAILABLE if code in ("unsupported", "masked", "not-applicable") else ASKED
    for answer in answers:
        if mapping(answer.get("valueCoding")).get("code") == NOT_KNOWN:
            return ASKED
    return None


def _listed(list_name: str, item: dict[str, Any], authored: Moment | None, chart: Chart) -> None:
    for answer in objects(item.get("answer")):
        said = answer.get("valueBoolean")
        code = text(mapping(answer.get("valueCoding")).get("code"))
        if isinstance(said, bool):
            chart.listed.setdefault(list_name, []).append((authored, said))
        elif code in _YES | _NO:
            chart.listed.setdefault(list_name, []).append((authored, code in _YES))


def _row(list_name: str, group: dict[str, Any], chart: Chart) -> None:
    """Read one group as one row; a row that cannot be read leaves its list open."""
    model, values, broken = ROWS[list_name], {}, False
    for item in objects(group.get("item")):
        field = text(item.get("linkId")).removeprefix(f"{list_name}.")
        answers = objects(item.get("answer"))
        if not answers or _why_unknown(item, answers) is not None:
            continue
        told = [value for answer in answers for variant, raw in choice(answer, "value")
                for value in [_plain(field, variant, raw, chart)]]  # fmt: skip
        if field not in model.model_fields or len(told) != 1 or told[0] is None or field in values:
            broken = True
            break
        values[field] = told[0]
    if list_name == "medications" and isinstance(values.get("agent"), str):
        named = chart.lexicon.named(values["agent"])
        if len(named) == 1:
            (values["agent"],) = named
    if broken or not values or not _valid(model, values, chart):
        chart.tally.add(KIND, "rows of a list that cannot be read")
        chart.doubts.add(list_name)
        return
    chart.add_row(list_name, Row(KIND, values, stated=True))


def _plain(field: str, variant: str, raw: Any, chart: Chart) -> Any:
    """Return an answer as the product's input has it; a medicine's code becomes its name."""
    match variant:
        case "Boolean":
            return raw if isinstance(raw, bool) else None
        case "Integer" | "Decimal":
            amount = number(raw)
            if amount is None:
                return None
            return int(amount) if amount == amount.to_integral_value() else float(amount)
        case "Date" | "DateTime":
            moment = read_moment(raw, chart.on)
            return moment.text if moment else None
        case "String" | "Text":
            return text(raw) or None
        case "Coding":
            agents = chart.lexicon.agents(codings(raw)) if field == "agent" else []
            return agents[0].id if len(agents) == 1 else text(mapping(raw).get("code")) or None
        case _:
            return None


_DATES = {"trials": ("started", "ended"), "medications": ("started", "stopped")}
_NOT_AHEAD = {"trials": ("started", "ended"), "surgeries": ("date",), "overrides": ("when",)}


def _valid(model: type[BaseModel], values: dict[str, Any], chart: Chart) -> bool:
    """Tell whether the product would take this row."""
    list_name = next(name for name, each in ROWS.items() if each is model)
    try:
        model.model_validate(values)
    except ValidationError:
        return False
    for field in _NOT_AHEAD.get(list_name, ()):
        if field in values and parse_partial_date(values[field]).earliest > chart.on:
            return False
    first, last = (values.get(field) for field in _DATES.get(list_name, ("", "")))
    return not (first and last) or (
        parse_partial_date(first).earliest <= parse_partial_date(last).latest
    )
