"""The text a clinician copies into the notes: the whole answer, and what was decided about it."""

from __future__ import annotations

from dataclasses import dataclass

from api.page.form import Fields
from api.page.words import RESPONSES, verdict_word
from api.text import decision_text, section
from schemas.decision import Decision
from schemas.pathway import Pathway

_WORDS = dict(RESPONSES)


@dataclass(frozen=True)
class Response:
    """What the clinician answered to one suggestion."""

    treatment: str
    title: str
    suggested: str
    outcome: str
    """As the form says it."""
    answer: str
    why: str


def responses_of(fields: Fields, decision: Decision) -> tuple[Response, ...]:
    """Return what the clinician answered, for each treatment that was answered."""
    return tuple(
        Response(
            treatment=item.treatment,
            title=item.title,
            suggested=verdict_word(item.verdict),
            outcome=answer,
            answer=_WORDS[answer],
            why=fields.get(f"w.{item.treatment}", "").strip(),
        )
        for item in decision.treatments
        if (answer := fields.get(f"r.{item.treatment}", "")) in _WORDS
    )


def note_text(decision: Decision, fields: Fields, pathway: Pathway) -> str:
    """Return the note: the answer as the command line tells it, then what was decided, then what it is not."""
    answered = (
        f"{each.title} (suggested: {each.suggested}): {each.answer}"
        + (f", because: {each.why}" if each.why else "")
        for each in responses_of(fields, decision)
    )
    text = decision_text(decision).rstrip("\n")
    lines = [text, *section("DECIDED BY THE CLINICIAN", answered)]
    lines += ["", f"Pathway {pathway.id} {decision.version}, {pathway.status}."]
    return "\n".join(lines) + "\n"
