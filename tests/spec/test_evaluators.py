"""The plain walker, the compiled evaluator and the red-sign screen on the built-in patients: one truth, three ways."""

from __future__ import annotations

from typing import Any

import pytest

from api.library import get_pathway, get_vignettes
from api.service import get_checker
from rules.derive import read_patient
from rules.evaluator import Evaluator, Screen, evaluate, evaluate_network
from rules.network import Network, build_network
from rules.truth import FALSE, TRUE, UNKNOWN
from schemas.condition import And, walk
from tests.conftest import ON

PATHWAY = get_pathway("fbss")
SETTINGS = {name: setting.value for name, setting in PATHWAY.settings.items()}
SIGNS = tuple(PATHWAY.signs)


@pytest.fixture(scope="module")
def network() -> Network:
    return build_network(PATHWAY)


@pytest.fixture(scope="module")
def people() -> list[dict[str, Any]]:
    """The facts of every built-in patient, as the rules read them."""
    checker = get_checker("fbss")
    looks = [look for vignette in get_vignettes("fbss") for look in vignette.looks]
    patients = [checker.check({**look.input, "on": ON.isoformat()}, ON) for look in looks]
    return [read_patient(PATHWAY, patient, SETTINGS).values for patient in patients]


@pytest.fixture(scope="module")
def walked(network: Network, people: list[dict[str, Any]]) -> list[tuple[int, ...]]:
    return [evaluate_network(network, values, SETTINGS, ON) for values in people]


def test_the_compiled_evaluator_says_what_the_walker_says(
    network: Network, people: list[dict[str, Any]], walked: list[tuple[int, ...]]
) -> None:
    evaluator = Evaluator(network, SETTINGS)

    assert [evaluator.nodes(evaluator.leaves(values, ON)) for values in people] == walked
    assert {truth for row in walked for truth in row} == {FALSE, UNKNOWN, TRUE}


def test_the_trace_says_of_every_part_of_every_condition_what_the_walker_says(
    network: Network, people: list[dict[str, Any]], walked: list[tuple[int, ...]]
) -> None:
    evaluator = Evaluator(network, SETTINGS)
    parts = [part for node in network.nodes for part in walk(node.condition)]
    seen = set()

    for values, row in zip(people, walked, strict=True):
        trace = evaluator.trace(evaluator.leaves(values, ON))
        named = dict(zip(network.index, row, strict=True))
        traced = [trace.of(part) for part in parts]
        assert traced == [evaluate(part, values, SETTINGS, ON, named) for part in parts]
        seen.update(traced)
    assert seen == {FALSE, UNKNOWN, TRUE}


def test_the_trace_knows_nothing_of_a_condition_of_another_pathway(
    network: Network, people: list[dict[str, Any]]
) -> None:
    evaluator = Evaluator(network, SETTINGS)

    assert evaluator.trace(evaluator.leaves(people[0], ON)).of(And(items=())) is None


def test_the_screen_says_what_the_walker_says_about_every_sign_and_nothing_else(
    network: Network, people: list[dict[str, Any]], walked: list[tuple[int, ...]]
) -> None:
    screen = Screen(network, SETTINGS, SIGNS)
    wanted = network.upstream([*(f"sign:{sign}" for sign in SIGNS), "red(any)"])

    assert set(screen.names) == wanted
    for values, row in zip(people, walked, strict=True):
        everything = dict(zip(network.index, row, strict=True))
        assert screen(values, ON) == {name: everything[name] for name in screen.names}


def test_the_screen_reads_no_fact_that_no_sign_rests_on(
    network: Network, people: list[dict[str, Any]]
) -> None:
    screen = Screen(network, SETTINGS, SIGNS)
    read = network.facts(screen.names)

    for values in people:
        only = {name: value for name, value in values.items() if name in read}
        assert screen(only, ON) == screen(values, ON)
    assert set(screen._evaluator.fact_names) == read


def test_an_evaluator_asks_for_each_fact_once_and_in_the_order_of_their_names(
    network: Network,
) -> None:
    names = Evaluator(network, SETTINGS).fact_names

    assert list(names) == sorted({leaf.fact for leaf in network.leaves})
