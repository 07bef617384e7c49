"""From a decision to actions: what is worth a look, in which order, how urgent, and what is folded away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from api.guidance.action import Action, Draft, Kind, Priority, Source
from api.guidance.drafts import drafts_for
from schemas.decision import (
    Decision,
    Reason,
    SourceNote,
    State,
    TreatmentDecision,
    Verdict,
)
from schemas.pathway import Pathway, Urgency

MOST_ACTIONS = 5
MOST_REASONS = 4
MOST_QUESTIONS = 8
_ORDER = {"stat": 0, "urgent": 1, "routine": 2}
_BLOCKS = (Verdict.BLOCK, Verdict.BLOCK_UNLESS_JUSTIFIED)
_DOI = re.compile(r"\bdoi (10\.\d{4,9}/[-._;()/:a-zA-Z0-9]+[a-zA-Z0-9)])")
_PMC = re.compile(r"\b(PMC\d{4,9})\b")


def guidance(
    decision: Decision, pathway: Pathway, most: int | None = MOST_ACTIONS
) -> tuple[Action, ...]:
    """Return the actions of *decision*, the most urgent first; never more than *most*, the rest folded into one.

    An open red sign is one action, alone at `stat`, and comes first; nothing is offered beside it. Nothing is an order.
    *most* None folds nothing.
    """
    writer = _Writer(decision, pathway)
    return fold(by_priority(writer.actions()), most)


def by_priority(actions: Iterable[Action]) -> list[Action]:
    """Return *actions* with the most urgent first; those of one priority stay in their order."""
    return sorted(actions, key=lambda action: _ORDER[action.priority])


def notes(decision: Decision) -> tuple[str, ...]:
    """Return what no rendering may drop: what was not asked, not used, contradicting or too old, and every caveat."""
    found: list[str] = []
    if decision.conflicts:
        found += [f"Contradiction in the record: {item.text}" for item in decision.conflicts]
    if decision.stale:
        names = ", ".join(f"{item.fact} ({item.date})" for item in decision.stale)
        found.append(f"Too old to be used: {names}")
    if decision.not_used:
        rows = "; ".join(f"{item.where}: {item.why}" for item in decision.not_used[:10])
        more = len(decision.not_used) - 10
        found.append(f"Not used: {rows}" + (f"; and {more} more" if more > 0 else ""))
    return (*found, *decision.caveats)


def fold(actions: Sequence[Action], most: int | None) -> tuple[Action, ...]:
    """Return at most *most* actions: from the first that does not fit on, they become one routine action."""
    if most is None or len(actions) <= most:
        return tuple(actions)
    kept, rest = actions[: most - 1], actions[most - 1 :]
    urgent = any(action.priority != "routine" for action in rest)
    return (
        *kept,
        Action(
            id="more",
            kind="more",
            priority="urgent" if urgent else "routine",
            title=f"{len(rest)} more to look at: {'; '.join(action.title for action in rest)}",
            detail=tuple(f"{action.title}. {' '.join(action.detail[:1])}" for action in rest),
            source=rest[0].source,
            sources=_unique(label for action in rest for label in action.sources),
            rules=_unique(rule for action in rest for rule in action.rules),
            missing=_unique(name for action in rest for name in action.missing),
            folded=tuple(action.id for action in rest),
        ),
    )


class _Writer:
    def __init__(self, decision: Decision, pathway: Pathway) -> None:
        self.decision, self.pathway = decision, pathway

    def actions(self) -> Iterable[Action]:
        decision = self.decision
        if decision.red_signs:
            yield self.red()
        if decision.incomplete:
            yield self.fault()
        if decision.state is State.OUT_OF_SCOPE and not decision.red_signs:
            return
        yield from self.advice()
        if not decision.red_signs:
            for verdict in (Verdict.RECOMMEND, Verdict.CONSIDER):
                for item in decision.treatments:
                    if item.verdict is verdict:
                        yield self.offer(item)
            for item in decision.treatments:
                if item.verdict is Verdict.TRIED_HELPED:
                    yield self.keep(item)
            yield from self.review()
        yield from self.questions()
        blocked = [item for item in decision.treatments if item.verdict in _BLOCKS]
        if blocked:
            yield self.blocked(blocked)

    def red(self) -> Action:
        signs = self.decision.red_signs
        others = len(signs) - 1
        beside = f" and {others} more" if others else ""
        detail: list[str] = []
        for sign in signs:
            because = "; ".join(_unique(reason.says for reason in sign.reasons))
            detail.append(
                f"{sign.id} {sign.title} ({sign.urgency}, onset: {sign.onset}). {because}"
            )
            detail += [f"Do: {text}" for text in sign.first_action]
            detail += [f"Do not: {text}" for text in sign.do_not]
        assessment = self.decision.surgical_assessment
        if assessment is not None:
            detail.append(f"{assessment.text} ({assessment.urgency}).")
        detail.append("Every step of the pathway is on hold until this has been cleared up.")
        return self.action(
            "red-sign", "red-sign", f"Red sign: {signs[0].title}{beside}", detail,
            [reason for sign in signs for reason in sign.reasons], priority="stat",
        )  # fmt: skip

    def fault(self) -> Action:
        faults = ", ".join(self.decision.faults)
        return Action(
            id="fault",
            kind="fault",
            priority="urgent",
            title="Incomplete answer: part of the evaluation did not run",
            detail=(
                f"Did not run: {faults}. Only what is shown here can be relied on; decide without the rest.",
            ),
            source=self.own(),
        )

    def advice(self) -> Iterable[Action]:
        for item in self.decision.advice:
            if item.urgency is not None and item.urgency is not Urgency.U3:
                yield self.action(
                    f"advice-{item.rule}", "refer", item.text,
                    [f"Due: {item.urgency}.", f"Because {item.reason.because}."],
                    [item.reason], priority="urgent",
                )  # fmt: skip

    def offer(self, item: TreatmentDecision) -> Action:
        word = "Default next step" if item.verdict is Verdict.RECOMMEND else "An option"
        detail = [f"Caution: {reason.says}" for reason in item.cautions]
        detail += [f"Because {reason.says}." for reason in item.reasons[:MOST_REASONS]]
        for standing, word_of in (
            ("caution", "With caution"),
            ("block", "Not for this patient"),
            ("needs-data", "Not judged for want of data"),
        ):
            names = [agent.title for agent in item.agents if agent.standing == standing]
            if names:
                detail.append(f"{word_of}: {', '.join(names)}.")
        detail += [*([item.expect] if item.expect else []), *item.shows]
        return self.action(
            f"offer-{item.treatment}", "offer", f"{word}: {item.title}", detail,
            [*item.reasons, *item.cautions], treatment=item.treatment,
            drafts=drafts_for(item, self.pathway),
        )  # fmt: skip

    def keep(self, item: TreatmentDecision) -> Action:
        return self.action(
            f"keep-{item.treatment}", "keep", f"{item.title}: {item.summary}",
            [
                *(f"Caution: {reason.says}" for reason in item.cautions),
                *item.shows,
                self.decision.next_review.text,
            ],
            [*item.reasons, *item.cautions], treatment=item.treatment,
        )  # fmt: skip

    def questions(self) -> Iterable[Action]:
        """Yield one action for the open red-sign questions and one for the others that can still change a verdict."""
        red = [item for item in self.decision.missing if item.red_sign]
        rest = [
            item
            for item in self.decision.missing
            if not item.red_sign and any(not w.startswith("a caution") for w in item.decides)
        ]
        for id, found, title in (
            (
                "ask-red-signs",
                red,
                f"Red signs are not excluded: {_count(len(red), 'question')} open",
            ),
            ("ask", rest, f"To decide further: {_count(len(rest), 'question')} open"),
        ):
            if found:
                detail = [item.ask for item in found[:MOST_QUESTIONS]]
                more = len(found) - MOST_QUESTIONS
                if more > 0:
                    detail.append(f"And {_count(more, 'further question')}.")
                yield Action(
                    id=id, kind="ask", priority="routine", title=title, detail=tuple(detail),
                    source=self.own(), missing=tuple(item.fact for item in found),
                )  # fmt: skip

    def blocked(self, items: Sequence[TreatmentDecision]) -> Action:
        return self.action(
            "blocked", "blocked", f"Not for this patient now: {', '.join(item.title for item in items)}",
            [f"{item.title}: {item.summary}" for item in items],
            [reason for item in items for reason in item.reasons],
        )  # fmt: skip

    def review(self) -> Iterable[Action]:
        """Yield what must be done before a treatment opens, one action each, and the specialist review."""
        steps = [step for step in self.decision.next_steps if step.urgency is None]
        for item in self.decision.treatments:
            texts = [s.text for s in steps if s.kind == "prepare" and s.treatment == item.treatment]
            if texts:
                yield self.step("prepare", texts, item.treatment)
        for step in steps:
            if step.kind == "refer":
                yield self.step("review", [step.text], step.treatment)

    def step(self, kind: Kind, texts: Sequence[str], treatment: str | None) -> Action:
        return Action(
            id=f"{kind}-{treatment}" if treatment else kind,
            kind=kind,
            priority="routine",
            title=texts[0],
            detail=_unique((*texts[1:], self.decision.next_review.text)),
            source=self.own(),
            treatment=treatment,
        )

    def action(
        self,
        id: str,
        kind: Kind,
        title: str,
        detail: Iterable[str],
        reasons: Sequence[Reason],
        *,
        priority: Priority = "routine",
        treatment: str | None = None,
        drafts: tuple[Draft, ...] = (),
    ) -> Action:
        found = [note for reason in reasons for note in reason.sources]
        return Action(
            id=id,
            kind=kind,
            priority=priority,
            title=title,
            detail=_unique(text for text in detail if text) or (title,),
            source=self.source(found),
            sources=_unique(note.label for note in found),
            rules=_unique(reason.rule for reason in reasons),
            treatment=treatment,
            drafts=drafts,
        )

    def own(self) -> Source:
        return Source(label=f"{self.decision.title}, version {self.decision.version}")

    def source(self, found: Sequence[SourceNote]) -> Source:
        """Name the first source; its address stands only where the register of sources knows one."""
        if not found:
            return self.own()
        return Source(label=found[0].label, url=source_url(self.pathway, found[0].key))


def source_url(pathway: Pathway, key: str) -> str | None:
    """Return the public address of a registered source: its DOI, else its place in PubMed Central, else None."""
    source = pathway.sources.get(key)
    if source is None:
        return None
    if doi := _DOI.search(source.locate):
        return f"https://doi.org/{doi[1]}"
    if pmc := _PMC.search(source.locate):
        return f"https://pmc.ncbi.nlm.nih.gov/articles/{pmc[1]}/"
    return None


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
