"""The makers of patients, as in the properties."""

from tests.properties.conftest import ask, generator

__all__ = ["ask", "generator"]
