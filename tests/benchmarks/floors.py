"""The framework's own cost: a route of constant bytes, with and without it, and one that reads, checks and writes but
decides nothing.
"""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from starlette.types import Receive, Scope, Send

from api.door import read_body
from api.library import get_decider, get_vignettes
from api.service import get_checker
from api.strict_json import read_json
from tests.conftest import ON

DECISION = get_decider("fbss").decide(get_checker("fbss").check(get_vignettes("fbss")[6].input, ON))
CONSTANT = DECISION.model_dump_json().encode()

app = FastAPI(docs_url=None, redoc_url=None)


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """Take the body and return the same bytes without the framework."""
    while (await receive()).get("more_body"):
        pass
    await Response(CONSTANT, media_type="application/json")(scope, receive, send)


app.mount("/bare", bare)


@app.post("/constant", response_model=None)
async def constant(request: Request) -> Response:
    """Take the body and return as many bytes as a decision has."""
    await request.body()
    return Response(CONSTANT, media_type="application/json")


@app.post("/models", response_model=None)
async def models(request: Request) -> Response:
    """Read and check the body as the decision route does, and write a decision that was made before."""
    get_checker("fbss").check(read_json(await read_body(request)), ON)
    return Response(DECISION.model_dump_json(), media_type="application/json")
