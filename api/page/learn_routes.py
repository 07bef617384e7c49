"""The addresses for learning: library, question, what is said after committing, debrief, two cases side by side."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.door import read_body
from api.errors import status_code
from api.library import get_pathway, get_vignettes
from api.page.cases import find_case
from api.page.form import MOST_BYTES, Fields, parse_form
from api.page.learn import (
    MOST_ROUNDS,
    SURENESS,
    compare,
    debrief,
    feedback,
    options,
    read_rounds,
    row_of,
    story,
)
from api.page.pairs import ANSWERS, find_pair, pair_cases
from api.page.render import page, shrunk
from rules.canonical import canonical_json
from schemas.errors import SteppedCareError

PATHWAY = "fbss"
FORM = ("application/x-www-form-urlencoded",)

Add = Callable[[str, Callable[[Request], Any], str], None]


def add_learning(add: Add) -> None:
    """Add the routes with *add*(path, route, method)."""
    add("/learn", _start, "GET")
    for name, answer in (
        ("library", _library),
        ("question", _question),
        ("answer", _answer),
        ("debrief", _debrief),
        ("compare", _compare),
        ("pair", _pair),
    ):
        add(f"/learn/{name}", _posted(answer), "POST")


def _start(request: Request) -> Response:
    return _shrunk(request, _library({}))


def _shrunk(request: Request, response: Response) -> Response:
    return shrunk(response, request.headers.get("accept-encoding", ""))


def _posted(answer: Callable[[Fields], Response]) -> Callable[[Request], Any]:
    async def route(request: Request) -> Response:
        def work(data: bytes) -> Response:
            return _shrunk(request, answer(parse_form(data)))

        try:
            return await run_in_threadpool(work, await read_body(request, MOST_BYTES, FORM))
        except SteppedCareError as error:
            return page(
                "refused.html",
                status_code(error),
                problems=error.problems,
                pathway=get_pathway(PATHWAY),
            )

    return route


def _show(template: str, **context: Any) -> Response:
    return page(template, pathway=get_pathway(PATHWAY), sureness=SURENESS, **context)


def _library(fields: Fields) -> Response:
    rounds = read_rounds(fields.get("rounds", ""))
    done = {row["case"] for row in rounds}
    return _show(
        "learn.html", cases=get_vignettes(PATHWAY), rounds=canonical_json(rounds), done=done
    )


def _question(fields: Fields) -> Response:
    pathway = get_pathway(PATHWAY)
    shown = find_case(PATHWAY, *_case(fields))
    rounds = canonical_json(read_rounds(fields.get("rounds", "")))
    return _show(
        "question.html",
        shown=shown,
        story=story(shown, pathway),
        options=options(pathway),
        rounds=rounds,
        number=sum(len(case.looks) for case in get_vignettes(PATHWAY)[: _place(shown.case.id)]) + shown.at + 1,
    )  # fmt: skip


def _place(id: str) -> int:
    return [case.id for case in get_vignettes(PATHWAY)].index(id)


def _answer(fields: Fields) -> Response:
    pathway = get_pathway(PATHWAY)
    shown = find_case(PATHWAY, *_case(fields))
    found = feedback(
        shown, fields.get("choice", ""), fields.get("sureness", ""), pathway, dt.date.today()
    )
    rounds = [*read_rounds(fields.get("rounds", "")), row_of(shown, found)][-MOST_ROUNDS:]
    return _show(
        "feedback.html",
        shown=shown,
        found=found,
        chosen=dict(options(pathway))[found.choice],
        rounds=canonical_json(rounds),
        following=_following(shown.case.id, shown.at),
    )


def _debrief(fields: Fields) -> Response:
    rounds = read_rounds(fields.get("rounds", ""))
    found = debrief(rounds, get_pathway(PATHWAY), dt.date.today())
    lines = ["case,choice,sure,mark,red signs missed"]
    lines += [
        ",".join(
            f'"{each}"' for each in (row.case, row.choice, row.sureness, row.mark, "; ".join(row.missed))
        )
        for row in found
    ]  # fmt: skip
    return _show("debrief.html", found=found, rounds=canonical_json(rounds), csv="\n".join(lines))


def _compare(fields: Fields) -> Response:
    found = compare(fields.get("a", ""), fields.get("b", ""), get_pathway(PATHWAY), dt.date.today())
    return _show("compare.html", found=found)


def _pair(fields: Fields) -> Response:
    cases = pair_cases()
    id = fields.get("case", "") or cases[0]
    shown = find_case(PATHWAY, id, "1")
    answers = dict(ANSWERS)
    chosen = fields.get("choice", "")
    return _show(
        "pair.html",
        pair=find_pair(id, dt.date.today()),
        story=story(shown, get_pathway(PATHWAY)),
        answers=ANSWERS,
        dict_of_answers=answers,
        chosen=chosen if chosen in answers else "",
        following=cases[(cases.index(id) + 1) % len(cases)],
    )


def _case(fields: Fields) -> tuple[str, str]:
    id, _, look = fields.get("case", "").partition("/")
    return id, look or "1"


def _following(id: str, at: int) -> str:
    """Return the look that comes next, or nothing after the last."""
    marks = [
        f"{case.id}/{look}"
        for case in get_vignettes(PATHWAY)
        for look in range(1, len(case.looks) + 1)
    ]
    place = marks.index(f"{id}/{at + 1}") + 1
    return marks[place] if place < len(marks) else ""
