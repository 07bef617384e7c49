"""What the tests of the documents share: the real ones, read once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from pathways import code_check, codes, loader
from tests.unit.pathways.seeding import documents


@pytest.fixture(scope="session")
def files() -> dict[str, str]:
    """Every document of the pathway by name; copy before changing."""
    return documents()


@pytest.fixture(scope="session", autouse=True)
def _unchanged_documents_are_read_once() -> Iterator[None]:
    """Keep what the loader has read: a fault is in one document, and reading is most of the time of a load."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loader, "read_document", cache(loader.read_document))
        read_yaml = cache(loader.read_yaml)
        for module in (loader, codes, code_check):
            patch.setattr(module, "read_yaml", read_yaml)
        yield
