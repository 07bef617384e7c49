"""The decision: the full answer for one patient, and the only thing any door renders."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from schemas.pathway import Urgency
from schemas.provenance import Engines, Receipt


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Verdict(StrEnum):
    """What the pathway says about one treatment; see rules/verdict.py for the precedence."""

    RECOMMEND = "recommend"
    CONSIDER = "consider"
    NOT_YET = "not-yet"
    NEEDS_DATA = "needs-data"
    NOT_INDICATED = "not-indicated"
    BLOCK = "block"
    BLOCK_UNLESS_JUSTIFIED = "block-unless-justified"
    TRIED_FAILED = "tried-failed"
    TRIED_HELPED = "tried-helped"
    ON_HOLD = "on-hold"


OFFERS = frozenset({Verdict.RECOMMEND, Verdict.CONSIDER})


class State(StrEnum):
    """Where the patient stands; every patient is in exactly one (INV-P3)."""

    RED_SIGN = "red-sign"
    OUT_OF_SCOPE = "out-of-scope"
    NEEDS_ASSESSMENT = "needs-assessment"
    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    SPECIALIST_REVIEW = "specialist-review"


class UsedFact(_Frozen):
    """One fact a reason rests on."""

    fact: str
    value: Any
    date: str | None = None
    source: str | None = None


class SourceNote(_Frozen):
    tag: str
    key: str
    label: str
    says: str = ""


class Reason(_Frozen):
    """One link of the explanation: this rule, its condition, these facts, this source."""

    rule: str
    effect: str
    holds: Literal["true", "false", "unknown"]
    says: str
    because: str
    """The condition in words."""
    facts: tuple[UsedFact, ...]
    unknown: tuple[str, ...] = ()
    """Facts that keep the rule undecided."""
    sources: tuple[SourceNote, ...]
    extension: bool
    topic: str = ""


class AgentAdvice(_Frozen):
    """What is said of one medicine inside a treatment."""

    agent: str
    title: str
    standing: Literal["open", "caution", "block", "needs-data"]
    trial: str = "none"
    """How earlier trials of this very medicine were judged."""
    reasons: tuple[Reason, ...]


class OverrideNote(_Frozen):
    treatment: str
    lifts: str
    who: str
    when: str
    why: str
    applied: bool


class TreatmentDecision(_Frozen):
    treatment: str
    title: str
    stage: str
    verdict: Verdict
    otherwise: Verdict | None = None
    """The verdict that a red-sign hold has put aside; absent when nothing is held."""
    summary: str
    """The verdict and its deciding reason in one sentence."""
    reasons: tuple[Reason, ...]
    cautions: tuple[Reason, ...]
    agents: tuple[AgentAdvice, ...] = ()
    missing: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    """What must be done before it opens."""
    reconsider: str | None = None
    shows: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    expect: str = ""
    trial: str = "none"
    """How earlier trials of it were judged."""
    sources: tuple[SourceNote, ...] = ()


class RedSign(_Frozen):
    id: str
    title: str
    urgency: Urgency
    onset: str
    first_action: tuple[str, ...]
    do_not: tuple[str, ...]
    reasons: tuple[Reason, ...]


class Scope(_Frozen):
    status: Literal["in-scope", "out-of-scope", "unknown"]
    confidence: Literal["key-sign", "supported", "possible", "not-applicable"]
    reasons: tuple[Reason, ...]


class SurgicalAssessment(_Frozen):
    """The revision flag; only a red sign raises it."""

    text: str
    urgency: Urgency
    signs: tuple[str, ...]


class NextStep(_Frozen):
    """One thing that could be done next; the list is never empty."""

    kind: Literal["red-sign", "ask", "offer", "prepare", "keep", "refer", "scope"]
    text: str
    treatment: str | None = None
    rule: str | None = None
    urgency: Urgency | None = None


class Advice(_Frozen):
    rule: str
    text: str
    topic: str
    urgency: Urgency | None
    reason: Reason


class Cause(_Frozen):
    rule: str
    text: str
    points_to: str
    reason: Reason


class Missing(_Frozen):
    """One unanswered question that can still change the answer."""

    fact: str
    ask: str
    where: str
    burden: str
    red_sign: bool
    decides: tuple[str, ...]
    """The signs, treatments or steps whose standing it can still change."""
    why_unknown: str
    section: str


class Conflict(_Frozen):
    code: str
    facts: tuple[str, ...]
    text: str


class NotUsed(_Frozen):
    """Something the client sent that no rule could use; never dropped silently."""

    where: str
    why: str


class Stale(_Frozen):
    fact: str
    date: str
    shelf_days: int


class CombinationAdvice(_Frozen):
    id: str
    treatments: tuple[str, ...]
    text: str
    sources: tuple[SourceNote, ...]


class SettingUsed(_Frozen):
    name: str
    value: Any
    unit: str
    says: str
    sources: tuple[SourceNote, ...]
    changed: bool
    """Whether the value differs from the pathway's own."""
    signed_off: str


class SettingsNote(_Frozen):
    profile: str
    used: tuple[SettingUsed, ...]
    """Every setting that a rule bearing on this answer has read."""


class NextReview(_Frozen):
    by: str | None
    text: str


class Decision(_Frozen):
    """Suggested next steps with their reasons. Decision support: it never orders."""

    pathway: str
    title: str
    version: str
    content_hash: str
    engines: Engines
    on: str
    input: dict[str, Any]
    """What was asked, as it was understood: with it and the receipt the same answer can be made again."""
    settings: SettingsNote
    incomplete: bool
    """True when part of the evaluation failed; what is shown then is only what can be relied on."""
    faults: tuple[str, ...]
    scope: Scope
    urgency: Urgency
    urgency_text: str
    screen_complete: bool
    red_signs: tuple[RedSign, ...]
    surgical_assessment: SurgicalAssessment | None
    state: State
    stage: str
    next_steps: tuple[NextStep, ...]
    treatments: tuple[TreatmentDecision, ...]
    combinations: tuple[CombinationAdvice, ...]
    causes: tuple[Cause, ...]
    advice: tuple[Advice, ...]
    missing: tuple[Missing, ...]
    conflicts: tuple[Conflict, ...]
    not_used: tuple[NotUsed, ...]
    stale: tuple[Stale, ...]
    overrides: tuple[OverrideNote, ...]
    next_review: NextReview
    caveats: tuple[str, ...]
    receipt: Receipt
