"""A caller who asks too often is told when to come back, and a red sign is answered all the same."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from api.library import get_vignettes
from tests.contract.access.entrance import EHR, PUBLIC, Entrance, knock, opened, token
from tests.contract.cds_hooks.charts import OPERATED, answers, call, prefetch, problem

DECISIONS = "/v1/pathways/fbss/decisions"
RED = next(json.dumps(each.input).encode() for each in get_vignettes("fbss") if each.id == "V14")
CALM = b'{"facts": {"age": 51}, "on": "2026-03-01"}'
VIEW = "/cds-services/steppedcare-fbss-patient-view"
SEARCH, APPLY = "/fhir/PlanDefinition", "/fhir/PlanDefinition/$apply"
SLOW = {"per_second": 0.01, "burst": 3}


@pytest.fixture
def service(tmp_path: Path) -> Entrance:
    return opened(tmp_path, own=SLOW)


def many(service: Entrance, times: int, given: str, body: bytes = CALM) -> list[Any]:
    async def ask() -> list[Any]:
        path = [f"Bearer {given}"]
        return [await knock(service.app, "POST", DECISIONS, path, body) for _ in range(times)]

    return asyncio.run(ask())


def test_a_caller_over_the_limit_is_told_how_long_to_wait(service: Entrance) -> None:
    answers = many(service, 5, service.good)

    assert [each.status for each in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].json["code"] == "too-many-requests"
    assert 0 < int(answers[-1].headers["retry-after"]) <= 100


def test_one_caller_over_the_limit_takes_nothing_from_another(service: Entrance) -> None:
    assert many(service, 4, service.good)[-1].status == 429
    assert many(service, 1, service.key())[0].status == 200
    assert many(service, 1, token())[0].status == 200


def test_two_tokens_of_one_program_share_its_limit(service: Entrance) -> None:
    for _ in range(3):
        assert many(service, 1, token())[0].status == 200
    assert many(service, 1, token())[0].status == 429
    assert many(service, 1, token(client_id="another program"))[0].status == 200


@pytest.mark.hazard("H-41")
def test_a_red_sign_is_answered_however_often_its_caller_has_asked(service: Entrance) -> None:
    assert many(service, 6, service.good)[-1].status == 429

    answers = many(service, 20, service.good, RED)

    assert {each.status for each in answers} == {200}
    assert all(each.json["red_signs"] for each in answers)
    assert many(service, 1, service.good)[0].status == 429


def test_what_is_read_and_not_decided_waits_without_its_body_being_looked_at(
    service: Entrance,
) -> None:
    many(service, 3, service.good)

    async def ask() -> Any:
        given = [f"Bearer {service.good}"]
        return [
            await knock(service.app, "GET", "/v1/pathways", given),
            await knock(service.app, "POST", "/v1/decisions/search", given, RED),
            await knock(service.app, "POST", DECISIONS, given, b'{"facts": '),
            await knock(service.app, "POST", DECISIONS, given, b" " * 300_000),
        ]

    assert {each.status for each in asyncio.run(ask())} <= {404, 429}


def test_a_refused_credential_is_counted_against_nobody(service: Entrance) -> None:
    many(service, 20, f"{service.good[:17]}{'A' * 43}")

    assert many(service, 1, service.good)[0].status == 200


def called(service: Entrance, method: str, path: str, body: bytes = b"") -> Any:
    """Knock as the EHR does, with a new token for that address."""
    given = token(EHR, f"{PUBLIC}{path}", header={"typ": "JWT"})
    return asyncio.run(knock(service.app, method, path, [f"Bearer {given}"], body))


def chart(**facts: Any) -> bytes:
    found = prefetch(problem(OPERATED), **({"forms": answers(facts)} if facts else {}))
    # The service has the clock of this machine: what was asked, was asked today.
    return json.dumps(call(data=found)).replace("2026-02-27", f"{dt.date.today()}").encode()


def test_a_client_of_cds_hooks_is_counted_at_both_of_its_doors(service: Entrance) -> None:
    assert called(service, "POST", VIEW, chart()).status == 200
    assert called(service, "GET", "/cds-services").status == 200
    assert called(service, "GET", SEARCH).status == 200

    for late in (
        called(service, "POST", VIEW, chart()),
        called(service, "GET", "/cds-services"),
        called(service, "GET", SEARCH),
        called(service, "POST", APPLY, b'{"resourceType": "Parameters"}'),
    ):
        assert late.status == 429
        assert 0 < int(late.headers["retry-after"]) <= 100
        assert late.json["resourceType"] == "OperationOutcome"
    assert many(service, 1, service.good)[0].status == 200


@pytest.mark.hazard("H-41")
def test_a_client_of_cds_hooks_over_its_limit_is_told_of_a_red_sign(service: Entrance) -> None:
    for _ in range(4):
        last = called(service, "POST", VIEW, chart())
    assert last.status == 429

    red = called(service, "POST", VIEW, chart(bladder_disturbance="new"))

    assert red.status == 200
    assert red.json["cards"][0]["indicator"] == "critical"
