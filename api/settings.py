"""How a service is set up: one frozen object, read from the environment once by the door that starts us."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from api.access.settings import AccessSettings, read_access
from api.cds_hooks.settings import CdsHooksSettings, read_cds_hooks
from api.records.settings import RecordSettings, read_records
from api.running.settings import RunningSettings, read_running
from schemas.errors import Problem, SettingsError

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
HSTS = "max-age=31536000"
HELP = {
    "STEPPEDCARE_HOSTS": "names separated by commas, without a port",
    "STEPPEDCARE_PUBLIC_URL": "an address such as https://cds.example.org, without a path, query or final stroke",
    "STEPPEDCARE_TRUSTED_PROXIES": "addresses or networks separated by commas, such as 10.0.0.5 or 10.0.0.0/24",
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
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of the proxies in front; beside this machine, nobody else may connect. None named: whoever
    reaches the address it listens at, this machine alone where the public address is of this machine."""
    access: AccessSettings = AccessSettings()
    cds_hooks: CdsHooksSettings = CdsHooksSettings()
    records: RecordSettings = RecordSettings()
    """What is kept of every decision; nothing unless a site says so."""
    running: RunningSettings = RunningSettings()
    """How much is done at once, and how the service watches itself."""

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

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not ipaddress.ip_network(each).prefixlen for each in value):
            raise ValueError("everybody")
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

    @property
    def asks(self) -> bool:
        """Whether callers are asked who they are: beyond this machine always, unless something in front does it."""
        if self.access.open:
            return False
        return self.access.everywhere or not (self.is_local or self.cds_hooks.open)

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every answer that this service alone has: a browser that came by https is to stay there."""
        # Not for this machine: what else is served at `localhost` may speak no TLS.
        speaks_tls = self.public_url.startswith("https:") and not self.is_local
        return {"Strict-Transport-Security": HSTS} if speaks_tls else {}

    @property
    def knows_somebody(self) -> bool:
        """Whether there is anybody who could be let in. Raises SettingsError for a file of keys that is not ours."""
        return bool(self.cds_hooks.clients or self.access.issuers) or self.access.has_keys


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
    """Read `STEPPEDCARE_HOSTS`, `_PUBLIC_URL`, `_ORIGINS`, `_TRUSTED_PROXIES`, the files that `STEPPEDCARE_CDS_HOOKS`,
    `_ACCESS` and `_KEYS` name, and the settings of the decision log.

    Unset means: this machine only, no other origin, nobody asked who they are, nothing recorded. A public address
    beyond this machine needs somebody who may call: clients, issuers or keys, or `open`, because something in front
    of the service checks who calls.
    Raises SettingsError.
    """
    given: dict[str, object] = {
        "access": read_access(environment),
        "cds_hooks": read_cds_hooks(environment),
        "records": read_records(environment),
        "running": read_running(environment),
    }
    for field in ("hosts", "origins", "trusted_proxies"):
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
    if settings.trusted_proxies and settings.is_local:
        raise SettingsError(
            Problem(
                code="bad-setting",
                message="a proxy is named, and the public address is of this machine only",
                help="set STEPPEDCARE_PUBLIC_URL to the address clients use",
                where="STEPPEDCARE_TRUSTED_PROXIES",
            )
        )
    if settings.asks and not settings.knows_somebody:
        raise SettingsError(
            Problem(
                code="no-clients",
                message="refusing to start without knowing who may call",
                help="make a key with `steppedcare keys add`, or name issuers in the file of STEPPEDCARE_ACCESS or "
                "clients in that of STEPPEDCARE_CDS_HOOKS; set `open` where something in front checks who calls",
                where="STEPPEDCARE_ACCESS",
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
