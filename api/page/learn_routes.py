"""The addresses for learning: library, question, feedback, debrief, comparison, lecture, handout."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.door import read_body
from api.errors import status_code
from api.library import get_cases, get_pathway
from api.page.cases import CaseShown, changes_since, find_case
from api.page.form import MOST_BYTES, Fields, parse_form
from api.page.learn import (
    SURENESS,
    compare,
    feedback,
    parts_of_mark,
    questions,
    trail,
)
from api.page.learn_debrief import (
    MOST_ROUNDS,
    as_data,
    as_table,
    debrief,
    read_rounds,
    rows_of_feedback,
)
from api.page.learn_handout import handout
from api.page.learn_library import DIFFICULTIES, GOALS, following, library, number_of, read_filter
from api.page.learn_slides import cited, present
from api.page.learn_story import changes, face, story
from api.page.pairs import ANSWERS, find_pair, next_pair, pair_cases
from api.page.refused import problems_page
from api.page.render import page, shrunk
from api.strict_json import write_json
from rules.canonical import canonical_json
from schemas.errors import SteppedCareError

PATHWAY = "fbss"
FORM = ("application/x-www-form-urlencoded",)

Add = Callable[[str, Callable[[Request], Any], str], None]


def add_learning(add: Add) -> None:
    """Add the routes with *add*(path, route, method)."""
    add("/learn", _got(lambda _: _library({})), "GET")
    add("/learn/teach", _got(lambda _: _teach({})), "GET")
    for path in ("/learn/present/{id}", "/learn/present/{id}/{step}"):
        add(path, _got(_present), "GET")
    for path in ("/learn/handout/{id}", "/learn/handout/{id}/{part}"):
        add(path, _got(_handout), "GET")
    for name, answer in (
        ("library", _library),
        ("teach", _teach),
        ("question", _question),
        ("answer", _answer),
        ("debrief", _debrief),
        ("export", _export),
        ("compare", _compare),
        ("pair", _pair),
    ):
        add(f"/learn/{name}", _posted(answer), "POST")


def _got(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
    def route(request: Request) -> Response:
        try:
            return _shrunk(request, answer(request))
        except SteppedCareError as error:
            return _refused(error)

    return route


def _posted(answer: Callable[[Fields], Response]) -> Callable[[Request], Any]:
    async def route(request: Request) -> Response:
        def work(data: bytes) -> Response:
            return _shrunk(request, answer(parse_form(data)))

        try:
            return await run_in_threadpool(work, await read_body(request, MOST_BYTES, FORM))
        except SteppedCareError as error:
            return _refused(error)

    return route


def _shrunk(request: Request, response: Response) -> Response:
    return shrunk(response, request.headers.get("accept-encoding", ""))


def _refused(error: SteppedCareError) -> Response:
    return problems_page(status_code(error), error.problems)


def _show(template: str, **context: Any) -> Response:
    return page(template, pathway=get_pathway(PATHWAY), sureness=SURENESS, **context)


def _library(fields: Fields) -> Response:
    rounds = read_rounds(fields.get("rounds", ""))
    chosen = read_filter(fields)
    listed = library(get_pathway(PATHWAY), chosen, {row["case"] for row in rounds})
    return _show(
        "learn.html",
        listed=listed,
        rounds=canonical_json(rounds),
        answered=len(rounds),
        chosen=chosen,
        goals=GOALS,
        difficulties=DIFFICULTIES,
        pair=pair_cases()[0],
    )


def _teach(fields: Fields) -> Response:
    chosen = read_filter(fields)
    return _show(
        "teach.html",
        listed=library(get_pathway(PATHWAY), chosen, set()),
        every=get_cases(PATHWAY),
        chosen=chosen,
        goals=GOALS,
        difficulties=DIFFICULTIES,
    )


def _shown(fields: Fields) -> CaseShown:
    return find_case(PATHWAY, *parts_of_mark(fields.get("case", "")))


def _question(fields: Fields) -> Response:
    pathway, shown = get_pathway(PATHWAY), _shown(fields)
    before = shown.case.looks[shown.at - 1].input if shown.at else None
    return _show(
        "question.html",
        shown=shown,
        face=face(shown.look.input),
        story=story(shown.look.input, pathway),
        changes=() if before is None else changes(before, shown.look.input, pathway),
        questions=questions(shown, pathway),
        rounds=canonical_json(read_rounds(fields.get("rounds", ""))),
        chosen=read_filter(fields),
        number=number_of(PATHWAY, shown.case.id),
    )


def _answer(fields: Fields) -> Response:
    pathway, shown, chosen = get_pathway(PATHWAY), _shown(fields), read_filter(fields)
    choices = {each.about: fields.get(each.field, "") for each in questions(shown, pathway)}
    found = feedback(shown, choices, fields.get("sureness", ""), pathway, dt.date.today())
    rounds = [*read_rounds(fields.get("rounds", "")), *rows_of_feedback(shown, found)]
    return _show(
        "feedback.html",
        shown=shown,
        found=found,
        rounds=canonical_json(rounds[-MOST_ROUNDS:]),
        chosen=chosen,
        following=following(pathway, shown, chosen),
        effects=changes_since(PATHWAY, shown.case.id, shown.at, dt.date.today()),
        trail=trail(shown, pathway, dt.date.today()) if shown.case.visits else (),
        sources=cited(shown, pathway) if shown.last else (),
        number=number_of(PATHWAY, shown.case.id),
    )


def _debrief(fields: Fields) -> Response:
    rounds = read_rounds(fields.get("rounds", ""))
    found = debrief(rounds, get_pathway(PATHWAY), dt.date.today())
    return _show("debrief.html", found=found, rounds=canonical_json(rounds))


def _export(fields: Fields) -> Response:
    pathway = get_pathway(PATHWAY)
    found = debrief(read_rounds(fields.get("rounds", "")), pathway, dt.date.today())
    if fields.get("as", "") == "csv":
        text, media, name = as_table(found), "text/csv; charset=utf-8", "debrief.csv"
    else:
        text, media, name = write_json(as_data(found, pathway)), "application/json", "debrief.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, headers=headers, media_type=media)


def _compare(fields: Fields) -> Response:
    found = compare(fields.get("a", ""), fields.get("b", ""), get_pathway(PATHWAY), dt.date.today())
    return _show("compare.html", found=found)


def _pair(fields: Fields) -> Response:
    today = dt.date.today()
    id = find_case(PATHWAY, fields.get("case", "") or pair_cases()[0], "1").case.id
    if find_pair(id, today) is None:
        id = next_pair(id, today)
    shown = find_case(PATHWAY, id, "1")
    answers, chosen = dict(ANSWERS), fields.get("choice", "")
    return _show(
        "pair.html",
        pair=find_pair(id, today),
        story=story(shown.look.input, get_pathway(PATHWAY)),
        answers=ANSWERS,
        dict_of_answers=answers,
        chosen=chosen if chosen in answers else "",
        following=next_pair(id, today),
    )


def _present(request: Request) -> Response:
    id, step = request.path_params["id"], request.path_params.get("step", "1")
    return _show("present.html", found=present(get_pathway(PATHWAY), id, step, dt.date.today()))


def _handout(request: Request) -> Response:
    id, part = request.path_params["id"], request.path_params.get("part", "")
    return _show("handout.html", found=handout(get_pathway(PATHWAY), id, part, dt.date.today()))
