"""What has been done to the patient: operations, injections, sessions, imaging; and what is ordered to be done."""

from __future__ import annotations

from typing import Any

from api.fhir.reading.chart import (
    BAD_DATE,
    FUTURE,
    NO_CODE,
    NO_FACT,
    NO_STATUS,
    OPEN,
    Chart,
    Row,
)
from api.fhir.reading.dates import When, in_the_future, read_when
from api.fhir.reading.lexicon import Meaning
from api.fhir.reading.medications import ORDERS
from api.fhir.reading.resources import Item
from api.fhir.reading.shapes import codings, objects, text
from schemas.facts import FactKind
from schemas.patient import Surgery

DONE = frozenset({"completed"})
PENDING = frozenset({"preparation", "in-progress", "on-hold", "unknown", ""})
"""Not certainly over and not certainly undone: it may be an operation that has happened."""
ORDERED = frozenset({"active"})

OPERATIONS: dict[str, dict[str, str]] = {
    "lumbar-decompression": {"procedure": "decompression", "region": "lumbar"},
    "lumbar-decompression-revision": {"procedure": "decompression", "region": "lumbar"},
    "lumbar-fusion": {"procedure": "fusion", "region": "lumbar"},
    "fusion-exploration": {"procedure": "other"},
    "stimulator-lead-paddle": {"procedure": "stimulator-implant"},
    "stimulator-generator": {"procedure": "stimulator-implant"},
    "stimulator-revision-or-removal": {"procedure": "other"},
}
TRIED: dict[str, str] = {
    "epidural-interlaminar-or-caudal": "epidural-steroid-injection",
    "epidural-transforaminal": "epidural-steroid-injection",
    "trigger-point-injection": "trigger-point-injection",
    "radiofrequency-ablation-facet": "radiofrequency-ablation",
    "radiofrequency-ablation-sij": "radiofrequency-ablation",
    "stimulator-lead-percutaneous": "spinal-cord-stimulation",
    "physical-therapy": "physical-therapy",
}
"""A thing done is a trial with a date whose outcome is unknown: that it was done does not say that it failed."""
IMAGED = frozenset({"mri-lumbar", "mri-lumbar-contrast", "ct-lumbar"})
FOR_PAIN = frozenset({"low-back-pain", "sciatica", "lumbar-radiculopathy", "neuralgia"})

_WORDS: dict[str, frozenset[str]] = {
    "procedure": frozenset(
        {"discectomy", "decompression", "fusion", "disc-replacement", "stimulator-implant", "other"}
    ),
    "region": frozenset({"lumbar", "lumbosacral", "thoracic", "cervical", "other"}),
    "result": frozenset({"no-improvement", "partial", "full-then-recurred", "worse"}),
}
"""The product's own words for an operation, which may stand as codes of our own system."""


def read_procedure(item: Item, chart: Chart) -> None:
    """Read one Procedure; only what is completed has been done."""
    body, kind = item.body, item.kind
    status = text(body.get("status"))
    found = codings(body.get("code"))
    meanings = chart.lexicon.meanings("procedures", found)
    operation = _operation(body, meanings, chart)
    if status not in DONE:
        chart.tally.add(kind, NO_STATUS)
        if status in PENDING:
            chart.doubts.add("surgeries")
        return
    when = read_when(body, "performed", chart.on)
    if when.unreadable or in_the_future(when.start or when.end, chart.on):
        chart.tally.add(kind, BAD_DATE if when.unreadable else FUTURE)
        chart.doubts.add("surgeries")
        return
    used = False
    if operation is not None:
        if when.last is not None:
            operation["date"] = when.last.text
        chart.add_row("surgeries", Row(kind, operation))
        chart.unverified_rows += _unverified(meanings, OPERATIONS)
        used = True
    for meaning in meanings:
        used |= _other_use(meaning, when, kind, chart)
    if not meanings and operation is None:
        # Nobody here knows what was done: it may have been an operation on the spine.
        chart.doubts.add("surgeries")
        chart.tally.add(kind, NO_CODE)
    elif not used:
        chart.tally.add(kind, NO_FACT)


