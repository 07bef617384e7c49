"""The settings of the entrance: what a site may say, and what stops the start."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from api.access.keys import KeyStore, drawn
from api.access.settings import AccessSettings, read_access
from api.cds_hooks.settings import CdsHooksSettings
from api.settings import ServiceSettings, read_settings
from schemas.errors import SettingsError
from tests.contract.doors import CANARY

LOGIN = "https://login.example.org"
ONE: dict[str, Any] = {
    "iss": LOGIN, "audiences": ["steppedcare"], "jwks_url": f"{LOGIN}/keys", "tenant": "north",
}  # fmt: skip
BEYOND = {"STEPPEDCARE_PUBLIC_URL": "https://cds.example.org"}


def told(tmp_path: Path, content: Any) -> dict[str, str]:
    file = tmp_path / "access.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return {"STEPPEDCARE_ACCESS": str(file), "STEPPEDCARE_KEYS": str(tmp_path / "keys.sqlite3")}


def with_a_key(folder: Path) -> dict[str, str]:
    now = int(time.time())
    KeyStore(folder / "keys.sqlite3").add(drawn("x", "", ("decide",), now, now + 9)[0])
    return {"STEPPEDCARE_KEYS": str(folder / "keys.sqlite3")}


def test_unset_nobody_is_asked_on_this_machine_and_the_limit_is_50_a_second() -> None:
    found = read_settings({})

    assert not found.asks
    assert (found.access.per_second, found.access.burst) == (50, 100)
    assert not found.headers


BAD: dict[str, Any] = {
    "not JSON": "{",
    "no object": "[]",
    "an unknown setting": {"typo": 1},
    "the file of keys in the wrong place": {"keys_file": "x"},
    "a switch that only the environment has": {"everywhere": False},
    "no keys": {"issuers": [{**ONE, "jwks_url": None}]},
    "two places for keys": {"issuers": [{**ONE, "jwks_file": "x"}]},
    "keys not behind https": {"issuers": [{**ONE, "jwks_url": "http://login.example.org/keys"}]},
    "a password in an address": {"issuers": [{**ONE, "jwks_url": f"https://u:{CANARY}@login.example.org"}]},
    "no audience": {"issuers": [{**ONE, "audiences": []}]},
    "a shared secret": {"issuers": [{**ONE, "algorithms": ["HS256"]}]},
    "no signature": {"issuers": [{**ONE, "algorithms": ["none"]}]},
    "no algorithm": {"issuers": [{**ONE, "algorithms": []}]},
    "no tenant": {"issuers": [{**ONE, "tenant": None}]},
    "two tenants": {"issuers": [{**ONE, "tenant_claim": "org"}]},
    "one issuer twice": {"issuers": [ONE, ONE]},
    "an issuer that could name another's tenant": {
        "issuers": [ONE, {**ONE, "iss": "https://b.example.org", "tenant": None, "tenant_claim": "org"}]
    },
    "a scope nobody has": {"issuers": [{**ONE, "scopes": {"x": "everything"}}]},
    "a key file that is not there": {"issuers": [{**ONE, "jwks_url": None, "jwks_file": "/no/such/file"}]},
    "no rate": {"per_second": 0},
    "no burst": {"burst": 0},
    "a life of a year": {"issuers": [{**ONE, "most_seconds": 31_536_000}]},
}  # fmt: skip


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_settings_that_cannot_be_right_stop_the_start(content: Any, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read_access(told(tmp_path, content))

    assert caught.value.problems[0].where == "STEPPEDCARE_ACCESS"
    assert CANARY not in str(caught.value)


def test_a_file_of_access_that_is_not_there_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_access({"STEPPEDCARE_ACCESS": "/no/such/file"})


@pytest.mark.hazard("H-57")
def test_beyond_this_machine_nothing_starts_that_knows_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for environment in (BEYOND, {**BEYOND, "STEPPEDCARE_KEYS": str(tmp_path / "none")}):
        with pytest.raises(SettingsError) as caught:
            read_settings(environment)
        assert caught.value.code == "no-clients"


@pytest.mark.hazard("H-57")
@pytest.mark.parametrize("way", ["a key", "a key in the usual place", "an issuer"])
def test_beyond_this_machine_callers_are_asked_as_soon_as_anybody_is_known(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if way == "an issuer":
        environment = told(tmp_path, {"issuers": [ONE]})
    else:
        environment = with_a_key(tmp_path)
        environment = environment if way == "a key" else {}
    found = read_settings({**BEYOND, **environment})

    assert found.asks
    assert found.headers == {"Strict-Transport-Security": "max-age=31536000"}


def test_a_key_that_was_taken_back_is_nobody(tmp_path: Path) -> None:
    environment = with_a_key(tmp_path)
    store = KeyStore(tmp_path / "keys.sqlite3")
    store.revoke(store.all()[0].id, 1)

    with pytest.raises(SettingsError, match="who may call"):
        read_settings({**BEYOND, **environment})


def test_where_a_site_names_its_keys_callers_on_this_machine_are_asked_too(tmp_path: Path) -> None:
    assert read_settings(with_a_key(tmp_path)).asks
    assert read_settings(told(tmp_path, {"issuers": [ONE]})).asks


def test_open_means_that_nobody_is_asked(tmp_path: Path) -> None:
    assert not read_settings({**BEYOND, **told(tmp_path, {"open": True})}).asks
    hooks = CdsHooksSettings(open=True)
    beyond = {"public_url": "https://cds.example.org", "cds_hooks": hooks}
    assert not ServiceSettings(**beyond).asks  # type: ignore[arg-type]
    # Unless keys are named: then only the door of CDS Hooks is open.
    asked = AccessSettings(everywhere=True)
    assert ServiceSettings(**beyond, access=asked).asks  # type: ignore[arg-type]


@pytest.mark.hazard("H-71")
@pytest.mark.parametrize(
    "value", ["0.0.0.0/0", "::/0", "*", "proxy.example.org", "10.0.0.1/8", "10.0.0"]
)
def test_a_proxy_is_an_address_or_a_network_and_never_everybody(value: str, tmp_path: Path) -> None:
    environment = {**BEYOND, **with_a_key(tmp_path)}
    assert read_settings({**environment, "STEPPEDCARE_TRUSTED_PROXIES": "10.0.0.1, 10.1.0.0/16"})

    with pytest.raises(SettingsError) as caught:
        read_settings({**environment, "STEPPEDCARE_TRUSTED_PROXIES": value})
    assert caught.value.problems[0].where == "STEPPEDCARE_TRUSTED_PROXIES"


@pytest.mark.hazard("H-71")
def test_a_proxy_before_a_service_of_this_machine_alone_is_a_contradiction() -> None:
    with pytest.raises(SettingsError, match="of this machine only"):
        read_settings({"STEPPEDCARE_TRUSTED_PROXIES": "10.0.0.1"})
