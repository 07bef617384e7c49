"""HTTP routes of the decision log, and the way from the settings to what keeps decisions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from api.door import read_body
from api.openapi import error_responses
from api.records.asked import IDEMPOTENCY_KEY, PARAMETERS, plain, tenant_of
from api.records.keeper import Keeper, LogKeeper, NothingKept
from api.records.settings import RecordSettings
from api.records.wishes import FEEDBACK_SCHEMA, SEARCH_SCHEMA, read_search
from api.strict_json import read_json

FIELDS = ("id", "at", "recorded", "pathway", "version", "on", "receipt")
_TEXT = {"type": "string"}
_RECORDED = {"enum": ["receipt", "full", "spooled", "no"]}
_SUMMARY: dict[str, Any] = {
    "type": "object",
    "required": list(FIELDS),
    "properties": dict.fromkeys(FIELDS, _TEXT)
    | {"receipt": {"type": "object"}, "recorded": _RECORDED},
}
_ONE: dict[str, Any] = {
    "type": "object",
    "required": [*FIELDS, "feedback", "decision"],
    "properties": _SUMMARY["properties"]
    | {
        "feedback": {"type": "array", "items": {"type": "object"}},
        "decision": {"anyOf": [{"$ref": "#/components/schemas/Decision"}, {"type": "null"}]},
    },
}
_MANY: dict[str, Any] = {
    "type": "object",
    "required": ["decisions", "next"],
    "properties": {
        "decisions": {"type": "array", "items": _SUMMARY},
        "next": {"type": ["integer", "null"]},
    },
}
_SAID: dict[str, Any] = {
    "type": "object",
    "required": ["id", "recorded", "decision"],
    "properties": {"id": _TEXT, "recorded": _RECORDED, "decision": _TEXT},
}
_REPLAYED: dict[str, Any] = {
    "type": "object",
    "required": ["id", "same", "differences"],
    "properties": {
        "id": _TEXT,
        "same": {"type": "boolean"},
        "differences": {"type": "array", "items": _TEXT},
    },
}


def open_keeper(settings: RecordSettings, now: Callable[[], dt.datetime] | None = None) -> Keeper:
    """Return what keeps decisions under *settings*; the database is opened, and made when it is not there.

    Raises SettingsError for what will not mend itself: no key, another key, a newer log, a wrong address.
    """
    clock = now or (lambda: dt.datetime.now(dt.UTC))
    if settings.record == "none":
        return NothingKept(clock)
    # The database's library stays away from a service that keeps nothing.
    from api.records.database import read_address
    from api.records.keys import Keys, needs_key
    from api.records.recorder import start
    from api.records.spool import Spool
    from api.records.store import SqlLog

    if settings.key is None:
        raise needs_key()
    keys = Keys(settings.key)
    log = SqlLog(read_address(settings.database), keys)
    spool = Spool(settings.spool_file, keys)
    recorder = start(log, spool, log.start, settings.wait_seconds)
    return LogKeeper(recorder, keys, settings.record, clock)


def asking(keeper: Keeper, operation: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI parts of the decision route with the headers that mean something to *keeper*."""
    return {**operation, "parameters": PARAMETERS} if isinstance(keeper, LogKeeper) else operation


def add_records(app: FastAPI, keeper: Keeper) -> None:
    """Add the routes that read the log; a service that keeps nothing has none."""
    if not isinstance(keeper, LogKeeper):
        return
    from api.records.shelf import LARGEST_DECISION, Shelf

    shelf = Shelf(keeper)

    @app.post(
        "/v1/decisions/search", response_model=None, summary="Find recorded decisions",
        responses={200: _answer(_MANY), **error_responses(400, 408, 413, 415, 422, 503)},
        openapi_extra=_body(SEARCH_SCHEMA),
    )  # fmt: skip
    async def search(request: Request) -> Response:
        """Posted and not asked for with a query, because a patient's id has no place in an address."""
        body = await read_body(request)
        tenant = tenant_of(request.scope)
        return await _json(lambda: shelf.search(read_search(read_json(body), tenant, keeper.keys)))

    @app.get(
        "/v1/decisions/{decision}", response_model=None, summary="Show a recorded decision",
        responses={200: _answer(_ONE), **error_responses(404, 503)},
    )  # fmt: skip
    async def show(decision: str, request: Request) -> Response:
        tenant = tenant_of(request.scope)
        return await _json(lambda: shelf.show(tenant, decision))

    @app.post(
        "/v1/decisions/{decision}/feedback", response_model=None,
        summary="Say what became of a decision",
        responses={200: _answer(_SAID), **error_responses(400, 404, 408, 409, 413, 415, 422, 503)},
        openapi_extra=_body(FEEDBACK_SCHEMA) | {"parameters": PARAMETERS[:1]},
    )  # fmt: skip
    async def feedback(decision: str, request: Request) -> Response:
        body = await read_body(request)
        tenant, key = tenant_of(request.scope), plain(request.headers, IDEMPOTENCY_KEY)

        return await _json(lambda: shelf.say(tenant, decision, body, key))

    @app.post(
        "/v1/decisions/{decision}/replay", response_model=None,
        summary="Make a recorded decision again and compare",
        responses={200: _answer(_REPLAYED), **error_responses(400, 404, 408, 409, 413, 415, 422, 503)},
        openapi_extra=_body({"type": "object", "description": "empty, or the decision as it was answered"}),
    )  # fmt: skip
    async def replay(decision: str, request: Request) -> Response:
        body = await read_body(request, LARGEST_DECISION)
        tenant = tenant_of(request.scope)
        return await _json(lambda: shelf.replay(tenant, decision, body))


async def _json(answer: Callable[[], str]) -> Response:
    return Response(await run_in_threadpool(answer), media_type="application/json")


def _answer(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "as recorded", "content": {"application/json": {"schema": schema}}}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
