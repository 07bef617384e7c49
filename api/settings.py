"""How a service is set up: one frozen object, read from the environment once by the door that starts us."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class ServiceSettings(BaseModel):
    """Settings of the HTTP door."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hosts: tuple[str, ...] = LOOPBACK
    """Names a request may be addressed to (its `Host`); anything else is refused."""


def read_settings(environment: Mapping[str, str]) -> ServiceSettings:
    """Read `STEPPEDCARE_HOSTS` (names separated by commas); unset means loopback names only."""
    hosts = environment.get("STEPPEDCARE_HOSTS", "")
    names = tuple(name.strip() for name in hosts.split(",") if name.strip())
    return ServiceSettings(hosts=names) if names else ServiceSettings()
