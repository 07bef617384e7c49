"""What the decision says of an order about to be made: for a treatment, for a medicine inside it, for a scan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.cds_hooks.orders import Order
from api.guidance import Action, Source
from api.guidance.action import Kind, Priority
from api.guidance.write import source_url
from api.service import decide_input
from schemas.condition import Condition, Is
from schemas.decision import AgentAdvice, Decision, Reason, TreatmentDecision, Verdict
from schemas.pathway import Pathway, Urgency

MORE_SERIOUS = frozenset({"blocked"})
"""Kinds that speak against an order."""

_WORDS: dict[Verdict, tuple[str, Kind, Priority]] = {
    Verdict.BLOCK: ("blocked", "blocked", "urgent"),
    Verdict.BLOCK_UNLESS_JUSTIFIED: ("blocked unless justified", "blocked", "urgent"),
    Verdict.ON_HOLD: ("on hold", "blocked", "urgent"),
    Verdict.NOT_YET: ("not yet", "caution", "urgent"),
    Verdict.TRIED_FAILED: ("tried before", "caution", "urgent"),
    Verdict.NOT_INDICATED: ("no indication", "caution", "routine"),
    Verdict.NEEDS_DATA: ("not judged yet", "ask", "routine"),
}


def judged_order(order: Order, decision: Decision, pathway: Pathway) -> Action | None:
    """Return what *decision* says of the treatment that *order* asks for; None when nothing speaks against it."""
    if order.treatment is None:
        return None
    item = next(each for each in decision.treatments if each.treatment == order.treatment)
    agent = next((each for each in item.agents if each.agent == order.agent), None)
    name = pathway.medicines[order.agent].title if order.agent else item.title
    blocks = _holding(agent, "block") if agent and agent.standing == "block" else ()
    if blocks and item.verdict is not Verdict.BLOCK:
        return _action(
            order, name, "blocked", ("blocked", "urgent"), [r.says for r in blocks], blocks, pathway
        )
    cautions = (*item.cautions, *(_holding(agent, "caution") if agent else ()))
    known = _WORDS.get(item.verdict)
    if known is not None:
        word, kind, priority = known
        detail = [item.summary, *(f"Caution: {reason.says}" for reason in cautions)]
        return _action(
            order, name, word, (kind, priority), detail, (*item.reasons, *cautions), pathway,
            missing=item.missing,
        )  # fmt: skip
    if cautions:
        detail = [reason.says for reason in cautions]
        return _action(order, name, "caution", ("caution", "urgent"), detail, cautions, pathway)
    return None


def _holding(agent: AgentAdvice, effect: str) -> tuple[Reason, ...]:
    return tuple(r for r in agent.reasons if r.holds == "true" and r.effect == effect)


def _action(
    order: Order,
    name: str,
    word: str,
    look: tuple[Kind, Priority],
    detail: Sequence[str],
    reasons: Sequence[Reason],
    pathway: Pathway,
    missing: tuple[str, ...] = (),
) -> Action:
    kind, priority = look
    found = [note for reason in reasons for note in reason.sources]
    source = Source(f"{pathway.title}, version {pathway.version}")
    if found:
        source = Source(found[0].label, source_url(pathway, found[0].key))
    return Action(
        id=f"order-{order.agent or order.treatment}",
        kind=kind,
        priority=priority,
        title=f"{name}: {word}. {detail[0]}" if detail and detail[0] else f"{name}: {word}",
        detail=tuple(dict.fromkeys(detail)),
        source=source,
        sources=tuple(dict.fromkeys(note.label for note in found)),
        rules=tuple(dict.fromkeys(reason.rule for reason in reasons)),
        treatment=order.treatment,
        missing=missing,
    )


def scan_with_device(decision: Decision, pathway: Pathway) -> Action | None:
    """Return the warning about a drafted MRI where the record names an implanted device.

    The pathway's own rule also asks whether a scan is wanted; the draft has answered that.
    """
    for rule in pathway.rules.values():
        if rule.topic != "device-check":
            continue
        devices = [fact for fact in facts_in(rule.when) if _is_so(decision, fact)]
        if devices:
            titles = ", ".join(pathway.facts[fact].title for fact in devices)
            labels = tuple(citation.label for citation in rule.sources)
            return Action(
                id="order-scan",
                kind="caution",
                priority="urgent",
                title=f"MRI: {rule.says}",
                detail=(f"{rule.do}." if rule.do else rule.says, f"Recorded: {titles}."),
                source=Source(labels[0], source_url(pathway, rule.sources[0].key)),
                sources=labels,
                rules=(rule.id,),
            )
    return None


def facts_in(condition: Condition) -> Iterable[str]:
    """Yield the yes/no facts that *condition* itself asks for; those behind a finding are left aside."""
    match condition:
        case Is():
            yield condition.fact
        case _:
            for item in getattr(condition, "items", ()):
                yield from facts_in(item)


def _is_so(decision: Decision, fact: str) -> bool:
    entry = decision.input["facts"].get(fact)
    return (entry.get("value") if isinstance(entry, Mapping) else entry) is True


def new_warnings(
    found: Sequence[Order],
    data: Mapping[str, Any],
    before: Decision,
    pathway: Pathway,
    on: dt.date,
) -> list[Action]:
    """Return the warnings that arise only once the drafted medicines are taken with those taken already.

    INVARIANT: where the list of medicines is unknown, it stays open. Given as a list of exactly the drafts it would
    turn every other medicine into one that is not taken; left out altogether, two drafts that must not meet would
    pass without a word.
    """
    agents = sorted({order.agent for order in found if order.agent})
    if not agents:
        return []
    taken, open_lists = data.get("medications"), data.get("incomplete", ())
    if taken is None:
        taken, open_lists = [], (*open_lists, "medications")
    with_drafts = {**data, "medications": [*taken, *({"agent": agent} for agent in agents)]}
    if open_lists:
        with_drafts["incomplete"] = list(dict.fromkeys(open_lists))
    after = decide_input(pathway.id, with_drafts, on)
    said = _spoken(before)
    titles = ", ".join(pathway.medicines[agent].title for agent in agents)
    actions = []
    for item, reason in _warnings(after):
        if reason.rule in said:
            continue
        said.add(reason.rule)
        actions.append(
            Action(
                id=f"with-{reason.rule}",
                kind="caution",
                priority="urgent",
                title=f"With {titles}: {reason.says}",
                detail=(item, f"Because {reason.because}."),
                source=Source(reason.sources[0].label, source_url(pathway, reason.sources[0].key)),
                sources=tuple(note.label for note in reason.sources),
                rules=(reason.rule,),
            )
        )
    return actions


def _warnings(decision: Decision) -> Iterable[tuple[str, Reason]]:
    """Yield the advice that is due soon, the safety of medicines taken among it."""
    for advice in decision.advice:
        if advice.urgency is not None and advice.urgency is not Urgency.U3:
            yield advice.text, advice.reason


def _spoken(decision: Decision) -> set[str]:
    found = {advice.rule for advice in decision.advice}
    items: tuple[TreatmentDecision, ...] = decision.treatments
    return found | {r.rule for item in items for r in (*item.reasons, *item.cautions)}
