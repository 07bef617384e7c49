"""The FHIR R4 server face: routes below /fhir. Read-only; a patient's record comes and goes with one request."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from api.door import read_body
from api.error_shape import error_response
from api.fhir.apply import FORMS, Applied, apply
from api.fhir.capability import capability_statement
from api.fhir.described import described
from api.fhir.kept import kept
from api.fhir.names import FHIR_JSON, Resource
from api.fhir.negotiation import NotAcceptable, check_form, read_query
from api.fhir.parameters import Refused, no_data
from api.fhir.store import TYPES, pathway_of_plan, published, search
from api.settings import ServiceSettings
from api.strict_json import RECORD, RECORD_BYTES, read_json
from schemas.errors import InputError, NotFoundError, Problem

ROOT = "/fhir"
SERVICE = "fhir"
"""What the operations are called in the list of services a client may be limited to."""
_FORM = "application/x-www-form-urlencoded"
_MEDIA = ("application/fhir+json", "application/json")
_LONGEST_FORM = 16 * 1024

Answer = Callable[[Request], Awaitable[Response]]


def today() -> dt.date:
    """Return the date of the question; a test puts another in its place."""
    return dt.date.today()


def add_fhir(app: FastAPI, settings: ServiceSettings) -> None:
    """Add the routes to *app*; the public address in *settings* is what links are built from."""
    face = _Face(settings)
    app.add_api_route(
        f"{ROOT}/metadata", _guarded(face.metadata), methods=["GET"], response_model=None,
        response_class=Response, **described("/metadata", "GET"),
    )  # fmt: skip
    for path, method, answer in (
        *(
            route
            for form in FORMS
            for place in (f"/PlanDefinition/${form}", f"/PlanDefinition/{{id}}/${form}")
            for route in ((place, "POST", face.applied(form)), (place, "GET", face.without_data))
        ),
        ("/PlanDefinition/{id}/$data-requirements", "GET", face.data_requirements),
        ("/PlanDefinition/{id}/$data-requirements", "POST", face.data_requirements),
        ("/{type}/_search", "POST", face.search_post),
        ("/{type}/{id}/_history/{version}", "GET", face.vread),
        ("/{type}/{id}/_history", "GET", face.history),
        ("/{type}/{id}", "GET", face.read),
        ("/{type}", "GET", face.search_get),
    ):
        app.add_api_route(
            ROOT + path, _guarded(face.admitted(answer)), methods=[method], response_model=None,
            response_class=Response, **described(path, method),
        )  # fmt: skip


def _guarded(answer: Answer) -> Answer:
    """Return *answer* behind the checks all of them share, with the statuses only FHIR knows."""

    async def guarded(request: Request) -> Response:
        try:
            check_form(request)
            if not published.cache_info().currsize:
                # Built in a second or so at the first request; nobody else waits for it meanwhile.
                await run_in_threadpool(published)
            return await answer(request)
        except NotAcceptable as error:
            return error_response(request.url.path, error, 406)
        except Refused as error:
            return error_response(request.url.path, error, 400)

    return guarded


def _fhir(resource: Resource, headers: dict[str, str] | None = None) -> Response:
    return Response(_written(resource), headers=headers, media_type=FHIR_JSON)


def _written(resource: Resource) -> str:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _version(resource: Resource) -> dict[str, str]:
    meta = resource["meta"]
    changed = dt.datetime.fromisoformat(meta["lastUpdated"])
    return {
        "ETag": f'W/"{meta["versionId"]}"',
        "Last-Modified": format_datetime(changed.astimezone(dt.UTC), usegmt=True),
    }


def _nothing(message: str, help: str) -> NotFoundError:
    return NotFoundError(Problem(code="not-found", message=message, help=help, where="address"))


def _of_type(type: str) -> dict[str, Resource]:
    if type not in TYPES:
        raise _nothing("resources of that type are not held here", f"types are {', '.join(TYPES)}")
    return dict(published()[type])


def _found(request: Request) -> Resource:
    resource = _of_type(request.path_params["type"]).get(request.path_params["id"])
    if resource is None:
        raise _nothing("there is no resource of that id", "search the type")
    return resource


class _Face:
    def __init__(self, settings: ServiceSettings) -> None:
        self.address, self.own = settings.public_url + ROOT, settings.cds_hooks

    def admitted(self, answer: Answer) -> Answer:
        """Return *answer* behind the tokens of CDS Hooks: where clients are named, nobody else is let in.

        A client limited to some services may read what is published, and evaluates only when `fhir` is one of them.
        """

        async def admitted(request: Request) -> Response:
            request.state.profile, request.state.tenant = self.own.settings, None
            if self.own.clients:
                service = SERVICE if "$" in request.url.path else None
                door = request.app.state.cds_hooks
                caller, request = await door.admitted(request, service)
                request.state.profile = caller.client.settings
                request.state.tenant = door.tenant_in_log(caller)
            return await answer(request)

        return admitted

    async def metadata(self, request: Request) -> Response:
        return _fhir(capability_statement(self.address))

    async def read(self, request: Request) -> Response:
        resource = _found(request)
        headers = _version(resource)
        known = {each.strip() for each in request.headers.get("if-none-match", "").split(",")}
        if known & {headers["ETag"], "*"}:
            return Response(status_code=304, headers=headers)
        return _fhir(resource, headers)

    async def vread(self, request: Request) -> Response:
        resource = _found(request)
        if resource["meta"]["versionId"] != request.path_params["version"]:
            raise _nothing("there is no such version of it here", "read it without a version")
        return _fhir(resource, _version(resource))

    async def history(self, request: Request) -> Response:
        resource = _found(request)
        entry = {
            "fullUrl": self._place(resource),
            "resource": resource,
            "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
            "response": {
                "status": "200",
                "etag": _version(resource)["ETag"],
                "lastModified": resource["meta"]["lastUpdated"],
            },
        }
        link = {"relation": "self", "url": f"{self._place(resource)}/_history"}
        return _fhir(
            {
                "resourceType": "Bundle",
                "type": "history",
                "total": 1,
                "link": [link],
                "entry": [entry],
            }
        )

    async def search_get(self, request: Request) -> Response:
        return self._search(request, request.query_params.multi_items())

    async def search_post(self, request: Request) -> Response:
        _of_type(request.path_params["type"])
        data = await read_body(request, _LONGEST_FORM, (_FORM,))
        try:
            pairs = parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=100)
        except ValueError:
            raise Refused(
                Problem(
                    code="not-a-form",
                    message="the body is not a form",
                    help="send name=value pairs joined by `&`",
                    where="search",
                )
            ) from None
        return self._search(request, [*request.query_params.multi_items(), *pairs])

    def _search(self, request: Request, pairs: list[tuple[str, str]]) -> Response:
        type = request.path_params["type"]
        _of_type(type)
        strict = "handling=strict" in request.headers.get("prefer", "").replace(" ", "")
        query = read_query(type, pairs, strict)
        found = search(type, query.given, query.count, query.offset)

        def link(relation: str, offset: int) -> dict[str, str]:
            parts = [*found.used, ("_count", str(query.count))]
            parts += [("_offset", str(offset))] if offset else []
            return {"relation": relation, "url": f"{self.address}/{type}?{urlencode(parts)}"}

        links = [link("self", query.offset)]
        if found.more:
            links.append(link("next", query.offset + query.count))
        body: Resource = {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": found.total,
            "link": links,
        }
        if found.page:
            body["entry"] = [
                {
                    "fullUrl": self._place(resource),
                    "resource": resource,
                    "search": {"mode": "match"},
                }
                for resource in found.page
            ]
        return _fhir(body)

    def _place(self, resource: Resource) -> str:
        return f"{self.address}/{resource['resourceType']}/{resource['id']}"

    def applied(self, form: str) -> Answer:
        """Return the answer to the operation *form*, at a plan or at the type."""

        async def answer(request: Request) -> Response:
            data = await read_body(request, RECORD_BYTES, _MEDIA)
            plan, on = request.path_params.get("id"), today()
            profile: str = request.state.profile
            tenant: str | None = request.state.tenant

            def evaluate() -> tuple[Applied, str]:
                applied = apply(form, plan, _parsed(data), on, profile)
                return applied, _written(applied.resource)

            applied, text = await run_in_threadpool(evaluate)
            headers = await kept(request, applied.decision, applied.subject, tenant)
            return Response(text, headers=headers, media_type=FHIR_JSON)

        return answer

    async def without_data(self, request: Request) -> Response:
        """Answer an operation asked for by GET: no record can come with it, and none is held here."""
        if (plan := request.path_params.get("id")) is not None:
            pathway_of_plan(plan)
        raise no_data()

    async def data_requirements(self, request: Request) -> Response:
        id = pathway_of_plan(request.path_params["id"])
        return _fhir(published()["Library"][f"{id}-data"])


def _parsed(data: bytes) -> Any:
    """Parse the body of an operation; what is wrong with the text itself makes the request malformed (400)."""
    try:
        return read_json(data, RECORD_BYTES, RECORD)
    except InputError as error:
        if error.code == "too-large":
            raise
        raise Refused(*error.problems) from None
