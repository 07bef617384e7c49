"""HTTP routes about documents: code lists, transparency card, diagram."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fastapi import FastAPI, Response

from api.diagrams import FORMATS, draw
from api.documents_report import get_card
from api.library import get_codes, get_pathway
from api.openapi import error_responses
from pathways.codes import verified_only

_MISSING = error_responses(404)


def add_documents(app: FastAPI) -> None:
    """Add the routes."""

    @app.get(
        "/v1/pathways/{id}/codes",
        responses=error_responses(404, 422),
        summary="List its codes, each with its verification mark",
    )
    def codes(id: str, verified: bool = False) -> dict[str, Any]:
        """With *verified* only codes that somebody has checked are listed."""
        get_pathway(id)
        lists = get_codes(id)
        return (verified_only(lists) if verified else lists).model_dump(mode="json")

    @app.get(
        "/v1/pathways/{id}/transparency", responses=_MISSING, summary="Show its transparency card"
    )
    def transparency(id: str) -> dict[str, Any]:
        get_pathway(id)
        return get_card(id, dt.date.today()).model_dump(mode="json")

    for name in ("svg", "mmd"):
        _add_diagram(app, name)


def _add_diagram(app: FastAPI, name: str) -> None:
    media = FORMATS[name][0]

    def route(id: str) -> Response:
        get_pathway(id)
        return Response(draw(id, None, name, dt.date.today()), media_type=media)

    app.get(
        f"/v1/pathways/{{id}}/diagram.{name}",
        name=f"diagram-{name}",
        summary=f"Draw it as {name}",
        response_class=Response,
        responses={200: {"content": {media: {}}}, **_MISSING},
    )(route)
