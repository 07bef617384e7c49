"""The quick look at a body: it may let a calm one through, and never holds a red sign back."""

from __future__ import annotations

import datetime as dt
import json
import random
from typing import Any

import pytest

from api.library import get_codes, get_decider, get_vignettes
from api.running import lane
from api.running.lane import get_lane, may_be_red, may_raise_red_sign
from api.running.triggers import RED
from api.running.triggers import may_be_red as could_be_red
from api.service import get_checker
from rules.check import Checker
from rules.decide import Decider
from schemas.errors import InputError
from tests.fhir_records import record_of
from tests.properties.patients import generator_of

pytestmark = pytest.mark.hazard("H-41")

LOOKS = [
    pytest.param(look.input, id=f"{vignette.id}-{at}")
    for vignette in get_vignettes("fbss")
    for at, look in enumerate(vignette.looks)
]


def red_signs(data: dict[str, Any], decider: Decider, checker: Checker) -> bool:
    """Tell whether a decision shows an open red sign, by the screen of the decision itself."""
    patient = checker.check(data, dt.date.min)
    evaluation = decider.voices.evaluate(patient, decider.voices.settings(patient.settings))
    return evaluation.nodes[RED] == 2


@pytest.mark.parametrize("data", LOOKS)
def test_of_the_built_in_patients_those_with_a_red_sign_and_no_others_pass_the_closer_look(
    data: dict[str, Any], decider: Decider, checker: Checker
) -> None:
    assert may_be_red("fbss", json.dumps(data).encode()) == red_signs(data, decider, checker)


@pytest.mark.parametrize("data", LOOKS)
def test_the_same_patient_as_a_fhir_record_passes_the_first_look_when_a_sign_is_open(
    data: dict[str, Any], decider: Decider, checker: Checker
) -> None:
    record = record_of(data)
    if record is None:
        pytest.skip("no record says this")
    if red_signs(data, decider, checker):
        assert may_raise_red_sign(json.dumps(record).encode())


def made_up(count: int, seed: str) -> list[dict[str, Any]]:
    """Return patients of all kinds: at random, and such that a rule that raises a red sign should hold."""
    generator, rng = generator_of("fbss"), random.Random(seed)
    decider = get_decider("fbss")
    raising = [name[5:] for name in decider.network.upstream([RED]) if name.startswith("rule:")]
    found = [generator.patient(rng) for _ in range(count // 2)]
    return found + [generator.for_rule(rng.choice(raising), rng) for _ in range(count // 2)]


def test_no_patient_with_an_open_red_sign_is_held_back_by_either_look(
    decider: Decider, checker: Checker
) -> None:
    red = held = 0
    for data in made_up(120, "lane"):
        try:
            is_red = red_signs(data, decider, checker)
        except InputError:
            continue
        body = json.dumps(data, default=float).encode()
        red += is_red
        held += is_red and not (may_raise_red_sign(body) and may_be_red("fbss", body))

    assert red > 20
    assert held == 0


def test_a_body_that_names_nothing_a_red_sign_reads_is_told_from_one_that_does() -> None:
    assert not may_raise_red_sign(b'{"facts": {"age": 51, "smoker": true}}')
    assert may_raise_red_sign(b'{"facts": {"age": 51, "bladder_disturbance": "new"}}')
    assert not may_be_red("fbss", b'{"facts": {"bladder_disturbance": "none"}}')


@pytest.mark.parametrize(
    "body",
    [
        b'{"facts": {"bl\\u0061dder_disturbance": "new"}}',
        b"f.bladder_disturbance=new",
        b'{"facts": {"age": 51}, "filler": "' + b"x" * lane.MOST_LOOKED_THROUGH + b'"}',
        b"",
    ],
    ids=["an escape", "a form", "a long body", "nothing"],
)
def test_what_cannot_be_looked_through_may_carry_a_red_sign(body: bytes) -> None:
    assert may_raise_red_sign(body)


def test_every_code_of_a_fact_without_which_no_sign_is_open_is_found(decider: Decider) -> None:
    facts = get_lane("fbss").triggers
    assert facts is not None
    codes = [
        code.code
        for concepts in get_codes("fbss").concepts.values()
        for concept in concepts
        if concept.fact in facts
        for code in concept.codes
    ]

    assert len(codes) > 40
    for code in codes:
        assert may_raise_red_sign(f'{{"coding": [{{"code": "{code}"}}]}}'.encode())
        assert may_raise_red_sign(f'{{"coding":[{{"code":"{code}"}}]}}'.encode())


def test_without_its_triggers_no_patient_whatever_has_a_red_sign(decider: Decider) -> None:
    facts = get_lane("fbss").triggers
    assert facts

    assert not could_be_red(decider.network, facts)
    for fact in facts:
        assert could_be_red(decider.network, facts - {fact})


def test_a_pathway_whose_signs_can_be_open_for_a_stranger_lets_every_body_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(get_lane("fbss"), "triggers", None)

    assert may_raise_red_sign(b'{"facts": {}}')


def test_an_old_weakness_is_looked_at_because_it_may_count_as_not_known() -> None:
    dated = {"facts": {"leg_weakness": {"value": "none", "date": "2020-01-01"}}}

    assert may_be_red("fbss", json.dumps(dated).encode())


@pytest.mark.parametrize(
    "facts",
    [
        {"leg_weakness": "none", "weakness_mrc": 4},
        {"suicidal_thoughts": "none", "phq9_item9": 2},
        {"stimulator_site_infection": True, "stimulator_implanted": False},
    ],
    ids=["weakness", "suicidal thoughts", "a stimulator"],
)
def test_a_calm_word_that_something_else_contradicts_is_no_calm_word(facts: dict[str, Any]) -> None:
    body = json.dumps({"facts": facts}).encode()
    assert red_signs({"facts": facts}, get_decider("fbss"), get_checker("fbss"))

    assert may_be_red("fbss", body)


def test_what_is_not_json_is_left_to_the_reader() -> None:
    assert may_be_red("fbss", b'{"bladder_disturbance": ')
    assert may_be_red("fbss", b'["bladder_disturbance"]')
