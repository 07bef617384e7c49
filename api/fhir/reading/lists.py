"""Which lists a record may give as complete, and which stay open.

To the rules a list that is given is complete: what does not stand in it is *no*. A record is not like that. It
holds the medicines that were prescribed here, not those bought over the counter; the operations of this hospital,
not of the one before; and of treatments tried only that they were given, hardly ever what they did. If the medicines
of a record were given as they are, a patient whose alprazolam comes from elsewhere would be told that no
benzodiazepine stands against an opioid. So a list stays open, which means unknown and asked for, unless one of two
things holds:

- **somebody has said so**: a form answers `medications_listed`, `surgeries_listed` or `trials_listed` with yes. The
  last such answer counts. What the record leaves in doubt is still shown as not used, next to that answer.
- **the record was searched whole** and leaves nothing in doubt: for medicines, the complete search result of
  requests or statements; it is taken for the list, as an assumption that the answer shows (INV-D13). For operations
  the same, but only where it holds an operation on the lumbar spine. An empty result does not say that somebody who
  comes with pain after an operation was never operated: it would put the patient outside the scope. For treatments
  tried never: no search result tells why something was stopped.

Nor is a list complete that lacks what the problem list says must be in it (a long-term anticoagulant).

When a list stays open, what was read for it is given all the same, and the list is named under `incomplete`: what
stands in it is so, what does not is unknown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from api.fhir.reading.chart import Chart, Row
from api.fhir.reading.dates import Moment, newest
from schemas.facts import PartialDate, parse_partial_date

MOST_ROWS = 1_000
"""Rows the product takes."""
_MEDICINES = ("MedicationRequest", "MedicationStatement")
_ASSUMED = "the record's own list is taken for the whole: what comes from elsewhere may be missing"


def complete_lists(chart: Chart, whole: Collection[str]) -> dict[str, list[Any]]:
    """Return the lists, and under `incomplete` those of which nobody has said that they are all."""
    given: dict[str, list[Any]] = {}
    open_lists: list[str] = []
    for list_name, merged in (
        ("trials", _trials),
        ("medications", _medications),
        ("surgeries", _surgeries),
    ):
        rows = chart.rows.get(list_name, [])
        said = _said(chart.listed.get(list_name, []))
        assumed = said is None and _found_whole(list_name, rows, chart, whole)
        if (said or assumed) and not _lacking(list_name, rows, chart):
            found = _distinct(merged(rows))
            if len(found) <= MOST_ROWS:
                given[list_name] = found
                if assumed:
                    chart.tally.note("Bundle", f"{list_name}: {_ASSUMED}")
                continue
        if rows:
            found = _distinct(merged(rows))
            given[list_name] = found[:MOST_ROWS]
            open_lists.append(list_name)
            if len(found) > MOST_ROWS:
                chart.tally.note(
                    "Bundle", f"{list_name}: more than {MOST_ROWS}; the rest was left out"
                )
    if open_lists:
        given["incomplete"] = open_lists
    overrides = chart.rows.get("overrides")
    if overrides:
        given["overrides"] = _distinct(overrides)[:MOST_ROWS]
    return given


def _said(answers: list[tuple[Moment | None, bool]]) -> bool | None:
    """Return the last answer on whether a list is complete; several last ones that differ say no."""
    if not answers:
        return None
    last = newest([when for when, _ in answers])
    return all(said for (_, said), counts in zip(answers, last, strict=True) if counts)


def _found_whole(list_name: str, rows: list[Row], chart: Chart, whole: Collection[str]) -> bool:
    if list_name in chart.doubts:
        return False
    if list_name == "medications":
        return any(each in whole for each in _MEDICINES)
    if list_name == "surgeries":
        lumbar = any(row.values.get("region") in ("lumbar", "lumbosacral") for row in rows)
        return "Procedure" in whole and lumbar
    return False


def _lacking(list_name: str, rows: list[Row], chart: Chart) -> bool:
    """Tell whether another entry of the record says that the list must hold something it does not hold, and say so.

    A problem list with *long-term anticoagulant* beside a list of medicines without one: one of them is wrong, and the
    comforting one must not win (H-11).
    """
    present = [
        chart.lexicon.pathway.medicines.get(str(row.values["agent"]))
        for row in rows
        if list_name == "medications" and row.values.get("status", "active") == "active"
    ]
    classes = {name for medicine in present if medicine is not None for name in medicine.classes}
    for expected, group in chart.expected:
        if expected == list_name and (group not in classes if group else not rows):
            chart.tally.note(
                "Condition",
                f"{list_name}: the problem list names what is not in the list; it is taken for incomplete",
            )
            return True
    return False


def _distinct(rows: list[Row]) -> list[dict[str, Any]]:
    """Return equal rows once, in an order of their own, so that the order of the record changes nothing."""
    found = {repr(sorted(row.values.items())): row.values for row in rows}
    return [found[key] for key in sorted(found)]


def _medications(rows: list[Row]) -> list[Row]:
    """Return one entry for a medicine that several kinds of resource name; two orders of one kind are two doses."""
    by_agent: dict[str, dict[str, list[Row]]] = {}
    merged: list[Row] = []
    for row in rows:
        if row.values.get("status", "active") != "active":
            merged.append(row)
            continue
        by_agent.setdefault(str(row.values["agent"]), {}).setdefault(row.where, []).append(row)
    for kinds in by_agent.values():
        if len(kinds) == 1:
            merged.extend(next(iter(kinds.values())))
            continue
        # The kind that tells the higher dose speaks; what only another kind tells is added to it.
        best = max(sorted(kinds), key=lambda kind: _dose(kinds[kind]))
        extra: dict[str, Any] = {}
        everything = [row for kind in sorted(kinds) for row in kinds[kind]]
        starts = [row.values["started"] for row in everything if "started" in row.values]
        if starts:
            extra["started"] = min(
                starts, key=lambda day: (parse_partial_date(day).latest, str(day))
            )
        if any(row.values.get("long_acting") for row in everything):
            extra["long_acting"] = True
        for row in kinds[best]:
            values = {**extra, **row.values}
            values |= {key: extra[key] for key in ("started",) if key in extra}
            if "stopped" in values and "started" in extra:
                values.pop("stopped")
            merged.append(Row(row.where, values, row.stated))
    return merged


def _dose(rows: list[Row]) -> float:
    distinct = {repr(sorted(row.values.items())): row for row in rows}.values()
    doses = [row.values.get("dose_mg_per_day") for row in distinct]
    return -1.0 if None in doses else float(sum(float(dose) for dose in doses if dose is not None))


def _surgeries(rows: list[Row]) -> list[Row]:
    """Leave out a coded operation that a person's own row of the same time already tells, with its result."""
    stated = [row for row in rows if row.stated]
    return stated + [
        row
        for row in rows
        if not row.stated and not any(_one_operation(row, each) for each in stated)
    ]


