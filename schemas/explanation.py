"""The answer to why, why not, what to ask, and what would change it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from schemas.decision import Decision, Reason, SourceNote


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


TruthWord = Literal["true", "false", "unknown"]


class ProofNode(_Frozen):
    """One step of a proof: a condition in words, its truth, the fact it reads, and the steps it rests on."""

    says: str
    truth: TruthWord
    decides: bool
    """Whether the truth of the whole rests on this step."""
    rule: str | None = None
    fact: str | None = None
    value: Any = None
    date: str | None = None
    source: str | None = None
    sources: tuple[SourceNote, ...] = ()
    because: tuple[ProofNode, ...] = ()


class WhyNot(_Frozen):
    """One line of the why-not matrix."""

    treatment: str
    title: str
    verdict: str
    deciding: str
    """The comparison that decides, in words."""
    fact: str | None
    value: Any
    date: str | None
    statement: str
    rule: str | None


class VerdictProof(_Frozen):
    treatment: str
    title: str
    verdict: str
    short: tuple[Reason, ...]
    """At most three reasons."""
    proof: tuple[ProofNode, ...]


class Question(_Frozen):
    """One question worth asking, and what its answer can still change."""

    fact: str
    ask: str
    where: str
    burden: str
    red_sign: bool
    open_now: bool
    """Whether its absence keeps something open now; otherwise it is optional, and asked only with a reason."""
    changes: tuple[str, ...]
    """`urgency`, `state`, treatment ids whose verdict it can change, `caution for ...`."""
    weight: float
    because: str
    """Between what the answer decides."""


class Questions(_Frozen):
    exact: bool
    """Whether every way of answering everything was considered; otherwise only what keeps the answer open now."""
    ranked: tuple[Question, ...]
    irrelevant: tuple[str, ...]
    """Unknown facts whose answer can change nothing."""


class Change(_Frozen):
    """One thing that would have to become true."""

    fact: str
    title: str
    from_value: Any
    to: str
    kind: Literal["record", "do"]
    earliest: str | None
    """The first day on which it could be true, for something to be done."""
    how: str


class Way(_Frozen):
    """One smallest set of changes that makes the treatment available."""

    changes: tuple[Change, ...]
    verdict: str
    earliest: str | None


class Counterfactual(_Frozen):
    treatment: str
    title: str
    verdict: str
    available: bool
    ways: tuple[Way, ...]
    cannot_change: tuple[str, ...]
    """What stands against it and cannot be changed, in words."""
    text: str


class Explanation(_Frozen):
    decision: Decision
    verdicts: tuple[VerdictProof, ...]
    matrix: tuple[WhyNot, ...]
    questions: Questions
    counterfactuals: tuple[Counterfactual, ...]


class VerdictChange(_Frozen):
    treatment: str
    title: str
    before: str
    after: str
    direction: Literal["gained", "lost", "changed"]


class FlipPoint(_Frozen):
    """Where the answer changes along one number, all else equal."""

    fact: str
    title: str
    now: Any
    at: Any
    says: str


class WhatIf(_Frozen):
    """Two inputs, and what differs between their answers."""

    facts_changed: tuple[str, ...]
    urgency: tuple[str, str]
    state: tuple[str, str]
    red_signs_gained: tuple[str, ...]
    red_signs_lost: tuple[str, ...]
    verdicts: tuple[VerdictChange, ...]
    questions_answered: tuple[str, ...]
    questions_new: tuple[str, ...]
    flip_points: tuple[FlipPoint, ...]
    text: tuple[str, ...]
    """The differences in words, with their direction; one line when nothing differs."""


class Visit(_Frozen):
    on: str
    decision: Decision
    changed: tuple[str, ...]
    not_done: tuple[str, ...]
    """Offered at an earlier visit and not found among trials and medicines since."""
    due: tuple[str, ...]
    """What was due by this date, and since when."""


class Journey(_Frozen):
    visits: tuple[Visit, ...]


class Replay(_Frozen):
    same: bool
    differences: tuple[str, ...]
