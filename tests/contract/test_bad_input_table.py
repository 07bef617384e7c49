"""All rows of the bad-input table, through every door they concern: the right refusal, and nothing sent comes back."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.contract.bad_input_doors import Case, Doors
from tests.contract.bad_input_table import TABLE
from tests.contract.doors import CANARY
from tests.contract.fhir.asking import ON


@pytest.fixture(autouse=True)
def fixed_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.fhir.routes.today", lambda: ON)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture
def doors(client: TestClient, tmp_path: Path, shared: Path) -> Doors:
    return Doors(client, tmp_path, shared)


ELSEWHERE = {38, 39, 41, 42, 43}
"""Rows that take long, and whose own tests are in the short run: access, the decision log, the batch, the loader."""


def _cases() -> list[Any]:
    """Return the table."""
    return [
        pytest.param(case, id=str(case), marks=[pytest.mark.slow] if case.row in ELSEWHERE else [])
        for case in TABLE
    ]


@pytest.mark.hazard("H-44")
@pytest.mark.hazard("H-61")
@pytest.mark.parametrize("case", _cases())
def test_each_row_of_bad_input_is_answered_as_the_table_says(
    case: Case, doors: Doors, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    found = case.send(doors)

    assert found.status == case.status
    assert case.code in found.codes or (not case.code and not found.codes)
    # What the client of the test writes of its own requests is no log of ours.
    ours = [each.getMessage() for each in caplog.records if not each.name.startswith("httpx")]
    assert CANARY not in "\n".join(ours)
    # An answer shows the patient what was said about them; an error never does.
    assert not case.code or CANARY not in found.words


def test_every_row_of_the_table_is_there() -> None:
    on_a_connection = {21, 22, 25}

    assert {case.row for case in TABLE} | on_a_connection == set(range(1, 44))
    assert len({str(case) for case in TABLE}) == len(TABLE)
