"""Where statements contradict each other: all that is shown of it, and of what could not be used."""

from __future__ import annotations

from typing import Any

import pytest

from rules.check import Checker
from rules.derive import stated_only
from schemas.decision import Conflict, NotUsed, Stale
from schemas.pathway import Pathway
from tests.conftest import ON
from tests.unit.rules_input.conftest import Reader

WEAKNESS = Conflict(
    code="weakness-contradicts",
    facts=("leg_weakness", "weakness_mrc", "acute_foot_drop"),
    text="no leg weakness is stated, but a foot drop or a reduced MRC grade is; weakness is assumed",
)
STIMULATOR = Conflict(
    code="stimulator-contradicts",
    facts=("stimulator_site_infection", "stimulator_implanted"),
    text="no stimulator is stated, but an infection at one is; a stimulator is assumed",
)
SUICIDALITY = Conflict(
    code="suicidality-contradicts",
    facts=("suicidal_thoughts", "phq9_item9"),
    text="no suicidal thoughts are stated, but PHQ-9 item 9 is above 0; thoughts are assumed",
)
PREGNANCY = Conflict(
    code="pregnancy-contradicts",
    facts=("pregnant", "gestation_weeks"),
    text="not pregnant is stated together with weeks of pregnancy; pregnancy is assumed",
)
DOSE = Conflict(
    code="opioid-dose-differs",
    facts=("mme_per_day", "medications"),
    text="the stated opioid dose and the medication list differ; the higher is used",
)


@pytest.mark.hazard("H-11")
@pytest.mark.parametrize(
    ("facts", "conflict", "read_as"),
    [
        ({"leg_weakness": "none", "weakness_mrc": 4}, WEAKNESS, "onset-unknown"),
        ({"leg_weakness": "none", "acute_foot_drop": True}, WEAKNESS, "onset-unknown"),
        ({"stimulator_implanted": False, "stimulator_site_infection": True}, STIMULATOR, True),
        ({"suicidal_thoughts": "none", "phq9_item9": 1}, SUICIDALITY, "thoughts"),
        ({"pregnant": False, "gestation_weeks": 1}, PREGNANCY, True),
    ],
)
def test_a_contradiction_is_told_in_full_and_nothing_else_is_changed(
    facts: dict[str, Any], conflict: Conflict, read_as: object, read: Reader
) -> None:
    said, beside = facts
    reading = read(facts)

    assert reading.conflicts == [conflict]
    assert reading.values[said] == read_as
    assert reading.values[beside] == facts[beside]


@pytest.mark.parametrize(
    "facts",
    [
        {"leg_weakness": "none"},
        {"leg_weakness": "new", "weakness_mrc": 3},
        {"acute_foot_drop": True},
        {"stimulator_site_infection": True},
        {"stimulator_site_infection": True, "stimulator_implanted": True},
        {"stimulator_site_infection": False, "stimulator_implanted": False},
        {"stimulator_implanted": False},
        {"suicidal_thoughts": "none"},
        {"phq9_item9": 3},
        {"pregnant": False},
        {"pregnant": True, "gestation_weeks": 9},
        {"gestation_weeks": 9},
    ],
    ids=lambda facts: " ".join(facts),
)
def test_what_contradicts_nothing_is_read_as_it_was_stated(
    facts: dict[str, Any], read: Reader
) -> None:
    reading = read(facts)

    assert reading.conflicts == []
    assert {name: reading.values[name] for name in facts} == facts


@pytest.mark.hazard("H-11")
@pytest.mark.parametrize(
    ("stated", "listed", "used"),
    [(20, 40, 40), (40, 20, 40), (0, 10, 10), (10, 0, 10)],
)
def test_two_opioid_doses_that_differ_are_told_in_full_and_the_higher_is_used(
    stated: int, listed: int, used: int, read: Reader
) -> None:
    reading = read(
        {"mme_per_day": stated}, medications=[{"agent": "morphine", "dose_mg_per_day": listed}]
    )

    assert reading.conflicts == [DOSE]
    assert reading.values["mme_per_day"] == used


def test_one_opioid_dose_told_twice_is_no_conflict(read: Reader) -> None:
    reading = read({"mme_per_day": 30}, medications=[{"agent": "morphine", "dose_mg_per_day": 30}])

    assert reading.conflicts == []
    assert reading.values["mme_per_day"] == 30


