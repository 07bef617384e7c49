"""What the doors of an EHR tell the decision log, and what they may say of it afterwards."""

from __future__ import annotations

import logging

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.fhir.reading.subjects import parse_reference
from api.records.asked import RECORDED, tenant_of
from api.records.keeper import Keeper, NothingKept
from schemas.decision import Decision

_log = logging.getLogger("steppedcare")


async def kept(
    request: Request, decision: Decision, patient: str, tenant: str | None = None
) -> dict[str, str]:
    """Keep *decision* where the site keeps any; return the headers that say whether it did, and under which id.

    *patient* is an id or a reference (`Patient/1`); only a keyed hash of the id is kept. *tenant* is that of a caller
    whom the door itself has let in; None: that of whoever let the request in.

    INVARIANT: whatever is wrong with the log, the answer goes out and says that it is not kept.
    """
    keeper: Keeper = request.app.state.keeper
    if isinstance(keeper, NothingKept):
        return {RECORDED: "no"}
    owner = tenant_of(request.scope) if tenant is None else tenant

    def keep() -> dict[str, str]:
        text = decision.model_dump_json() + "\n"
        return keeper.keep(text, owner, parse_reference(patient).id or None).headers

    try:
        return await run_in_threadpool(keep)
    except Exception as error:
        _log.error("decision log: not recorded: %s", type(error).__name__)
        return {RECORDED: "no"}
