"""The same patient as a program meets it: the call of an EHR and its cards, the FHIR record, `$apply`, JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from markdown_it import MarkdownIt

from api.cds_hooks.call import read_call
from api.cds_hooks.cards import CardWriter
from api.cds_hooks.coded import Coded
from api.cds_hooks.judge import Judged, judge
from api.cds_hooks.prefetch import look
from api.fhir.apply import apply
from api.fhir.outcome import operation_outcome
from api.fhir.requirements import requirements_of
from api.library import get_codes, get_pathway
from api.page.form import Fields
from api.page.record_out import PATIENT, Written, write_record
from api.page.whole import Document, document, documents
from schemas.decision import Decision
from schemas.errors import InputError, Problem
from schemas.facts import Burden
from schemas.pathway import Pathway

INDICATORS = {"info": "for information", "warning": "warning", "critical": "critical"}
MOST_CARDS = 5
HOOKS = ("patient-view", "encounter-start", "problem-list-item-create", "appointment-book")
"""Hooks that need no drafted order."""
SHOWN = (("cards", "EHR cards"), ("record", "FHIR record"), ("apply", "$apply"), ("json", "JSON"))
DROP = "z.drop."
"""Fields that leave a key of the prefetch out begin so; `z.hook` and `z.show` choose the hook and what is shown."""
OTHER = "other"
TELLING = (
    "urgency",
    "urgency_text",
    "state",
    "stage",
    "screen_complete",
    "red_signs",
    "next_steps",
    "next_review",
)
"""Keys of a decision that say most; the whole begins with what was sent."""
_INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"


@dataclass(frozen=True)
class CardShown:
    """One card as an EHR would render it."""

    indicator: str
    word: str
    summary: str
    detail: str
    """HTML, made from Markdown without letting any HTML of its own through."""
    source: str
    suggestions: tuple[str, ...]
    data: dict[str, Any]


@dataclass(frozen=True)
class Switch:
    """One key of the prefetch, which may be left out of the call."""

    key: str
    type: str
    required: bool
    held: int
    dropped: bool


@dataclass(frozen=True)
class EhrCall:
    """One call and what comes back."""

    hook: str
    switches: tuple[Switch, ...]
    request: dict[str, Any]
    status: int
    answer: dict[str, Any]
    """The cards, or the OperationOutcome of a refusal."""
    cards: tuple[CardShown, ...]
    gone: tuple[str, ...]
    """Cards that the whole call gets and this one does not."""
    fresh: tuple[str, ...]
    """Cards that only this call gets."""
    same: bool
    """Whether the decision on the whole record is that on the patient as entered."""


@dataclass(frozen=True)
class IntegratePanel:
    """What the tab shows; only the part that is looked at is filled."""

    show: str
    documents: Mapping[str, Document]
    call: EhrCall | None = None
    record: Written | None = None
    applied: dict[str, Any] | None = None


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False})


def integrate_panel(
    fields: Fields, decision: Decision, pathway: Pathway, base: str
) -> IntegratePanel:
    """Return the tab for the patient of *decision*; links in cards begin with *base*.

    Everything is answered for the day of the question, where the service itself answers for the day it is asked.
    """
    show = fields.get("z.show", "")
    show = show if show in dict(SHOWN) else "cards"
    if show == "json":
        answer = decision.model_dump(mode="json")
        found = (document("patient", decision.input), document("decision", answer, TELLING))
        return IntegratePanel(show, {each.id: each for each in found})
    record = write_record(decision.input, decision.on)
    if show == "record":
        return IntegratePanel(show, documents(bundle=record.bundle), record=record)
    on, settings = dt.date.fromisoformat(decision.on), decision.settings.profile
    if show == "apply":
        parameters = {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "subject", "valueString": f"Patient/{PATIENT}"},
                {"name": "data", "resource": record.bundle},
            ],
        }
        applied = apply("apply", pathway.id, parameters, on, settings)
        answered = documents(parameters=parameters, applied=applied.resource)
        return IntegratePanel(show, answered, applied=applied.resource)
    call = _called(fields, record, decision, pathway, base)
    return IntegratePanel(show, documents(call=call.request, cards=call.answer), call=call)


def _called(
    fields: Fields, record: Written, decision: Decision, pathway: Pathway, base: str
) -> EhrCall:
    hook = fields.get("z.hook", "")
    hook = hook if hook in HOOKS else HOOKS[0]
    whole = prefetch_of(record.bundle, hook, pathway)
    dropped = {key for key in whole if fields.get(f"{DROP}{key}")}
    request = call_of(hook, {key: each for key, each in whole.items() if key not in dropped})
    status, before, judged = _answered(call_of(hook, whole), decision, pathway, base)
    answer = before
    if dropped:
        status, answer, _ = _answered(request, decision, pathway, base)
    cards = tuple(map(_shown, answer.get("cards", ())))
    now = [card.summary for card in cards]
    full = [card["summary"] for card in before.get("cards", ())]
    wanted = {each.key: each for each in requirements_of(hook)}
    return EhrCall(
        hook=hook,
        switches=tuple(
            Switch(
                key=key,
                type=wanted[key].type if key in wanted else "MedicationStatement",
                required=key in wanted and wanted[key].required,
                held=len(each.get("entry", ())) if each["resourceType"] == "Bundle" else 1,
                dropped=key in dropped,
            )
            for key, each in whole.items()
        ),
        request=request,
        status=status,
        answer=answer,
        cards=cards,
        gone=tuple(each for each in full if each not in now),
        fresh=tuple(each for each in now if each not in full),
        same=judged is not None and _outline(judged.decision) == _outline(decision),
    )


def prefetch_of(bundle: Mapping[str, Any], hook: str, pathway: Pathway) -> dict[str, Any]:
    """Return the record as *hook* asks for it, key by key; what it has no key for stands under a name of the EHR's.

    A search that would find nothing is not sent, but for the required one: what was never asked is not "none".
    """
    wanted = requirements_of(hook)
    laboratory = _laboratory(pathway)
    rows: dict[str, list[dict[str, Any]]] = {each.key: [] for each in wanted if each.count}
    person: dict[str, Any] = {}
    for entry in bundle["entry"]:
        resource = entry["resource"]
        match resource["resourceType"]:
            case "Patient":
                person = resource
                continue
            case "Observation":
                coded = {each["code"] for each in resource["code"]["coding"]}
                key = "labs" if coded & laboratory else "scores"
            case type:
                key = next((each.key for each in wanted if each.type == type), OTHER)
        rows.setdefault(key if key in rows else OTHER, []).append(resource)
    required = {each.key for each in wanted if each.required}
    return {"patient": person} | {
        key: {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(found),
            "entry": [{"resource": resource} for resource in found],
        }
        for key, found in rows.items()
        if found or key in required
    }


@cache
def _laboratory_codes(id: str, names: frozenset[str]) -> frozenset[str]:
    return frozenset(
        code.code
        for concept in get_codes(id).concepts["observations"]
        if concept.fact in names
        for code in concept.codes
    )


def _laboratory(pathway: Pathway) -> frozenset[str]:
    names = (fact.name for fact in pathway.facts.values() if fact.burden is Burden.BLOOD_TEST)
    return _laboratory_codes(pathway.id, frozenset(names))


def call_of(hook: str, prefetch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the call an EHR makes."""
    return {
        "hook": hook,
        "hookInstance": _INSTANCE,
        "context": {
            "userId": "Practitioner/example",
            "patientId": PATIENT,
            **({"encounterId": "example"} if hook == "encounter-start" else {}),
        },
        "prefetch": dict(prefetch),
    }


