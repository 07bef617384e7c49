"""Diagrams of the built-in patients, of nobody, and of a patient of whom nothing is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rules.diagram import diagram
from schemas.decision import Decision
from schemas.diagram import Diagram
from schemas.pathway import Pathway
from schemas.vignette import Vignette


@pytest.fixture(scope="session")
def poster(pathway: Pathway) -> Diagram:
    return diagram(pathway)


@pytest.fixture(scope="session")
def looks(
    decide: Callable[[dict[str, Any]], Decision], vignettes: tuple[Vignette, ...]
) -> dict[str, Decision]:
    """Every look of every built-in patient, a child among the scope's adults, and nothing known at all."""
    found = {
        f"{vignette.id}, {look.name}": decide(look.input)
        for vignette in vignettes
        for look in vignette.looks
    }
    adult = next(vignette.input for vignette in vignettes if vignette.id == "V07")
    child = {**adult, "facts": {**adult["facts"], "age": 12}}
    return {**found, "a child": decide(child), "nothing known": decide({"facts": {}})}


@pytest.fixture(scope="session")
def drawn(pathway: Pathway, looks: dict[str, Decision]) -> dict[str, Diagram]:
    return {name: diagram(pathway, decision) for name, decision in looks.items()}
