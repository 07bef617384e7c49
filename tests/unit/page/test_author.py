"""What a reviewer reads beside the documents: the catalogue, coverage, and a certificate of proofs."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from schemas.pathway import Effect, Pathway
from schemas.proof import Certificate, CounterExample, ProofException, ProvedStatement
from tests.unit.page.conftest import Post
from tests.unit.page.reading import foreign_markup, page_text


def statement(id: str, proved: bool, **more: object) -> ProvedStatement:
    parts = {"sentence": f"Statement {id}", "settings": "every allowed setting", "queries": 3}
    return ProvedStatement.model_validate(
        {"id": id, **parts, "proved": proved, "seconds": 1, **more}
    )


def certificate(content_hash: str) -> str:
    exception = ProofException(name="V04", what="a block beside an open red sign", argument="said")
    example = CounterExample(
        shows="offered beside a red sign",
        patients=({"facts": {"age": 51}},),
        settings={},
        expected=(),
        reproduced=True,
    )
    statements = (
        statement("S-1", True, exceptions=(exception.model_dump(),)),
        statement("S-2", False, counter_example=example.model_dump()),
        statement("S-3", False, checked=False),
    )
    return Certificate(
        pathway="fbss",
        version="1",
        content_hash=content_hash,
        program="0",
        settings=None,
        solver="z3",
        assumptions=(),
        statements=statements,
        proved=3,
        queries=9,
        seconds=3,
    ).model_dump_json()


def test_a_certificate_is_read_with_every_statement_exception_and_counter_example(
    post: Post, pathway: Pathway
) -> None:
    html = post({"pasted": certificate(pathway.content_hash)}, "/author/certificate")
    text = page_text(html)
    assert "1 of 3 statements proved" in text  # counted, not believed
    assert "✔ it is about the documents of this service" in text
    assert "exception v04: a block beside an open red sign" in text
    assert "offered beside a red sign" in text
    assert "? not looked at" in text
    assert foreign_markup(html) == []


def test_a_certificate_of_other_documents_is_said_to_prove_nothing_here(post: Post) -> None:
    text = page_text(post({"pasted": certificate("0" * 64)}, "/author/certificate"))
    assert "it is about other documents" in text
    assert "✔ it is about" not in text


@pytest.mark.parametrize("pasted", ["", "{", "[]", '{"pathway": "<script>alert(1)</script>"}'])
def test_what_is_no_certificate_is_refused_without_repeating_it(pasted: str, post: Post) -> None:
    html = post({"pasted": pasted}, "/author/certificate", status=422)
    assert "this certificate cannot be read" in page_text(html)
    assert "alert(1)" not in html


def test_the_catalogue_lists_every_rule_once_and_each_leads_to_its_document(
    client: TestClient, pathway: Pathway
) -> None:
    html = client.get("/author/rules").text
    assert re.findall(r'<th scope="row"><a href="/author/[^"#]+#([^"]+)"', html) == list(
        pathway.rules
    )


@pytest.mark.parametrize("effect", [each.value for each in Effect])
def test_the_catalogue_filters_by_what_a_rule_does(
    effect: str, client: TestClient, pathway: Pathway
) -> None:
    html = client.get(f"/author/rules/{effect}").text
    expected = [rule.id for rule in pathway.rules.values() if rule.effect.value == effect]
    assert re.findall(r'<article class="rule" id="([^"]+)"', html) == expected


def test_coverage_names_every_rule_that_holds_for_nobody(client: TestClient) -> None:
    html = client.get("/author/coverage").text
    (count,) = re.findall(r"<h2>(\d+) rules that hold for none of them", html)
    part = html[html.index("rules that hold for none of them") : html.index("not seen both ways")]
    assert part.count("<li>") == int(count)


@pytest.mark.parametrize(
    "path", ["/author/rules/nothing", "/author/coverage/x", "/author/certificate/x"]
)
def test_a_report_that_does_not_exist_is_not_found(path: str, client: TestClient) -> None:
    assert client.get(path).status_code == 404
