"""One request of the page, from the fields a person sent to everything the page shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from api.library import get_pathway
from api.page.answer import Answer, arrange
from api.page.cases import CaseShown, case_of, changes_since
from api.page.decided import Kept
from api.page.facts_view import Part, parts_of
from api.page.form import Fields, denied, field_named, input_of, settled, undenied, without_row
from api.page.integrate import IntegratePanel, integrate_panel
from api.page.note import Response, note_text, responses_of
from api.page.panels import (
    VIEWS,
    EvidenceRow,
    TimelinePanel,
    WhatIfPanel,
    evidence_rows,
    ranked_questions,
    timeline_panel,
    what_if_panel,
    with_visit,
)
from api.page.proofs import Step, told_once
from api.page.record import Loaded, load_record
from api.page.rows import LIST_OF
from api.service import decide_input, read_checked
from rules.drawing.svg import to_svg
from schemas.errors import InputError, Problem
from schemas.explanation import Questions
from schemas.pathway import Pathway

PATHWAY = "fbss"


@dataclass
class Sheet:
    """Everything one page shows."""

    pathway: Pathway
    fields: dict[str, str]
    today: dt.date
    base: str = ""
    """The address of the service, for links that leave the page."""
    view: str = ""
    problems: tuple[Problem, ...] = ()
    answer: Answer | None = None
    parts: tuple[Part, ...] = ()
    loaded: Loaded | None = None
    record_text: str = ""
    load_problems: tuple[Problem, ...] = ()
    proofs: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    """The proof of each verdict, where the tab is open."""
    questions: Questions | None = None
    evidence: tuple[EvidenceRow, ...] = ()
    timeline: TimelinePanel | None = None
    what_if: WhatIfPanel | None = None
    responses: tuple[Response, ...] = ()
    keeps: str = ""
    """How the site keeps decisions: `receipt`, `full`, or nothing where it does not."""
    kept: Kept | None = None
    """What became of the wish to record, where one was sent."""
    note: str = ""
    integrate: IntegratePanel | None = None
    picture: str = ""
    """SVG; every text in it is escaped by the drawing."""
    data: dict[str, Any] = field(default_factory=dict)
    """The patient as it was understood, in the form a program would send."""
    case: CaseShown | None = None
    changes: tuple[str, ...] = ()
    """What this look at the case changes, against the look before."""

    @property
    def wrong(self) -> tuple[tuple[Problem, str], ...]:
        """The problems, each with the id of the field it is about, or nothing."""
        return tuple((each, field_named(each.where)) for each in self.problems)

    @property
    def views(self) -> tuple[tuple[str, str], ...]:
        return VIEWS


def lay_out(
    fields: Fields, today: dt.date, base: str, *, whole: bool = True, every: bool = False
) -> Sheet:
    """Return the sheet for *fields*: what was pressed is done, the patient is decided, the open tab is filled.

    *whole* also lays out the facts; *every* fills every tab, for print. What cannot be used ends in `problems`, and
    then there is no answer: half a patient is not decided.
    """
    pathway = get_pathway(PATHWAY)
    sheet = Sheet(pathway=pathway, fields=settled(fields), today=today, base=base)
    sheet.view = "answer" if every else _view(sheet.fields)
    sheet.record_text = sheet.fields.pop("record", "")
    sheet.case = case_of(PATHWAY, sheet.fields.get("case", ""))
    opened: list[str] = []
    blank = ""
    try:
        blank = _press(sheet, opened)
        sheet.data = input_of(sheet.fields, pathway)
        decision = decide_input(PATHWAY, sheet.data, today)
        patient = read_checked(PATHWAY, sheet.data, today)
        sheet.answer = arrange(decision, patient, pathway, sheet.fields)
        _fill(sheet, patient, every)
    except InputError as error:
        sheet.problems = tuple(_titled(each, pathway) for each in error.problems)
    if whole:
        if sheet.case is not None:
            sheet.changes = changes_since(PATHWAY, sheet.case.case.id, sheet.case.at, today)
        needed: set[str] = set()
        if sheet.answer is not None:
            needed = {item.fact for item in sheet.answer.decision.missing}
        wrong = {problem.where.split(".")[1] for problem in sheet.problems if "." in problem.where}
        sheet.parts = parts_of(
            sheet.fields, pathway, needed, blank, _sections(opened, wrong, pathway)
        )
    return sheet


def _titled(problem: Problem, pathway: Pathway) -> Problem:
    """Return *problem* with a fact called as the form calls it."""
    name = problem.where.removeprefix("facts.").partition(".")[0]
    if not problem.where.startswith("facts.") or name not in pathway.facts:
        return problem
    message = problem.message.replace(f"`{name}`", pathway.facts[name].title)
    return problem.model_copy(update={"message": message})


def _sections(opened: list[str], wrong: Collection[str], pathway: Pathway) -> set[str]:
    return {*opened, *(pathway.facts[name].section for name in wrong if name in pathway.facts)}


def _view(fields: Fields) -> str:
    names = {name for name, _ in VIEWS}
    view = fields.get("view", "")
    return view if view in names else "answer"


def _press(sheet: Sheet, opened: list[str]) -> str:
    """Do what the pressed button says; return the list to which an empty row is added."""
    verb, _, rest = sheet.fields.pop("do", "").partition(":")
    pathway = sheet.pathway
    sections = {section.id for section in pathway.sections}
    if verb in ("none", "clear", "at") and rest in sections:
        opened.append(rest)
        if verb == "none":
            sheet.fields = denied(sheet.fields, pathway, rest)
        elif verb == "clear":
            sheet.fields = undenied(sheet.fields, pathway, rest)
    elif verb in ("add", "at") and rest in LIST_OF:
        opened.append(rest)
        return rest if verb == "add" else ""
    elif verb == "drop":
        name, _, at = rest.partition(":")
        if name in LIST_OF and at.isdigit():
            opened.append(name)
            sheet.fields = without_row(sheet.fields, name, int(at))
    elif verb == "load":
        _load(sheet)
    elif verb == "visit":
        decision = decide_input(PATHWAY, input_of(sheet.fields, pathway), sheet.today)
        sheet.fields, sheet.view = with_visit(sheet.fields, decision), "timeline"
    elif verb == "forget":
        sheet.fields.pop("visits", None)
    return ""


def _load(sheet: Sheet) -> None:
    """Put what was pasted in the place of what the form held; what cannot be read leaves the form as it is."""
    sheet.view = "record"
    try:
        sheet.loaded = load_record(sheet.record_text, sheet.pathway, sheet.today)
    except InputError as error:
        sheet.load_problems = error.problems
    else:
        sheet.fields, sheet.case = {**sheet.loaded.fields, "view": "record"}, None


def _fill(sheet: Sheet, patient: Any, every: bool) -> None:
    """Fill the open tab, or all of them."""
    assert sheet.answer is not None
    decision, pathway, view = sheet.answer.decision, sheet.pathway, sheet.view
    sheet.responses = responses_of(sheet.fields, decision)
    if view == "why":
        sheet.proofs = told_once(sheet.answer.proofs)
    if view == "questions":
        sheet.questions = ranked_questions(patient, decision, pathway)
    if view == "evidence" or every:
        sheet.evidence = evidence_rows(decision, pathway)
    if view == "timeline" or every:
        sheet.timeline = timeline_panel(sheet.fields, decision.input, pathway, sheet.today)
    if view == "what-if":
        sheet.what_if = what_if_panel(sheet.fields, decision.input, pathway, sheet.today)
    if view == "picture":
        sheet.picture = to_svg(sheet.answer.map)
    if view == "integrate":
        sheet.integrate = integrate_panel(sheet.fields, decision, pathway, sheet.base)
    if view == "note":
        sheet.note = note_text(decision, sheet.fields, pathway)
