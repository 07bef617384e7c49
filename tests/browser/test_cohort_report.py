"""The report on a cohort in a real browser: accessible as far as a machine can tell, narrow, wide and on paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.cohort.report.page import write_report
from api.cohort.run import Order, Run
from api.cohort.synth import synthesise
from schemas.pathway import Pathway
from tests.browser.test_accessible import violations

pytestmark = pytest.mark.slow

DAY = dt.date(2026, 3, 1)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, pathway: Pathway) -> Path:
    """The report on 60 synthetic patients, compared with an earlier run."""
    folder = tmp_path_factory.mktemp("report")
    for seed in (1, 2):
        synthesise(pathway, 60, seed, folder / f"in{seed}")
        (folder / f"out{seed}").mkdir()
        run = Run(Order(folder / f"in{seed}", folder / f"out{seed}", "fbss", "bedside", DAY), DAY)
        run.decide()
    page = folder / "report.html"
    page.write_text(write_report(pathway, folder / "out1", folder / "out2"), encoding="utf-8")
    return page


@pytest.fixture
def opened(browser: Any, file: Path) -> Iterator[Any]:
    """Open the report; whatever is asked of elsewhere fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    asked: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert asked == [file.as_uri()]


@pytest.mark.parametrize("width", [320, 1280])
def test_the_report_breaks_no_rule_of_accessibility(width: int, opened: Any, axe: str) -> None:
    opened.set_viewport_size({"width": width, "height": 900})

    assert violations(opened, axe) == []
    assert opened.evaluate("document.documentElement.scrollWidth") <= width


def test_on_paper_the_report_has_every_table_and_no_links(opened: Any) -> None:
    opened.emulate_media(media="print")

    assert not opened.locator("nav").is_visible()
    assert opened.locator("section table").count() == 8
    assert all(table.is_visible() for table in opened.locator("section table").all())
