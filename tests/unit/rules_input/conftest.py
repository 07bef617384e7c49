"""From an input as a client writes it to what the rules may read of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from rules.check import Checker
from rules.derive import Reading, read_patient
from schemas.pathway import Pathway
from tests.conftest import ON

Reader = Callable[..., Reading]


@pytest.fixture(scope="session")
def settings(pathway: Pathway) -> Mapping[str, Decimal]:
    return {name: setting.value for name, setting in pathway.settings.items()}


@pytest.fixture(scope="session")
def read(pathway: Pathway, checker: Checker, settings: Mapping[str, Decimal]) -> Reader:
    """Read facts and lists, asked on ON."""

    def run(facts: Mapping[str, Any] | None = None, **lists: Any) -> Reading:
        patient = checker.check({"facts": facts or {}, **lists}, ON)
        return read_patient(pathway, patient, settings)

    return run
