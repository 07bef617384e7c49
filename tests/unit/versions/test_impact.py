"""What counts as more invasive and as more urgent, as a table a clinician can check."""

from __future__ import annotations

import random
from itertools import product

import pytest

from rules.comparing.impact import NEARNESS, Answer, difference, invasiveness, ranks
from rules.outline import Outline
from schemas.decision import OFFERS, State, Verdict
from schemas.pathway import Pathway, Urgency

V = Verdict
CLOSED = {
    "nsaid": V.NOT_INDICATED,
    "muscle-relaxant": V.NOT_INDICATED,
    "physical-therapy": V.NOT_INDICATED,
    "epidural-steroid-injection": V.NOT_INDICATED,
    "trigger-point-injection": V.NOT_INDICATED,
    "spinal-cord-stimulation": V.NOT_INDICATED,
    "revision-surgery": V.NOT_INDICATED,
}


def outline(urgency: Urgency = Urgency.U3, **verdicts: Verdict) -> Outline:
    named = {name.replace("_", "-"): verdict for name, verdict in verdicts.items()}
    return Outline(urgency, State.S1, True, (), {**CLOSED, **named})


def change(pathway: Pathway, before: Outline, after: Outline):  # type: ignore[no-untyped-def]
    rank = ranks(pathway, pathway)
    return difference(Answer(before, frozenset()), Answer(after, frozenset()), rank)


TABLE = [
    pytest.param({"nsaid": V.BLOCK}, {"nsaid": V.RECOMMEND}, "more-invasive", id="a block lifted"),
    pytest.param(
        {"nsaid": V.BLOCK}, {}, "more-invasive", id="a block lifted though nothing proposes the treatment"
    ),
    pytest.param(
        {"epidural_steroid_injection": V.NOT_YET}, {"epidural_steroid_injection": V.CONSIDER},
        "more-invasive", id="an injection comes nearer",
    ),
    pytest.param(
        {"epidural_steroid_injection": V.NEEDS_DATA}, {"epidural_steroid_injection": V.NOT_YET},
        "less-invasive", id="an injection goes a step further away",
    ),
    pytest.param(
        {"spinal_cord_stimulation": V.NEEDS_DATA}, {"spinal_cord_stimulation": V.BLOCK},
        "less-invasive", id="a stimulator is blocked",
    ),
    pytest.param(
        {"nsaid": V.RECOMMEND, "muscle_relaxant": V.RECOMMEND}, {"spinal_cord_stimulation": V.NOT_YET},
        "more-invasive", id="a stimulator that comes nearer is not traded against medicines that go",
    ),
    pytest.param(
        {"epidural_steroid_injection": V.CONSIDER}, {"nsaid": V.RECOMMEND},
        "less-invasive", id="a medicine in place of an injection",
    ),
    pytest.param(
        {"physical_therapy": V.RECOMMEND}, {"nsaid": V.RECOMMEND},
        "more-invasive", id="a medicine in place of physical therapy",
    ),
    pytest.param(
        {"epidural_steroid_injection": V.CONSIDER}, {"trigger_point_injection": V.CONSIDER},
        "as-invasive", id="one injection in place of another",
    ),
    pytest.param(
        {"nsaid": V.RECOMMEND}, {"muscle_relaxant": V.RECOMMEND},
        "as-invasive", id="one medicine in place of another",
    ),
    pytest.param(
        {"nsaid": V.CONSIDER}, {"nsaid": V.TRIED_HELPED},
        "as-invasive", id="an option that proves to be running already",
    ),
    pytest.param(
        {"nsaid": V.RECOMMEND}, {"nsaid": V.ON_HOLD}, "less-invasive", id="a treatment put on hold"
    ),
    pytest.param(
        {}, {"revision_surgery": V.ON_HOLD},
        "as-invasive", id="the flag for surgery is an assessment, not an offer",
    ),
    pytest.param({}, {}, "as-invasive", id="nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "direction"), TABLE)
def test_the_most_invasive_treatment_that_moved_gives_the_direction(
    before: dict[str, Verdict], after: dict[str, Verdict], direction: str, pathway: Pathway
) -> None:
    assert change(pathway, outline(**before), outline(**after)).invasive == direction


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        pytest.param(Urgency.U3, Urgency.U0, "more-urgent", id="from routine to emergency"),
        pytest.param(Urgency.U1, Urgency.U2, "less-urgent", id="from urgent to soon"),
        pytest.param(Urgency.U2, Urgency.U2, "as-urgent", id="soon as before"),
    ],
)
def test_u0_is_the_most_urgent(
    before: Urgency, after: Urgency, direction: str, pathway: Pathway
) -> None:
    found = change(pathway, outline(before), outline(after))

    assert found.urgent == direction
    assert (found.urgency is None) is (direction == "as-urgent")


