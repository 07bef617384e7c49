"""What a reviewer reads: the documents with their rules in words, the account of the founding document. Read only."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import Request
from markdown_it import MarkdownIt
from starlette.responses import Response

from api.library import get_pathway, pathway_files
from api.page.compared import read_comparison
from api.page.render import page, shrunk
from api.page.review import (
    ALL,
    RuleShown,
    catalogue,
    coverage_shown,
    read_certificate,
    rules_shown,
)
from pathways.account import read_ledger, uses_of_statements
from schemas.errors import InputError, NotFoundError, Problem
from schemas.ledger import Statement
from schemas.pathway import Pathway

_FENCE = re.compile(r"^```[a-z].*?^```\n", re.MULTILINE | re.DOTALL)
RULES, COVERAGE, CERTIFICATE, VERSIONS = "rules", "coverage", "certificate", "versions"
REPORTS = {
    RULES: "Every rule",
    COVERAGE: "Coverage",
    CERTIFICATE: "Proofs",
    VERSIONS: "Two versions compared",
}
"""Addresses below the author's page that are no documents."""
FATES = {
    "rule": "became rules",
    "fact": "is told as a fact",
    "fact-with-caveat": "is told with a caveat",
    "marketing": "is not used: it advertises",
}


@dataclass(frozen=True)
class DocumentShown:
    """One document: its prose as HTML, and its rules in words."""

    name: str
    title: str
    html: str
    rules: tuple[RuleShown, ...]


@dataclass(frozen=True)
class StatementShown:
    """One statement of the founding document, what became of it, and what cites it."""

    statement: Statement
    fate: str
    cited_by: tuple[str, ...]


@cache
def document_names(pathway: str) -> tuple[str, ...]:
    """Return the documents in the order in which they are read: the pathway first, then by name."""
    names = [name for name in pathway_files(pathway) if name.endswith(".md")]
    return tuple(sorted(names, key=lambda name: (name != "pathway.md", "/" in name, name)))


@cache
def read_shown(pathway: str, name: str) -> DocumentShown:
    """Return one document as shown; raise NotFoundError when there is none of that name."""
    if name not in document_names(pathway):
        raise NotFoundError(
            Problem(
                code="unknown-document",
                message="there is no such document",
                help="the author's page names them all",
                where="document",
            )
        )
    found = get_pathway(pathway)
    text = pathway_files(pathway)[name]
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    # One level down: the page has its own first heading. Blocks stand below, in words.
    body = re.sub(r"^(#+) ", r"#\1 ", _FENCE.sub("", text), flags=re.MULTILINE)
    return DocumentShown(
        name=name,
        title=heading[1] if heading else name,
        html=markdown.render(body),
        rules=rules_shown(
            found, tuple(rule for rule in found.rules.values() if rule.place.file == name)
        ),
    )


@cache
def statements(pathway: str) -> tuple[StatementShown, ...]:
    """Return the account of the founding document, statement by statement."""
    uses = uses_of_statements(get_pathway(pathway))
    return tuple(
        StatementShown(each, FATES[each.kind.value], uses.get(each.id, ()))
        for each in read_ledger(pathway_files(pathway)["ledger.yaml"]).statements
    )


def author_page(request: Request, pathway: str) -> Response:
    """Return the overview, one document (`document` in the address), or one of the REPORTS.

    Raises NotFoundError.
    """
    name = request.path_params.get("document", "")
    response = _shown(pathway, name)
    return shrunk(response, request.headers.get("accept-encoding", ""))


def upload_page(pathway: str, report: str, data: bytes) -> Response:
    """Return the page of *report* with the file in *data*, or with what is wrong with it.

    *report* is CERTIFICATE or VERSIONS.
    """
    found = get_pathway(pathway)
    read: Callable[[bytes, Pathway], object] = (
        read_certificate if report == CERTIFICATE else read_comparison
    )
    try:
        shown: dict[str, Any] = {report: read(data, found)}
    except InputError as error:
        return _shown(pathway, report, status=422, problems=error.problems)
    return _shown(pathway, report, **shown)


def _shown(pathway: str, name: str, status: int = 200, **more: Any) -> Response:
    found = get_pathway(pathway)
    report, _, rest = name.partition("/")
    report = report if report in REPORTS and (report == RULES or not rest) else ""
    context: dict[str, Any] = {"document": None, "ledger": (), "catalogue": None, "coverage": None}
    if report == RULES:
        context["catalogue"] = catalogue(pathway, rest or ALL)
    elif report == COVERAGE:
        context["coverage"] = coverage_shown(pathway)
    elif name and not report:
        context["document"] = read_shown(pathway, name)
    elif not report:
        context["ledger"] = statements(pathway)
    return page(
        "author.html",
        status,
        **{
            "pathway": found,
            "report": report,
            "reports": REPORTS,
            "names": {each: read_shown(pathway, each).title for each in document_names(pathway)},
            "uncited": [rule.id for rule in found.rules.values() if not rule.sources],
            CERTIFICATE: None,
            VERSIONS: None,
            "problems": (),
            **context,
            **more,
        },
    )
