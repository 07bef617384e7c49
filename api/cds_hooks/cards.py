"""Cards: each action as CDS Hooks shows it, with its trace, its link and the drafts that could follow."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from api.cds_hooks.judge import Judged
from api.guidance import Action, Draft, draft_resource
from schemas.codes import CodeLists
from schemas.decision import Decision
from schemas.pathway import Pathway

LONGEST_SUMMARY = 139
"""Code points: a card's summary has to be shorter than 140."""
LONGEST_DETAIL = 6_000
INDICATORS = {"routine": "info", "urgent": "warning", "stat": "critical"}
ROOT = "https://steppedcare.example/fhir/CodeSystem"
"""Of our own codes; the host is reserved, so nobody else can own it."""
TRACE = "example.steppedcare.trace"
"""Name of the extension that says which rules made a card."""

TOPICS = {
    "red-sign": "Red sign",
    "fault": "Incomplete evaluation",
    "refer": "Needs attention soon",
    "offer": "Treatment that could be next",
    "keep": "Treatment that helped",
    "prepare": "To be done before a treatment",
    "ask": "Open questions",
    "blocked": "Contraindication",
    "caution": "Caution",
    "scope": "Outside the pathway",
    "review": "Specialist review",
    "more": "Further points",
}
OVERRIDES = {
    "contraindicated": "Contraindicated for this patient",
    "patient-declined": "The patient declined",
    "already-done": "Already done",
    "not-applicable": "Does not apply to this patient",
    "no-time": "Will be looked at later",
    "disagree": "I judge this differently",
}
"""Reasons for dismissing a card; their codes never change."""

_MARKUP = re.compile(r"([\\`*_\[\]|~])")
_FIRST = re.compile(r"^(\d+)?([-+#=.)])")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_ADDRESS = re.compile(r"(?i)(https?|javascript|data|mailto|ftp|www)([:.])")


def plain(text: str) -> str:
    """Return *text* as Markdown that shows exactly its letters: no mark-up, no link, nothing unseen.

    What HTML would read is written as entities: some clients show a card as HTML whatever the standard says.
    """
    one_line = " ".join(_UNSEEN.sub(" ", text).split())
    escaped = _MARKUP.sub(r"\\\1", html.escape(one_line, quote=False))
    # A renderer that knows no escapes would still see a link here.
    escaped = escaped.replace("](", "]\\(")
    # Some renderers turn a bare address into a link whatever is escaped around it; the stroke keeps it text.
    escaped = _ADDRESS.sub(lambda m: f"{m[1]}\\{m[2]}", escaped)
    return _FIRST.sub(lambda m: f"{m[1] or ''}\\{m[2]}", escaped)


def shortened(text: str, most: int = LONGEST_SUMMARY) -> str:
    """Return *text* in one line of at most *most* code points, cut between words."""
    line = " ".join(_UNSEEN.sub(" ", text).split())
    if len(line) <= most:
        return line
    cut = line[: most - 1]
    if not line[most - 1].isspace() and " " in cut:
        cut = cut[: cut.rindex(" ")]
    return cut.rstrip(" ,;:.(") + "…"


