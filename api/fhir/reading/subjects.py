"""Whose record this is: references are compared as parsed, and one foreign patient ends the reading."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from api.fhir.reading.resources import Item
from api.fhir.reading.shapes import mapping, objects, text
from schemas.errors import InputError, Problem

_REFERENCE = re.compile(
    r"(?:(https?://[^?#]+)/)?([A-Z][A-Za-z]+)/([^/?#\s]{1,128})(?:/_history/[^/?#\s]+)?"
)


class MixedPatients(InputError):
    """Resources of more than one patient, or of another than the one asked for: no guidance at all (H-08)."""

    def __init__(self) -> None:
        super().__init__(
            Problem(
                code="other-patient",
                message="the record holds resources of more than one patient, or of another than the one asked for",
                help="send the record of one patient; every subject must be the patient in context",
                where="record",
            )
        )


class Whose(Enum):
    OURS = "ours"
    OTHER = "other"
    MISSING = "missing"
    UNTOLD = "untold"
    """A reference nobody here can follow: it could be anybody's."""
    NO_PATIENT = "no patient"
    """A group, a device, a place."""


@dataclass(frozen=True)
class Reference:
    """A reference taken apart; without a type it is an address or a bare id."""

    kind: str
    id: str
    base: str


def parse_reference(value: str) -> Reference:
    """Take *value* apart: `Patient/1`, an address, an older version of one, `urn:uuid:...`, or a bare id."""
    value = value.strip()
    if value.lower().startswith(("urn:uuid:", "urn:oid:")):
        return Reference("", value.rpartition(":")[2].lower(), "urn")
    match = _REFERENCE.fullmatch(value)
    if match is None:
        bare = "" if re.search(r"[/?#\s:]", value) else value
        return Reference("", bare, "")
    base = (match[1] or "").rstrip("/")
    return Reference(match[2], match[3], base.partition("://")[2].lower())


@dataclass
class Identity:
    """Everything the patient in context is known by."""

    ids: set[str] = field(default_factory=set)
    bases: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    identifiers: set[tuple[str, str]] = field(default_factory=set)
    _told: dict[tuple[str, str], Whose] = field(default_factory=dict)
    """References met before: nearly every resource of a record writes the same one."""

    def owner(self, body: dict[str, Any]) -> Whose:
        """Tell whose the resource *body* is; raise MixedPatients when any of its references is another patient."""
        subject = body.get("subject")
        if isinstance(subject, dict) and "patient" not in body and "beneficiary" not in body:
            whose = self.whose(subject, body)
            if whose is Whose.OTHER:
                raise MixedPatients
            return whose
        found = [
            self.whose(reference, body)
            for key in _KEYS
            if key in body
            for reference in objects(body[key])
        ]
        if Whose.OTHER in found:
            raise MixedPatients
        return found[0] if found else Whose.MISSING

    def whose(self, reference: Any, body: dict[str, Any]) -> Whose:
        """Tell whose *reference* is; *body* is the resource it stands in."""
        if not isinstance(reference, dict):
            return Whose.MISSING
        written = text(reference.get("reference"))
        if not written:
            return self._by_identifier(reference)
        if written.startswith("#"):
            return self._contained(written[1:], body)
        key = (written, text(reference.get("type")))
        if key not in self._told:
            self._told[key] = self._follow(*key)
        return self._told[key]

    def _follow(self, written: str, type_written: str) -> Whose:
        if written in self.addresses:
            return Whose.OURS
        parsed = parse_reference(written)
        kind = parsed.kind or type_written
        if kind and kind != "Patient":
            return Whose.NO_PATIENT
        if parsed.base == "urn":
            return Whose.OURS if parsed.id in {i.lower() for i in self.ids} else Whose.UNTOLD
        if not parsed.id or not self.ids:
            return Whose.UNTOLD
        if parsed.id in self.ids:
            foreign = parsed.base and self.bases and parsed.base not in self.bases
            return Whose.OTHER if foreign else Whose.OURS
        return Whose.OTHER if kind else Whose.UNTOLD

    def _by_identifier(self, holder: dict[str, Any]) -> Whose:
        found = _identifiers(holder.get("identifier"))
        if found & self.identifiers:
            return Whose.OURS
        told = found or text(holder.get("display"))
        return Whose.UNTOLD if told else Whose.MISSING

    def _contained(self, id: str, body: dict[str, Any]) -> Whose:
        for each in objects(body.get("contained")):
            if each.get("id") == id:
                if each.get("resourceType") != "Patient":
                    return Whose.NO_PATIENT
                found = self._by_identifier(each)
                return Whose.UNTOLD if found is Whose.MISSING else found
        return Whose.UNTOLD


def _identifiers(value: Any) -> set[tuple[str, str]]:
    return {
        (text(each.get("system")), text(each.get("value")))
        for each in objects(value)
        if text(each.get("system")) and text(each.get("value"))
    }


_KEYS = ("subject", "patient", "beneficiary")
"""Where resources say whom they are about."""


def subject_of(body: dict[str, Any]) -> Any:
    """Return the reference that says whom a resource is about; None when it says nothing."""
    for key in _KEYS:
        if key in body:
            value = body[key]
            return value[0] if isinstance(value, list) and value else value
    return None


def identify(items: list[Item], subject: str | None) -> Identity:
    """Return the patient in context: *subject*, and the one Patient among *items*.

    Without either, the patient all references agree on. Raises MixedPatients when there is more than one.
    """
    identity = Identity()
    if subject:
        asked = parse_reference(subject)
        if asked.kind not in ("", "Patient"):
            raise MixedPatients
        _learn(identity, asked.id, asked.base)
        identity.addresses.add(subject)
    patients = [item for item in items if item.kind == "Patient"]
    # Two versions of one Patient that do not tell which is newer are still one patient.
    if len(patients) > 1 and len({p.id or object() for p in patients}) > 1:
        raise MixedPatients
    for patient in patients:
        _meet(identity, patient)
    if not identity.ids and not identity.addresses:
        _from_references(identity, items)
    return identity


def _learn(identity: Identity, id: str, base: str) -> None:
    if id:
        identity.ids.add(id)
    if base and base != "urn":
        identity.bases.add(base)


def _meet(identity: Identity, patient: Item) -> None:
    """Learn what the Patient resource says of itself; one that is known to be another raises MixedPatients."""
    address = parse_reference(patient.url) if patient.url else Reference("", "", "")
    own = {patient.id, address.id} - {""}
    if identity.ids and own and not {i.lower() for i in own} & {i.lower() for i in identity.ids}:
        raise MixedPatients
    if address.base not in ("", "urn") and identity.bases and address.base not in identity.bases:
        raise MixedPatients
    for id in own:
        _learn(identity, id, address.base)
    if patient.url:
        identity.addresses.add(patient.url)
    identity.identifiers |= _identifiers(patient.body.get("identifier"))


def _from_references(identity: Identity, items: list[Item]) -> None:
    found: set[tuple[str, str]] = set()
    bases: set[str] = set()
    for item in items:
        written = text(mapping(subject_of(item.body)).get("reference"))
        parsed = parse_reference(written)
        if parsed.kind == "Patient" or parsed.base == "urn":
            found.add((parsed.kind, parsed.id))
            bases |= {parsed.base} - {"", "urn"}
    if len(found) > 1 or len(bases) > 1:
        raise MixedPatients
    for _, id in found:
        identity.ids.add(id)
        identity.bases |= bases
