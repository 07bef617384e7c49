"""Where a statement comes from, and everything needed to reproduce an answer."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Tag = Literal["SEED", "V", "V2", "M", "C"]

TAG_LABELS: dict[str, str] = {
    "SEED": "Source document",
    "V": "Guideline/literature",
    "V2": "Secondary source; check primary",
    "M": "Unverified; needs clinical review",
    "C": "Project setting (configurable)",
}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(_Frozen):
    """A line of a document of the pathway."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Citation(_Frozen):
    """One source of a rule: a statement of the founding document, a registered source, or only a tag."""

    tag: Tag
    key: str = ""
    """A statement number (S27) for SEED, a key of the source register for V and V2, or nothing."""

    def __str__(self) -> str:
        return f"{self.tag} {self.key}".strip()

    @property
    def label(self) -> str:
        return f"{TAG_LABELS[self.tag]}: {self.key}" if self.key else TAG_LABELS[self.tag]


class Engines(_Frozen):
    """What computed the answer."""

    program: str
    durable_rules: str
    evaluator: str


class Receipt(_Frozen):
    """Hashes (sha256, hex) by which the same answer can be obtained again."""

    facts: str
    """Of the canonical form of the input as it was understood."""
    settings: str
    content: str
    """Of every document of the pathway, its code lists included."""
    program: str
    decision: str
    """Of the canonical form of the whole decision with this field empty."""
