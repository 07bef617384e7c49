"""Which medicines a record says are taken now; what it leaves open keeps the list open.

Only three things make a medicine one that is taken: an order that stands (`active`, of an intent that orders), a
statement that it is taken (`active`), an administration under way or of the very day. What was stopped or completed
stands in the list as stopped, if its name is known; what was cancelled, planned, proposed or not taken is left aside
and counted. What could be either is a *doubt*: a status nobody knows, an active order whose time is over, a medicine
nobody can name. A doubt is counted too, and the list is then not taken for complete on the record's word alone (H-13).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from api.fhir.reading.chart import BAD_DATE, FUTURE, NO_STATUS, Chart, Row
from api.fhir.reading.dates import in_the_future, read_moment, read_period, read_when
from api.fhir.reading.resources import Item
from api.fhir.reading.shapes import codings, mapping, number, objects, text
from api.fhir.reading.units import UCUM, dose_in_mg

LIST = "medications"
ORDERS = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
WISHES = frozenset({"proposal", "plan", "option"})
OVER: dict[str, frozenset[str]] = {
    "MedicationRequest": frozenset({"cancelled", "completed", "entered-in-error", "stopped", "draft"}),
    "MedicationStatement": frozenset({"completed", "entered-in-error", "intended", "stopped", "not-taken"}),
    "MedicationAdministration": frozenset({"not-done", "entered-in-error", "stopped"}),
}  # fmt: skip
"""Statuses that certainly do not say the medicine is taken now."""
TAKEN_ONCE = frozenset({"completed", "stopped"})
GIVEN = frozenset({"in-progress", "completed"})
UNREADABLE_NAME = "a medicine that cannot be named"
DOUBT = "that may or may not be taken now"
NAMELESS = "whose medicine cannot be named"
_MOST_INGREDIENTS = 10
_PER_DAY = {"d": Decimal(1), "h": Decimal(24), "wk": Decimal(1) / Decimal(7)}


def read_medication(item: Item, chart: Chart) -> None:
    """Read one MedicationRequest, MedicationStatement or MedicationAdministration."""
    body, kind = item.body, item.kind
    status = text(body.get("status"))
    if body.get("doNotPerform") is True:
        chart.tally.add(kind, "that say not to take it")
        return
    if status in OVER[kind]:
        _stopped(body, kind, status, chart)
        return
    standing = _STANDING[kind](body, status, chart)
    if standing is None:
        return
    if not standing:
        chart.tally.add(kind, DOUBT)
        chart.doubts.add(LIST)
        return
    values = _times(body, kind, chart)
    if values is None:
        return
    agents, unnamed = _agents(body, chart)
    if unnamed:
        chart.tally.add(kind, NAMELESS)
        chart.doubts.add(LIST)
    dose = _dose_a_day(body) if len(agents) == 1 else None
    for agent in agents:
        row: dict[str, Any] = {"agent": agent, "status": "active", **values}
        if dose is not None:
            row["dose_mg_per_day"] = dose
        chart.add_row(LIST, Row(kind, row))
    if unnamed and not agents:
        chart.add_row(LIST, Row(kind, {"agent": UNREADABLE_NAME, "status": "active"}))


def _stopped(body: dict[str, Any], kind: str, status: str, chart: Chart) -> None:
    """Keep a known medicine that was taken once; whatever else is over, or never was, is counted."""
    agents, unnamed = _agents(body, chart) if status in TAKEN_ONCE else ([], True)
    if (
        unnamed
        or kind == "MedicationAdministration"
        or not set(agents) <= chart.lexicon.pathway.medicines.keys()
    ):
        chart.tally.add(kind, NO_STATUS)
        return
    times = _times(body, kind, chart)
    for agent in agents if times is not None else ():
        chart.add_row(LIST, Row(kind, {"agent": agent, "status": "stopped", **(times or {})}))


def _ordered(body: dict[str, Any], status: str, chart: Chart) -> bool | None:
    """Tell whether an order stands; None when it certainly is none, False when that cannot be told."""
    intent = text(body.get("intent"))
    if intent in WISHES:
        chart.tally.add("MedicationRequest", "that are plans and no orders")
        return None
    authored = read_moment(body.get("authoredOn"), chart.on)
    if "authoredOn" in body and (authored is None or in_the_future(authored, chart.on)):
        chart.tally.add("MedicationRequest", FUTURE if authored else BAD_DATE)
        chart.doubts.add(LIST)
        return None
    if status != "active" or intent not in ORDERS:
        return False
    periods = [
        period
        for dosage in objects(body.get("dosageInstruction"))
        for period in [
            mapping(mapping(mapping(dosage.get("timing")).get("repeat")).get("boundsPeriod"))
        ]
        if period
    ]
    # One dosage after the other is one course: it is over when the last of them is.
    ends = [read_period(period, chart.on).end for period in periods]
    return not ends or any(end is None or end.latest >= chart.on for end in ends)


def _stated(body: dict[str, Any], status: str, chart: Chart) -> bool | None:
    if status != "active":
        return False
    end = read_when(body, "effective", chart.on).end if "effectivePeriod" in body else None
    return end is None or end.latest >= chart.on


def _given(body: dict[str, Any], status: str, chart: Chart) -> bool | None:
    """Tell whether an administration says the medicine is taken: under way, or given on the day of the question."""
    if status not in GIVEN:
        return False
    when = read_when(body, "effective", chart.on)
    if when.unreadable or when.last is None:
        return status == "in-progress"
    if status == "in-progress" or when.last.latest >= chart.on:
        return True
    chart.tally.add("MedicationAdministration", "that were given on an earlier day")
    return None


_STANDING = {
    "MedicationRequest": _ordered,
    "MedicationStatement": _stated,
    "MedicationAdministration": _given,
}


def _times(body: dict[str, Any], kind: str, chart: Chart) -> dict[str, str] | None:
    """Return since when a medicine is taken, where a statement says so; None when it lies in the future.

    An order is no witness of the beginning: a renewal of last week would make an opioid of two years a new one.
    """
    when = read_when(body, "effective", chart.on)
    if not chart.dated(kind, when):
        chart.doubts.add(LIST)
        return None
    if kind != "MedicationStatement" or "effectivePeriod" not in body or when.start is None:
        return {}
    times = {"started": when.start.text}
    # An end that may lie ahead does not end it yet; the rules read it.
    if when.end is not None:
        times["stopped"] = when.end.text
    return times


def _agents(body: dict[str, Any], chart: Chart) -> tuple[list[str], bool]:
    """Return the medicines of a resource, and whether any of it could not be named.

    A medicine is named by a code, by a reference to a Medication (contained or elsewhere in the record), or
    where neither is known by what is written as its name. Where a code is known, the name decides nothing (H-15).
    """
    concepts: list[Any] = []
    names: list[str] = []
    if "medicationCodeableConcept" in body:
        concepts.append(body["medicationCodeableConcept"])
    if "medicationReference" in body:
        _follow(body["medicationReference"], body, chart, concepts, names)
    both = mapping(body.get("medication"))
    if both:
        concepts.append(mapping(both.get("concept")))
        _follow(both.get("reference"), body, chart, concepts, names)
    agents: set[str] = set()
    unnamed = not concepts and not names
    for concept in concepts:
        found = chart.lexicon.agents(codings(concept))
        chart.unverified_rows += any(not each.verified for each in found)
        if found:
            agents |= {each.id for each in found}
            continue
        written = [text(mapping(concept).get("text"))]
        written += [text(each.get("display")) for each in objects(mapping(concept).get("coding"))]
        named = _named([*written, *names], chart)
        agents |= named
        unnamed |= not named
    if not concepts and names:
        named = _named(names, chart)
        agents |= named
        unnamed |= not named
    return sorted(agents), unnamed


def _named(written: list[str], chart: Chart) -> set[str]:
    """Return the medicines the texts name, or the first text as it stands, for a person to read."""
    known = {id for each in written if each for id in chart.lexicon.named(each)}
    if known:
        return known
    readable = sorted(each.strip() for each in written if _readable(each))
    return {readable[0]} if readable else set()


def _readable(name: str) -> bool:
    """Tell whether a text can stand as the name of a medicine: short, one line, no mark-up."""
    return 0 < len(name.strip()) <= 80 and name.isprintable() and not set(name) & set("<>")


def _follow(
    reference: Any, body: dict[str, Any], chart: Chart, concepts: list[Any], names: list[str]
) -> None:
    """Add what a medication reference leads to: the Medication's code, else its ingredients, else its name."""
    holder = mapping(reference)
    if not holder:
        return
    if text(holder.get("display")):
        names.append(text(holder.get("display")))
    medication = chart.find(holder, body) or chart.medication(mapping(holder.get("identifier")))
    if medication is None or medication.get("resourceType") != "Medication":
        return
    if text(medication.get("status")) == "entered-in-error":
        return
    code = mapping(medication.get("code"))
    if chart.lexicon.agents(codings(code)):
        concepts.append(code)
        return
    ingredients = [
        each
        for each in objects(medication.get("ingredient"))[:_MOST_INGREDIENTS]
        if each.get("isActive") is not False
    ]
    parts = [mapping(each.get("itemCodeableConcept")) for each in ingredients]
    if parts and all(chart.lexicon.agents(codings(part)) for part in parts):
        concepts.extend(parts)
    elif code:
        concepts.append(code)


