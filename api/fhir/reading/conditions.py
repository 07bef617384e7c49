"""What a problem list says: a code that is there makes its fact true; one that is not there says nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from api.fhir.reading.chart import (
    BAD_DATE,
    FUTURE,
    NO_CODE,
    NO_FACT,
    NO_STATUS,
    OPEN,
    PAST,
    RED_NO_FACT,
    Chart,
)
from api.fhir.reading.dates import NOTHING, Moment, When, in_the_future, read_moment, read_when
from api.fhir.reading.lexicon import Meaning
from api.fhir.reading.resources import Item
from api.fhir.reading.shapes import Coding, codings, word
from rules.gravity import SECTION
from schemas.facts import FactDefinition, FactKind

PRESENT = frozenset({"", "active", "recurrence", "relapse"})
"""Clinical statuses of something that is there now; none at all is read together with the end that is written."""
ENDED = frozenset({"inactive", "remission", "resolved"})
CONFIRMED = frozenset({"", "confirmed"})
"""Left out means that the record states it without doubt."""
SUSPECTED = frozenset({"unconfirmed", "provisional", "differential"})
"""Enough for a red sign: a suspected abscess must be acted on like one. For anything else it is no evidence."""

WHEN_PAST: dict[str, Any] = {"opioid_use_disorder": "treated-or-past", "prior_overdose": True}
"""What an entry that has ended still says, beside the facts that are called a history."""
IMPLIED: dict[str, tuple[str, Any]] = {"diabetes_poorly_controlled": ("diabetes", True)}
"""A fact that a second one cannot do without."""
ALSO: dict[str, str] = {
    "osteoporotic-vertebral-fracture": "vertebral_fracture_recorded",
    "neoplastic-vertebral-fracture": "vertebral_fracture_recorded",
}
"""A second fact that an entry states, beside the one its list of codes names."""
EXPECTED: dict[str, tuple[str, str]] = {
    "long-term-anticoagulant": ("medications", "anticoagulant"),
    "long-term-antiplatelet": ("medications", "antiplatelet"),
    "long-term-opioid": ("medications", "opioid"),
    "long-term-systemic-steroid": ("medications", "systemic-steroid"),
    "postlaminectomy-syndrome": ("surgeries", ""),
    "arthrodesis-status": ("surgeries", ""),
}
"""Entries that say that a list must hold something, and the class of it: without it, the list lacks something."""
WEEKS_IN_THE_CODE = "pregnancy-weeks"
"""The concept whose last two digits are weeks; 49 is all from there on, and no number."""


def read_condition(item: Item, chart: Chart) -> None:
    """Read one Condition.

    Refuted or withdrawn says nothing, never no: a problem list that says *not an abscess* has not asked about
    every abscess. Resolved leaves the fact unknown, unless the fact asks for the past.
    """
    body, kind = item.body, item.kind
    clinical, verification = word(body.get("clinicalStatus")), word(body.get("verificationStatus"))
    if verification not in CONFIRMED | SUSPECTED or clinical not in PRESENT | ENDED:
        chart.tally.add(kind, NO_STATUS)
        return
    found = codings(body.get("code"))
    meanings = _meanings(chart, kind, found, clinical in PRESENT)
    if not meanings:
        return
    onset, abatement = read_when(body, "onset", chart.on), read_when(body, "abatement", chart.on)
    recorded = read_moment(body.get("recordedDate"), chart.on)
    datable = chart.dated(kind, onset)
    if datable and (
        ("recordedDate" in body and recorded is None) or in_the_future(recorded, chart.on)
    ):
        chart.tally.add(kind, FUTURE if recorded else BAD_DATE)
        datable = False
    ended = _ended(clinical, abatement, chart)
    for meaning in meanings:
        definition = chart.lexicon.pathway.facts[meaning.fact or ""]
        red = definition.section == SECTION
        if not datable:
            # An impossible date is no reason to overlook a red sign.
            value = None if ended else _value(definition, False)
            if red and value is not None:
                chart.read_undated(definition.name, kind, value, meaning.verified, None)
            continue
        if verification in SUSPECTED and not red:
            chart.tally.add(kind, "that are only suspected")
            continue
        if ended is None and not red:
            chart.tally.add(kind, "whose end cannot be told")
            continue
        _keep(chart, kind, meaning, definition, ended is True, recorded or onset.last, found)


def read_finding(
    found: list[Coding], kind: str, moment: Moment | None, chart: Chart
) -> list[Meaning]:
    """Read codes that a report concludes with, as present findings; return what they mean."""
    meanings = _meanings(chart, kind, found, True)
    for meaning in meanings:
        definition = chart.lexicon.pathway.facts[meaning.fact or ""]
        _keep(chart, kind, meaning, definition, False, moment, found)
    return meanings


def _meanings(chart: Chart, kind: str, found: list[Coding], present: bool) -> list[Meaning]:
    """Return the meanings that give a fact; count the entry when it has none, and keep what its lists must hold."""
    lexicon = chart.lexicon
    meanings = lexicon.meanings("conditions", found)
    meanings += [Meaning(name, name, True, False) for name in lexicon.own_facts(found)]
    meanings += [
        replace(each, fact=ALSO[each.concept]) for each in meanings if each.concept in ALSO
    ]
    useful = [meaning for meaning in meanings if meaning.fact in lexicon.pathway.facts]
    if present:
        chart.expected |= {EXPECTED[m.concept] for m in meanings if m.concept in EXPECTED}
    if not useful:
        red = present and any(meaning.red_sign for meaning in meanings)
        chart.tally.add(kind, RED_NO_FACT if red else NO_FACT if meanings else NO_CODE)
    return useful


def _ended(clinical: str, abatement: When, chart: Chart) -> bool | None:
    """Tell whether the condition is over; None when its status and its end do not settle it."""
    if abatement is NOTHING:
        return clinical in ENDED
    if abatement.unreadable:
        return None
    if abatement.vague:
        return True if clinical in ENDED else None
    last = abatement.last
    over = last is not None and last.latest <= chart.on
    running = last is None or last.earliest > chart.on
    if clinical in ENDED:
        return None if running and last is not None else True
    if clinical:
        return False if running else None
    return True if over else False if running else None


def _keep(
    chart: Chart,
    kind: str,
    meaning: Meaning,
    definition: FactDefinition,
    ended: bool,
    moment: Moment | None,
    found: list[Coding],
) -> None:
    name = definition.name
    if ended and not (name in WHEN_PAST or name.endswith("_history")):
        chart.tally.add(kind, PAST)
        return
    value = _value(definition, ended)
    if value is None:
        chart.tally.add(kind, OPEN)
        return
    chart.read(name, kind, value, moment, meaning.verified)
    if name in IMPLIED:
        implied, what = IMPLIED[name]
        chart.read(implied, kind, what, moment, meaning.verified)
    if meaning.concept == WEEKS_IN_THE_CODE:
        weeks = {
            int(code[4:6]) for _, code in found if code.startswith("Z3A.") and code[4:6].isdecimal()
        }
        if len(weeks) == 1 and (week := weeks.pop()) != 49:
            chart.read("gestation_weeks", kind, week, moment, meaning.verified)


def _value(definition: FactDefinition, ended: bool) -> Any:
    """Return what the code says of the fact; None when the fact asks for more than a code can say."""
    if ended and definition.name in WHEN_PAST:
        return WHEN_PAST[definition.name]
    match definition.kind:
        case FactKind.BOOLEAN:
            return True
        case FactKind.SIGN:
            # Onset is not in a code; unknown counts as new until somebody has asked (H-07).
            return "onset-unknown"
        case _:
            return None
