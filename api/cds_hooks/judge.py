"""One call judged: the record read, the decision made, and what of it the hook is about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from api.cds_hooks.call import ORDER_HOOKS, Call
from api.cds_hooks.coded import Coded
from api.cds_hooks.orders import Order, orders
from api.cds_hooks.prefetch import Looked, State
from api.cds_hooks.verdicts import MORE_SERIOUS, judged_order, new_warnings, scan_with_device
from api.fhir.reading import read_record
from api.fhir.reading.procedures import OPERATIONS
from api.fhir.reading.shapes import word
from api.fhir.requirements import requirements_of
from api.guidance import Action, guidance, notes
from api.guidance.write import by_priority, fold
from api.service import decide_input
from schemas.codes import CodeLists
from schemas.decision import Decision
from schemas.pathway import Pathway

AFTER_SURGERY = frozenset({
    "postlaminectomy-syndrome", "chronic-post-surgical-pain", "arthrodesis-status", "pseudarthrosis",
    "postsurgical-lordosis", "neurostimulator-status", "spinal-fixation-failure", "stimulator-lead-failure",
})  # fmt: skip
"""Problems that say by themselves that the spine has been operated on."""

KINDS: Mapping[str, frozenset[str]] = {
    "encounter-start": frozenset({"red-sign", "fault", "refer", "ask"}),
    "appointment-book": frozenset({"red-sign", "fault", "refer", "ask", "prepare", "review"}),
    "order-select": frozenset({"red-sign", "fault"}),
    "order-sign": frozenset({"red-sign", "fault"}),
}
"""What of a decision a hook is about; a hook that is not here is about all of it."""


@dataclass(frozen=True)
class Judged:
    """What is said in answer to one call."""

    decision: Decision
    actions: tuple[Action, ...]
    """In the order shown, capped; none: there is nothing to say."""
    notes: tuple[str, ...]
    """What must stand with the actions: data not looked at, not used or contradicting, and the caveats."""
    removable: Mapping[str, str] = field(default_factory=dict)
    """The drafted order (`Type/id`) an action speaks against, by the id of the action."""
    warnings: tuple[str, ...] = ()
    """For the log: no patient values."""


def judge(
    call: Call,
    looked: Looked,
    *,
    on: dt.date,
    pathway: Pathway,
    codes: CodeLists,
    coded: Coded,
    settings: str = "default",
    most: int = 5,
) -> Judged:
    """Judge *call* on what *looked* holds, as of *on*.

    Raises MixedPatients when anything, drafts included, belongs to another patient; InputError, SettingsError.
    """
    record = read_record(
        looked.resources,
        subject=call.patient,
        on=on,
        pathway=pathway,
        codes=codes,
        settings=settings,
        whole=_whole(call.hook, looked),
    )
    if call.drafts:
        # Read for its subjects alone: a draft is no part of the record, but another patient's draft ends everything.
        read_record(call.drafts, subject=call.patient, on=on, pathway=pathway, codes=codes)
    decision = decide_input(pathway.id, record.input, on)
    actions = list(guidance(decision, pathway, None))
    removable: dict[str, str] = {}
    kinds = KINDS.get(call.hook)
    concerned = is_concerned(decision, (*looked.resources, *call.drafts), coded)
    if call.hook in ORDER_HOOKS:
        found = orders(call.judged, (*looked.resources, *call.drafts), coded, pathway)
        said = _said(found, decision, pathway, concerned, removable)
        said += new_warnings(found, record.input, decision, pathway, on)
        if call.hook == "order-select" and any(a.id in removable for a in said):
            said += [action for action in actions if action.kind == "offer"]
        actions = [action for action in actions if action.kind in KINDS[call.hook]] + said
    elif not concerned:
        actions = [action for action in actions if action.kind in ("red-sign", "fault")]
    elif kinds is not None:
        actions = [action for action in actions if action.kind in kinds]
    return Judged(
        decision=decision,
        actions=fold(by_priority(actions), most),
        notes=(*looked.notes(call.hook), *notes(decision)),
        removable=removable,
        warnings=(*call.warnings, *record.warnings),
    )


def _whole(hook: str, looked: Looked) -> frozenset[str]:
    """Return the types of which a complete search result came; a type two searches share is never one of them."""
    asked = [each.type for each in requirements_of(hook)]
    return frozenset(
        each.type
        for each in requirements_of(hook)
        if looked.states[each.key] in (State.WHOLE, State.NONE) and asked.count(each.type) == 1
    )


def is_concerned(decision: Decision, resources: Sequence[Mapping[str, Any]], coded: Coded) -> bool:
    """Tell whether the pathway has anything to do with this patient.

    A chart is opened for every patient of a hospital. One with no trace of a spine operation is not asked about it:
    a service that speaks up for everybody is soon read by nobody. A red sign is shown whatever this says.
    """
    if decision.scope.status == "in-scope":
        return True
    if decision.scope.status == "out-of-scope":
        return False
    if decision.input.get("surgeries"):
        return True
    return any(_is_trace(each, coded) for each in resources)


def _is_trace(resource: Mapping[str, Any], coded: Coded) -> bool:
    """Tell whether one resource says that the spine was operated on, even where it is not enough to settle a fact."""
    code = resource.get("code")
    if resource.get("resourceType") == "Condition":
        denied = word(resource.get("verificationStatus")) in ("refuted", "entered-in-error")
        return not denied and bool(coded.concepts("conditions", code) & AFTER_SURGERY)
    if resource.get("resourceType") == "Procedure":
        done = resource.get("status") == "completed"
        return done and bool(coded.concepts("procedures", code) & OPERATIONS.keys())
    return False


def _said(
    found: Sequence[Order],
    decision: Decision,
    pathway: Pathway,
    concerned: bool,
    removable: dict[str, str],
) -> list[Action]:
    """Return one action for each treatment or medicine drafted that there is something to say about."""
    said: dict[str, Action] = {}
    for order in found:
        look = scan_with_device if order.scan else partial(judged_order, order)
        action = look(decision, pathway)
        # Only what speaks against an order is said for a patient the pathway is not about.
        if action is None or (not concerned and action.kind not in MORE_SERIOUS):
            continue
        said.setdefault(action.id, action)
        if order.reference and action.kind in MORE_SERIOUS:
            removable.setdefault(action.id, order.reference)
    return list(said.values())
