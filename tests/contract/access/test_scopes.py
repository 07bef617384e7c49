"""Who may do what: every address with every scope, tenants apart, and nothing served that no row names."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from api.access.scopes import SCOPES, Scope
from api.access.table import ROWS, SCOPE_OF, Need, need_of
from api.app import create_app
from api.settings import ServiceSettings
from tests.contract.access.entrance import PUBLIC, Entrance, doors, gate_of, knock, opened, token

DECISIONS = "/v1/pathways/fbss/decisions"
PLAIN = b'{"facts": {"age": 51}, "on": "2026-03-01"}'
PAGE = {"/", "/cases", "/static/x/x", "/author", "/learn", "/answer", "/print"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Any:
    found = opened(tmp_path_factory.mktemp("scopes"), record="full")
    yield found
    found.app.state.keeper.recorder.close()


def test_every_route_of_the_application_stands_in_one_row_of_the_table(service: Entrance) -> None:
    local = create_app(ServiceSettings())
    missing = {
        f"{method} {pattern}"
        for app in (local, service.app)
        for method, pattern, path in doors(app)
        if need_of(method, path) is None or need_of(method, pattern) is not need_of(method, path)
    }

    assert missing == set()


def test_every_row_of_the_table_is_about_some_route(service: Entrance) -> None:
    every = [(method, path) for method, _, path in doors(service.app)]
    idle = {row.path for row in ROWS if not any(row.covers(method, path) for method, path in every)}

    assert idle <= {"/metrics"}


def test_a_row_of_the_table_covers_whole_pieces_of_an_address_only() -> None:
    assert need_of("GET", "/v1/pathways/fbss/facts") is Need.ANY
    assert need_of("GET", "/fhir") is Need.OWN
    for path in ("/v1/pathwaysx", "/fhirx/metadata", "/v1/decisions", "/v1/decisions/a/b/c", ""):
        assert need_of("GET", path) is None
    assert need_of("DELETE", "/v1/pathways/fbss") is None
    assert need_of("HEAD", "/openapi.json") is Need.ANY


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_with_one_scope_opens_what_needs_that_scope_and_nothing_else(
    service: Entrance, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [f"Bearer {service.key(scope)}"]
    wrong = []
    # What lies behind the entrance is not what is asked about: it says yes to everything.
    monkeypatch.setattr(gate_of(service.app), "app", PlainTextResponse("let in"))

    async def ask() -> None:
        for method, _, path in doors(service.app):
            need = need_of(method, path)
            if need in (Need.NOTHING, Need.OWN):
                continue
            answer = await knock(service.app, method, path, given)
            closed = need is Need.LOCAL or SCOPE_OF.get(need, scope) != scope  # type: ignore[arg-type]
            if answer.status != (403 if closed else 200):
                wrong.append((method, path, answer.status))

    asyncio.run(ask())

    assert wrong == []


def test_the_page_is_closed_beyond_its_own_machine_whoever_asks(service: Entrance) -> None:
    async def ask() -> set[str]:
        answers = [
            await knock(service.app, "GET", path, [f"Bearer {service.good}"]) for path in PAGE
        ]
        return {f"{each.status} {each.json['code']}" for each in answers}

    found = asyncio.run(ask())

    assert "403 not-open" in found
    assert found <= {"403 not-open", "405 method-not-allowed"}


def test_a_method_an_address_does_not_take_is_a_405_for_who_may_enter(service: Entrance) -> None:
    answer = asyncio.run(knock(service.app, "DELETE", DECISIONS, [f"Bearer {service.good}"]))

    assert (answer.status, answer.json["code"]) == (405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.hazard("H-60")
def test_the_decisions_of_another_tenant_are_like_decisions_that_never_were(
    service: Entrance,
) -> None:
    north, south = (f"Bearer {service.key(tenant=each)}" for each in ("north", "south"))
    never = "0b0c7f60-5f5e-4f62-9a57-8d0a5f4f2a11"
    said = json.dumps({"outcome": "accepted"}).encode()

    async def ask() -> None:
        made = await knock(service.app, "POST", DECISIONS, [north], PLAIN, steppedcare_patient="p1")
        id = made.headers["steppedcare-decision-id"]
        for method, path, body in (
            ("GET", "/v1/decisions/{}", b""),
            ("POST", "/v1/decisions/{}/replay", b"{}"),
            ("POST", "/v1/decisions/{}/feedback", said),
        ):
            own = await knock(service.app, method, path.format(id), [north], body)
            other = await knock(service.app, method, path.format(id), [south], body)
            nobody = await knock(service.app, method, path.format(never), [south], body)
            assert own.status == 200, path
            assert other.status == 404, path
            assert other == nobody
        for who, expected in ((north, [id]), (south, [])):
            found = await knock(
                service.app, "POST", "/v1/decisions/search", [who], b'{"patient": "p1"}'
            )
            assert [each["id"] for each in found.json["decisions"]] == expected

    asyncio.run(ask())


@pytest.mark.hazard("H-60")
def test_the_tenant_is_that_of_the_credential_whatever_a_client_sends(service: Entrance) -> None:
    async def ask() -> None:
        made = await knock(service.app, "POST", DECISIONS, [f"Bearer {token()}"], PLAIN)
        id = made.headers["steppedcare-decision-id"]
        south = f"Bearer {service.key(tenant='south')}"
        for name in ("tenant", "steppedcare_tenant", "x_tenant", "steppedcare.tenant"):
            answer = await knock(
                service.app,
                "GET",
                f"/v1/decisions/{id}",
                [south],
                query="tenant=north",
                **{name: "north"},
            )
            assert answer.status == 404
        key = f"Bearer {service.key(tenant='north')}"
        assert (await knock(service.app, "GET", f"/v1/decisions/{id}", [key])).status == 200

    asyncio.run(ask())


def test_a_key_taken_back_is_refused_by_the_next_request(service: Entrance) -> None:
    text = service.key()

    async def ask() -> tuple[int, int]:
        before = await knock(service.app, "GET", "/v1/pathways", [f"Bearer {text}"])
        service.store.revoke(text[:16], 1)
        after = await knock(service.app, "GET", "/v1/pathways", [f"Bearer {text}"])
        return before.status, after.status

    assert asyncio.run(ask()) == (200, 401)


def test_without_clients_of_their_own_cds_hooks_and_fhir_ask_for_a_key_too(tmp_path: Path) -> None:
    from api.cds_hooks.settings import CdsHooksSettings

    service = opened(tmp_path, cds_hooks=CdsHooksSettings())
    decide, read = (f"Bearer {service.key(scope)}" for scope in ("decide", "read-decisions"))  # type: ignore[arg-type]

    async def ask() -> None:
        for path in ("/cds-services", "/fhir/PlanDefinition"):
            found = [
                await knock(service.app, "GET", path, given) for given in ([], [read], [decide])
            ]
            assert [each.status for each in found] == [401, 403, 200]
            assert found[0].json["resourceType"] == "OperationOutcome"

    asyncio.run(ask())


def test_the_document_says_what_each_address_asks_for(service: Entrance) -> None:
    document = service.app.openapi()
    asked = document["paths"][DECISIONS.replace("fbss", "{id}")]["post"]

    assert document["components"]["securitySchemes"]["credential"]["scheme"] == "bearer"
    assert asked["security"] == [{"credential": ["decide"]}]
    assert {"401", "403", "429"} <= asked["responses"].keys()
    assert "security" not in document["paths"]["/health/live"]["get"]
    assert not create_app(ServiceSettings()).asks  # type: ignore[attr-defined]
    assert PUBLIC not in str(document)
