"""How grave an answer to a red-sign question is, and which numbers leave a sign open."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from rules.comparisons import Border, borders_of
from rules.gravity import grave_beyond, gravity, leaves_open
from schemas.pathway import Pathway

GRAVER = [
    ("leg_weakness", ["none", "stable", "onset-unknown", "new", "worsening"]),
    ("suicidal_thoughts", ["none", "thoughts", "plan-or-intent"]),
    ("fever_or_chills", [False, True]),
    ("sphincter_cause_documented", [True, False]),
    ("weakness_surgeon_assessed", [True, False]),
    ("pvr_ml", [0, 20, 600]),
    ("weakness_mrc", [5, 4, 0]),
    ("systolic_bp", [140, 90, 70]),
]


@pytest.mark.hazard("H-11")
@pytest.mark.parametrize(("fact", "answers"), GRAVER, ids=[fact for fact, _ in GRAVER])
def test_answers_stand_in_the_order_of_their_gravity(
    fact: str, answers: list[Any], pathway: Pathway
) -> None:
    weights = [gravity(pathway.facts[fact], answer) for answer in answers]

    assert all(calmer < graver for calmer, graver in pairwise(weights))
    assert weights[0] == 0 or isinstance(answers[0], int)


def used(operator: str, *bounds: int) -> Border:
    return Border(operator, Decimal(0), Decimal(999), frozenset(map(Decimal, bounds)))


@pytest.mark.parametrize(
    ("fact", "borders", "opens", "closes"),
    [
        ("pulse", [used(">", 90, 100)], 101, 100),
        ("pulse", [used(">=", 90, 100)], 100, 99),
        ("pulse", [used("<", 50), used("<=", 50), used("=", 60)], None, 60),
        ("pulse", [used(">", 130), used(">=", 110)], 110, 109),
        ("systolic_bp", [used("<", 90, 100)], 89, 90),
        ("systolic_bp", [used("<=", 90, 100)], 90, 91),
        ("systolic_bp", [used(">", 200), used(">=", 200), used("!=", 100)], None, 250),
        ("pulse", [], None, 250),
    ],
)
def test_a_number_opens_a_sign_only_past_its_grave_border_in_every_profile(
    fact: str, borders: list[Border], opens: int | None, closes: int, pathway: Pathway
) -> None:
    definition, all_borders = pathway.facts[fact], {fact: borders} if borders else {}

    assert bool(grave_beyond(definition, all_borders)) is (opens is not None)
    assert opens is None or leaves_open(definition, opens, all_borders)
    assert not leaves_open(definition, closes, all_borders)


def test_what_is_no_red_sign_question_leaves_none_open(pathway: Pathway) -> None:
    borders = borders_of(pathway)
    assert not leaves_open(pathway.facts["smoker"], True, borders)
    assert not leaves_open(pathway.facts["pain_back_nrs"], 10, borders)


def test_a_border_lies_where_each_profile_puts_it_and_can_lie_where_a_site_may(
    pathway: Pathway,
) -> None:
    setting = pathway.settings["pvr_high_ml"]
    profiles = [each.get("pvr_high_ml", setting.value) for each in pathway.profiles.values()]
    found = borders_of(pathway)["pvr_ml"]

    assert found
    for border in found:
        assert (border.minimum, border.maximum) == (setting.minimum, setting.maximum)
        assert border.used == {setting.value, *profiles}
