"""How the CDS Hooks door is set up: who may call, what may be fetched, how much is shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from api.fhir.requirements import HOOKS, REQUIREMENTS
from api.strict_json import read_json
from schemas.errors import Problem, SettingsError, SteppedCareError

VARIABLE = "STEPPEDCARE_CDS_HOOKS"
Algorithm = Literal["ES384", "RS384", "ES256", "ES512", "RS256", "RS512", "PS256", "PS384", "PS512"]
"""No `none`, and nothing with a shared secret: with such a key whoever checks a token could have made it."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _https(address: str) -> str:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise ValueError("not an address") from None
    if (
        parts.scheme != "https"
        or not parts.hostname
        or parts.username is not None
        or parts.query
        or parts.fragment
        or (port is not None and not 0 < port < 65536)
    ):
        raise ValueError("not an https address")
    return address


class Client(_Frozen):
    """One EHR that may call: the issuer of its tokens and where its keys are."""

    iss: Annotated[str, Field(min_length=1, max_length=300)]
    jwks_file: str | None = None
    """A JWK Set on disk; read again when it changes."""
    jwks_url: str | None = None
    """A JWK Set behind https; fetched when first needed, and again for an unknown `kid`."""
    algorithms: tuple[Algorithm, ...] = ("ES384", "RS384")
    audiences: tuple[str, ...] = ()
    """Audiences accepted beside the address called: some EHRs let each site type one by hand."""
    most_seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    """The longest life of a token, from `iat` to `exp`."""
    tenants: tuple[str, ...] | None = None
    """Tenants it may call for; None: any."""
    services: tuple[str, ...] | None = None
    """Services it may call; None: all."""
    settings: Annotated[str, Field(max_length=64)] = "default"
    """The settings profile its patients are judged by."""

    @field_validator("jwks_url")
    @classmethod
    def _is_https(cls, value: str | None) -> str | None:
        return None if value is None else _https(value)

    def model_post_init(self, context: object, /) -> None:
        if (self.jwks_file is None) == (self.jwks_url is None):
            raise ValueError("one of `jwks_file` and `jwks_url`")
        if not self.algorithms:
            raise ValueError("no algorithm")


class CdsHooksSettings(_Frozen):
    """Settings of the CDS Hooks door."""

    clients: tuple[Client, ...] = ()
    """None named: calls need no token."""
    open: bool = False
    """True: something in front checks who calls, so no client need be named."""
    fhir_servers: tuple[str, ...] = ()
    """FHIR base addresses missing data may be fetched from; none: nothing is ever fetched."""
    fetch_seconds: Annotated[float, Field(gt=0, le=5)] = 0.3
    """For all fetching of one call."""
    most_cards: Annotated[int, Field(ge=2, le=20)] = 5
    most_at_once: Annotated[int, Field(ge=1, le=1000)] = 64
    """Calls in hand; one more is told to come back."""
    one_id: bool = False
    """True: all services share one id, which tells a client that a later call replaces the earlier cards."""
    templates: dict[str, str] = {}
    """Prefetch templates by key, instead of the usual ones."""
    settings: Annotated[str, Field(max_length=64)] = "default"
    """The settings profile patients are judged by where the client names none."""
    state_file: str | None = None
    """SQLite file that holds used tokens, cards and feedback for all workers; None: memory of this process."""
    keep_comments: bool = False
    """Whether what a clinician wrote when dismissing a card is kept; it may tell of the patient."""

    @field_validator("fhir_servers")
    @classmethod
    def _are_https(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_https(each).rstrip("/") for each in value)

    @field_validator("templates")
    @classmethod
    def _are_known(cls, value: dict[str, str]) -> dict[str, str]:
        if not set(value) <= {each.key for each in REQUIREMENTS}:
            raise ValueError("unknown key")
        return value

    @field_validator("clients")
    @classmethod
    def _once_each(cls, value: tuple[Client, ...]) -> tuple[Client, ...]:
        if len({client.iss for client in value}) != len(value):
            raise ValueError("an issuer stands twice")
        return value

    def service_id(self, hook: str) -> str:
        """Return the id of the service for *hook*."""
        return "steppedcare-fbss" if self.one_id else f"steppedcare-fbss-{hook}"

    def hooks_of(self, service: str) -> tuple[str, ...]:
        """Return the hooks the service of that id answers; none: there is no such service."""
        return tuple(hook for hook in HOOKS if self.service_id(hook) == service)

    def template(self, key: str, usual: str) -> str:
        return self.templates.get(key, usual)


def read_cds_hooks(environment: Mapping[str, str]) -> CdsHooksSettings:
    """Read the JSON file that `STEPPEDCARE_CDS_HOOKS` names; unset means the defaults. Raises SettingsError."""
    name = environment.get(VARIABLE, "").strip()
    if not name:
        return CdsHooksSettings()
    try:
        found = CdsHooksSettings.model_validate(read_json(Path(name).read_bytes()))
    except OSError:
        raise _bad("the file cannot be read", "name a JSON file this service may read") from None
    except SteppedCareError as error:
        raise _bad("the file is not plain JSON", error.problems[0].help) from None
    except ValidationError as error:
        places = ", ".join(".".join(str(part) for part in item["loc"]) for item in error.errors())
        raise _bad(
            f"wrong or unknown: {places or 'clients'}", "see api/cds_hooks/README.md"
        ) from None
    for client in found.clients:
        if client.jwks_file is not None and not os.access(client.jwks_file, os.R_OK):
            raise _bad("a `jwks_file` cannot be read", "name a JWK Set this service may read")
    return found


def _bad(message: str, help: str) -> SettingsError:
    return SettingsError(Problem(code="bad-setting", message=message, help=help, where=VARIABLE))
