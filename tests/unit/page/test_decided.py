"""What a clinician decides about suggestions: recorded where the site keeps a log, and told plainly where not."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.library import get_vignettes
from api.page.form import fields_of
from api.settings import read_settings
from tests.unit.page.conftest import FORM, Post
from tests.unit.page.reading import page_text

V07 = fields_of(next(case.input for case in get_vignettes("fbss") if case.id == "V07"))
DECIDED = {
    "r.nsaid": "accept",
    "r.physical-therapy": "decline",
    "w.physical-therapy": "lives too far away",
}


@pytest.fixture(scope="module", params=["full", "receipt"])
def kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("log")
    settings = read_settings(
        {
            "STEPPEDCARE_RECORD": request.param,
            "STEPPEDCARE_DATABASE": str(folder / "decisions.sqlite3"),
            "STEPPEDCARE_SPOOL": str(folder / "spool.sqlite3"),
            "STEPPEDCARE_LOG_KEY": secrets.token_hex(32),
        }
    )  # fmt: skip
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as found:
        yield found


def send(client: TestClient, fields: dict[str, str]) -> str:
    answer = client.post("/", content=urlencode({**V07, **fields}), headers=FORM)
    assert answer.status_code == 200
    return answer.text


def count(client: TestClient) -> int:
    return len(client.post("/v1/decisions/search", json={}).json()["decisions"])


def test_what_is_decided_stands_in_the_log_with_the_answer_it_is_about(kept: TestClient) -> None:
    html = send(kept, {**DECIDED, "do": "keep"})
    text = page_text(html)
    assert "recorded: this answer and 2 decisions about it" in text
    id = re.findall(r"<code>([0-9a-f-]{36})</code>", html)
    found = kept.get(f"/v1/decisions/{id[0]}").json()
    assert [each["outcome"] for each in found["feedback"]] == ["accepted", "declined"]


def test_nothing_is_recorded_before_it_is_asked_for(kept: TestClient) -> None:
    before = count(kept)
    assert "record this answer and these decisions" in page_text(send(kept, DECIDED))
    assert count(kept) == before


@pytest.mark.parametrize("outcome", ["defer", "decline"])
def test_without_the_reason_it_needs_nothing_is_recorded_and_the_treatment_is_named(
    outcome: str, kept: TestClient
) -> None:
    before = count(kept)
    text = page_text(send(kept, {"r.nsaid": outcome, "r.opioid": "done", "do": "keep"}))
    assert "not recorded" in text
    assert "a reason is wanting for: anti-inflammatory medicine (nsaid)" in text
    assert count(kept) == before


def test_a_reason_the_log_would_refuse_leaves_nothing_behind(kept: TestClient) -> None:
    before = count(kept)
    refused = {"r.nsaid": "decline", "w.nsaid": "x" * 1001, "do": "keep"}
    assert "not recorded" in page_text(send(kept, refused))
    assert count(kept) == before


def test_where_no_log_is_kept_the_page_says_so_and_offers_no_button(post: Post) -> None:
    html = post({**V07, **DECIDED})
    assert "this site keeps no log" in page_text(html)
    assert 'value="keep"' not in html
    assert "nothing was recorded" in page_text(post({**V07, **DECIDED, "do": "keep"}))