def _other_use(meaning: Meaning, when: When, kind: str, chart: Chart) -> bool:
    treatment = TRIED.get(meaning.concept)
    if treatment is not None:
        row: dict[str, Any] = {"treatment": treatment, "sessions": 1}
        if when.last is not None:
            row["ended"] = when.last.text
        chart.add_row("trials", Row(kind, row))
        chart.unverified_rows += not meaning.verified
        return True
    if meaning.concept in IMAGED:
        return read_image(meaning, when, kind, chart)
    definition = chart.lexicon.pathway.facts.get(meaning.fact or "")
    if definition is None:
        return False
    if definition.kind is not FactKind.BOOLEAN:
        chart.tally.add(kind, OPEN)
    else:
        chart.read(definition.name, kind, True, when.last, meaning.verified)
    return True


def read_image(meaning: Meaning, when: When, kind: str, chart: Chart) -> bool:
    """Keep the day of an image of the lumbar spine; without a day it says nothing the rules ask for."""
    if "lumbar_imaging" not in chart.lexicon.pathway.facts:
        return False
    if when.last is None:
        chart.tally.add(kind, "without a date, which is what is asked for")
    else:
        chart.read("lumbar_imaging", kind, when.last.text, when.last, meaning.verified)
    return True


def _operation(
    body: dict[str, Any], meanings: list[Meaning], chart: Chart
) -> dict[str, Any] | None:
    """Return the row of an operation, its words from codes of our own where there are any; None when it is none."""
    row: dict[str, Any] = {}
    for meaning in meanings:
        # Of a decompression with fusion the fusion says more.
        if meaning.concept in OPERATIONS and row.get("procedure") != "fusion":
            row |= OPERATIONS[meaning.concept]
    own = _own(chart, body.get("code"), "procedure")
    if own:
        row["procedure"] = own
    if not row:
        return None
    for field, element in (("region", "bodySite"), ("result", "outcome")):
        said = _own(chart, body.get(element), field)
        if said:
            row[field] = said
    level = [text(site.get("text")).strip() for site in objects(body.get("bodySite"))]
    if len(level) == 1 and 0 < len(level[0]) <= 80 and _fits(level[0]):
        row["level"] = level[0]
    reasons = codings(body.get("reasonCode"))
    told = {meaning.concept for meaning in chart.lexicon.meanings("conditions", reasons)}
    own_reasons = chart.lexicon.own_words(reasons)
    if told & FOR_PAIN or "pain" in own_reasons:
        row["for_pain"] = True
    elif "not-pain" in own_reasons:
        row["for_pain"] = False
    return row


def _own(chart: Chart, concept: Any, field: str) -> str | None:
    words = chart.lexicon.own_words(codings(concept)) & _WORDS[field]
    return words.pop() if len(words) == 1 else None


def _fits(level: str) -> bool:
    """Tell whether a level can be kept as it is written."""
    try:
        Surgery(procedure="other", level=level)
    except ValueError:
        return False
    return True


def _unverified(meanings: list[Meaning], concepts: dict[str, Any]) -> bool:
    used = [meaning for meaning in meanings if meaning.concept in concepts]
    return bool(used) and not any(meaning.verified for meaning in used)


def read_service_request(item: Item, chart: Chart) -> None:
    """Read one ServiceRequest: nothing is done because it was asked for, but a standing order may plan an operation."""
    body, kind = item.body, item.kind
    if text(body.get("status")) not in ORDERED or text(body.get("intent")) not in ORDERS:
        chart.tally.add(kind, NO_STATUS)
        return
    if body.get("doNotPerform") is True:
        chart.tally.add(kind, "that say not to do it")
        return
    meanings = chart.lexicon.meanings("procedures", codings(body.get("code")))
    when = read_when(body, "occurrence", chart.on)
    planned = next((m for m in meanings if m.concept.startswith("lumbar-")), None)
    if planned is None or "planned_spine_surgery" not in chart.lexicon.pathway.facts:
        chart.tally.add(kind, NO_FACT if meanings else NO_CODE)
    elif when.unreadable or when.start is None:
        chart.tally.add(kind, "without a date, which is what is asked for")
    elif when.start.latest < chart.on:
        chart.tally.add(kind, "whose day has passed: whether it was done must be asked")
        chart.doubts.add("surgeries")
    else:
        chart.read("planned_spine_surgery", kind, when.start.text, None, planned.verified)
