"""What a client tells us about one patient, as understood after checking."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.facts import DateField, FactEntry

_HIDDEN = r"\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
"""Controls, zero-width signs and those that turn the direction of writing: they make text look like another."""

Name = Annotated[str, Field(min_length=1, max_length=80, pattern=rf"^[^\x00-\x1f<>{_HIDDEN}]*$")]
Free = Annotated[
    str, Field(min_length=1, max_length=400, pattern=rf"^[^\x00-\x08\x0b-\x1f{_HIDDEN}]*$")
]
Percent = Annotated[Decimal, Field(ge=-100, le=100, max_digits=6, decimal_places=2)]
Count = Annotated[int, Field(strict=True, ge=0, le=10_000)]

TreatmentId = Literal[
    "nsaid", "muscle-relaxant", "neuropathic-agent", "opioid", "physical-therapy",
    "epidural-steroid-injection", "trigger-point-injection", "radiofrequency-ablation",
    "spinal-cord-stimulation", "revision-surgery",
]  # fmt: skip


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Trial(_Row):
    """One treatment that was tried. Whatever is left out is unknown."""

    treatment: TreatmentId | Literal["other"]
    agent: Name | None = None
    full_dose: Annotated[bool, Field(strict=True)] | None = None
    """Whether an effective, regular dose was reached."""
    weeks: Annotated[Decimal, Field(ge=0, le=2600, max_digits=6, decimal_places=2)] | None = None
    sessions: Count | None = None
    relief_percent: Percent | None = None
    """Pain relief from baseline; negative: worse."""
    odi_points_better: Annotated[int, Field(strict=True, ge=-100, le=100)] | None = None
    goal_met: Annotated[bool, Field(strict=True)] | None = None
    """Whether the agreed functional goal was reached."""
    stopped_because: (
        Literal["no-effect", "harm", "worse", "course-ended", "other", "still-running"] | None
    ) = None
    still_helping: Annotated[bool, Field(strict=True)] | None = None
    technique_sound: Annotated[bool, Field(strict=True)] | None = None
    """For procedures: right level and approach, under image guidance."""
    started: DateField | None = None
    ended: DateField | None = None
    side: Literal["left", "right", "both"] | None = None
    level: Name | None = None


class Medication(_Row):
    """One medicine the patient takes or took."""

    agent: Name
    dose_mg_per_day: (
        Annotated[Decimal, Field(ge=0, le=100_000, max_digits=9, decimal_places=3)] | None
    ) = None
    status: Literal["active", "stopped", "planned"] = "active"
    long_acting: Annotated[bool, Field(strict=True)] | None = None
    started: DateField | None = None
    stopped: DateField | None = None


class Surgery(_Row):
    """One operation on the spine."""

    procedure: Literal[
        "discectomy", "decompression", "fusion", "disc-replacement", "stimulator-implant", "other"
    ]
    region: Literal["lumbar", "lumbosacral", "thoracic", "cervical", "other"] | None = None
    date: DateField | None = None
    for_pain: Annotated[bool, Field(strict=True)] | None = None
    result: Literal["no-improvement", "partial", "full-then-recurred", "worse"] | None = None
    level: Name | None = None


class Override(_Row):
    """A clinician's recorded decision to lift a `not-yet` or a `block-unless-justified`."""

    treatment: TreatmentId
    lifts: Literal["not-yet", "block-unless-justified"]
    who: Free
    when: DateField
    why: Annotated[
        str,
        Field(min_length=10, max_length=400, pattern=rf"^[^\x00-\x08\x0b-\x1f{_HIDDEN}]*$"),
    ]


class NotRead(_Row):
    """Something a record holds that whoever read the record could not turn into facts."""

    where: Free
    why: Free


class Patient(_Row):
    """One patient on one date. A list that is None was not given; an empty list means none, unless it is incomplete."""

    facts: dict[str, FactEntry]
    trials: tuple[Trial, ...] | None = None
    medications: tuple[Medication, ...] | None = None
    surgeries: tuple[Surgery, ...] | None = None
    overrides: tuple[Override, ...] = ()
    incomplete: tuple[Literal["trials", "medications", "surgeries"], ...] = ()
    """Lists that may lack something: what stands in them is so, what does not is unknown."""
    not_used: tuple[NotRead, ...] = ()
    """Shown in the answer as not used, and read by no rule."""
    on: dt.date
    settings: str = "default"
