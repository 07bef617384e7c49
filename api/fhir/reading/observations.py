"""What a measurement says: a value in a unit that can be told, of a day, and nothing where any of these is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.fhir.reading.chart import NO_CODE, NO_FACT, NO_STATUS, Chart
from api.fhir.reading.dates import Moment, read_moment, read_result_date
from api.fhir.reading.readings import ASKED, UNAVAILABLE, Reading
from api.fhir.reading.resources import Item
from api.fhir.reading.shapes import Coding, choice, codings, mapping, number, objects, text
from api.fhir.reading.units import UCUM, worth
from schemas.facts import FactDefinition, FactKind

COUNTS = frozenset({"final", "amended", "corrected"})
"""A preliminary value may still be taken back, and every other status is no result."""
_YES, _NO = frozenset({"yes", "true"}), frozenset({"no", "false"})
_UNREADABLE = object()


def read_observation(item: Item, chart: Chart) -> None:
    """Read one Observation and its components."""
    body, kind = item.body, item.kind
    if text(body.get("status")) not in COUNTS:
        chart.tally.add(kind, NO_STATUS)
        return
    coded = codings(body.get("code"))
    parts = [(body, _facts(coded, chart)), *_components(body, kind, chart)]
    if not any(facts for _, facts in parts):
        # Most of a record is about something else, and its dates are then of no interest.
        known = chart.lexicon.meanings("observations", coded)
        chart.tally.add(kind, NO_FACT if known else NO_CODE)
        return
    when = read_result_date(body, chart.on)
    datable = chart.dated(kind, when)
    for part, facts in parts:
        for fact, verified in facts.items():
            if datable or chart.is_red(fact):
                _read_fact(
                    fact, verified, part, kind, when.last if datable else None, chart, datable
                )


def _components(
    body: dict[str, Any], kind: str, chart: Chart
) -> Iterator[tuple[dict[str, Any], dict[str, bool]]]:
    """Yield the components of a measurement with the facts their codes give."""
    for component in objects(body.get("component")):
        if component.get("modifierExtension"):
            chart.tally.add(kind, "with a modifier that is not known here")
        else:
            yield component, _facts(codings(component.get("code")), chart)


def _facts(found: list[Coding], chart: Chart) -> dict[str, bool]:
    """Return the facts that codes of a measurement give, each with whether its code is verified."""
    lexicon = chart.lexicon
    facts = dict.fromkeys(lexicon.own_facts(found), True)
    for list_name in ("observations", "conditions"):
        for meaning in lexicon.meanings(list_name, found):
            if meaning.fact in lexicon.pathway.facts and meaning.fact is not None:
                if list_name == "conditions" and not _may_be_found(
                    lexicon.pathway.facts[meaning.fact]
                ):
                    continue
                facts[meaning.fact] = facts.get(meaning.fact, False) or meaning.verified
    return facts


def _may_be_found(definition: FactDefinition) -> bool:
    return definition.kind is FactKind.BOOLEAN


def _read_fact(
    fact: str,
    verified: bool,
    body: dict[str, Any],
    kind: str,
    moment: Moment | None,
    chart: Chart,
    datable: bool,
) -> None:
    definition = chart.lexicon.pathway.facts[fact]
    if "dataAbsentReason" in body:
        codes = {
            text(each.get("code"))
            for each in objects(mapping(body["dataAbsentReason"]).get("coding"))
        }
        why = ASKED if codes & {"asked-unknown", "asked-declined"} else UNAVAILABLE
        chart.readings.append(Reading(fact, kind, None, why, moment))
        return
    values = list(choice(body, "value"))
    if len(values) != 1:
        chart.tally.add(kind, "without a value" if not values else "with several values")
        return
    variant, raw = values[0]
    value = answer_value(definition, variant, raw, kind, chart)
    if value is _UNREADABLE:
        return
    if not datable:
        chart.read_undated(fact, kind, value, verified, None)
    elif moment is None and definition.shelf_days is not None:
        chart.read_undated(fact, kind, value, verified)
    else:
        chart.read(fact, kind, value, moment, verified)


def answer_value(
    definition: FactDefinition, variant: str, raw: Any, kind: str, chart: Chart, form: bool = False
) -> Any:
    """Return what `value<variant>` says about a fact, not yet checked; what cannot be told is counted.

    *form* tells that the question itself was ours, so that a plain code can be its answer.
    """
    match variant:
        case "Quantity":
            return _quantity(definition, mapping(raw), kind, chart)
        case "Integer" | "Decimal" | "Boolean":
            return raw
        case "Date" | "DateTime":
            moment = read_moment(raw, chart.on)
            return moment.text if moment else None
        case "CodeableConcept" | "Coding":
            return _coded(definition, raw, kind, chart, form)
        case _:
            # Free text is not read (H-12).
            chart.tally.add(kind, "with a value in words, which are not read")
            return _UNREADABLE


def is_unreadable(value: Any) -> bool:
    """Tell whether `answer_value` could make nothing of its value, and has counted it."""
    return value is _UNREADABLE


def _quantity(definition: FactDefinition, raw: dict[str, Any], kind: str, chart: Chart) -> Any:
    """Return the amount in the unit of the fact, as an exact fraction.

    A comparator makes it an interval. The rules read single values; an eGFR of *over 60* cannot be given as 60,
    and stays unknown.
    """
    amount = number(raw.get("value"))
    if amount is None:
        chart.tally.add(kind, "without a value")
        return _UNREADABLE
    if raw.get("comparator"):
        chart.tally.add(kind, "with a comparator, which leaves the value open")
        return _UNREADABLE
    code, system = text(raw.get("code")), raw.get("system")
    if code and system not in (None, UCUM):
        code = "?"
    written = code or text(raw.get("unit"))
    converted = worth(definition.name, definition.unit, amount, written)
    if converted is None:
        why = "in a unit that is not expected" if written else "without a unit"
        chart.tally.add(kind, why)
        return _UNREADABLE
    return converted


def _coded(definition: FactDefinition, raw: Any, kind: str, chart: Chart, form: bool) -> Any:
    """Return what a coded answer says. An answer of another system says yes when it is the fact's own code."""
    found = codings(raw)
    words = chart.lexicon.own_words(found)
    if form:
        words |= {
            text(each.get("code"))
            for each in (*objects(raw), *objects(mapping(raw).get("coding")))
            if text(each.get("system")) not in chart.lexicon.standards and text(each.get("code"))
        }
    if len(words) == 1:
        (said,) = words
        if definition.kind is FactKind.BOOLEAN:
            return True if said in _YES else False if said in _NO else None
        return said
    if definition.kind is FactKind.BOOLEAN:
        for list_name in ("conditions", "observations"):
            if any(m.fact == definition.name for m in chart.lexicon.meanings(list_name, found)):
                return True
    chart.tally.add(kind, "with a coded value nobody here knows")
    return _UNREADABLE