def test_every_verdict_has_its_distance_and_offers_are_the_nearest() -> None:
    assert NEARNESS.keys() == set(Verdict)
    assert min(NEARNESS[verdict] for verdict in OFFERS) >= max(
        near for verdict, near in NEARNESS.items() if verdict not in {*OFFERS, V.TRIED_HELPED}
    )
    assert min(NEARNESS.values()) == NEARNESS[V.BLOCK]
    assert [v for v, near in NEARNESS.items() if near == NEARNESS[V.BLOCK]] == [V.BLOCK]


def test_later_stages_are_more_invasive_and_revision_surgery_does_not_count(
    pathway: Pathway,
) -> None:
    found = ranks(pathway, pathway)

    assert found["physical-therapy"] < found["nsaid"] < found["trigger-point-injection"]
    assert found["trigger-point-injection"] < found["spinal-cord-stimulation"]
    assert "revision-surgery" not in found
    assert len(found) == len(pathway.treatments) - 1


def test_a_treatment_the_old_version_did_not_know_counts_as_one_nothing_proposes(
    pathway: Pathway,
) -> None:
    fewer = pathway.model_copy(
        update={"treatments": {n: t for n, t in pathway.treatments.items() if n != "nsaid"}}
    )
    before = Outline(
        Urgency.U3, State.S1, True, (), {n: v for n, v in CLOSED.items() if n != "nsaid"}
    )
    rank = ranks(fewer, pathway)

    found = difference(
        Answer(before, frozenset()), Answer(outline(nsaid=V.CONSIDER), frozenset()), rank
    )

    assert found.invasive == "more-invasive"
    assert [(each.treatment, each.before, each.after) for each in found.verdicts] == [
        ("nsaid", "", "consider")
    ]


def test_directions_are_an_order_there_and_back_and_on(pathway: Pathway) -> None:
    """Whatever the verdicts: going back reverses the direction, and two steps up are a step up."""
    dice, rank = random.Random(7), ranks(pathway, pathway)
    sets = [{name: dice.choice(list(Verdict)) for name in CLOSED} for _ in range(60)]
    measures = [invasiveness(each, rank) for each in sets]
    opposite = {
        "more-invasive": "less-invasive", "less-invasive": "more-invasive", "as-invasive": "as-invasive",
    }  # fmt: skip

    for (a, one), (b, other) in product(zip(sets, measures, strict=True), repeat=2):
        there = change(
            pathway,
            Outline(Urgency.U3, State.S1, True, (), a),
            Outline(Urgency.U3, State.S1, True, (), b),
        )
        back = change(
            pathway,
            Outline(Urgency.U3, State.S1, True, (), b),
            Outline(Urgency.U3, State.S1, True, (), a),
        )
        assert back.invasive == opposite[there.invasive]
        assert (there.invasive == "more-invasive") is (other > one)


@pytest.mark.parametrize("treatment", [name for name in CLOSED if name != "revision-surgery"])
def test_bringing_one_treatment_nearer_is_more_invasive_whatever_the_rest(
    treatment: str, pathway: Pathway
) -> None:
    dice, rank = random.Random(11), ranks(pathway, pathway)
    for _ in range(200):
        verdicts = {name: dice.choice(list(Verdict)) for name in CLOSED}
        nearer = dice.choice(list(Verdict))
        if NEARNESS[nearer] > NEARNESS[verdicts[treatment]]:
            moved = {**verdicts, treatment: nearer}
            assert invasiveness(moved, rank) > invasiveness(verdicts, rank)
