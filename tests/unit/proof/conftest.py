"""The patients at the borders, made once for all tests that want them."""

from tests.unit.verification.conftest import border as border
