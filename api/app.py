"""The HTTP door: FastAPI routes around the one evaluation. Nothing is created when this module is imported."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.access.allowance import Allowance, TooOftenError
from api.access.credentials import FirstUse
from api.access.gate import Gate
from api.access.limits import Limit
from api.access.openapi import described
from api.access.way_in import open_gate
from api.cds_hooks.routes import add_cds_hooks
from api.cors import Origins
from api.document_routes import add_documents
from api.door import HEADERS, Door, read_body
from api.error_shape import error_response
from api.explain_routes import add_explanations
from api.fhir.routes import add_fhir
from api.library import get_codes, get_pathway, pathway_ids, program_version
from api.openapi import decision_operation, error_responses, finished
from api.page.refused import is_for_people, refused_page
from api.page.routes import add_page
from api.pathway_routes import add_pathways
from api.records.asked import HEADERS as RECORD_HEADERS
from api.records.asked import read_asked, tenant_of
from api.records.keeper import Keeper, LogKeeper
from api.records.routes import add_records, asking, open_keeper
from api.running.lane import may_raise_red_sign
from api.running.life import Counted, Running, add_metrics
from api.settings import ServiceSettings
from schemas.decision import Decision
from schemas.errors import InputError, Problem, SteppedCareError


class _Application(FastAPI):
    asks = False
    """Whether callers are asked who they are."""

    def openapi(self) -> dict[str, Any]:
        if not self.openapi_schema:
            document = finished(super().openapi(), pathway_ids())
            self.openapi_schema = described(document) if self.asks else document
        return self.openapi_schema


def create_app(settings: ServiceSettings) -> FastAPI:
    """Return the application; the documents are loaded now, the engine is built on the first request."""
    for id in pathway_ids():
        # A code list that is not right stops the service here, before anybody is answered.
        get_codes(id)
    running = Running(settings.running)
    app = _Application(
        title="steppedcare",
        version=program_version(),
        description="Suggested next steps for patients with failed back surgery syndrome, with reasons. "
        "Decision support for clinicians: it lists options and never orders.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=running.life,
    )
    running.surround(app)
    app.asks = settings.asks
    # What is added later lies further out: whatever limits how much is worked on at once belongs above this line, so
    # that nobody without a credential takes a place.
    limit = Limit(settings.access.per_second, settings.access.burst)
    allowance = Allowance(limit, may_raise_red_sign)
    app.add_middleware(Gate, **open_gate(settings, _first_use(app), allowance))
    app.add_middleware(Door, hosts=settings.hosts, headers=settings.headers)
    if settings.origins:
        app.add_middleware(Origins, origins=settings.origins, headers=HEADERS)
    app.add_middleware(Counted, running=running)
    app.add_exception_handler(SteppedCareError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _misfit)
    keeper = open_keeper(settings.records)
    app.state.keeper = keeper
    if isinstance(keeper, LogKeeper):
        running.close_at_end(keeper.recorder.close)
    _add_decisions(app, keeper)
    if settings.is_local or settings.asks:
        # Where nobody asks who is reading, beyond this machine decisions are recorded and not shown.
        add_records(app, keeper)
    add_pathways(app)
    _add_health(app, keeper, running)
    add_metrics(app, running)
    add_explanations(app)
    add_documents(app)
    add_fhir(app, settings)
    add_cds_hooks(app, settings, allowance)
    add_page(app, settings)
    return app


def _first_use(app: FastAPI) -> FirstUse:
    """Return the one memory of tokens that let in once: that of CDS Hooks, which all workers may share."""
    return lambda iss, jti, expires, now: app.state.cds_hooks.state.first_use(
        iss, jti, expires, now
    )


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, SteppedCareError)
    if isinstance(error, TooOftenError):
        return error_response(request.url.path, error, 429, error.headers)
    return error_response(request.url.path, error)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if is_for_people(request):
        return refused_page(error.status_code, error.headers)
    known = {
        404: ("not-found", "there is nothing at this address", "see /openapi.json"),
        405: ("method-not-allowed", "this address does not take that method", "see `Allow`"),
        408: ("too-slow", "the request did not arrive in time", "send it again in one piece"),
        415: (
            "not-plain-json",
            "the body is not sent as plain JSON",
            "send `Content-Type: application/json` and no `Content-Encoding`",
        ),
    }
    otherwise = ("refused", "the request is refused", "see /openapi.json")
    code, message, help = known.get(error.status_code, otherwise)
    problem = Problem(code=code, message=message, help=help, where="request")
    return error_response(
        request.url.path, SteppedCareError(problem), error.status_code, error.headers
    )


async def _misfit(request: Request, error: Exception) -> Response:
    """Answer to a parameter that does not fit. The framework's own answer would repeat what was sent."""
    problem = Problem(
        code="wrong-type",
        message="a parameter of the address is not of its type",
        help="see /openapi.json",
        where="query",
    )
    return error_response(request.url.path, InputError(problem), 422)


def _add_decisions(app: FastAPI, keeper: Keeper) -> None:
    @app.post(
        "/v1/pathways/{id}/decisions",
        response_model=None,
        responses={
            200: {
                "model": Decision,
                "description": "suggested next steps with their reasons",
                "headers": RECORD_HEADERS,
            },
            **error_responses(400, 404, 408, 409, 413, 415, 422, 503),
        },
        openapi_extra=asking(keeper, decision_operation(get_pathway("fbss"))),
        summary="Decide for one patient",
    )
    async def decisions(id: str, request: Request) -> Response:
        """Send what is known about one patient; what is left out counts as unknown, never as no."""
        data = await read_body(request)
        asked = read_asked(id, data, request.headers, tenant_of(request.scope))
        answered = await run_in_threadpool(keeper.answer, asked)
        return Response(answered.text, headers=answered.headers, media_type="application/json")


def _add_health(app: FastAPI, keeper: Keeper, running: Running) -> None:
    @app.get("/health/live", summary="The process answers")
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @app.get(
        "/health/ready",
        responses={
            503: {
                "description": "a built-in patient comes out wrong, or no decision could be recorded"
            }
        },
        summary="The built-in patients come out right",
    )
    def is_ready(response: Response) -> dict[str, Any]:
        try:
            wrong = list(running.wrong())
            wrong += [] if keeper.can_keep() else ["decision-log"]
        except Exception:
            # Whatever stops the self-test: a service that cannot test itself is not ready.
            wrong = ["self-test"]
        response.status_code = 503 if wrong else 200
        return {"status": "not ready" if wrong else "ready", "wrong": sorted(set(wrong))}
