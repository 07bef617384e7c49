"""The certificate: which statements about a pathway were proved over all patients, and which were not."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExampleOutcome(_Frozen):
    """What was decided for one patient of an example, as far as the statements speak of it."""

    state: str
    urgency: str
    red_signs: tuple[str, ...]
    verdicts: dict[str, str]


class CounterExample(_Frozen):
    """One patient, or two that are compared, for whom a statement does not hold."""

    shows: str
    """What is wrong with it, in one line."""
    patients: tuple[dict[str, Any], ...]
    """Inputs, each accepted by `steppedcare decide`."""
    settings: dict[str, float]
    """Settings that differ from the pathway's own."""
    expected: tuple[ExampleOutcome, ...]
    """What the solver says is decided for each patient."""
    reproduced: bool
    """Whether deciding the patients again gave the same."""


class ProofException(_Frozen):
    """Where a statement does not hold, by name, and the argument why that is right."""

    name: str
    what: str
    argument: str


class ProvedStatement(_Frozen):
    """One statement about all patients."""

    id: str
    sentence: str
    settings: Literal["every allowed setting", "the settings given"]
    proved: bool
    checked: bool = True
    """False when the budget ended before the statement was looked at."""
    queries: int
    """Questions put to the solver."""
    covered: int | None = None
    """For statements that something exists: how many of those asked for were found."""
    counter_example: CounterExample | None = None
    exceptions: tuple[ProofException, ...] = ()
    open: tuple[str, ...] = ()
    """What keeps the statement from being proved, by name."""
    seconds: float


class Assumption(_Frozen):
    """A combination of facts that no patient can have, and why; the proofs leave it out."""

    id: str
    argument: str


class Certificate(_Frozen):
    """What was proved of one version of one pathway."""

    pathway: str
    version: str
    content_hash: str
    program: str
    settings: dict[str, float] | None
    """The settings given; None when statements about all patients were proved for every allowed setting."""
    solver: str
    assumptions: tuple[Assumption, ...]
    statements: tuple[ProvedStatement, ...]
    proved: int
    queries: int
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether every statement was proved."""
        return self.proved == len(self.statements)
