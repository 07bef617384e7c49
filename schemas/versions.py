"""What separates two versions of a pathway, and what that means for patients."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Invasive = Literal["more-invasive", "less-invasive", "as-invasive"]
Urgent = Literal["more-urgent", "less-urgent", "as-urgent"]


class VersionName(_Frozen):
    pathway: str
    version: str
    content_hash: str


class FieldChange(_Frozen):
    """One part of an entry, in words, before and after; empty where there was none."""

    field: str
    before: str
    after: str


class PartChange(_Frozen):
    """One rule, finding, setting, statement ... that was changed, added or removed."""

    part: str
    """`rule`, `finding`, `setting`, `statement`, `treatment`, `fact`, `stage`, ..., or `pathway` for its head."""
    id: str
    kind: Literal["changed", "added", "removed"]
    place: str = ""
    """File and line, in the new version where it still stands."""
    fields: tuple[FieldChange, ...] = ()
    read_by: tuple[str, ...] = ()
    """For a setting, a fact or a finding: the rules that rest on it."""


class VerdictShift(_Frozen):
    """The verdict on one treatment before and after; empty where a version does not know the treatment."""

    treatment: str
    before: str
    after: str


class AnswerChange(_Frozen):
    """How one answer differs between two versions."""

    urgency: tuple[str, str] | None = None
    """Before and after, where they differ; so with the others."""
    state: tuple[str, str] | None = None
    screen_complete: tuple[bool, bool] | None = None
    signs_gained: tuple[str, ...] = ()
    signs_lost: tuple[str, ...] = ()
    verdicts: tuple[VerdictShift, ...] = ()
    invasive: Invasive = "as-invasive"
    urgent: Urgent = "as-urgent"
    rules_gained: tuple[str, ...] = ()
    """Rules that hold now and did not before: reasons, cautions, advice."""
    rules_lost: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether urgency, state, red signs, the screen or a verdict differ."""
        return bool(
            self.urgency or self.state or self.screen_complete is not None
            or self.signs_gained or self.signs_lost or self.verdicts
        )  # fmt: skip

    @property
    def differs_in_reasons(self) -> bool:
        """Whether the answer is the same and what is said with it differs."""
        return not self.differs and bool(self.rules_gained or self.rules_lost)


class LookChange(_Frozen):
    """One built-in patient, at one look, whose answer or whose reasons differ."""

    vignette: str
    look: str
    title: str
    change: AnswerChange


class Unreadable(_Frozen):
    """One look that a version cannot read, with the codes of what is wrong."""

    vignette: str
    look: str
    version: Literal["old", "new"]
    codes: tuple[str, ...]


class Transition(_Frozen):
    """How many patients go from one verdict to another."""

    treatment: str
    before: str
    after: str
    patients: int


class CohortImpact(_Frozen):
    """How many patients of a cohort are answered differently; one patient may count under several kinds."""

    patients: int
    """Compared: those both versions can read."""
    changed: int
    reasons_only: int
    """The same answer, with other reasons, cautions or advice."""
    more_invasive: int
    less_invasive: int
    more_urgent: int
    less_urgent: int
    neither: int
    """Changed, and neither more nor less invasive or urgent."""
    kinds: dict[str, int]
    """Patients by what changed: urgency, state, red-signs, screen, verdicts."""
    transitions: tuple[Transition, ...]
    """Of verdicts, the most frequent first."""
    unreadable_old: int
    unreadable_new: int
    """Patients that the new version cannot read, counted apart."""


Format = Literal["steppedcare-comparison/1"]
"""What a comparison kept as a file says it is; a later shape gets another number."""


class VersionReport(_Frozen):
    format: Format = "steppedcare-comparison/1"
    old: VersionName
    new: VersionName
    parts: tuple[PartChange, ...]
    looks_compared: int
    looks: tuple[LookChange, ...]
    """Looks whose answer differs, then looks where only reasons do."""
    unreadable: tuple[Unreadable, ...]
    cohort: CohortImpact | None

    @property
    def same(self) -> bool:
        """Whether nothing separates the two: no part, no look, no patient."""
        cohort = self.cohort
        quiet = cohort is None or not (
            cohort.changed or cohort.reasons_only or cohort.unreadable_new
        )
        return not self.parts and not self.looks and not self.unreadable and quiet
