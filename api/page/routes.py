"""The addresses of the page. A patient's facts arrive only in bodies, never in an address, and nothing is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.door import read_body
from api.errors import status_code
from api.library import get_cases, get_pathway
from api.page.author import CERTIFICATE, VERSIONS, author_page, upload_page
from api.page.cases import find_case
from api.page.decided import keep_responses, keeps
from api.page.form import MOST_BYTES, fields_of, parse_form
from api.page.learn_routes import add_learning
from api.page.refused import ForPeople, problems_page
from api.page.render import HEADERS, page, shrunk, static_response
from api.page.rows import ROW_LISTS
from api.page.sheet import PATHWAY, Sheet, lay_out
from api.page.upload import read_upload
from api.page.whole import OPEN, SAVE, whole
from api.records.asked import tenant_of
from api.records.keeper import Keeper
from api.settings import ServiceSettings
from schemas.errors import SteppedCareError

FORM = ("application/x-www-form-urlencoded",)


def add_page(app: FastAPI, settings: ServiceSettings) -> None:
    """Add every route of the page; none of them is part of the machine interface."""
    app.add_middleware(ForPeople)
    base = settings.public_url

    def add(path: str, route: Callable[[Request], Any], method: str = "GET") -> None:
        app.add_api_route(
            path, route, methods=[method], include_in_schema=False, response_model=None
        )

    def read(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def route(request: Request) -> Response:
            return shrunk(answer(request), request.headers.get("accept-encoding", ""))

        return route

    add("/", read(lambda _: show("page.html", lay_out({}, dt.date.today(), base), base)))
    add("/cases", read(_cases))
    for path in ("/cases/{id}", "/cases/{id}/{look}"):
        add(path, read(lambda request: _case(request, base)))
    add("/static/{version}/{name}", read(_static))
    for path in ("/author", "/author/{document:path}"):
        add(path, _author)
    for report in (CERTIFICATE, VERSIONS):
        add(f"/author/{report}", _uploaded(report), "POST")
    add_learning(add)
    for path, template in (("/", "page.html"), ("/answer", "part.html"), ("/print", "print.html")):
        add(path, _posted(template, base), "POST")


def _case(request: Request, base: str) -> Response:
    try:
        id, look = request.path_params["id"], request.path_params.get("look", "1")
        shown = find_case(PATHWAY, id, look)
        fields = fields_of(shown.case.looks[shown.at].input)
        sheet = lay_out({**fields, "case": f"{id}/{look}"}, dt.date.today(), base)
    except SteppedCareError as error:
        return _refused(error)
    return show("page.html", sheet, base)


def _cases(_: Request) -> Response:
    return page("cases.html", pathway=get_pathway(PATHWAY), cases=get_cases(PATHWAY))


def _author(request: Request) -> Response:
    try:
        return author_page(request, PATHWAY)
    except SteppedCareError as error:
        return _refused(error)


def _uploaded(report: str) -> Callable[[Request], Any]:
    async def route(request: Request) -> Response:
        try:
            data = await read_upload(request)
        except SteppedCareError as error:
            return _refused(error)
        accepts = request.headers.get("accept-encoding", "")
        return await run_in_threadpool(lambda: shrunk(upload_page(PATHWAY, report, data), accepts))

    return route


def _static(request: Request) -> Response:
    found = static_response(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    return found


def _posted(template: str, base: str) -> Callable[[Request], Any]:
    async def route(request: Request) -> Response:
        try:
            data = await read_body(request, MOST_BYTES, FORM)
            accepts = request.headers.get("accept-encoding", "")
            keeper, tenant = request.app.state.keeper, tenant_of(request.scope)
            return await run_in_threadpool(
                lambda: shrunk(_answer(template, data, base, keeper, tenant), accepts)
            )
        except SteppedCareError as error:
            return _refused(error)

    return route


def _answer(template: str, data: bytes, base: str, keeper: Keeper, tenant: str) -> Response:
    fields = parse_form(data)
    wants = fields.get("do") == "keep"
    verb, _, wanted = fields.get("do", "").partition(":")
    if verb in (OPEN, SAVE):
        fields = {**fields, "view": "integrate"}
    sheet = lay_out(
        fields, dt.date.today(), base, whole=template == "page.html", every=template == "print.html"
    )
    sheet.keeps = keeps(keeper)
    if wants and sheet.answer is not None:
        sheet.kept = keep_responses(keeper, tenant, sheet.answer.decision, sheet.responses)
    if verb in (OPEN, SAVE) and sheet.integrate and wanted in sheet.integrate.documents:
        return whole(sheet.integrate.documents[wanted], verb, HEADERS)
    return show(template, sheet, base)


def show(template: str, sheet: Sheet, base: str) -> Response:
    """Render *sheet*; what cannot be used is a 422, and the page still shows the form with what was entered."""
    return page(
        template,
        422 if sheet.problems else 200,
        sheet=sheet,
        pathway=sheet.pathway,
        titles=titles(),
        base=base,
        paper=template == "print.html",
    )


@cache
def titles() -> dict[str, str]:
    """Return what facts, lists and treatments are called."""
    pathway = get_pathway(PATHWAY)
    lists = {each.name: each.title for each in ROW_LISTS}
    facts = {name: fact.title for name, fact in pathway.facts.items()}
    facts |= {name: each.fact.title for name, each in pathway.derivations.items()}
    return lists | facts | {name: each.title for name, each in pathway.treatments.items()}


def _refused(error: SteppedCareError) -> Response:
    return problems_page(status_code(error), error.problems)
