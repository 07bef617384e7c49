"""The order in which things are told, and telling them twice, changes no byte of the answer."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from api.library import get_vignettes
from schemas.decision import Decision

LISTS = ("trials", "medications", "surgeries", "overrides")
Decide = Callable[[dict[str, Any]], Decision]
VIGNETTES = pytest.mark.parametrize("vignette", get_vignettes("fbss"), ids=lambda each: each.id)


def shuffled(data: Any, order: random.Random) -> Any:
    """Return *data* with the keys of every object and the rows of every list in another order."""
    if isinstance(data, dict):
        keys = list(data)
        order.shuffle(keys)
        return {key: shuffled(data[key], order) for key in keys}
    if isinstance(data, list):
        return [shuffled(item, order) for item in order.sample(data, len(data))]
    return data


def backwards(data: Any) -> Any:
    """Return *data* with every object and list from its end."""
    if isinstance(data, dict):
        return {key: backwards(value) for key, value in reversed(data.items())}
    return [backwards(item) for item in reversed(data)] if isinstance(data, list) else data


@pytest.mark.hazard("H-38")
@VIGNETTES
def test_the_order_of_facts_fields_and_rows_changes_no_byte(vignette: Any, decide: Decide) -> None:
    for look in vignette.looks:
        told = decide(look.input).model_dump_json()

        assert decide(backwards(look.input)).model_dump_json() == told
        for seed in range(2):
            assert decide(shuffled(look.input, random.Random(seed))).model_dump_json() == told


@pytest.mark.hazard("H-10")
@VIGNETTES
def test_telling_every_row_twice_changes_no_byte(vignette: Any, decide: Decide) -> None:
    data = vignette.input
    twice = {key: value * 2 if key in LISTS else value for key, value in data.items()}

    assert decide(twice).model_dump_json() == decide(data).model_dump_json()


@pytest.mark.hazard("H-38")
def test_the_order_of_overrides_and_of_what_could_not_be_used_changes_no_byte(
    decide: Decide,
) -> None:
    base = next(v for v in get_vignettes("fbss") if len(v.input["medications"]) > 1).input
    said = {"lifts": "block-unless-justified", "who": "Dr A", "why": "agreed at the meeting"}
    more = {
        **base,
        "medications": [
            *base["medications"],
            {"agent": "zz unheard of"},
            {"agent": "aa unheard of"},
        ],
        "trials": [
            *base["trials"],
            {"treatment": "nsaid", "agent": "zz unheard of"},
            {"treatment": "nsaid", "agent": "aa unheard of"},
        ],
        "overrides": [
            {**said, "treatment": "opioid", "when": "2026-02-01"},
            {**said, "treatment": "opioid", "when": "2026-01-01"},
            {**said, "treatment": "nsaid", "when": "2026-01-01"},
        ],
    }
    told = decide(more)

    assert len(told.not_used) == 4
    assert len(told.overrides) == 3
    assert decide(backwards(more)).model_dump_json() == told.model_dump_json()


@pytest.mark.hazard("H-32")
def test_a_decision_after_other_patients_is_the_decision_alone(decide: Decide) -> None:
    inputs = [vignette.input for vignette in get_vignettes("fbss")]
    alone = [decide(data).receipt.decision for data in inputs]
    random.Random(7).shuffle(order := list(range(len(inputs))))

    assert len(set(alone)) == len(alone)
    assert [decide(inputs[at]).receipt.decision for at in order] == [alone[at] for at in order]


def test_what_a_door_could_not_read_is_shown_as_not_used_and_changes_nothing_else(
    decide: Decide,
) -> None:
    left_aside = [{"where": "Observation", "why": "2 without a unit that is understood"}]

    plain, told = decide({"facts": {}}), decide({"facts": {}, "not_used": left_aside})

    assert [item.model_dump() for item in told.not_used] == left_aside
    assert told.input["not_used"] == left_aside
    assert told.treatments == plain.treatments