@cache
def _coded(id: str) -> Coded:
    return Coded(get_pathway(id), get_codes(id))


def _answered(
    request: Mapping[str, Any], decision: Decision, pathway: Pathway, base: str
) -> tuple[int, dict[str, Any], Judged | None]:
    """Return status and body as the service would answer *request*, and what was judged."""
    codes = get_codes(pathway.id)
    call = read_call(dict(request), HOOKS)
    looked = look(call.hook, call.prefetch)
    if missing := looked.missing(call.hook):
        return 412, operation_outcome((_needed([each.key for each in missing]),)), None
    try:
        judged = judge(
            call,
            looked,
            on=dt.date.fromisoformat(decision.on),
            pathway=pathway,
            codes=codes,
            coded=_coded(pathway.id),
            settings=decision.settings.profile,
            most=MOST_CARDS,
        )
    except InputError as error:
        return 400, operation_outcome(error.problems), None
    cards = CardWriter(pathway, codes, base).write(judged, call.patient, decision.on)
    return 200, {"cards": cards}, judged


def _needed(keys: list[str]) -> Problem:
    return Problem(
        code="required",
        message="data without which nothing can be judged did not come",
        help=f"send the prefetch keys {', '.join(keys)} as discovery describes them",
        where="prefetch",
    )


def _outline(decision: Decision) -> object:
    """Return what must be equal for two decisions to be called the same here."""
    return (
        decision.urgency,
        decision.state,
        decision.screen_complete,
        {sign.id for sign in decision.red_signs},
        {item.treatment: item.verdict for item in decision.treatments},
    )


def _shown(card: dict[str, Any]) -> CardShown:
    return CardShown(
        indicator=card["indicator"],
        word=INDICATORS[card["indicator"]],
        summary=card["summary"],
        detail=_markdown().render(card["detail"]),
        source=card["source"]["label"],
        suggestions=tuple(each["label"] for each in card.get("suggestions", ())),
        data=card,
    )
