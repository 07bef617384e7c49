"""The smaller resources: the person, allergies, devices, reports."""

from __future__ import annotations

import datetime as dt

from api.fhir.reading.chart import BAD_DATE, NO_CODE, NO_FACT, NO_STATUS, PAST, Chart
from api.fhir.reading.conditions import read_finding
from api.fhir.reading.dates import Moment, read_moment, read_result_date, read_when
from api.fhir.reading.procedures import IMAGED, read_image
from api.fhir.reading.readings import Reading
from api.fhir.reading.resources import Item
from api.fhir.reading.shapes import codings, objects, text, word
from schemas.facts import FactKind

REPORTED = frozenset({"final", "amended", "corrected", "appended"})
IN_USE = frozenset({"", "active"})
"""Statuses of a device that is there; none at all means that the record lists it as it is."""
ALLERGY_OF: dict[str, str] = {
    "nsaid": "nsaid_allergy",
    "local-anaesthetic": "injectate_allergy",
    "injectable-steroid": "injectate_allergy",
    "gabapentinoid": "neuropathic_agent_allergy",
}
"""Which allergy an allergy to a member of a class is: one member stands for its class (INV-C5)."""


def read_person(item: Item, chart: Chart) -> None:
    """Read the Patient: age on the day of the question, and sex.

    Of a year or a month of birth the age is known only where both ends of it give the same one.
    """
    body, facts = item.body, chart.lexicon.pathway.facts
    if "birthDate" in body and "age" in facts:
        born = read_moment(body["birthDate"], chart.on)
        if born is None:
            chart.tally.add("Patient", BAD_DATE)
        elif born.earliest > chart.on:
            chart.tally.add("Patient", "born after the day of the question")
        else:
            oldest = _age(born.earliest, chart.on)
            youngest = _age(min(born.latest, chart.on), chart.on)
            if oldest == youngest:
                # Reckoned for the day of the question: an age told on a form of last year is older.
                today = Moment(chart.day, chart.on, chart.on)
                chart.read("age", "Patient", oldest, today)
            else:
                chart.tally.add("Patient", "with a date of birth too coarse to give an age")
    gender = body.get("gender")
    if "sex" in facts and gender is not None:
        if gender in facts["sex"].choices:
            chart.readings.append(Reading("sex", "Patient", gender))
        elif gender != "unknown":
            chart.tally.add("Patient", "with a value of the wrong kind or out of range")
    died = read_when(body, "deceased", chart.on)
    if body.get("deceasedBoolean") is True or died.start is not None:
        chart.tally.note("Patient", "the record says that the patient has died")


def _age(born: dt.date, on: dt.date) -> int:
    """Return full years; who is born on 29 February is a year older on 1 March of other years."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def read_allergy(item: Item, chart: Chart) -> None:
    """Read one AllergyIntolerance by the medicines it names.

    Patients report allergies, few are ever confirmed: unconfirmed counts. An intolerance that is recorded as such is
    no allergy. *No known allergy* is no answer about any one medicine.
    """
    body, kind = item.body, item.kind
    verification, clinical = word(body.get("verificationStatus")), word(body.get("clinicalStatus"))
    if verification not in ("", "confirmed", "unconfirmed", "presumed"):
        chart.tally.add(kind, NO_STATUS)
        return
    if clinical in ("inactive", "resolved"):
        chart.tally.add(kind, PAST)
        return
    if clinical not in ("", "active"):
        chart.tally.add(kind, NO_STATUS)
        return
    if text(body.get("type")) == "intolerance":
        chart.tally.add(kind, "that are intolerances, no allergies")
        return
    found = codings(body.get("code"))
    for reaction in objects(body.get("reaction")):
        found += codings(reaction.get("substance"))
    facts = _allergies(found, chart)
    recorded = read_moment(body.get("recordedDate"), chart.on)
    for fact, verified in facts.items():
        chart.read(fact, kind, True, recorded, verified)
    if not facts:
        known = chart.lexicon.agents(found)
        chart.tally.add(kind, NO_FACT if known else NO_CODE)


def _allergies(found: list[tuple[str, str]], chart: Chart) -> dict[str, bool]:
    lexicon = chart.lexicon
    facts: dict[str, bool] = {}
    for agent in lexicon.agents(found):
        classes = set(lexicon.pathway.medicines[agent.id].classes)
        if agent.id.startswith("aspirin"):
            classes.add("nsaid")
        for name in classes & ALLERGY_OF.keys():
            fact = ALLERGY_OF[name]
            facts[fact] = facts.get(fact, False) or agent.verified
    group = lexicon.group(found)
    if group in ALLERGY_OF:
        facts.setdefault(ALLERGY_OF[group], True)
    for fact in lexicon.own_facts(found):
        facts[fact] = True
    boolean = lexicon.pathway.facts
    return {f: v for f, v in facts.items() if f in boolean and boolean[f].kind is FactKind.BOOLEAN}


def read_device(item: Item, chart: Chart) -> None:
    """Read one Device: what is in the patient, where its type has a code the lists know."""
    body, kind = item.body, item.kind
    if text(body.get("status")) not in IN_USE:
        chart.tally.add(kind, NO_STATUS)
        return
    read_finding(codings(body.get("type")), kind, None, chart)


def read_report(item: Item, chart: Chart) -> None:
    """Read one DiagnosticReport: the day of an image, and what is concluded in codes. Its text is not read (H-12)."""
    body, kind = item.body, item.kind
    if text(body.get("status")) not in REPORTED:
        chart.tally.add(kind, NO_STATUS)
        return
    when = read_result_date(body, chart.on)
    if not chart.dated(kind, when):
        return
    meanings = chart.lexicon.meanings("procedures", codings(body.get("code")))
    image = next((meaning for meaning in meanings if meaning.concept in IMAGED), None)
    used = image is not None and read_image(image, when, kind, chart)
    concluded = codings(body.get("conclusionCode"))
    if concluded:
        read_finding(concluded, kind, when.last, chart)
    elif not used:
        chart.tally.add(kind, NO_FACT if meanings else NO_CODE)