def _one_operation(coded: Row, told: Row) -> bool:
    mine, theirs = coded.values, told.values
    if "date" not in mine or "date" not in theirs:
        return False
    regions = {mine.get("region"), theirs.get("region")} - {None}
    lumbar = regions <= {"lumbar", "lumbosacral"}
    return (lumbar or len(regions) == 1) and _meet(
        parse_partial_date(mine["date"]), parse_partial_date(theirs["date"])
    )


def _meet(one: PartialDate, other: PartialDate) -> bool:
    return one.earliest <= other.latest and other.earliest <= one.latest


def _trials(rows: list[Row]) -> list[Row]:
    """Put sessions of therapy together, and leave out a session that a person's own row on its treatment covers.

    A session stands alone with an unknown outcome, and one such row makes the whole treatment unsettled. Where somebody
    has said how the treatment went, a session within that time, or of no known time, is part of it.
    """
    stated = [row for row in rows if row.stated]
    spans: dict[str, set[tuple[dt.date, dt.date]]] = {}
    for row in stated:
        spans.setdefault(str(row.values.get("treatment")), set()).add(_span(row))
    sessions = {
        repr(sorted(row.values.items())): row
        for row in rows
        if not row.stated and not _covered(row, spans.get(row.values["treatment"], set()))
    }
    therapy = [row for row in sessions.values() if row.values["treatment"] == "physical-therapy"]
    others = [row for row in sessions.values() if row.values["treatment"] != "physical-therapy"]
    return stated + others + _course(therapy)


def _span(told: Row) -> tuple[dt.date, dt.date]:
    """Return the days a judged trial may have taken; an end that is not told lies anywhere."""
    first, last = told.values.get("started"), told.values.get("ended")
    return (
        parse_partial_date(first).earliest if first else dt.date.min,
        parse_partial_date(last).latest if last else dt.date.max,
    )


def _covered(session: Row, spans: set[tuple[dt.date, dt.date]]) -> bool:
    if "ended" not in session.values:
        return bool(spans)
    day = parse_partial_date(session.values["ended"])
    return any(first <= day.latest and day.earliest <= last for first, last in spans)


def _course(sessions: list[Row]) -> list[Row]:
    """Return the sessions of physical therapy as one course, counted by their days."""
    days = sorted({row.values["ended"] for row in sessions if "ended" in row.values})
    if len(days) < 2 or any("ended" not in row.values for row in sessions):
        return sessions
    values = {
        "treatment": "physical-therapy",
        "sessions": len(days),
        "started": days[0],
        "ended": days[-1],
    }
    return [Row(sessions[0].where, values)]
