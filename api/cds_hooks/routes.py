"""The routes of CDS Hooks: discovery, calls and feedback."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from api.access.allowance import Allowance
from api.cds_hooks import described
from api.cds_hooks.audit import instance, pseudonym, record
from api.cds_hooks.call import Call, read_call
from api.cds_hooks.cards import CardWriter
from api.cds_hooks.coded import Coded
from api.cds_hooks.discovery import services, written
from api.cds_hooks.feedback import read_feedback
from api.cds_hooks.fetch import Fetcher
from api.cds_hooks.judge import Judged, judge
from api.cds_hooks.prefetch import Looked, look
from api.cds_hooks.settings import VARIABLE
from api.cds_hooks.state import State
from api.cds_hooks.tokens import Caller, Tokens
from api.door import read_body
from api.error_shape import CDS_HOOKS
from api.fhir.kept import kept
from api.fhir.requirements import HOOKS
from api.library import get_codes, get_pathway
from api.settings import ServiceSettings
from api.strict_json import RECORD, RECORD_BYTES, read_json
from api.turns import Turns
from schemas.decision import Decision
from schemas.errors import (
    BusyError,
    MissingDataError,
    NotFoundError,
    Problem,
    SettingsError,
)

PATHWAY = "fbss"
FRESH_SECONDS = 300
"""How long a client may keep the discovery document before it asks whether it has changed."""
_ENTERING = "steppedcare.entering"
"""Where in a request's state stands what becomes of its token."""
TURNS = 2
"""Calls judged at the same time. More threads than cores only pass the interpreter around: with 40 the slowest of 20
callers waited twice as long as with 2. Health checks do not stand in this queue."""
_turns = Turns("turns", TURNS)
_log = logging.getLogger("steppedcare")


class CdsHooks:
    """The door, set up: what every call of one application shares."""

    def __init__(self, settings: ServiceSettings, allowance: Allowance) -> None:
        """Raises SettingsError when the state file cannot be used or a profile does not exist."""
        self.settings, self.own = settings, settings.cds_hooks
        self.allowance = allowance
        self.pathway, self.codes = get_pathway(PATHWAY), get_codes(PATHWAY)
        for profile in (self.own.settings, *(client.settings for client in self.own.clients)):
            if profile not in self.pathway.profiles:
                raise _bad("a settings profile does not exist", "see /v1/pathways/fbss")
        self.clock: Callable[[], dt.datetime] = lambda: dt.datetime.now().astimezone()
        """The one clock: of dates, tokens and the audit line."""
        try:
            self.state = State(self.own.state_file)
        except sqlite3.Error:
            raise _bad(
                "the state file cannot be used", "name a file this service may write"
            ) from None
        self.tokens = Tokens(self.own.clients, self.state, lambda: self.clock().timestamp())
        self.fetcher = Fetcher(self.own)
        self.coded = Coded(self.pathway, self.codes)
        self.cards = CardWriter(self.pathway, self.codes, settings.public_url)
        self.discovery = written(services(self.own, self.pathway))
        self.in_hand = 0

    async def admitted(
        self, request: Request, service: str | None
    ) -> tuple[Caller | None, Request]:
        """Return who calls, None where no client is named, and the request to go on with.

        INVARIANT: a request has one look at its token and counts once. Under load it is worked on a second time, for
        the red signs alone, and a token that lets in once must not keep that second answer out.

        Raises AccessError, BusyError, and TooOftenError for a client over its limit who asks nothing urgent.
        """
        if not self.own.clients:
            return None, request
        state = request.scope.setdefault("state", {})
        if _ENTERING not in state:
            state[_ENTERING] = asyncio.ensure_future(
                run_in_threadpool(self._enter, request, service)
            )
            state[_ENTERING].add_done_callback(lambda done: done.cancelled() or done.exception())
        # Shielded: when one of the two is given up, the other still waits for it.
        caller, wait = await asyncio.shield(state[_ENTERING])
        if wait:
            receive = await self.allowance.unless_urgent(request.scope, request.receive, wait)
            request = Request(request.scope, receive)
        return caller, request

    def _enter(self, request: Request, service: str | None) -> tuple[Caller, float]:
        """Return who calls, and for how many seconds more it should have waited."""
        url = f"{self.settings.public_url}{request.url.path}"
        caller = self.tokens.check(request.headers.getlist("authorization"), url, service)
        return caller, self.allowance.limit.allows(f"client {caller.client.iss}")

    def tenant_in_log(self, caller: Caller | None) -> str | None:
        """Return whose entry of the decision log a call makes; None where this door asks nobody.

        A tenant that a token names counts where the site has said which the client may name; otherwise all a client
        asks is its own, and it cannot write into another's part of the log.
        """
        if caller is None:
            return None
        named = caller.tenant if caller.client.tenants is not None else None
        return named or caller.client.iss

    def hooks(self, service: str) -> tuple[str, ...]:
        found = self.own.hooks_of(service)
        if not found:
            raise NotFoundError(
                Problem(
                    code="unknown-service",
                    message="there is no service of that id",
                    help="GET /cds-services lists them",
                    where="service",
                )
            )
        return found

    def judged(self, call: Call, looked: Looked, caller: Caller | None, on: dt.date) -> Judged:
        """Judge *call*; raise MissingDataError with the keys that were needed and have no answer."""
        if missing := looked.missing(call.hook):
            keys = ", ".join(each.key for each in missing)
            raise MissingDataError(
                Problem(
                    code="required",
                    message="data without which nothing can be judged did not come",
                    help=f"send the prefetch keys {keys} as discovery describes them",
                    where="prefetch",
                )
            )
        return judge(
            call,
            looked,
            on=on,
            pathway=self.pathway,
            codes=self.codes,
            coded=self.coded,
            settings=caller.client.settings if caller else self.own.settings,
            most=self.own.most_cards,
        )


