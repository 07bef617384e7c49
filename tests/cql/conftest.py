"""The maker of patients, for the outside engine."""

from __future__ import annotations

import pytest

from tests.properties.patients import Generator, generator_of


@pytest.fixture(scope="session")
def generator() -> Generator:
    return generator_of("fbss")
