"""Where the service listens, and under which names: this machine only, unless a site says otherwise."""

from __future__ import annotations

import pytest

from api.cds_hooks.settings import CdsHooksSettings
from api.door import Door
from api.serve import check_address, check_workers
from api.settings import LOOPBACK, ServiceSettings, read_settings
from schemas.errors import InputError, SettingsError
from tests.contract.doors import run


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1"])
def test_an_address_of_this_machine_is_accepted(host: str) -> None:
    check_address(host)


@pytest.mark.hazard("H-57")
@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "", "10.0.0.1", "192.168.1.1", "example.org", "localhost.evil", "127.0.0.1 ", "::ffff:10.0.0.1"],
)  # fmt: skip
def test_any_other_address_is_refused_because_nothing_checks_who_calls(host: str) -> None:
    with pytest.raises(InputError) as caught:
        check_address(host)

    assert caught.value.code == "not-loopback"


@pytest.mark.hazard("H-57")
def test_the_command_does_not_start_beyond_this_machine_and_exits_with_2() -> None:
    answer = run("serve", "--host", "0.0.0.0")

    assert (answer.code, answer.problems) == (2, (("not-loopback", "--host"),))


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
