"""HTTP routes that explain: why and why not, what to ask, what would change it, journeys, replays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.companion import decide_journey, get_companion
from api.door import read_body
from api.library import get_pathway
from api.openapi import error_responses, input_schema
from api.reports import replay_result
from api.service import read_checked
from api.strict_json import read_json
from schemas.errors import InputError, Problem
from schemas.explanation import Counterfactual, Explanation, Journey, Questions, Replay, WhatIf

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes; a journey holds several inputs, a replay a whole decision."""


def add_explanations(app: FastAPI) -> None:
    """Add every route that explains."""
    one = input_schema(get_pathway("fbss"))
    several = {"type": "array", "items": one, "minItems": 1}

    def explain(id: str, data: Any) -> BaseModel:
        return get_companion(id).explain(read_checked(id, data, dt.date.today()))

    def questions(id: str, data: Any) -> BaseModel:
        patient = read_checked(id, data, dt.date.today())
        companion = get_companion(id)
        return companion.questions(patient, companion.decider.decide(patient))

    def counterfactual(id: str, data: Any) -> BaseModel:
        parts = _parts(data, "patient", "treatment")
        patient = read_checked(id, parts["patient"], dt.date.today())
        return get_companion(id).counterfactual(patient, str(parts["treatment"]))

    def compare(id: str, data: Any) -> BaseModel:
        parts = _parts(data, "before", "after")
        today = dt.date.today()
        patients = [read_checked(id, parts[name], today) for name in ("before", "after")]
        return get_companion(id).what_if(*patients)

    def follow(id: str, data: Any) -> BaseModel:
        visits = _parts(data, "visits")["visits"]
        return decide_journey(id, visits if isinstance(visits, list) else [], dt.date.today())

    def again(id: str, data: Any) -> BaseModel:
        return replay_result(id, data)

    _add(app, "explanations", "Explain one decision", one, Explanation, explain)
    _add(app, "questions", "Rank the open questions", one, Questions, questions)
    _add(
        app, "counterfactuals", "Say what would make a treatment available",
        _object(patient=one, treatment={"type": "string"}), Counterfactual, counterfactual,
    )  # fmt: skip
    _add(
        app, "what-if", "Compare the answers for two inputs",
        _object(before=one, after=one), WhatIf, compare,
    )  # fmt: skip
    _add(
        app, "journeys", "Follow one patient over visits", _object(visits=several), Journey, follow
    )
    _add(
        app, "replays", "Make a printed decision again and compare",
        {"type": "object"}, Replay, again,
    )  # fmt: skip


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }


def _parts(data: Any, *names: str) -> dict[str, Any]:
    """Return *data* when it is an object with exactly the keys *names*."""
    if not isinstance(data, dict) or set(data) != set(names):
        raise InputError(
            Problem(
                code="wrong-shape",
                message="the request is not of the expected shape",
                help=f"send an object with exactly the keys {', '.join(names)}",
                where="$",
            )
        )
    return data


def _add(
    app: FastAPI,
    name: str,
    summary: str,
    schema: dict[str, Any],
    model: type[BaseModel],
    answer: Callable[[str, Any], BaseModel],
) -> None:
    async def route(id: str, request: Request) -> Response:
        data = await read_body(request, LARGEST_BODY)

        def run() -> str:
            get_pathway(id)
            return answer(id, read_json(data, LARGEST_BODY)).model_dump_json() + "\n"

        return Response(await run_in_threadpool(run), media_type="application/json")

    app.post(
        f"/v1/pathways/{{id}}/{name}",
        name=name,
        summary=summary,
        response_model=None,
        responses={
            200: {"model": model, "description": summary.lower()},
            **error_responses(400, 404, 408, 413, 415, 422),
        },
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}
        },
    )(route)
