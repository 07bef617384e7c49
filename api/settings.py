"""How a service is set up: one frozen object, read from the environment once by the door that starts us."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from api.cds_hooks.settings import CdsHooksSettings, read_cds_hooks
from api.records.settings import RecordSettings, read_records
from schemas.errors import Problem, SettingsError

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
HELP = {
    "STEPPEDCARE_HOSTS": "names separated by commas, without a port",
    "STEPPEDCARE_PUBLIC_URL": "an address such as https://cds.example.org, without a path, query or final stroke",
    "STEPPEDCARE_ORIGINS": "origins separated by commas, such as https://ehr.example.org; `*` only on this machine",
}


class ServiceSettings(BaseModel):
    """Settings of the HTTP door."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hosts: tuple[str, ...] = LOOPBACK
    """Names a request may be addressed to (its `Host`); anything else is refused."""
    public_url: str = "http://127.0.0.1:8000"
    """The address clients reach this service by. Links and the audience of tokens are built from it, never from the
    `Host` a client sends."""
    origins: tuple[str, ...] = ()
    """Origins whose web pages may call; none unless named."""
    cds_hooks: CdsHooksSettings = CdsHooksSettings()
    records: RecordSettings = RecordSettings()
    """What is kept of every decision; nothing unless a site says so."""

    @field_validator("public_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if origin_of(value) != value:
            raise ValueError("not an address")
        return value

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(each != "*" and origin_of(each) != each for each in value):
            raise ValueError("not an origin")
        return value

    @model_validator(mode="after")
    def _open_to_all_only_here(self) -> Self:
        if "*" in self.origins and not self.is_local:
            raise ValueError("every origin")
        return self

    @property
    def is_local(self) -> bool:
        """Whether clients reach the service on this machine only."""
        name = urlsplit(self.public_url).hostname or ""
        try:
            return name == "localhost" or ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False


def origin_of(address: str) -> str | None:
    """Return scheme, name and port of *address* in their plain form; None when it is no http address."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        return None
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, usual) else "")


def read_settings(environment: Mapping[str, str]) -> ServiceSettings:
    """Read `STEPPEDCARE_HOSTS`, `_PUBLIC_URL`, `_ORIGINS`, the file that `STEPPEDCARE_CDS_HOOKS` names, and the
    settings of the decision log.

    Unset means: this machine only, no other origin, CDS Hooks without tokens, nothing recorded. A public address
    beyond this machine needs clients to be named, or `open`, because something in front of the service checks who
    calls.
    Raises SettingsError.
    """
    given: dict[str, object] = {
        "cds_hooks": read_cds_hooks(environment),
        "records": read_records(environment),
    }
    for field in ("hosts", "origins"):
        names = environment.get(f"STEPPEDCARE_{field.upper()}", "").split(",")
        if found := tuple(name.strip() for name in names if name.strip()):
            given[field] = found
    if address := environment.get("STEPPEDCARE_PUBLIC_URL", "").strip():
        given["public_url"] = address
        if "hosts" not in given:
            given["hosts"] = tuple(dict.fromkeys((*LOOPBACK, *_name(address))))
    try:
        settings = ServiceSettings.model_validate(given)
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0]) if error.errors()[0]["loc"] else "origins"
        name = f"STEPPEDCARE_{field.upper()}"
        raise SettingsError(
            Problem(
                code="bad-setting",
                message="a setting of the service cannot be used",
                help=HELP.get(name, "see the README"),
                where=name,
            )
        ) from None
    if not settings.is_local and not settings.cds_hooks.clients and not settings.cds_hooks.open:
        raise SettingsError(
            Problem(
                code="no-clients",
                message="refusing to be reached from outside without knowing who may call",
                help="name the clients in the file of STEPPEDCARE_CDS_HOOKS, or set `open` there where something "
                "in front of this service checks who calls",
                where="STEPPEDCARE_PUBLIC_URL",
            )
        )
    return settings


def _name(address: str) -> tuple[str, ...]:
    """Return the host of *address* as it stands in a `Host` header."""
    origin = origin_of(address)
    if origin is None:
        return ()
    name, colon, port = origin.partition("://")[2].rpartition(":")
    return (name if colon and port.isdigit() else f"{name}{colon}{port}",)
