"""A pathway as loaded: rules, findings, treatments, stages, settings, sources."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict

from schemas.condition import Condition
from schemas.facts import FactDefinition, FactSection
from schemas.provenance import Citation, Place


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Effect(StrEnum):
    """What follows from a rule whose condition holds."""

    RECOMMEND = "recommend"
    """An indication: the default next step at its stage."""
    CONSIDER = "consider"
    """An indication: an allowed alternative at its stage."""
    REQUIRE = "require"
    """A prerequisite: the condition must hold before the treatment is offered."""
    BLOCK = "block"
    HOLD = "hold"
    """A block that will pass (an open red sign, pregnancy, a yearly limit): it never counts as a chance given."""
    BLOCK_UNLESS_JUSTIFIED = "block-unless-justified"
    CAUTION = "caution"
    EXHAUST = "exhaust"
    """The treatment has been given its chance; its stage may be passed."""
    SKIP = "skip"
    """The stage need not wait for this treatment although it may be offered."""
    RED_SIGN = "red-sign"
    ADVISE = "advise"
    CAUSE = "cause"
    SUPPORT = "support"
    """A feature that makes the diagnosis likelier."""


class Urgency(StrEnum):
    """How soon someone must act; U0 is the most urgent. Classes are a project setting (C)."""

    U0 = "U0"
    U1 = "U1"
    U2 = "U2"
    U3 = "U3"


URGENCY_WORDS: dict[Urgency, str] = {
    Urgency.U0: "emergency: now, the same day",
    Urgency.U1: "urgent: call a specialist the same day, seen within 24 to 72 hours",
    Urgency.U2: "soon: within about two weeks",
    Urgency.U3: "routine",
}


class Rule(_Frozen):
    """One condition and what follows from it."""

    id: str
    effect: Effect
    on: tuple[str, ...] = ()
    """Treatments it acts on."""
    agents: tuple[str, ...] = ()
    """Medicines inside the treatment it is limited to; empty: the whole treatment."""
    when: Condition
    says: str
    do: str = ""
    do_not: str = ""
    urgency: Urgency | None = None
    within: Urgency | None = None
    """How soon the advice itself is due, without raising the urgency of the whole decision."""
    sign: str = ""
    """The red sign (R1..) the rule raises."""
    topic: str = ""
    """A stable word to find it by: a pair (X6), a disagreement (D3), an imaging or cause category."""
    sources: tuple[Citation, ...]
    statement: str = ""
    """What the source says, restated."""
    overrides: tuple[str, ...] = ()
    """Rules this one is an exception to: when it holds, they do not."""
    place: Place

    @property
    def is_extension(self) -> bool:
        """Whether nothing in the founding document stands behind the rule."""
        return all(citation.tag != "SEED" for citation in self.sources)


class Finding(_Frozen):
    """A named conclusion from facts and earlier findings."""

    id: str
    when: Condition
    says: str
    sources: tuple[Citation, ...]
    statement: str = ""
    place: Place


class Sign(_Frozen):
    """One red sign: its name and what never changes about it."""

    id: str
    title: str
    sources: tuple[Citation, ...]
    place: Place


class OutcomeRule(_Frozen):
    """One row of the table that judges a treatment trial; the first that holds decides."""

    outcome: str
    when: Condition
    says: str
    sources: tuple[Citation, ...]
    place: Place


class Treatment(_Frozen):
    """One of the nine treatments, or revision surgery."""

    id: str
    number: str
    title: str
    family: Literal["medicine", "physical-therapy", "minimally-invasive", "surgery"]
    stage: str = ""
    """Empty: belongs to no stage (revision surgery is a flag, never a stage)."""
    gate: bool = True
    """Whether the stage waits for it. Short opioids need not have failed."""
    medicine_class: str = ""
    agents: tuple[str, ...] = ()
    adequate: Condition | None = None
    """When a trial of it was long and strong enough to be judged; over the facts of one trial."""
    expect: str = ""
    """What may be expected, and how often it fails; no promise."""
    shows: tuple[str, ...] = ()
    """What a clinician must see with every offer of it."""
    evidence: tuple[str, ...] = ()
    sources: tuple[Citation, ...]
    place: Place


class Stage(_Frozen):
    id: str
    title: str
    after: tuple[str, ...] = ()
    """Stages that must have been passed before it opens."""
    passed_when: Condition | None = None
    """A condition beyond its members being done."""
    sources: tuple[Citation, ...]
    place: Place


class Combination(_Frozen):
    """Treatments that go together when each of them is offered."""

    id: str
    of: tuple[str, ...]
    says: str
    sources: tuple[Citation, ...]
    place: Place


class Setting(_Frozen):
    """A number no source fixes for us, with the range a site may choose from."""

    name: str
    value: Decimal
    minimum: Decimal
    maximum: Decimal
    unit: str
    says: str
    sources: tuple[Citation, ...]
    signed_off: str = ""
    place: Place


class Source(_Frozen):
    key: str
    title: str
    seen: str = ""
    locate: str = ""
    tags: tuple[str, ...] = ()


class Medicine(_Frozen):
    id: str
    title: str
    classes: tuple[str, ...]
    also: tuple[str, ...] = ()
    mme_factor: Decimal | None = None


def plain_spelling(name: str) -> str:
    """Return *name* in lower case, hyphens and runs of blanks as one blank."""
    return " ".join(name.lower().replace("-", " ").split())


class Derivation(_Frozen):
    """How a fact is worked out from one of the lists; a closed set, so that every reader can follow."""

    fact: FactDefinition
    rule: Literal[
        "listed", "taking", "tried", "sessions", "surgery", "surgery-date", "surgery-result",
        "procedure-date", "started", "count-taking", "mme", "justified", "early",
    ]  # fmt: skip
    of: tuple[str, ...] = ()
    """Medicine classes or agents, a treatment, or kinds of surgery."""
    within_days: int | None = None


class Pathway(_Frozen):
    """Everything the documents say, checked and cross-referenced."""

    id: str
    title: str
    version: str
    status: str
    released: str
    reviewed: str
    review_due: str
    reviewer: str
    intended_use: str
    caveats: tuple[str, ...]
    content_hash: str
    sections: tuple[FactSection, ...]
    facts: dict[str, FactDefinition]
    """Facts a client may state."""
    derivations: dict[str, Derivation]
    """Facts worked out from the lists."""
    trial_facts: dict[str, FactDefinition]
    """Facts of one row of `trials`."""
    medicines: dict[str, Medicine]
    medicine_classes: dict[str, str]
    sources: dict[str, Source]
    statements: dict[str, str]
    """S-numbers of the founding document, each with its restatement."""
    settings: dict[str, Setting]
    profiles: dict[str, dict[str, Decimal]]
    signs: dict[str, Sign]
    findings: dict[str, Finding]
    rules: dict[str, Rule]
    outcomes: tuple[OutcomeRule, ...]
    treatments: dict[str, Treatment]
    stages: dict[str, Stage]
    combinations: dict[str, Combination]

    @cached_property
    def spellings(self) -> dict[str, Medicine]:
        """Every name a medicine goes by, spelled plainly."""
        return {
            plain_spelling(name): medicine
            for medicine in self.medicines.values()
            for name in (medicine.id, *medicine.also)
        }

    def definition(self, fact: str) -> FactDefinition:
        """Return the definition of a stated or derived fact."""
        if fact in self.facts:
            return self.facts[fact]
        return self.derivations[fact].fact
