"""What a door asks of what was recorded: one decision, many, feedback on one, and whether it comes out the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from api.records.keeper import LogKeeper
from api.records.port import Entry, Wanted, conflict, moment, unknown_decision
from api.records.recorder import Recorded, log_away
from api.records.wishes import Feedback, read_feedback
from api.reports import replay_result
from api.strict_json import read_json
from schemas.errors import InputError, Problem

LARGEST_DECISION = 4 * 1024 * 1024
"""Bytes of a decision sent to be replayed."""


class Shelf:
    """The recorded decisions of one log, as the HTTP door shows them."""

    def __init__(self, keeper: LogKeeper) -> None:
        self.keeper, self.recorder = keeper, keeper.recorder

    def find(self, tenant: str, id: str) -> Entry:
        """Return the decision *id*, of this tenant; raise NotFoundError or BusyError.

        An answer that was given again while nobody could look its key up leads to the first.
        """
        entry = self.recorder.find(tenant, id) if len(id) == 36 and id.isascii() else None
        if entry is not None and entry.kind == "repeat" and entry.about is not None:
            entry = self.recorder.find(tenant, entry.about)
        if entry is None or entry.kind != "decision":
            raise unknown_decision()
        return entry

    def show(self, tenant: str, id: str) -> str:
        """Return one decision with what was said about it, as JSON; the decision in it has its recorded bytes."""
        entry = self.find(tenant, id)
        said = self.recorder.feedback(tenant, entry.id)
        shown = self.summary(entry) | {"feedback": [_said(each) for each in said]}
        text = entry.text()
        decision = "null" if text is None else text.strip()
        return f'{_json(shown)[:-1]},"decision":{decision}}}\n'

    def search(self, wanted: Wanted) -> str:
        """Return a page of decisions as JSON; `next` is null on the last page."""
        found = self.recorder.within(lambda: self.recorder.log.search(wanted))
        more = found[-1].seq if len(found) == wanted.most else None
        return _json({"decisions": [self.summary(each) for each in found], "next": more}) + "\n"

    def summary(self, entry: Entry) -> dict[str, Any]:
        """Return what is shown of a decision in a list."""
        notes = json.loads(entry.notes)
        return {
            "id": entry.id,
            "at": moment(entry.at),
            "recorded": self.keeper.state_of(entry),
            **{name: notes[name] for name in ("pathway", "version", "on")},
            "receipt": {name: notes[name] for name in ("settings", "content", "program")},
        }

    def say(self, tenant: str, id: str, body: bytes, key: str | None) -> str:
        """Record feedback on the decision *id* and return, as JSON, what is true of its record.

        A receipt-only log keeps what became of the decision and a code of the rest, which may tell of the patient.
        Raises NotFoundError, InputError, BusyError and ConflictError.
        """
        about = self.find(tenant, id)
        feedback = read_feedback(read_json(body), json.loads(about.notes)["pathway"])
        mark, request = self.keeper.marks("feedback", tenant, key, about.id, None, body)
        earlier = self.keeper.earlier(tenant, mark)
        if earlier is None:
            text = _json(_parts(feedback))
            notes = {
                "outcome": feedback.outcome,
                "feedback": self.keeper.keys.code("feedback", text),
            }
            entry = self.keeper.entry(
                "feedback", notes, text, tenant=tenant, about=about.id, key=mark, request=request
            )
            kept = self.recorder.record(entry)
            if kept.entry.id == entry.id:
                if kept.recorded == "no":
                    raise log_away()
                return _kept(entry.id, kept.recorded, about)
            earlier = kept.entry
        self.keeper.same_request(earlier, request)
        return _kept(earlier.id, self.keeper.state_of(earlier), about)

    def replay(self, tenant: str, id: str, body: bytes) -> str:
        """Decide again what was recorded and compare, byte for byte.

        Where only a receipt is kept the caller sends the decision it was given, and the receipt tells whether it is
        that. Raises NotFoundError, BusyError, InputError, and ConflictError where nothing can be compared.
        """
        entry = self.find(tenant, id)
        text, sent = entry.text(), body.strip() not in (b"", b"{}")
        if sent:
            given = body.decode("utf-8", errors="replace")
            if not self.keeper.is_decision(entry, given):
                raise InputError(
                    Problem(
                        code="other-decision",
                        message="this is not the decision that was recorded under that id",
                        help="send the bytes that were answered, or an empty object where the log keeps decisions",
                        where="$",
                    )
                )
            text = given
        if text is None:
            raise conflict(
                "answer-not-kept",
                "only the receipt of this decision is kept",
                "send the decision as it was answered",
                "$",
            )
        try:
            pathway = json.loads(entry.notes)["pathway"]
            found = replay_result(pathway, read_json(text.encode(), LARGEST_DECISION))
        except InputError as error:
            problem = error.problems[0]
            raise conflict(problem.code, problem.message, problem.help, problem.where) from error
        return _json({"id": entry.id, **found.model_dump(mode="json")}) + "\n"


def _kept(id: str, recorded: Recorded, about: Entry) -> str:
    return _json({"id": id, "recorded": recorded, "decision": about.id}) + "\n"


def _parts(feedback: Feedback) -> dict[str, str | None]:
    return {name: getattr(feedback, name) for name in Feedback.__slots__}


def _said(entry: Entry) -> dict[str, Any]:
    text = entry.text()
    kept: Mapping[str, Any] = json.loads(text) if text is not None else {}
    outcome = json.loads(entry.notes)["outcome"]
    parts = {name: kept.get(name) for name in ("treatment", "reason", "by")}
    return {"id": entry.id, "at": moment(entry.at), "outcome": outcome, **parts}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