class CardWriter:
    """Writes cards; build it once per service."""

    def __init__(
        self,
        pathway: Pathway,
        codes: CodeLists,
        public_url: str,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        """*new_id* makes the uuid of a card or suggestion: the only thing in which two equal answers differ."""
        self.pathway, self.codes, self.public_url, self.new_id = pathway, codes, public_url, new_id

    def write(self, judged: Judged, patient: str, on: str) -> list[dict[str, Any]]:
        """Return the cards for *judged*; the notes stand at the end of the last of them."""
        last = len(judged.actions) - 1
        return [
            self.card(
                action,
                judged.decision,
                judged.notes if at == last else (),
                patient,
                on,
                judged.removable.get(action.id),
            )
            for at, action in enumerate(judged.actions)
        ]

    def card(
        self,
        action: Action,
        decision: Decision,
        notes: Sequence[str],
        patient: str,
        on: str,
        removable: str | None,
    ) -> dict[str, Any]:
        """Return *action* as a card; members without a value are left out."""
        card: dict[str, Any] = {
            "uuid": self.new_id(),
            "summary": shortened(action.title),
            "detail": self.detail(action, notes),
            "indicator": INDICATORS[action.priority],
            "source": self.source(action),
            "overrideReasons": [
                {"system": f"{ROOT}/override-reasons", "code": code, "display": display}
                for code, display in OVERRIDES.items()
            ],
            "links": [
                {
                    "label": "Open the pathway",
                    "url": f"{self.public_url}/?pathway={self.pathway.id}",
                    "type": "absolute",
                }
            ],
            "extension": {TRACE: trace(action, decision)},
        }
        suggestions = self.suggestions(action, patient, on, removable)
        if suggestions:
            card["suggestions"] = suggestions
            card["selectionBehavior"] = "at-most-one"
        return card

    def detail(self, action: Action, notes: Sequence[str]) -> str:
        """Return the detail in Markdown: paragraphs and lists only, every text escaped."""
        parts = [plain(action.title)] if len(action.title) > LONGEST_SUMMARY else []
        parts += _list(action.detail)
        if action.sources:
            parts.append(f"**Sources:** {plain('; '.join(action.sources))}")
        # The notes are never cut: what was not looked at and the caveats are part of the answer.
        said = ["**Please note**", *_list(notes)] if notes else []
        return "\n\n".join([_within("\n\n".join(parts), LONGEST_DETAIL), *said])

    def source(self, action: Action) -> dict[str, Any]:
        source: dict[str, Any] = {"label": action.source.label}
        if action.source.url is not None:
            source["url"] = action.source.url
        source["topic"] = {
            "system": f"{ROOT}/card-topics",
            "code": action.kind,
            "display": TOPICS[action.kind],
        }
        return source

    def suggestions(
        self, action: Action, patient: str, on: str, removable: str | None
    ) -> list[dict[str, Any]]:
        """Return what could be done at a press: begin a draft, or take one away. None is marked as recommended.

        INVARIANT: nothing is ever chosen beforehand, and nothing is created for what is blocked.
        """
        found = [self.begin(draft, patient, on) for draft in action.drafts]
        if removable is not None:
            found.append(
                {
                    "label": "Take the drafted order away",
                    "uuid": self.new_id(),
                    "actions": [
                        {
                            "type": "delete",
                            "description": "Take away the drafted order that this card is about",
                            "resourceId": removable,
                        }
                    ],
                }
            )
        return found

    def begin(self, draft: Draft, patient: str, on: str) -> dict[str, Any]:
        resource = draft_resource(
            draft,
            self.pathway,
            self.codes,
            subject=f"Patient/{patient}",
            on=on,
            intent="proposal",
        )
        return {
            "label": draft.label,
            "uuid": self.new_id(),
            "actions": [
                {
                    "type": "create",
                    "description": f"{draft.label}. A draft to complete and to sign, or to leave",
                    "resource": resource,
                }
            ],
        }


def trace(action: Action, decision: Decision) -> dict[str, Any]:
    """Return which rules, documents and evidence made a card; empty members are left out."""
    parts: Mapping[str, Any] = {
        "pathway": decision.pathway,
        "version": decision.version,
        "contentHash": decision.content_hash,
        "program": decision.receipt.program,
        "decision": decision.receipt.decision,
        "action": action.id,
        "rules": list(action.rules),
        "sources": list(action.sources),
        "missing": list(action.missing),
        "folded": list(action.folded),
    }
    return {name: value for name, value in parts.items() if value}


def _list(texts: Iterable[str]) -> list[str]:
    rows = [f"- {plain(text)}" for text in texts if text.strip()]
    return ["\n".join(rows)] if rows else []


def _within(text: str, most: int) -> str:
    """Return *text* cut after whole lines; what is cut is said."""
    if len(text) <= most:
        return text
    head = text[:most]
    return f"{head[: head.rindex(chr(10))]}\n\nThe rest is on the page."
