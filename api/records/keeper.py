"""What a door asks for when it has decided: keep this, and tell the truth about it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from api.library import get_pathway
from api.records.asked import DECISION_ID, RECORDED, Asked
from api.records.keys import Keys
from api.records.port import (
    KEY_LASTS_US,
    Entry,
    Kind,
    Level,
    conflict,
    microseconds,
    pack,
)
from api.records.recorder import Recorded, Recorder
from api.service import decide_input
from api.strict_json import read_json
from rules.canonical import canonical_json
from schemas.errors import BusyError

Now = Callable[[], dt.datetime]
_log = logging.getLogger("steppedcare")


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer as it leaves: its text, and what is true of its record."""

    text: str
    recorded: Recorded
    id: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {RECORDED: self.recorded} | ({DECISION_ID: self.id} if self.id else {})


class Keeper(Protocol):
    """Decides and keeps."""

    def answer(self, asked: Asked) -> Answered:
        """Decide what is *asked* and keep the answer.

        Raises what deciding raises, and ConflictError for an idempotency key used for something else.
        """

    def keep(self, text: str, tenant: str = "", patient: str | None = None) -> Answered:
        """Keep *text*, a whole decision as JSON that some door has made; never raises.

        *patient* is the patient's id where the decision was asked for.
        """

    def can_keep(self) -> bool:
        """Tell whether a decision asked for now would be kept as the site wants it."""


def decided(asked: Asked, today: dt.date) -> str:
    """Return the answer as every door writes it."""
    get_pathway(asked.pathway)
    data = read_json(asked.body)
    return decide_input(asked.pathway, data, today).model_dump_json() + "\n"


