"""Who an answer is about, and what its parts are called."""

from __future__ import annotations

from dataclasses import dataclass

from api.fhir.names import Resource

GROUP, GUIDANCE, SERVICE, MESSAGES = "actions", "guidance", "service", "messages"
"""Ids of the parts of an answer, in all answers the same."""


@dataclass(frozen=True)
class Asked:
    """Who the answer is about, in the client's own references."""

    subject: str
    encounter: str | None
    warnings: tuple[str, ...]
    """What the reader of the record says about the reading; no patient values."""

    @property
    def patient(self) -> Resource:
        return {"reference": self.subject}

    @property
    def visit(self) -> Resource | None:
        return {"reference": self.encounter} if self.encounter else None
