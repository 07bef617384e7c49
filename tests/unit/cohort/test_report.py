"""The report: right numbers, every plot with its text and table, no script, caveats and the label always there."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from api.cohort.answers import answer_schema
from api.cohort.report.counts import count
from api.cohort.report.page import write_report
from api.cohort.run import Order, Run
from api.cohort.synth import synthesise
from schemas.pathway import Pathway
from tests.unit.cohort.conftest import Cohort

DAY = dt.date(2026, 3, 1)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, pathway: Pathway) -> str:
    """A report on 40 synthetic patients, compared with another run over people of another seed."""
    folder = tmp_path_factory.mktemp("report")
    for seed in (1, 2):
        synthesise(pathway, 40, seed, folder / f"in{seed}")
        out = folder / f"out{seed}"
        out.mkdir()
        run = Run(Order(folder / f"in{seed}", out, "fbss", "bedside", DAY), DAY)
        run.decide()
        run.finish()
    return write_report(pathway, folder / "out1", folder / "out2")


@pytest.mark.slow
def test_the_report_stands_alone_and_says_what_has_to_be_said(page: str, pathway: Pathway) -> None:
    assert "<script" not in page
    assert "Synthetic data" in page
    for caveat in pathway.caveats:
        assert caveat.replace("'", "&#x27;") in page
    assert re.findall(r'(?:src|href)="(?!#)([^"]*)"', page) == []
    assert "url(http" not in page
    assert "@import" not in page


@pytest.mark.slow
def test_every_plot_has_a_text_alternative_and_its_table(page: str) -> None:
    sections = re.findall(r"<section id=.*?</section>", page, flags=re.DOTALL)

    assert len(sections) == 7
    for section in sections:
        plots = re.findall(r"<svg [^>]*>", section)
        assert all('role="img"' in plot and 'aria-label="' in plot for plot in plots)
        assert section.count("<table") == 1


@pytest.mark.slow
def test_no_two_elements_of_the_page_share_an_id(page: str) -> None:
    ids = re.findall(r'\bid="([^"]+)"', page)

    assert len(ids) == len(set(ids))


def test_counts_are_exactly_those_of_the_answers(pathway: Pathway) -> None:
    import polars as pl

    names = [name for name in answer_schema(pathway).names if name.startswith(("verdict", "rule"))]
    rows = [
        ("a", "U0", "red-sign", "infection;fracture", "age"),
        ("b", "U3", "S1", "", "age;sex"),
        ("c", "U3", "S1", "", ""),
    ]
    blank = dict.fromkeys(names, "block") | {
        name: "r1" for name in names if name.startswith("rule")
    }
    now = pl.LazyFrame(
        [
            {"patient": p, "urgency": u, "state": s, "red_signs": r, "missing": m, **blank}
            for p, u, s, r, m in rows
        ]
    )
    before = pl.LazyFrame({"patient": ["a", "b", "z"], "state": ["S1", "S1", "S2"]})

    counts = count(pathway, now, before)

    assert counts.patients == 3
    assert {s: n for s, n in counts.states.items() if n} == {"red-sign": 1, "S1": 2}
    assert {u: n for u, n in counts.urgencies.items() if n} == {"U0": 1, "U3": 2}
    assert counts.signs == {"fracture": 1, "infection": 1}
    assert counts.questions == [("age", 2, 1), ("sex", 1, 0)]
    assert counts.flow == {("S1", "red-sign"): 1, ("S1", "S1"): 1}
    assert (counts.new, counts.gone) == (1, 1)
    assert ("nsaid", "r1", 3) in counts.blocks


def test_a_folder_without_a_finished_run_is_refused(tmp_path: Path, cohort: Cohort) -> None:
    done = cohort("report", tmp_path, "--html", tmp_path / "r.html")

    assert done.code == 2
    assert done.err.startswith("not-a-run")