def _dose_a_day(body: dict[str, Any]) -> int | float | None:
    """Return milligrams a day; None unless there is one plain dosage of a mass, so often a day, not as needed."""
    dosages = objects(body.get("dosageInstruction")) or objects(body.get("dosage"))
    if (
        len(dosages) != 1
        or dosages[0].get("asNeededBoolean")
        or "asNeededCodeableConcept" in dosages[0]
    ):
        return None
    rates = objects(dosages[0].get("doseAndRate"))
    repeat = mapping(mapping(dosages[0].get("timing")).get("repeat"))
    if (
        len(rates) != 1
        or {"frequencyMax", "periodMax", "count", "when", "dayOfWeek"} & repeat.keys()
    ):
        return None
    quantity = mapping(rates[0].get("doseQuantity"))
    if quantity.get("comparator") or quantity.get("system") not in (None, UCUM):
        return None
    amount = number(quantity.get("value"))
    frequency, period = number(repeat.get("frequency", 1)), number(repeat.get("period"))
    per_day = _PER_DAY.get(text(repeat.get("periodUnit")))
    if amount is None or frequency is None or not period or per_day is None:
        return None
    dose = dose_in_mg(amount, text(quantity.get("code")) or text(quantity.get("unit")))
    if dose is None or period < 0:
        return None
    total = (dose * frequency * per_day / period).quantize(Decimal("0.001")).normalize()
    if not 0 <= total <= 100_000:
        return None
    return int(total) if total == total.to_integral_value() else float(total)