@pytest.mark.hazard("H-11")
@pytest.mark.parametrize(
    ("stated", "listed", "used", "conflicts"),
    [
        (20, [40], 40, [DOSE]),
        (40, [40], 40, []),
        (40, [20], 40, []),
        (20, [15, 16], 31, [DOSE]),
        (20, [], 20, []),
    ],
)
def test_of_an_incomplete_list_what_stands_in_it_is_the_least_dose(
    stated: int, listed: list[int], used: int, conflicts: list[Conflict], read: Reader
) -> None:
    reading = read(
        {"mme_per_day": stated},
        medications=[{"agent": "morphine", "dose_mg_per_day": dose} for dose in listed],
        incomplete=["medications"],
    )

    assert reading.values["mme_per_day"] == used
    assert reading.conflicts == conflicts


def test_an_incomplete_list_alone_settles_no_dose(read: Reader) -> None:
    reading = read(
        medications=[{"agent": "morphine", "dose_mg_per_day": 40}], incomplete=["medications"]
    )

    assert "mme_per_day" not in reading.values
    assert reading.conflicts == []


def test_the_least_dose_is_never_beyond_what_a_dose_may_be(read: Reader, pathway: Pathway) -> None:
    most = pathway.facts["mme_per_day"].maximum
    assert most is not None
    rows = [{"agent": "morphine", "dose_mg_per_day": int(most) - at} for at in range(2)]

    reading = read({"mme_per_day": 20}, medications=rows, incomplete=["medications"])

    assert reading.values["mme_per_day"] == most
    assert reading.conflicts == [DOSE]


def test_a_medicine_nobody_knows_is_told_with_what_that_costs(read: Reader) -> None:
    reading = read(
        medications=[{"agent": "unobtainium"}],
        trials=[
            {"treatment": "nsaid", "agent": "unobtainium"},
            {"treatment": "physical-therapy", "agent": "unobtainium"},
        ],
    )

    assert reading.unclassified == 1
    assert sorted(reading.not_used, key=lambda item: item.where) == [
        NotUsed(
            where="medications: unobtainium",
            why="this medicine is not in the list of classes; its interactions are not checked",
        ),
        NotUsed(
            where="trials: unobtainium",
            why="this medicine is not in the list of classes; the trial counts for the treatment, "
            "not for a class inside it",
        ),
    ]


@pytest.mark.parametrize(
    ("treatment", "lifts", "justified", "early"),
    [
        ("opioid", "block-unless-justified", True, False),
        ("opioid", "not-yet", False, True),
        ("nsaid", "block-unless-justified", False, False),
        ("nsaid", "not-yet", False, False),
    ],
)
def test_an_override_counts_for_its_treatment_and_for_what_it_lifts(
    treatment: str, lifts: str, justified: bool, early: bool, read: Reader, pathway: Pathway
) -> None:
    row = {
        "treatment": treatment,
        "lifts": lifts,
        "why": "argued at length",
        "who": "Dr A",
        "when": ON.isoformat(),
    }
    values = read(overrides=[row]).values
    derived = {
        d.rule: values[d.fact.name]
        for d in pathway.derivations.values()
        if d.rule in ("justified", "early") and d.of[0] == "opioid"
    }

    assert derived == {"justified": justified, "early": early}


@pytest.mark.hazard("H-29")
def test_without_the_lists_what_was_stated_still_speaks_and_still_ages(
    checker: Checker, pathway: Pathway
) -> None:
    patient = checker.check(
        {
            "facts": {
                "bladder_disturbance": "new",
                "saddle_sensation_change": {"value": "new", "date": "2020-01-01"},
            },
            "medications": [{"agent": "warfarin"}],
            "not_used": [{"where": "Observation", "why": "without a unit"}],
        },
        ON,
    )
    reading = stated_only(pathway, patient)

    assert reading.values == {"bladder_disturbance": "new"}
    assert reading.not_used == [NotUsed(where="Observation", why="without a unit")]
    assert reading.stale == [
        Stale(
            fact="saddle_sensation_change",
            date="2020-01-01",
            shelf_days=pathway.facts["saddle_sensation_change"].shelf_days or 0,
        )
    ]
