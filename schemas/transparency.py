"""The transparency card: who made a pathway, what it reads about a person, and what has not been shown about it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

NOT_PROVIDED = "not provided"
"""What a blank says. A blank that looked like an answer would be taken for one."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AttributeUse(_Frozen):
    """One fact that counts as a personal attribute, and how far it reaches."""

    fact: str
    title: str
    argument: str
    """Why the fact counts as this attribute."""
    read: bool
    """Whether any conclusion rests on it; a fact may be accepted and never read."""
    rules: tuple[str, ...]
    """Every rule that rests on it, directly or through earlier conclusions."""
    bears_on: tuple[str, ...]
    """Treatments whose verdict rests on it."""


class SourceAttribute(_Frozen):
    """One of the thirteen source attributes of an evidence-based decision support intervention."""

    number: int
    attribute: str
    answer: str
    derived_from: tuple[str, ...]
    """Where the answer comes from; for a blank, where it was looked for."""
    uses: tuple[AttributeUse, ...] = ()


class Criterion(_Frozen):
    """One of the four statements on which the US question "is this a device" turns."""

    number: int
    asks: str
    statement: str
    derived_from: tuple[str, ...]
    open_points: tuple[str, ...] = ()
    """What a deployer has to judge; nothing here is legal advice."""


class InputFact(_Frozen):
    """One thing that is read about a patient."""

    fact: str
    title: str
    kind: str
    unit: str
    section: str
    comes_from: str
    """`stated`, or the list it is worked out from: trials, medications, surgeries, overrides."""
    shelf_days: int | None
    read_by: tuple[str, ...]
    """The conclusions that read it themselves."""
    rules: int
    """How many rules rest on it, directly or through earlier conclusions."""


class UnreadFact(_Frozen):
    """One thing that is accepted and on which nothing rests."""

    fact: str
    title: str


class TagCount(_Frozen):
    tag: str
    label: str
    rules: int
    """Rules that name such a source among others."""
    alone: int
    """Rules that name no other kind of source."""


class ReviewDates(_Frozen):
    released: str
    reviewed: str
    review_due: str
    reviewer: str
    on: str
    past_due: bool | None
    """Whether the review is overdue on the date of the question; None: no date is given."""


class DisagreeingRule(_Frozen):
    rule: str
    effect: str
    on: tuple[str, ...]
    says: str
    sources: tuple[str, ...]


class Disagreement(_Frozen):
    """A point on which the sources differ, with every rule and remark that names it."""

    topic: str
    rules: tuple[DisagreeingRule, ...]
    remarks: tuple[str, ...]


class Grading(_Frozen):
    """What is said about certainty and strength; gradings of others are quoted, never taken over."""

    statement: str
    quoted: tuple[str, ...]


class Validated(_Frozen):
    what: str
    status: str


class TransparencyCard(_Frozen):
    pathway: str
    title: str
    version: str
    content_hash: str
    intended_use: str
    """For what, by whom, and what it is not for."""
    population: str
    limits: tuple[str, ...]
    validation: tuple[Validated, ...]
    attributes: tuple[SourceAttribute, ...]
    criteria: tuple[Criterion, ...]
    review: ReviewDates
    grading: Grading
    rules: int
    tags: tuple[TagCount, ...]
    settings: int
    unsigned: tuple[str, ...]
    """Settings that no clinician has signed off."""
    disagreements: tuple[Disagreement, ...]
    inputs: tuple[InputFact, ...]
    unread: tuple[UnreadFact, ...]
