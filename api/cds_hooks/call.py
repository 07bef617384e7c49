"""What an EHR asks: one call, read with a tolerance for what real clients get wrong, and with none for a mix-up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.fhir.requirements import HOOKS
from schemas.errors import InputError, Problem

ORDER_HOOKS = ("order-select", "order-sign")
_ID = re.compile(r"^[A-Za-z0-9\-._]{1,128}$")
_REFERENCE = re.compile(
    r"(?:^|/)Patient/([A-Za-z0-9\-._]{1,128})(?:/_history/[A-Za-z0-9\-.]{1,64})?$"
)
_CONTEXT_LISTS = {
    "order-select": "draftOrders",
    "order-sign": "draftOrders",
    "problem-list-item-create": "conditions",
    "appointment-book": "appointments",
}


@dataclass(frozen=True)
class Authorization:
    """The right to read the client's FHIR server once; the token is never shown."""

    token: str = field(repr=False)
    patient: str | None = None

    def __str__(self) -> str:
        return "***"


@dataclass(frozen=True)
class Call:
    """One call of a hook."""

    hook: str
    instance: str
    """For the log only: clients send a constant or no UUID at all, so nothing may be keyed by it."""
    patient: str
    """The bare id of the patient in context."""
    drafts: tuple[dict[str, Any], ...] = ()
    """Resources of the context: orders being drafted, problems, appointments."""
    judged: tuple[dict[str, Any], ...] = ()
    """Those of the drafts that were selected, or all of them where the hook selects none."""
    prefetch: Mapping[str, Any] = field(default_factory=dict)
    server: str | None = None
    authorization: Authorization | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()
    """What the client got wrong and we let pass; no patient values."""


def read_call(data: Any, hooks: tuple[str, ...]) -> Call:
    """Return the call that *data* makes to a service of *hooks*.

    Raises InputError that names the member. Members nobody here knows are left aside.
    """
    if not isinstance(data, dict):
        raise _wrong("$", "the body is not an object", "send one JSON object")
    hook = _text(data, "hook")
    if hook not in hooks:
        known = "another service answers it" if hook in HOOKS else "see /cds-services"
        raise _wrong("hook", "this service does not answer that hook", known)
    instance = _text(data, "hookInstance")
    context = data.get("context")
    if not isinstance(context, dict):
        raise _wrong("context", "`context` is missing or no object", "send the context of the hook")
    warnings: list[str] = []
    patient = _patient(context.get("patientId"), warnings)
    for name in ("userId", *(["encounterId"] if hook == "encounter-start" else [])):
        if not isinstance(context.get(name), str) or not context[name]:
            warnings.append(f"context without `{name}`")
    prefetch = data.get("prefetch")
    if prefetch is not None and not isinstance(prefetch, dict):
        raise _wrong(
            "prefetch", "`prefetch` is no object", "send keys and resources, or leave it out"
        )
    server = _server(data, warnings)
    drafts = _drafts(hook, context)
    return Call(
        hook=hook,
        instance=instance,
        patient=patient,
        drafts=drafts,
        judged=_selected(hook, context, drafts, warnings),
        prefetch=prefetch or {},
        server=server,
        authorization=_authorization(data, server, warnings),
        warnings=tuple(warnings),
    )


def _wrong(where: str, message: str, help: str) -> InputError:
    code = "missing" if "missing" in message else "wrong-type"
    return InputError(Problem(code=code, message=message, help=help, where=where))


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(name, f"`{name}` is missing or no text", "see CDS Hooks 2.0.1, HTTP request")
    return value


def bare_id(value: str) -> str | None:
    """Return the id in *value*: `7`, `Patient/7`, or an address that ends so; None for anything else."""
    if _ID.match(value):
        return value
    found = _REFERENCE.search(value)
    return found[1] if found else None


