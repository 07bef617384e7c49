"""What every reader of a resource shares: the day, the meanings of codes, and what has been read so far."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from api.fhir.reading.dates import Moment, When, in_the_future, read_moment
from api.fhir.reading.lexicon import Lexicon
from api.fhir.reading.readings import Reading, fact_value
from api.fhir.reading.resources import Item
from api.fhir.reading.shapes import mapping, objects, text
from api.fhir.reading.subjects import parse_reference
from api.fhir.reading.tally import Tally
from rules.gravity import SECTION, leaves_open
from schemas.facts import FactKind

NO_CODE = "with a code nobody here knows"
NO_FACT = "with a code that settles no fact"
RED_NO_FACT = (
    "coded as what may be a red sign, for which no fact stands: look at the record at once"
)
NO_STATUS = "of no status that counts"
BAD_DATE = "with a date that is none"
FUTURE = "dated after the day of the question"
PAST = "that are resolved or inactive"
OPEN = "that need a further answer: how severe, how long ago, or treated"
UNDATED = "without a date, of something that ages"
RED_UNDATED = "of a red sign that is open and of no certain day: the last day it can be of is taken"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list, and where it was read."""

    where: str
    values: dict[str, Any]
    stated: bool = False
    """Whether somebody answered a question with it; otherwise it is gathered from a resource."""


@dataclass
class Chart:
    """One record being read."""

    lexicon: Lexicon
    on: dt.date
    tally: Tally
    items: list[Item]
    readings: list[Reading] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    listed: dict[str, list[tuple[Moment | None, bool]]] = field(default_factory=dict)
    """By list: who said when whether it is complete."""
    doubts: set[str] = field(default_factory=set)
    """Lists that may lack something the record holds."""
    expected: set[tuple[str, str]] = field(default_factory=set)
    """What lists must hold by the word of other entries: the list, and a class of medicine or nothing more precise."""
    unverified_rows: int = 0
    _addresses: dict[str, Item | None] | None = None
    _medications: dict[tuple[str, str], dict[str, Any]] | None = None

    def dated(self, where: str, when: When) -> bool:
        """Tell whether a resource with this date can be used; otherwise count it."""
        if when.unreadable:
            self.tally.add(where, BAD_DATE)
            return False
        if in_the_future(when.start or when.end, self.on):
            self.tally.add(where, FUTURE)
            return False
        return True

    def read(
        self, fact: str, where: str, raw: Any, moment: Moment | None, verified: bool = True
    ) -> bool:
        """Keep *raw* as a saying about *fact*; count it and return False when it is no value of the fact."""
        definition = self.lexicon.pathway.facts[fact]
        if moment is not None and moment.earliest > self.on:
            self.tally.add(where, FUTURE)
            return False
        value = fact_value(self.lexicon, definition, raw)
        if value is None:
            self.tally.add(where, "with a value of the wrong kind or out of range")
            return False
        if definition.kind is FactKind.DATE and not definition.ahead and value[:10] > self.day:
            self.tally.add(where, FUTURE)
            return False
        if (
            moment is not None
            and moment.earliest < moment.latest
            and leaves_open(definition, value, self.lexicon.borders)
        ):
            # A month that reaches into the shelf life may be yesterday, and then comes after every older saying.
            self.tally.add(where, RED_UNDATED)
            moment = read_moment(min(moment.latest, self.on).isoformat(), self.on)
        self.readings.append(Reading(fact, where, value, None, moment, verified))
        return True

    def is_red(self, fact: str) -> bool:
        """Tell whether *fact* is a question about a red sign."""
        return self.lexicon.pathway.facts[fact].section == SECTION

    def read_undated(
        self, fact: str, where: str, raw: Any, verified: bool = True, why: str | None = UNDATED
    ) -> None:
        """Keep *raw*, a saying of no known day about something that ages, where it leaves a red sign open.

        INVARIANT: an open red sign is never lost for want of a date: a form without one that says *new loss of
        bladder control* is acted upon as if it were of today. A calm answer of no known day would stay fresh for
        ever, so it is no answer, like everything else; *why* says so, unless it has been counted already (None).
        """
        definition = self.lexicon.pathway.facts[fact]
        value = fact_value(self.lexicon, definition, raw)
        if value is not None and leaves_open(definition, value, self.lexicon.borders):
            self.tally.add(where, RED_UNDATED)
            self.readings.append(Reading(fact, where, value, None, None, verified))
        elif why is not None:
            self.tally.add(where, why)

    @property
    def day(self) -> str:
        return self.on.isoformat()

    def add_row(self, list_name: str, row: Row) -> None:
        self.rows.setdefault(list_name, []).append(row)

    def find(self, reference: Any, body: dict[str, Any]) -> dict[str, Any] | None:
        """Return the resource *reference* points at: contained in *body*, or elsewhere in the record."""
        written = text(mapping(reference).get("reference"))
        if written.startswith("#"):
            contained = body.get("contained")
            for each in contained if isinstance(contained, list) else ():
                if isinstance(each, dict) and each.get("id") == written[1:]:
                    return each
            return None
        if written:
            found = self._by_address(written)
            return None if found is None else found.body
        return None

    def medication(self, identifier: dict[str, Any]) -> dict[str, Any] | None:
        """Return the Medication that goes by *identifier*, system and value."""
        if self._medications is None:
            self._medications = {
                (text(each.get("system")), text(each.get("value"))): item.body
                for item in self.items
                if item.kind == "Medication"
                for each in objects(item.body.get("identifier"))
            }
        value = text(identifier.get("value"))
        return self._medications.get((text(identifier.get("system")), value)) if value else None

    def _all_addresses(self) -> dict[str, Item | None]:
        """Return every resource by what it can be referred to; None where two share an address."""
        found: dict[str, Item | None] = {}
        for item in self.items:
            own = {item.url, f"{item.kind}/{item.id}" if item.id else ""}
            if item.kind == "Questionnaire":
                own.add(text(item.body.get("url")))
            for address in own - {""}:
                found[address] = None if address in found else item
        return found

    def _by_address(self, written: str) -> Item | None:
        if self._addresses is None:
            self._addresses = self._all_addresses()
        found = self._addresses.get(written)
        if found is None:
            parsed = parse_reference(written)
            if parsed.kind:
                found = self._addresses.get(f"{parsed.kind}/{parsed.id}")
        return found
