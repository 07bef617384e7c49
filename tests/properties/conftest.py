"""The laws' way to ask, and the makers of patients."""

from __future__ import annotations

import pytest

from rules.check import Checker
from rules.decide import Decider
from rules.invariants import Ask, asking
from tests.properties.patients import Generator, generator_of


@pytest.fixture(scope="session")
def ask(decider: Decider, checker: Checker) -> Ask:
    """Decide for an input and keep everything it was made from; None when the input is refused."""
    return asking(decider, checker)


@pytest.fixture(scope="session")
def generator() -> Generator:
    return generator_of("fbss")