def _patient(value: Any, warnings: list[str]) -> str:
    found = bare_id(value) if isinstance(value, str) else None
    if found is None:
        raise _wrong(
            "context.patientId",
            "`patientId` is missing or no id",
            "send the id of the patient in context",
        )
    if found != value:
        warnings.append("`patientId` is a reference, not an id")
    return found


def _server(data: Mapping[str, Any], warnings: list[str]) -> str | None:
    server = data.get("fhirServer")
    if server is None or server == "":
        return None
    if not isinstance(server, str):
        raise _wrong(
            "fhirServer", "`fhirServer` is no text", "send the base address, or leave it out"
        )
    return server


def _authorization(
    data: Mapping[str, Any], server: str | None, warnings: list[str]
) -> Authorization | None:
    """Read `fhirAuthorization`; without a token that can be used it counts as absent."""
    given = data.get("fhirAuthorization")
    if given is None:
        return None
    if not isinstance(given, dict):
        raise _wrong("fhirAuthorization", "`fhirAuthorization` is no object", "leave it out")
    if server is None:
        raise _wrong(
            "fhirServer",
            "`fhirServer` is missing beside `fhirAuthorization`",
            "send both or neither",
        )
    token, kind = given.get("access_token"), given.get("token_type")
    if not isinstance(token, str) or not token.strip():
        warnings.append("`fhirAuthorization` without a token")
        return None
    if not isinstance(kind, str) or kind.lower() != "bearer":
        warnings.append("`token_type` is not Bearer")
        return None
    if not all(isinstance(given.get(name), str) for name in ("scope", "subject")) or not isinstance(
        given.get("expires_in"), int
    ):
        warnings.append("`fhirAuthorization` is not complete")
    patient = given.get("patient")
    return Authorization(token=token, patient=patient if isinstance(patient, str) else None)


def entries(value: Any) -> tuple[dict[str, Any], ...]:
    """Return the resources of *value*: a Bundle of any type, a list, one resource, or nothing."""
    if isinstance(value, list):
        return tuple(found for item in value for found in entries(item))
    if not isinstance(value, dict):
        return ()
    if value.get("resourceType") == "Bundle" or "entry" in value:
        entry = value.get("entry")
        inside = (
            [each.get("resource") for each in entry if isinstance(each, dict)]
            if isinstance(entry, list)
            else []
        )
        return tuple(found for item in inside for found in entries(item))
    return (value,) if isinstance(value.get("resourceType"), str) else ()


def _drafts(hook: str, context: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    name = _CONTEXT_LISTS.get(hook)
    if name is None:
        return ()
    value = context.get(name)
    if not isinstance(value, dict):
        if hook in ORDER_HOOKS or value is not None:
            raise _wrong(
                f"context.{name}",
                f"`{name}` is missing or no Bundle",
                "send the drafts as a Bundle",
            )
        return ()
    return entries(value)


def _selected(
    hook: str,
    context: Mapping[str, Any],
    drafts: tuple[dict[str, Any], ...],
    warnings: list[str],
) -> tuple[dict[str, Any], ...]:
    """Return the drafts to judge: of an order-select those that `selections` names."""
    if hook != "order-select":
        return drafts
    given = context.get("selections")
    if given is None:
        warnings.append("context without `selections`: every draft is judged")
        return drafts
    if not isinstance(given, list):
        raise _wrong("context.selections", "`selections` is no list", "send references of drafts")
    wanted = {each for each in given if isinstance(each, str)}
    chosen = tuple(draft for draft in drafts if names_of(draft) & wanted)
    if len(chosen) < len(wanted):
        warnings.append("`selections` names a draft that did not come")
    return chosen


def names_of(draft: Mapping[str, Any]) -> frozenset[str]:
    """Return what a draft may be called by: `Type/id`, and the bare id some clients send."""
    id = draft.get("id")
    if not isinstance(id, str) or not id:
        return frozenset()
    return frozenset({id, f"{draft.get('resourceType')}/{id}"})
