"""The HTTP door: FastAPI routes around the one evaluation. Nothing is created when this module is imported."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from api.errors import error_body, status_code
from api.library import get_pathway, get_vignettes, pathway_ids, program_version
from api.openapi import decision_operation, error_responses
from api.reports import ready
from api.service import decide_input
from api.settings import ServiceSettings
from api.strict_json import MOST_BYTES, read_json
from pathways.account import uses_of_statements
from rules.words import in_words
from schemas.decision import Decision
from schemas.errors import InputError, Problem, SteppedCareError
from schemas.pathway import Pathway

RECEIVE_SECONDS = 10
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def create_app(settings: ServiceSettings) -> FastAPI:
    """Return the application; documents are loaded and the engine is built on the first request."""
    app = FastAPI(
        title="steppedcare",
        version=program_version(),
        description="Suggested next steps for patients with failed back surgery syndrome, with reasons. "
        "Decision support for clinicians: it lists options and never orders.",
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(settings.hosts))
    app.middleware("http")(_add_headers)
    app.add_exception_handler(SteppedCareError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)
    _add_decisions(app)
    _add_pathways(app)
    _add_health(app)
    return app


async def _add_headers(
    request: Request, proceed: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await proceed(request)
    response.headers.update(_HEADERS)
    return response


def _json(body: str, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")


def _error(error: SteppedCareError, status: int | None = None) -> Response:
    from fastapi.responses import JSONResponse

    return JSONResponse(error_body(error), status or status_code(error))


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, SteppedCareError)
    return _error(error)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = {
        404: ("not-found", "there is nothing at this address"),
        405: ("method-not-allowed", "this address does not take that method"),
    }
    code, message = known.get(error.status_code, ("refused", "the request is refused"))
    problem = Problem(code=code, message=message, help="see /openapi.json", where="request")
    response = _error(SteppedCareError(problem), error.status_code)
    response.headers.update(error.headers or {})
    return response


async def _unforeseen(request: Request, error: Exception) -> Response:
    problem = Problem(
        code="internal", message="something went wrong here, not with your request",
        help="try again; nothing you sent was kept", where="service",
    )  # fmt: skip
    return _error(SteppedCareError(problem), 500)


async def _body(request: Request) -> bytes:
    """Return the body of a JSON request; refuse another media type, an encoding, and anything too long."""
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media != "application/json" or request.headers.get("content-encoding"):
        raise HTTPException(415)
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > MOST_BYTES:
        raise _too_large()
    data = bytearray()

    async def receive() -> None:
        async for part in request.stream():
            data.extend(part)
            if len(data) > MOST_BYTES:
                raise _too_large()

    try:
        await asyncio.wait_for(receive(), RECEIVE_SECONDS)
    except TimeoutError as error:
        raise HTTPException(408) from error
    return bytes(data)


def _too_large() -> InputError:
    return InputError(
        Problem(
            code="too-large",
            message="the input is over 256 KiB",
            help="send one patient at a time",
            where="$",
        )
    )


def _add_decisions(app: FastAPI) -> None:
    @app.post(
        "/v1/pathways/{id}/decisions",
        response_model=None,
        responses={
            200: {"model": Decision, "description": "suggested next steps with their reasons"},
            **error_responses(400, 404, 408, 413, 415, 422),
        },
        openapi_extra=decision_operation(get_pathway("fbss")),
        summary="Decide for one patient",
    )
    async def decisions(id: str, request: Request) -> Response:
        """Send what is known about one patient; what is left out counts as unknown, never as no."""
        data = await _body(request)

        def decide() -> str:
            get_pathway(id)
            return decide_input(id, read_json(data), dt.date.today()).model_dump_json() + "\n"

        return _json(await run_in_threadpool(decide))


def _add_pathways(app: FastAPI) -> None:
    missing = error_responses(404)

    @app.get("/v1/pathways", summary="List the pathways")
    def pathways() -> list[dict[str, Any]]:
        return [_summary(get_pathway(id)) for id in pathway_ids()]

    @app.get("/v1/pathways/{id}", responses=missing, summary="Describe one pathway")
    def pathway(id: str) -> dict[str, Any]:
        found = get_pathway(id)
        return {
            **_summary(found),
            "intended_use": found.intended_use,
            "caveats": found.caveats,
            "stages": [
                stage.model_dump(include={"id", "title", "after"})
                for stage in found.stages.values()
            ],
            "treatments": [
                treatment.model_dump(exclude={"adequate", "place", "sources"}, mode="json")
                for treatment in found.treatments.values()
            ],
            "red_signs": [
                sign.model_dump(include={"id", "title"}) for sign in found.signs.values()
            ],
            "profiles": sorted(found.profiles),
            "settings": [
                setting.model_dump(exclude={"place"}, mode="json")
                for setting in found.settings.values()
            ],
        }

    @app.get("/v1/pathways/{id}/facts", responses=missing, summary="List the facts it asks for")
    def facts(id: str) -> dict[str, Any]:
        found = get_pathway(id)
        return {
            "sections": [section.model_dump() for section in found.sections],
            "facts": [
                {
                    **each.model_dump(mode="json", exclude={"from_list", "stated"}),
                    "choices": each.choices,
                }
                for each in found.facts.values()
            ],
        }

    @app.get("/v1/pathways/{id}/rules", responses=missing, summary="List its rules in words")
    def rules(id: str) -> list[dict[str, Any]]:
        found = get_pathway(id)
        values = {name: setting.value for name, setting in found.settings.items()}
        return [
            {
                "id": rule.id,
                "effect": rule.effect.value,
                "on": rule.on,
                "agents": rule.agents,
                "when": in_words(rule.when, found, values),
                "says": rule.says,
                "do": rule.do,
                "do_not": rule.do_not,
                "urgency": rule.urgency,
                "topic": rule.topic,
                "statement": rule.statement,
                "sources": [str(citation) for citation in rule.sources],
                "extension": rule.is_extension,
                "overrides": rule.overrides,
                "place": str(rule.place),
            }
            for rule in found.rules.values()
        ]

    @app.get("/v1/pathways/{id}/sources", responses=missing, summary="List its sources")
    def sources(id: str) -> list[dict[str, Any]]:
        return [source.model_dump() for source in get_pathway(id).sources.values()]

    @app.get(
        "/v1/pathways/{id}/ledger", responses=missing, summary="Account for the founding document"
    )
    def ledger(id: str) -> list[dict[str, Any]]:
        found = get_pathway(id)
        uses = uses_of_statements(found)
        return [
            {"statement": key, "says": says, "cited_by": uses.get(key, ())}
            for key, says in found.statements.items()
        ]

    @app.get("/v1/pathways/{id}/cases", responses=missing, summary="List the built-in patients")
    def cases(id: str) -> list[dict[str, Any]]:
        get_pathway(id)
        return [
            {"id": each.id, "title": each.title, "teaches": each.teaches, "input": each.input}
            for each in get_vignettes(id)
        ]


def _summary(pathway: Pathway) -> dict[str, Any]:
    keys = {
        "id",
        "title",
        "version",
        "status",
        "released",
        "reviewed",
        "review_due",
        "content_hash",
    }
    return pathway.model_dump(include=keys)


def _add_health(app: FastAPI) -> None:
    @app.get("/health/live", summary="The process answers")
    def live() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/health/ready", summary="The built-in patients come out right")
    def is_ready(response: Response) -> dict[str, Any]:
        wrong = [name for id in pathway_ids() for name in ready(id)]
        response.status_code = 503 if wrong else 200
        return {"status": "not ready" if wrong else "ready", "wrong": sorted(set(wrong))}
