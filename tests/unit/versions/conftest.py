"""Variants of the pathway as shipped, each with its decider, and a cohort of invented patients."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from rules.check import Checker
from rules.decide import Decider
from rules.versions import Pair
from schemas.pathway import Pathway
from schemas.vignette import Vignette


@dataclass(frozen=True)
class Edition:
    pathway: Pathway
    decider: Decider


Edit = Callable[..., Edition]


@pytest.fixture(scope="session")
def shipped(pathway: Pathway, decider: Decider) -> Edition:
    return Edition(pathway, decider)


@pytest.fixture(scope="session")
def edited(pathway: Pathway) -> Edit:
    """Return the pathway with some of its fields replaced, ready to decide."""

    def edit(**changed: Any) -> Edition:
        new = pathway.model_copy(update={"version": "next", "content_hash": "0" * 64, **changed})
        return Edition(new, Decider(new, "test"))

    return edit


def without(entries: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: entry for name, entry in entries.items() if name not in names}


def setting_to(pathway: Pathway, name: str, value: Any) -> dict[str, Any]:
    changed = pathway.settings[name].model_copy(update={"value": value})
    return {**pathway.settings, name: changed}


@pytest.fixture(scope="session")
def inputs(vignettes: tuple[Vignette, ...]) -> list[dict[str, Any]]:
    """Every look of every built-in patient, and each again with pain of seven."""
    looks = [look.input for vignette in vignettes for look in vignette.looks]
    pain = {"pain_back_nrs": 7, "pain_leg_nrs": 7}
    return [*looks, *({**data, "facts": {**data["facts"], **pain}} for data in looks)]


@pytest.fixture(scope="session")
def pairs(pathway: Pathway, inputs: list[dict[str, Any]]) -> list[Pair]:
    """The cohort as two versions with the same fact dictionary understand it."""
    checker = Checker(pathway)
    patients = [checker.check(data, dt.date(2026, 3, 1)) for data in inputs]
    return [(patient, patient) for patient in patients]
