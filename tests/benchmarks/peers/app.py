"""The workload behind HTTP in Python: ours with both voices, and ZEN, each behind the same framework."""

from __future__ import annotations

import json

from fastapi import FastAPI, Request, Response

from api.door import read_body
from api.strict_json import read_json
from rules.engine import Engine
from rules.truth import TRUE
from tests.benchmarks.peers.engines import ENGINES
from tests.benchmarks.peers.workload import build
from tests.conftest import ON

WORK = build()
ENGINE = Engine(WORK.network)
ZEN = ENGINES["GoRules ZEN"][0](WORK)

app = FastAPI(docs_url=None, redoc_url=None)


def _letters(so: list[bool] | tuple[bool, ...]) -> Response:
    text = "".join("t" if each else "f" for each in so)
    return Response(json.dumps(text), media_type="application/json")


@app.post("/ours", response_model=None)
async def ours(request: Request) -> Response:
    """Read strictly, ask evaluator and engine, and answer only where they agree."""
    patient = read_json(await read_body(request))
    evaluator = WORK.evaluator
    leaves = evaluator.leaves(patient, ON)
    nodes = evaluator.nodes(leaves)
    if ENGINE.disagreements(ENGINE.run(leaves), nodes):
        return Response(status_code=500)
    return _letters([truth == TRUE for truth in nodes])


@app.post("/zen", response_model=None)
async def zen(request: Request) -> Response:
    """Ask ZEN."""
    return _letters(ZEN(json.loads(await request.body())))