def _bad(message: str, help: str) -> SettingsError:
    return SettingsError(Problem(code="bad-setting", message=message, help=help, where=VARIABLE))


def _written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def add_cds_hooks(app: FastAPI, settings: ServiceSettings, allowance: Allowance) -> None:
    """Add discovery, one service per hook, and feedback; clients are counted in *allowance*."""
    door = CdsHooks(settings, allowance)
    app.state.cds_hooks = door
    if not settings.cds_hooks.clients:
        _log.warning(
            "CDS Hooks answers whoever reaches it, without a token: name clients in %s", VARIABLE
        )

    listed = tuple(dict.fromkeys(door.own.service_id(hook) for hook in HOOKS))

    @app.get(CDS_HOOKS, response_class=Response, **described.discovery())
    async def discovery(request: Request) -> Response:
        await door.admitted(request, None)
        body, tag = door.discovery
        headers = {
            "ETag": tag,
            "Cache-Control": f"max-age={FRESH_SECONDS}",
            "Vary": "Authorization",
        }
        if tag in [each.strip() for each in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    @app.post(f"{CDS_HOOKS}/{{service}}", response_class=Response, **described.call(listed))
    async def call(request: Request) -> Response:
        begun, service = time.perf_counter(), str(request.path_params["service"])
        caller, request = await door.admitted(request, service)
        hooks = door.hooks(service)
        if door.in_hand >= door.own.most_at_once:
            raise BusyError(
                Problem(
                    code="busy",
                    message="too many calls are in hand",
                    help="send the call again in a moment",
                    where="service",
                )
            )
        door.in_hand += 1
        try:
            data = await read_body(request, RECORD_BYTES)
            if door.own.fhir_servers:
                asked, looked = await run_in_threadpool(_read, data, hooks)
                looked = await door.fetcher.complete(asked, looked)
                answered = await to_thread.run_sync(
                    lambda: _answer(door, service, caller, asked, looked, begun),
                    limiter=_turns.limiter(),
                )
            else:
                # One walk to another thread instead of two: under load each costs a wait for the interpreter.
                answered = await to_thread.run_sync(
                    lambda: _answer(door, service, caller, *_read(data, hooks), begun),
                    limiter=_turns.limiter(),
                )
            # Not within a turn: a log that does not answer keeps this call waiting, and no other.
            headers = await kept(
                request, answered.decision, answered.patient, door.tenant_in_log(caller)
            )
        finally:
            door.in_hand -= 1
        return Response(answered.body, media_type="application/json", headers=headers)

    @app.post(
        f"{CDS_HOOKS}/{{service}}/feedback", response_class=Response, **described.feedback(listed)
    )
    async def feedback(request: Request) -> Response:
        service = str(request.path_params["service"])
        caller, request = await door.admitted(request, service)
        door.hooks(service)
        data = await read_body(request)

        def learn() -> None:
            outcomes = read_feedback(read_json(data), door.own.keep_comments)
            new, unmatched = door.state.learn(service, outcomes)
            record(
                "feedback",
                {
                    "time": door.clock().isoformat(),
                    **_who(caller),
                    "service": service,
                    "reports": len(outcomes),
                    "new": new,
                    "unmatched": unmatched,
                    "accepted": sum(each.outcome == "accepted" for each in outcomes),
                    "overridden": sum(each.outcome == "overridden" for each in outcomes),
                },
            )

        await run_in_threadpool(learn)
        return Response()


@dataclass(frozen=True)
class _Answered:
    body: bytes
    decision: Decision
    patient: str


def _read(data: bytes, hooks: tuple[str, ...]) -> tuple[Call, Looked]:
    call = read_call(read_json(data, RECORD_BYTES, RECORD), hooks)
    return call, look(call.hook, call.prefetch)


def _who(caller: Caller | None) -> dict[str, Any]:
    return {"iss": caller.client.iss, "tenant": caller.tenant} if caller else {}


def _answer(
    door: CdsHooks, service: str, caller: Caller | None, call: Call, looked: Looked, begun: float
) -> _Answered:
    now = door.clock()
    judged = door.judged(call, looked, caller, now.date())
    cards = door.cards.write(judged, call.patient, now.date().isoformat())
    shown = [(card["uuid"], action.id) for card, action in zip(cards, judged.actions, strict=True)]
    try:
        door.state.shown(service, shown)
    except BusyError:
        # A card that is not remembered can still be read: a red sign does not wait for a full disk.
        _log.error("cards were given that could not be remembered")
    record(
        "call",
        {
            "time": now.isoformat(),
            **_who(caller),
            "service": service,
            "hook": call.hook,
            "hookInstance": instance(call.instance),
            "patient": pseudonym(door.state.secret, call.patient),
            "version": judged.decision.version,
            "content": judged.decision.content_hash,
            "cards": [uuid for uuid, _ in shown],
            "actions": [action for _, action in shown],
            "incomplete": judged.decision.incomplete or None,
            "warnings": list(judged.warnings),
            "milliseconds": round((time.perf_counter() - begun) * 1000),
        },
    )
    return _Answered(_written({"cards": cards}), judged.decision, call.patient)
