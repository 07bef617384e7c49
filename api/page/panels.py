"""What stands behind the tabs: timeline, what-if, smallest change, evidence; each asks the product, none decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from api.companion import decide_journey, get_companion
from api.page.facts_view import FactField, field_of
from api.page.form import Fields, input_of, rows_of
from api.page.rows import LIST_OF, TRIALS, RowList
from api.service import read_checked
from api.strict_json import RECORD, RECORD_BYTES, read_json
from rules.canonical import canonical_json
from schemas.decision import Decision, SourceNote
from schemas.errors import InputError, Problem, SteppedCareError
from schemas.explanation import Counterfactual, Journey, Questions, WhatIf
from schemas.pathway import Pathway
from schemas.patient import Patient

VIEWS: tuple[tuple[str, str], ...] = (
    ("answer", "Answer"),
    ("why", "Why"),
    ("questions", "Questions"),
    ("evidence", "Evidence"),
    ("timeline", "Timeline"),
    ("what-if", "What if"),
    ("record", "Record"),
    ("note", "Note"),
    ("picture", "Picture"),
    ("integrate", "Integrate"),
)
MOST_CHANGES = 4
MOST_VISITS = 24
"""Earlier visits a form may carry; each is decided again with every change on the timeline."""


@dataclass(frozen=True)
class Supposed:
    """One fact supposed to be otherwise, as a form field of its own."""

    at: int
    fact: str
    field: FactField | None


@dataclass(frozen=True)
class WhatIfPanel:
    """The hypothetical copy, and what would differ."""

    changes: tuple[Supposed, ...]
    on: str
    trial: Mapping[str, str]
    columns: RowList
    found: WhatIf | None
    problems: tuple[Problem, ...]
    wanted: str
    """The treatment for which the smallest change is asked."""
    smallest: Counterfactual | None


@dataclass(frozen=True)
class TimelinePanel:
    """Earlier visits, as they are carried in the form, and the journey with the present one."""

    carried: str
    count: int
    journey: Journey | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class EvidenceRow:
    """One source that bears on the answer, and the places where it does."""

    source: SourceNote
    title: str
    seen: str
    locate: str
    supports: tuple[str, ...]


def what_if_panel(
    fields: Fields, data: Mapping[str, Any], pathway: Pathway, today: dt.date
) -> WhatIfPanel:
    """Return the what-if tab: *data* is the patient as recorded, which stays as it is."""
    changes = tuple(_supposed(fields, pathway))
    trial = _supposed_trial(fields)
    wanted = fields.get("cf", "") if fields.get("cf", "") in pathway.treatments else ""
    problems: tuple[Problem, ...] = ()
    found, smallest = None, None
    try:
        before = read_checked(pathway.id, data, today)
        if wanted:
            smallest = get_companion(pathway.id).counterfactual(before, wanted)
        after = _hypothesis(fields, changes, trial)
        if after != dict(fields):
            changed = read_checked(pathway.id, input_of(after, pathway), today)
            found = get_companion(pathway.id).what_if(before, changed)
    except SteppedCareError as error:
        problems = error.problems
    return WhatIfPanel(
        changes=changes,
        on=fields.get("x.on", ""),
        trial=trial,
        columns=LIST_OF[TRIALS],
        found=found,
        problems=problems,
        wanted=wanted,
        smallest=smallest,
    )


def _supposed(fields: Fields, pathway: Pathway) -> Iterable[Supposed]:
    for at in range(MOST_CHANGES):
        name = fields.get(f"x.{at}.fact", "")
        if name in pathway.facts:
            own = {f"f.{name}": fields.get(f"x.{at}.{name}", "")}
            yield Supposed(at, name, field_of(pathway.facts[name], own, False))
        else:
            yield Supposed(at, "", None)
            return


def _supposed_trial(fields: Fields) -> dict[str, str]:
    return {key[4:]: text for key, text in fields.items() if key.startswith("y.0.") and text}


def _hypothesis(
    fields: Fields, changes: tuple[Supposed, ...], trial: Mapping[str, str]
) -> dict[str, str]:
    """Return *fields* as they would be: facts replaced, one trial more, another date."""
    found = dict(fields)
    for each in changes:
        if each.field is not None and each.field.value:
            found[f"f.{each.fact}"] = each.field.value
            found.pop(f"d.{each.fact}", None)
    if trial.get("treatment"):
        at = len(rows_of(fields, LIST_OF[TRIALS])) + 1000
        found |= {f"t.{at}.{key}": text for key, text in trial.items()}
        if found.get("l.trials") == "none":
            del found["l.trials"]
    if fields.get("x.on", "").strip():
        found["on"] = fields["x.on"]
    return found


def timeline_panel(
    fields: Fields, data: Mapping[str, Any], pathway: Pathway, today: dt.date
) -> TimelinePanel:
    """Return the timeline tab: earlier visits in turn, then the present one."""
    carried = fields.get("visits", "").strip()
    earlier: list[Any] = []
    try:
        earlier = read_visits(carried)
        found = decide_journey(pathway.id, [*earlier, dict(data)], today)
    except InputError as error:
        return TimelinePanel(carried, len(earlier), None, error.problems)
    return TimelinePanel(carried, len(earlier), found, ())


def read_visits(carried: str) -> list[Any]:
    """Return the earlier visits a form carries; raise InputError for what is no list of them."""
    if not carried:
        return []
    found = read_json(carried.encode("utf-8"), RECORD_BYTES, RECORD)
    if not isinstance(found, list) or len(found) > MOST_VISITS:
        raise InputError(
            Problem(
                code="wrong-shape",
                message=f"the earlier visits cannot be read, or are more than {MOST_VISITS}",
                help="forget the earlier visits",
                where="visits",
            )
        )
    return found


def with_visit(fields: Fields, decision: Decision) -> dict[str, str]:
    """Return *fields* with the present visit closed and kept; the facts stay, the date is to be entered anew."""
    visits = [*read_visits(fields.get("visits", "").strip()), decision.input]
    return {**fields, "visits": canonical_json(visits), "on": "", "view": "timeline"}


def evidence_rows(decision: Decision, pathway: Pathway) -> tuple[EvidenceRow, ...]:
    """Return every source the answer cites, each with what it supports, the founding document first."""
    found: dict[tuple[str, str], tuple[SourceNote, dict[str, None]]] = {}
    for note, says in _cited(decision):
        if note.key:
            found.setdefault((note.tag, note.key), (note, {}))[1][says] = None
    rows = [
        EvidenceRow(
            source=note,
            title=pathway.sources[key].title if key in pathway.sources else "",
            seen=pathway.sources[key].seen if key in pathway.sources else "",
            locate=pathway.sources[key].locate if key in pathway.sources else "",
            supports=tuple(says),
        )
        for (_, key), (note, says) in found.items()
    ]
    order = {"SEED": 0, "V": 1, "V2": 2}

    def place(row: EvidenceRow) -> tuple[int, int, str]:
        key = row.source.key
        return order.get(row.source.tag, 3), int(key[1:]) if key[1:].isdigit() else 0, key

    return tuple(sorted(rows, key=place))


def _cited(decision: Decision) -> Iterable[tuple[SourceNote, str]]:
    reasons = [reason for sign in decision.red_signs for reason in sign.reasons]
    for item in decision.treatments:
        reasons += [reason for reason in item.reasons if reason.holds == "true"]
        reasons += item.cautions
        yield from ((note, item.title) for note in item.sources)
    reasons += [item.reason for item in decision.causes]
    reasons += [item.reason for item in decision.advice]
    reasons += decision.scope.reasons
    for reason in reasons:
        yield from ((note, reason.says) for note in reason.sources)
    for each in decision.combinations:
        yield from ((note, each.text) for note in each.sources)


def ranked_questions(patient: Patient, decision: Decision, pathway: Pathway) -> Questions:
    """Return the questions with what each answer can still change."""
    return get_companion(pathway.id).questions(patient, decision)
