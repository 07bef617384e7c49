"""A decision as plain text: what a clinician would want to read, most urgent first. Drops nothing that warns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from schemas.decision import (
    Decision,
    Missing,
    OverrideNote,
    Reason,
    State,
    TreatmentDecision,
    Verdict,
)

WIDTH = 100
MOST_NAMES = 6
_GROUPS: tuple[tuple[str, tuple[Verdict, ...]], ...] = (
    ("OPTIONS NOW", (Verdict.RECOMMEND, Verdict.CONSIDER)),
    ("KEEP AND REVIEW", (Verdict.TRIED_HELPED,)),
    ("ON HOLD", (Verdict.ON_HOLD,)),
    ("NEEDS DATA", (Verdict.NEEDS_DATA,)),
    ("NOT YET", (Verdict.NOT_YET,)),
    ("BLOCKED", (Verdict.BLOCK, Verdict.BLOCK_UNLESS_JUSTIFIED)),
    ("TRIED WITHOUT SUCCESS", (Verdict.TRIED_FAILED,)),
    ("NOT INDICATED", (Verdict.NOT_INDICATED,)),
)


def wrap(text: str, first: str, rest: str = "") -> str:
    """Fold *text* at 100 characters behind *first*; further lines are indented as far, or by *rest*."""
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=rest or " " * len(first),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def decision_text(decision: Decision) -> str:
    """Return the whole decision as text, at most 100 characters wide."""
    lines = list(_head(decision))
    lines += _red_signs(decision)
    lines += ["", "WHAT TO DO NEXT"]
    lines += [wrap(step.text, f"  {at}. ") for at, step in enumerate(decision.next_steps, start=1)]
    for title, verdicts in _GROUPS:
        members = [item for item in decision.treatments if item.verdict in verdicts]
        if members:
            lines += ["", title]
            if decision.state is State.NEEDS_ASSESSMENT and title == "NEEDS DATA":
                names = ", ".join(item.treatment for item in members)
                lines.append(wrap(f"{names}: {members[0].summary}", "  - "))
                continue
            for item in members:
                lines += _treatment(item)
    lines += _others(decision)
    return "\n".join(lines) + "\n"


def _head(decision: Decision) -> Iterable[str]:
    yield decision.title
    yield f"Version {decision.version} · date of the question {decision.on} · settings {decision.settings.profile}"
    yield ""
    if decision.incomplete:
        yield wrap(
            "INCOMPLETE: part of the evaluation failed. Only the red signs shown can be relied on.",
            "",
        )
    yield f"URGENCY   {decision.urgency_text}"
    screen = (
        "no red signs"
        if decision.screen_complete and not decision.red_signs
        else "complete" if decision.screen_complete
        else "NOT complete: red signs are not excluded"
    )  # fmt: skip
    yield f"RED SIGNS {len(decision.red_signs)} open; screen {screen}"
    words = {"key-sign": "key sign present", "supported": "supportive features"}
    scope = words.get(decision.scope.confidence, decision.scope.confidence.replace("-", " "))
    yield f"SCOPE     {decision.scope.status.replace('-', ' ')} ({scope})"
    state = decision.state.value.replace("-", " ")
    yield f"STAGE     {decision.stage}" + (f" ({state})" if state != decision.stage else "")


def _red_signs(decision: Decision) -> Iterable[str]:
    for sign in decision.red_signs:
        yield ""
        yield f"!! {sign.urgency}  {sign.id} {sign.title} (onset: {sign.onset})"
        for reason in sign.reasons:
            yield from _reason(reason, "   because ")
        for action in sign.first_action:
            yield wrap(action, "   do      ")
        for action in sign.do_not:
            yield wrap(action, "   do not  ")
    if decision.surgical_assessment:
        yield ""
        yield wrap(
            f"{decision.surgical_assessment.text} ({decision.surgical_assessment.urgency})", "!! "
        )


def _reason(reason: Reason, first: str) -> Iterable[str]:
    yield wrap(f"{reason.says} [{reason.rule}; {_sources(reason)}]", first)


def _treatment(item: TreatmentDecision) -> Iterable[str]:
    yield wrap(f"{item.title}: {item.verdict.value}. {item.summary}", "  - ")
    if item.otherwise is not None and item.treatment != "revision-surgery":
        yield f"      without the hold: {item.otherwise.value}"
    deciding = [r for r in item.reasons if r.holds == "true" or item.verdict is Verdict.NOT_YET]
    if item.verdict not in (Verdict.NOT_INDICATED, Verdict.NEEDS_DATA):
        for reason in deciding[:3]:
            yield from _reason(reason, "      why: ")
    for caution in item.cautions:
        yield from _reason(caution, "      caution: ")
    if item.missing:
        more = len(item.missing) - MOST_NAMES
        rest = f" and {more} more" if more > 0 else ""
        yield wrap(f"missing: {', '.join(item.missing[:MOST_NAMES])}{rest}", "      ")
    if item.reconsider:
        yield f"      earliest reconsideration: {item.reconsider}"
    if item.verdict in (Verdict.RECOMMEND, Verdict.CONSIDER):
        yield from _agents(item)
        if item.expect:
            yield wrap(f"expect: {item.expect}", "      ")
        for line in item.shows:
            yield wrap(line, "      note: ")


def _agents(item: TreatmentDecision) -> Iterable[str]:
    for standing in ("open", "caution", "needs-data", "block"):
        members = [agent for agent in item.agents if agent.standing == standing]
        if members:
            told = "; ".join(
                agent.title
                + (f", tried: {agent.trial}" if agent.trial != "none" else "")
                + (f" ({', '.join(r.says for r in agent.reasons)})" if agent.reasons else "")
                for agent in members
            )
            yield wrap(f"agents {standing}: {told}", "      ")


def _others(decision: Decision) -> Iterable[str]:
    yield from section("TOGETHER", (item.text for item in decision.combinations))
    yield from section(
        "POSSIBLE CAUSES",
        (f"{item.text}. {item.points_to} [{_sources(item.reason)}]" for item in decision.causes),
    )
    yield from section(
        "ADVICE",
        (
            f"{f'({item.urgency}) ' if item.urgency else ''}{item.text} [{_sources(item.reason)}]"
            for item in decision.advice
        ),
    )
    yield from section("QUESTIONS STILL OPEN", (_question(item) for item in decision.missing))
    yield from section("CONFLICTS", (item.text for item in decision.conflicts))
    yield from section("NOT USED", (f"{item.where}: {item.why}" for item in decision.not_used))
    yield from section(
        "OUT OF DATE",
        (
            f"{item.fact} of {item.date}, older than {item.shelf_days} days: counts as unknown"
            for item in decision.stale
        ),
    )
    yield from section("OVERRIDES", (_override(item) for item in decision.overrides))
    changed = (item for item in decision.settings.used if item.changed)
    yield from section(
        "SETTINGS CHANGED HERE", (f"{s.name} = {s.value} {s.unit} ({s.says})" for s in changed)
    )
    yield ""
    yield wrap(f"NEXT REVIEW  {decision.next_review.text}", "", "             ")
    yield from section("PLEASE NOTE", decision.caveats)
    receipt, documents = decision.receipt.decision[:16], decision.content_hash[:16]
    yield f"Receipt {receipt} · documents {documents} · program {decision.engines.program}"


def section(title: str, items: Iterable[str]) -> Iterable[str]:
    """Return a titled list, or nothing when there are no items."""
    found = list(items)
    if found:
        yield ""
        yield title
        for item in found:
            yield wrap(item, "  - ")


def _question(item: Missing) -> str:
    mark = "RED SIGN: " if item.red_sign else ""
    more = ", ..." if len(item.decides) > MOST_NAMES else ""
    return f"{mark}{item.ask} ({item.fact}; decides {', '.join(item.decides[:MOST_NAMES])}{more})"


def _override(item: OverrideNote) -> str:
    applied = "applied" if item.applied else "not applied: it cannot lift what stands against it"
    return f"{item.treatment}: {item.lifts}, by {item.who} on {item.when}, because {item.why} ({applied})"


def _sources(reason: Reason) -> str:
    label = "guideline extension; " if reason.extension else ""
    return label + ", ".join(f"{note.tag} {note.key}".strip() for note in reason.sources)
