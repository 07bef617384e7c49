"""What a client sends to `$apply`: a Parameters resource, read strictly, with the record inside it left as it came."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from api.cds_hooks.prefetch import State, look
from api.fhir.operations import PARAMETERS
from api.fhir.requirements import requirements_of
from schemas.errors import InputError, MissingDataError, Problem

_BY_NAME = {each.name: each for each in PARAMETERS}
_REFERENCE = re.compile(r"^(?:https?://[^\s?#]+/)?([A-Z][A-Za-z]{1,63})/([A-Za-z0-9\-.]{1,64})$")
_URN = re.compile(r"^urn:uuid:[0-9a-fA-F-]{36}$")
_TEXTS = ("valueString", "valueUri", "valueCanonical", "valueId", "valueUrl")
_WHERE = "Parameters.parameter"
_HOOK = "patient-view"
"""The hook that asks the same question: where does this patient stand."""


class Refused(InputError):
    """A request to `$apply` that is wrong in itself: status 400, whatever the record says."""


@dataclass(frozen=True)
class Request:
    """What `$apply` was asked, after reading."""

    subject: str
    """The reference to the patient as the client wrote it."""
    records: tuple[Any, ...]
    """Bundles and resources, of any quality."""
    whole: tuple[str, ...]
    """Resource types of which everything was sent."""
    encounter: str | None
    plan: str | None
    """The canonical address asked for at type level."""


def read_parameters(body: Any, instance: bool) -> Request:
    """Read the Parameters resource *body*; *instance*: the plan is named by the address.

    Raises Refused (400) for what is not as the operation defines it, MissingDataError (412) when no record came.
    """
    found = _collect(body)
    subject = _subject(found)
    if _boolean(found, "useServerData"):
        raise _refused("not-supported", "no patient data is held here", "leave `useServerData` out")
    records, whole = _records(found)
    request = Request(
        subject=subject,
        records=records,
        whole=whole,
        encounter=_reference(found, "encounter", "Encounter"),
        plan=_plan(found, instance),
    )
    for name in ("practitioner", "organization"):
        _reference(found, name, name.capitalize())
    if not records:
        raise no_data()
    return request


def no_data() -> MissingDataError:
    return MissingDataError(
        Problem(
            code="no-data",
            message="the record of the patient did not come with the request, and none is held here",
            help="send `data` (a Bundle) or `prefetchData`; `$data-requirements` lists what is read",
            where=_WHERE,
        )
    )


def _refused(code: str, message: str, help: str, where: str = _WHERE) -> Refused:
    return Refused(Problem(code=code, message=message, help=help, where=where))


def _collect(body: Any) -> dict[str, list[dict[str, Any]]]:
    if not isinstance(body, dict) or body.get("resourceType") != "Parameters":
        raise _refused(
            "not-parameters", "the body is not a Parameters resource",
            "send `Parameters` with `subject` and `data`", "Parameters",
        )  # fmt: skip
    rows = body.get("parameter", [])
    if not isinstance(rows, list):
        raise _refused("wrong-type", "`parameter` is not a list", "send a list of parameters")
    found: dict[str, list[dict[str, Any]]] = {}
    for at, row in enumerate(rows):
        where = f"{_WHERE}[{at}]"
        name = row.get("name") if isinstance(row, dict) else None
        if not isinstance(name, str):
            raise _refused("required", "a parameter has no name", "give each a `name`", where)
        parameter = _BY_NAME.get(name)
        if parameter is None:
            # The name is the client's own text: it is told by its place, and what is known is listed.
            known = ", ".join(each.name for each in PARAMETERS if each.use != "refused")
            raise _refused(
                "unknown-parameter", "the operation has no parameter of that name",
                f"parameters are {known}", where,
            )  # fmt: skip
        if parameter.use == "refused":
            raise _refused("not-supported", f"`{name}` is not supported", parameter.says, where)
        _check_type(row, parameter.type, name, where)
        found.setdefault(name, []).append(row)
    for name, mine in found.items():
        if len(mine) > 1 and name not in ("prefetchData", "subject"):
            raise _refused("duplicate-parameter", f"`{name}` stands twice", "keep one of the two")
    return found


def _check_type(row: dict[str, Any], type: str, name: str, where: str) -> None:
    match type:
        case "string" | "uri":
            right = any(isinstance(row.get(key), str) for key in _TEXTS) or isinstance(
                row.get("valueReference"), dict
            )
        case "boolean":
            right = isinstance(row.get("valueBoolean"), bool)
        case "CodeableConcept":
            right = isinstance(row.get("valueCodeableConcept"), dict)
        case "":
            right = isinstance(row.get("part"), list)
        case _:
            resource = row.get("resource")
            right = isinstance(resource, dict) and resource.get("resourceType") == type
    if not right:
        wanted = f"of type {type}" if type else "in parts"
        raise _refused(
            "wrong-type", f"`{name}` is not {wanted}", "see the OperationDefinition", where
        )


def _text(row: dict[str, Any]) -> str:
    reference = row.get("valueReference")
    if isinstance(reference, dict):
        inner = reference.get("reference")
        return inner if isinstance(inner, str) else ""
    return next((row[key] for key in _TEXTS if isinstance(row.get(key), str)), "")


def _subject(found: dict[str, list[dict[str, Any]]]) -> str:
    rows = found.get("subject", [])
    if not rows:
        raise _refused("required", "`subject` is missing", "send a reference to one patient")
    if len(rows) > 1:
        raise _refused("not-supported", "more than one `subject`", "ask for one patient at a time")
    text = _text(rows[0])
    if _URN.match(text):
        return text
    match = _REFERENCE.match(text)
    if match is None:
        raise _refused(
            "wrong-type", "`subject` is not a reference to a patient", "send `Patient/id`"
        )
    if match[1] != "Patient":
        raise _refused(
            "not-supported", "`subject` is not a patient", "groups and others are not supported"
        )
    return text


def _reference(found: dict[str, list[dict[str, Any]]], name: str, type: str) -> str | None:
    rows = found.get(name, [])
    if not rows:
        return None
    text = _text(rows[0])
    match = _REFERENCE.match(text)
    allowed = (type, "PractitionerRole") if type == "Practitioner" else (type,)
    if not _URN.match(text) and (match is None or match[1] not in allowed):
        raise _refused("wrong-type", f"`{name}` is not a reference to one", f"send `{type}/id`")
    return text


def _boolean(found: dict[str, list[dict[str, Any]]], name: str) -> bool:
    return any(row.get("valueBoolean") is True for row in found.get(name, []))


def _records(found: dict[str, list[dict[str, Any]]]) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """Return what came of the record, and the types of which everything came."""
    data, prefetched = found.get("data", []), found.get("prefetchData", [])
    if data and prefetched:
        raise _refused(
            "conflicting", "`data` and `prefetchData` are both there", "send one of the two"
        )
    if data:
        return (data[0]["resource"],), ()
    keyed: dict[str, Any] = {}
    for row in prefetched:
        parts = {p.get("name"): p for p in row["part"] if isinstance(p, dict)}
        if "data" not in parts:
            raise _refused(
                "required", "a `prefetchData` has no part `data`", "send `key` and `data`"
            )
        name = _text(parts.get("key", {})) or f"unnamed {len(keyed)}"
        if name in keyed:
            raise _refused("duplicate-parameter", "a key stands twice", "send each key once")
        keyed[name] = parts["data"].get("resource")
    return tuple(keyed.values()), _whole(keyed)


def _whole(keyed: dict[str, Any]) -> tuple[str, ...]:
    """Return the types of which a complete answer came under our own key, as a CDS Hooks call is read."""
    looked = look(_HOOK, keyed)
    asked = [each.type for each in requirements_of(_HOOK)]
    return tuple(
        each.type
        for each in requirements_of(_HOOK)
        if looked.states[each.key] in (State.WHOLE, State.NONE) and asked.count(each.type) == 1
    )


def _plan(found: dict[str, list[dict[str, Any]]], instance: bool) -> str | None:
    """Return the plan asked for at type level; at instance level the address has named it already."""
    plan, url = found.get("planDefinition", []), found.get("url", [])
    if instance:
        if plan or url or found.get("version"):
            raise _refused(
                "conflicting", "the address names the plan already",
                "leave `planDefinition`, `url` and `version` out",
            )  # fmt: skip
        return None
    if bool(plan) == bool(url):
        raise _refused(
            "required", "exactly one of `planDefinition` and `url` names the plan",
            "send `url`, or post to the plan itself",
        )  # fmt: skip
    if plan:
        sent = plan[0]["resource"]
        address, version = sent.get("url"), sent.get("version")
        if not isinstance(address, str):
            return ""
        return f"{address}|{version}" if isinstance(version, str) else address
    version = _text(found["version"][0]) if found.get("version") else ""
    return f"{_text(url[0])}|{version}" if version else _text(url[0])