class LogKeeper:
    """Keeps every decision in a log, as a receipt or whole."""

    def __init__(self, recorder: Recorder, keys: Keys, level: Level, now: Now) -> None:
        self.recorder, self.keys, self.level, self._now = recorder, keys, level, now

    def answer(self, asked: Asked) -> Answered:
        try:
            marks = self._marks(asked)
            earlier = self.earlier(asked.tenant, marks["key"])
        except Exception as error:
            return _unkept(decided(asked, self.today()), error)
        if earlier is not None:
            return self._again(asked, earlier, marks["request"])
        text = decided(asked, self.today())
        answered, stands = self._kept(text, asked.tenant, marks)
        if stands is not None:
            return self._again(asked, stands, marks["request"])
        return answered

    def keep(self, text: str, tenant: str = "", patient: str | None = None) -> Answered:
        name = None if patient is None else self.keys.pseudonym(tenant, patient)
        return self._kept(text, tenant, {"patient": name})[0]

    def _kept(
        self, text: str, tenant: str, marks: Mapping[str, str | None]
    ) -> tuple[Answered, Entry | None]:
        """Keep *text*; return it with what is true of it, and the entry that stands for it where that is another."""
        try:
            entry = self.entry("decision", self.notes(text), text, tenant=tenant, **marks)
            kept = self.recorder.record(entry)
        except Exception as error:
            return _unkept(text, error), None
        if kept.recorded == "no":
            return Answered(text, "no"), None
        other = kept.entry if kept.entry.id != entry.id else None
        return Answered(text, kept.recorded, entry.id), other

    def can_keep(self) -> bool:
        return self.recorder.can_keep()

    def _marks(self, asked: Asked) -> dict[str, str | None]:
        """Return what stands for the patient, the key and the request in the log."""
        patient = None
        if asked.patient is not None:
            patient = self.keys.pseudonym(asked.tenant, asked.patient)
        key, request = self.marks(
            "decision", asked.tenant, asked.key, asked.pathway, patient, asked.body
        )
        return {"patient": patient, "key": key, "request": request}

    def today(self) -> dt.date:
        return self._now().astimezone().date()

    def at(self) -> int:
        """Return the time in microseconds since 1970."""
        return microseconds(self._now())

    def marks(
        self,
        kind: Kind,
        tenant: str,
        key: str | None,
        what: str,
        patient: str | None,
        body: bytes,
    ) -> tuple[str | None, str | None]:
        """Return the keyed hashes of an idempotency key and of the request under it; none without a key."""
        if key is None:
            return None, None
        digest = hashlib.sha256(body).hexdigest()
        return (
            self.keys.code("idempotency", kind, tenant, key),
            self.keys.code("request", kind, what, patient, digest),
        )

    def earlier(self, tenant: str, key: str | None) -> Entry | None:
        """Return what an idempotency key was used for within a day.

        None also when the log is away: a red sign is then told twice rather than not at all, and the drained log
        keeps the second as a repeat of the first.
        """
        if key is None:
            return None
        try:
            return self.recorder.recall(tenant, key, self.at() - KEY_LASTS_US)
        except BusyError:
            return None

    def entry(self, kind: Kind, notes: Mapping[str, Any], text: str, **more: Any) -> Entry:
        """Return what is to be kept of *text* at the level of this log."""
        body = pack(text) if self.level == "full" else None
        written = canonical_json(notes)
        return Entry(str(uuid.uuid4()), kind, self.at(), self.level, written, body, **more)

    def notes(self, text: str) -> dict[str, Any]:
        """Return what is kept of every decision: versions, the day, and codes by which the decision is known again.

        The receipt's hashes of the input and of the decision are kept under a key: a plain hash of a few facts is
        soon found by trying.
        """
        decision = json.loads(text)
        receipt = decision["receipt"]
        return {
            "pathway": decision["pathway"],
            "version": decision["version"],
            "on": decision["on"],
            "settings": receipt["settings"],
            "content": receipt["content"],
            "program": receipt["program"],
            "facts": self.keys.code("facts", receipt["facts"]),
            "decision": self.keys.code("decision", text.strip()),
        }

    def is_decision(self, entry: Entry, text: str) -> bool:
        """Tell whether *text* is the decision that *entry* was made for."""
        kept = json.loads(entry.notes).get("decision")
        return self.keys.fits(kept, "decision", text.strip())

    def same_request(self, earlier: Entry, request: str | None) -> None:
        """Raise ConflictError unless *earlier* answered the same request."""
        if earlier.request != request:
            raise conflict(
                "key-used",
                "the idempotency key was used for another request within the last day",
                "draw a new key for every new request",
                "Idempotency-Key",
            )

    def state_of(self, entry: Entry) -> Recorded:
        """Return where *entry* is: in the log at its level, or still in the spool."""
        return "spooled" if entry.seq is None else entry.level

    def _again(self, asked: Asked, earlier: Entry, request: str | None) -> Answered:
        """Return the recorded answer; where only its receipt is kept, make it again and check that it is the same."""
        self.same_request(earlier, request)
        try:
            text, on = earlier.text(), dt.date.fromisoformat(json.loads(earlier.notes)["on"])
        except Exception as error:  # what is stored was changed, or is damaged
            return _unkept(decided(asked, self.today()), error)
        if text is None:
            text = decided(asked, on)
            if not self.is_decision(earlier, text):
                raise conflict(
                    "answer-not-kept",
                    "the answer under this key was made by another version, and only its receipt is kept",
                    "draw a new key and ask again",
                    "Idempotency-Key",
                )
        return Answered(text, self.state_of(earlier), earlier.id)


def _unkept(text: str, fault: Exception) -> Answered:
    """Answer without a record.

    INVARIANT: whatever is wrong with the log, the answer is given, and says that it is not kept. A patient with a
    new bladder disturbance must not wait for a disk.
    """
    _log.error("decision log: not recorded: %s", type(fault).__name__)
    return Answered(text, "no")


class NothingKept:
    """Decides and keeps nothing, and says so."""

    def __init__(self, now: Now) -> None:
        self._now = now

    def answer(self, asked: Asked) -> Answered:
        return Answered(decided(asked, self._now().astimezone().date()), "no")

    def keep(self, text: str, tenant: str = "", patient: str | None = None) -> Answered:
        return Answered(text, "no")

    def can_keep(self) -> bool:
        return True
