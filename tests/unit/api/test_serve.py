"""Where the service listens, and under which names: this machine only, unless a site says otherwise."""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from api.access.settings import AccessSettings
from api.cds_hooks.settings import CdsHooksSettings
from api.door import Door
from api.serve import check_address, check_certificate, check_workers
from api.settings import LOOPBACK, ServiceSettings, read_settings
from schemas.errors import SettingsError
from tests.contract.doors import run

OUTSIDE = [
    "0.0.0.0",
    "::",
    "",
    "10.0.0.1",
    "192.168.1.1",
    "example.org",
    "localhost.evil",
    "127.0.0.1 ",
    "::ffff:10.0.0.1",
]
PUBLIC = "https://cds.example.org"
CLIENT = {"iss": "https://ehr.example.org", "jwks_url": "https://ehr.example.org/keys"}


def service(**settings: Any) -> ServiceSettings:
    hooks = CdsHooksSettings.model_validate({"clients": [CLIENT]})
    return ServiceSettings(**{"public_url": PUBLIC, "cds_hooks": hooks, **settings})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1"])
def test_an_address_of_this_machine_is_accepted(host: str) -> None:
    check_address(host, ServiceSettings(), encrypted=False)


REFUSED: dict[str, tuple[dict[str, Any], bool, str]] = {
    "as it is": ({"public_url": "http://127.0.0.1:8000"}, False, "no-public-address"),
    "with TLS alone": ({"public_url": "http://127.0.0.1:8000"}, True, "no-public-address"),
    "with callers asked and no TLS": ({}, False, "not-encrypted"),
    "with an address without TLS": ({"public_url": "http://cds.example.org"}, True, "not-encrypted"),
    "with an address without TLS behind a proxy": (
        {"public_url": "http://cds.example.org", "trusted_proxies": ("10.0.0.5",)}, False, "not-encrypted",
    ),
    "open to all": ({"cds_hooks": CdsHooksSettings(open=True)}, True, "open-to-all"),
    "open to all without TLS": ({"access": AccessSettings(open=True)}, False, "open-to-all"),
}  # fmt: skip


@pytest.mark.hazard("H-57")
@pytest.mark.parametrize("host", OUTSIDE)
@pytest.mark.parametrize("case", REFUSED)
def test_no_other_address_is_listened_at_without_asking_who_calls_and_without_tls(
    case: str, host: str
) -> None:
    settings, encrypted, code = REFUSED[case]

    with pytest.raises(SettingsError) as caught:
        check_address(host, service(**settings), encrypted)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("settings", "encrypted"),
    [
        ({}, True),
        ({"trusted_proxies": ("10.0.0.5",)}, False),
        ({"trusted_proxies": ("10.0.0.5",), "access": AccessSettings(open=True)}, False),
    ],
    ids=["a certificate of its own", "a proxy", "a proxy that asks"],
)
def test_with_callers_asked_and_tls_any_address_is_listened_at(
    settings: dict[str, Any], encrypted: bool
) -> None:
    check_address("0.0.0.0", service(**settings), encrypted)


@pytest.mark.hazard("H-57")
@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({}, "no-public-address"),
        ({"STEPPEDCARE_PUBLIC_URL": PUBLIC}, "no-clients"),
        ({"STEPPEDCARE_PUBLIC_URL": PUBLIC, "STEPPEDCARE_KEYS": "keys"}, "not-encrypted"),
    ],
)
def test_the_command_does_not_start_beyond_this_machine_and_exits_with_2(
    told: dict[str, str], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    started: list[Any] = []
    monkeypatch.setattr("api.running.run.run", lambda *words, **more: started.append(words))
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    if "STEPPEDCARE_KEYS" in told:
        assert run("keys", "add", "--label", "x", "--scope", "decide").code == 0

    answer = run("serve", "--host", "0.0.0.0")

    assert started == []
    assert (answer.code, [problem for problem, _ in answer.problems]) == (2, [code])


def certificate(folder: Path, bits: int = 2048, passphrase: bytes = b"") -> tuple[str, str]:
    """Write a certificate for cds.example.org and 127.0.0.1, and its key for the owner only."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cds.example.org")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("cds.example.org"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    locked = (
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption()
    )
    files = folder / "cert.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].touch(0o600)
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, locked
        )
    )
    return str(files[0]), str(files[1])


def test_a_certificate_and_its_key_are_accepted_and_none_at_all_too(tmp_path: Path) -> None:
    assert check_certificate(*certificate(tmp_path))
    assert not check_certificate(None, None)


@pytest.mark.hazard("H-70")
@pytest.mark.parametrize(
    "wrong",
    [
        "no key", "no certificate", "others may read it", "a short key", "a passphrase", "another key", "not there",
        "text",
    ],
)  # fmt: skip
def test_a_key_that_is_weak_open_to_others_or_no_key_stops_the_start(
    wrong: str, tmp_path: Path
) -> None:
    made = certificate(
        tmp_path,
        1024 if wrong == "a short key" else 2048,
        b"words" if wrong == "a passphrase" else b"",
    )
    cert: str | None = made[0]
    key: str | None = made[1]
    match wrong:
        case "no key":
            key = None
        case "no certificate":
            cert = None
        case "others may read it":
            Path(made[1]).chmod(0o640)
        case "another key":
            (tmp_path / "b").mkdir()
            key = certificate(tmp_path / "b")[1]
        case "not there":
            key = str(tmp_path / "nowhere")
        case "text":
            Path(made[1]).write_text("rubbish")

    with pytest.raises(SettingsError) as caught:
        check_certificate(cert, key)
    assert caught.value.code == "bad-certificate"


@pytest.mark.hazard("H-59")
def test_several_workers_that_check_tokens_do_not_start_without_one_memory_for_all() -> None:
    client = {"iss": "https://ehr.example.org", "jwks_url": "https://ehr.example.org/keys"}
    apart = CdsHooksSettings.model_validate({"clients": [client]})
    together = CdsHooksSettings.model_validate({"clients": [client], "state_file": "state"})

    with pytest.raises(SettingsError) as caught:
        check_workers(ServiceSettings(cds_hooks=apart), 2)
    assert caught.value.code == "no-state-file"
    check_workers(ServiceSettings(cds_hooks=apart), 1)
    check_workers(ServiceSettings(cds_hooks=together), 2)
    check_workers(ServiceSettings(), 2)
    once = {**client, "audiences": ["us"], "tenant": "north", "single_use": True}
    access = AccessSettings.model_validate({"issuers": [once]})
    with pytest.raises(SettingsError):
        check_workers(ServiceSettings(access=access), 2)


@pytest.mark.parametrize(
    ("told", "hosts"),
    [
        ({}, LOOPBACK),
        ({"STEPPEDCARE_HOSTS": ""}, LOOPBACK),
        ({"STEPPEDCARE_HOSTS": " , "}, LOOPBACK),
        ({"STEPPEDCARE_HOSTS": "care.example"}, ("care.example",)),
        ({"STEPPEDCARE_HOSTS": " a.example, b.example ,"}, ("a.example", "b.example")),
    ],
    ids=["unset", "empty", "blanks", "one", "two"],
)
def test_the_names_of_the_service_are_read_from_the_environment(
    told: dict[str, str], hosts: tuple[str, ...]
) -> None:
    assert read_settings(told) == ServiceSettings(hosts=hosts)


@pytest.mark.hazard("H-68")
def test_a_star_among_the_names_is_a_name_and_not_a_wildcard() -> None:
    door = Door(app=None, hosts=("*", "*.example"))  # type: ignore[arg-type]

    assert not door.knows(["elsewhere.example"])
    assert not door.knows([])
