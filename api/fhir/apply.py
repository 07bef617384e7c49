"""One evaluation for `$apply`: the record read, the decision made as behind every door, the answer written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from api.fhir.answer import bundle, care_plan
from api.fhir.asked import Asked
from api.fhir.names import Resource
from api.fhir.parameters import Refused, Request, read_parameters
from api.fhir.reading import read_record
from api.fhir.store import by_url, pathway_of_plan
from api.library import get_codes, get_pathway, pathway_ids
from api.service import decide_input
from schemas.codes import CodeLists
from schemas.decision import Decision
from schemas.errors import NotFoundError, Problem
from schemas.pathway import Pathway

Write = Callable[[Decision, Pathway, CodeLists, Asked], Resource]
FORMS: dict[str, Write] = {"apply": care_plan, "r5.apply": bundle}
"""What each operation answers with."""


@dataclass(frozen=True)
class Applied:
    """One evaluation, answered."""

    resource: Resource
    decision: Decision
    subject: str
    """The reference the client sent."""


def apply(
    form: str, plan: str | None, body: Any, today: dt.date, settings: str = "default"
) -> Applied:
    """Evaluate the plan *plan* (an id; None: the parameters name it) for the patient in *body* as of *today*.

    *settings* is a profile of the pathway, the one the CDS Hooks of the same client are judged by.
    Raises Refused, MissingDataError, NotFoundError, MixedPatients, InputError.
    """
    request = read_parameters(body, instance=plan is not None)
    id = _pathway(plan if plan is not None else _named(request))
    pathway, codes = get_pathway(id), get_codes(id)
    record = read_record(
        request.records,
        subject=request.subject,
        on=today,
        pathway=pathway,
        codes=codes,
        settings=settings,
        whole=request.whole,
    )
    decision = decide_input(id, record.input, today)
    asked = Asked(request.subject, request.encounter, record.warnings)
    return Applied(FORMS[form](decision, pathway, codes, asked), decision, request.subject)


def _named(request: Request) -> str:
    found = by_url("PlanDefinition", request.plan or "")
    if found is None:
        raise NotFoundError(
            Problem(
                code="not-found",
                message="no PlanDefinition here has that address and version",
                help="search /fhir/PlanDefinition by `url`",
                where="Parameters.parameter",
            )
        )
    return str(found["id"])


def _pathway(plan: str) -> str:
    """Return the pathway whose plan has the id *plan*; its parts are evaluated only as part of it."""
    id = pathway_of_plan(plan)
    if plan != id:
        raise Refused(
            Problem(
                code="not-supported",
                message="this plan is a part of a pathway and is not evaluated alone",
                help=f"apply the whole: {', '.join(pathway_ids())}",
                where="PlanDefinition",
            )
        )
    return id
