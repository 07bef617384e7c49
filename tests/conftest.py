"""What every test may need: the pathway as shipped, its decider, its checker, its patients."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from api.library import get_decider, get_pathway, get_vignettes
from api.service import get_checker
from rules.check import Checker
from rules.decide import Decider
from schemas.decision import Decision
from schemas.pathway import Pathway
from schemas.vignette import Vignette

ON = dt.date(2026, 3, 1)


@pytest.fixture(scope="session")
def pathway() -> Pathway:
    return get_pathway("fbss")


@pytest.fixture(scope="session")
def decider() -> Decider:
    return get_decider("fbss")


@pytest.fixture(scope="session")
def checker() -> Checker:
    return get_checker("fbss")


@pytest.fixture(scope="session")
def vignettes() -> tuple[Vignette, ...]:
    return get_vignettes("fbss")


@pytest.fixture(scope="session")
def decide(decider: Decider, checker: Checker) -> Callable[[dict[str, Any]], Decision]:
    """Decide for an input as a client would send it; the date of the question defaults to ON."""

    def run(data: dict[str, Any]) -> Decision:
        return decider.decide(checker.check(data, ON))

    return run


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow whatever needs every generated patient: making them takes half a minute."""
    for item in items:
        if "border" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
