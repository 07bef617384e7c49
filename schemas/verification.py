"""What checking a pathway finds: patients at a border, what was reached, diagnostics, and mutants that lived."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from schemas.provenance import Place


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BorderPatient(_Frozen):
    """A generated patient in whom one comparison stands at its border, or one step to a side of it."""

    node: str
    """The conclusion the comparison stands in: a finding, `rule:ID`, a generated one, `outcome:WORD` ..."""
    comparison: str
    """The comparison (or the earlier conclusion) in words."""
    stands: str
    """`below`, `at`, `above`; `open`, a date known to the month only; a word; `yes`, `no`, `unknown`."""
    decides: bool
    """Whether the comparison alone decides the conclusion: it would fall the other way if the comparison did."""
    input: dict[str, Any]
    """As a client would send it."""


class Unseen(_Frozen):
    """An outcome of a condition that no patient has shown."""

    where: Place
    node: str
    condition: str
    """As the documents write it."""
    outcome: Literal["true", "false"]


class Coverage(_Frozen):
    """What a set of patients reaches of a pathway."""

    patients: int
    rules: int
    never_fired: tuple[str, ...]
    """Rules whose condition held in nobody."""
    conclusions: int
    """Findings and rules, each of which must be seen true and false."""
    unseen_conclusions: tuple[Unseen, ...]
    comparisons: int
    """Comparisons of facts, those that judge trials included; each must be seen true and false."""
    unseen_comparisons: tuple[Unseen, ...]
    cannot: tuple[Unseen, ...]
    """Outcomes that the ranges of the facts exclude: not missing, but worth knowing."""
    outcomes_never: tuple[str, ...]
    """Rows of the outcome table that judged no trial."""
    states: dict[str, int]
    urgencies: dict[str, int]
    verdicts: dict[str, int]
    """How often each was given; all words are keys."""
    places: int
    """Comparisons and earlier conclusions, counted at every place where they stand in a condition."""
    deciding: int
    """Places seen to decide their condition both ways, all else in it being satisfied or out of the way."""
    not_deciding: tuple[str, ...]
    """The other places: coupled to what stands beside them, or never isolated by a patient."""

    @property
    def complete(self) -> bool:
        """Whether every rule has fired and every condition was seen true and false."""
        missing = (self.never_fired, self.unseen_conclusions, self.unseen_comparisons)
        return not any((*missing, self.outcomes_never))


class Survivor(_Frozen):
    """A mutant that no patient noticed."""

    kind: str
    where: Place
    subject: str
    says: str
    """The change, as the documents would write it."""
    equivalent: bool
    """Whether it was shown that no patient at all could notice."""
    why: str


class Score(_Frozen):
    """How many mutants were noticed."""

    mutants: int
    killed: int
    equivalent: int
    """Mutants shown to change no answer for any patient; they do not count."""

    @property
    def survived(self) -> int:
        return self.mutants - self.killed - self.equivalent

    @property
    def percent(self) -> float:
        """Of the mutants that change something for somebody, the share that was noticed."""
        counted = self.mutants - self.equivalent
        return 100.0 * self.killed / counted if counted else 100.0


class MutationReport(_Frozen):
    """What mutation of the pathway has shown."""

    patients: int
    looks: int
    """Of the patients, those of the vignettes; they come first."""
    total: Score
    """By every patient, against what is decided for them without the change."""
    by_vignettes: Score
    """By what the vignettes state as expected, and nothing else."""
    parts: dict[str, Score]
    """`red-sign`, `block`, `opioid`: the parts in which nothing may survive; `other`: what is in none of them."""
    kinds: dict[str, Score]
    survivors: tuple[Survivor, ...]


class Diagnostic(_Frozen):
    """Something wrong, or worth a look, in a document that loads."""

    code: str
    severity: Literal["error", "warning"]
    message: str
    help: str
    where: Place

    def __str__(self) -> str:
        return f"{self.where}: {self.message}\n  help: {self.help}"
