"""The medication list: who counts as taking what on the day of the question, how many, and how much."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from api.library import get_vignettes
from rules.derive import EARLIEST, NEVER
from schemas.decision import Decision
from schemas.pathway import Pathway
from tests.unit.rules_input.conftest import Reader

Decide = Callable[[dict[str, Any]], Decision]


@pytest.mark.hazard("H-13")
@pytest.mark.parametrize(
    ("row", "taken"),
    [
        ({}, True),
        ({"status": "stopped"}, False),
        ({"status": "planned"}, False),
        ({"status": "planned", "started": "2026-01"}, False),
        ({"started": "2026-03-01"}, True),
        ({"started": "2026-03-02"}, False),
        ({"started": "2026-03"}, True),
        ({"stopped": "2026-02-28"}, False),
        ({"stopped": "2026-03-01"}, True),
        ({"stopped": "2026-03"}, True),
        ({"stopped": "2027"}, True),
        ({"started": "2020", "stopped": "2021"}, False),
    ],
    ids=[
        "active", "stopped", "planned", "planned, with a start in the past", "started today", "starts tomorrow",
        "started some day this month", "stopped yesterday", "stopped today", "stopped some day this month",
        "to be stopped later", "taken for a year",
    ],
)  # fmt: skip
def test_a_medicine_counts_when_it_may_be_taken_on_the_day_of_the_question(
    row: dict[str, Any], taken: bool, read: Reader
) -> None:
    reading = read(medications=[{"agent": "oxycodone", **row}])

    assert reading.values["taking_opioid"] is taken
    assert reading.values["cns_active_medicines"] == (1 if taken else 0)


@pytest.mark.hazard("H-01")
def test_a_list_that_was_not_given_is_unknown_and_an_empty_one_means_none(read: Reader) -> None:
    absent, empty = read().values, read(medications=[]).values

    assert not {"taking_opioid", "nsaids_taken", "medications_listed", "mme_per_day"} & set(absent)
    assert (empty["taking_opioid"], empty["nsaids_taken"], empty["mme_per_day"]) == (False, 0, 0)
    assert empty["medications_listed"] is True


@pytest.mark.hazard("H-01")
def test_an_absent_list_is_asked_for_and_an_empty_one_is_shown_as_an_assumption(
    decide: Decide,
) -> None:
    vignette = next(v for v in get_vignettes("fbss") if v.input.get("medications") == [])
    empty = decide(vignette.input)
    absent = decide({k: v for k, v in vignette.input.items() if k != "medications"})

    assert any("empty list" in caveat for caveat in empty.caveats)
    assert "medications" not in {item.fact for item in empty.missing}
    assert not any("empty list" in caveat for caveat in absent.caveats)
    assert "medications" in {item.fact for item in absent.missing}


@pytest.mark.hazard("H-15")
@pytest.mark.parametrize(
    "spelling",
    ["Ibuprofen", "IBUPROFEN", " ibuprofen ", "Advil", "ibuprofen  lysine", "Ibuprofen-Lysine"],
)
def test_a_medicine_is_known_by_any_of_its_names_however_they_are_set(
    spelling: str, read: Reader
) -> None:
    reading = read(medications=[{"agent": spelling}])

    assert reading.values["nsaids_taken"] == 1
    assert reading.not_used == []


@pytest.mark.parametrize(
    ("agent", "nsaid", "antiplatelet"),
    [
        ("aspirin", True, True),
        ("ASA", True, True),
        ("acetylsalicylic acid", True, True),
        ("aspirin-low-dose", False, True),
        ("baby aspirin", False, True),
        ("Aspirin 81 mg", False, True),
        ("aspirin for pain", True, False),
        ("diclofenac gel", False, False),
        ("diclofenac", True, False),
        ("clopidogrel", False, True),
    ],
)
def test_aspirin_counts_as_nsaid_and_antiplatelet_unless_its_dose_is_told(
    agent: str, nsaid: bool, antiplatelet: bool, read: Reader
) -> None:
    values = read(medications=[{"agent": agent}]).values

    assert (values["taking_nsaid"], values["taking_antiplatelet"]) == (nsaid, antiplatelet)


@pytest.mark.hazard("H-10")
def test_brand_and_generic_of_one_medicine_are_one_medicine_and_two_nsaids_are_two(
    read: Reader,
) -> None:
    def count(*agents: str) -> object:
        return read(medications=[{"agent": agent} for agent in agents]).values["nsaids_taken"]

    assert count("Advil", "ibuprofen") == 1
    assert count("ibuprofen", "naproxen") == 2
    assert count("ibuprofen", "paracetamol") == 1


@pytest.mark.hazard("H-26")
def test_a_medicine_nobody_has_classified_is_counted_shown_and_changes_no_verdict(
    decide: Decide,
) -> None:
    vignette = get_vignettes("fbss")[2]
    rows = [*vignette.input["medications"], {"agent": "Snake oil"}]
    plain, more = decide(vignette.input), decide({**vignette.input, "medications": rows})

    assert [item.where for item in more.not_used] == ["medications: Snake oil"]
    assert any(
        caveat.startswith("1 medicine(s) could not be classified") for caveat in more.caveats
    )
    assert [t.verdict for t in more.treatments] == [t.verdict for t in plain.treatments]
    assert more.red_signs == plain.red_signs
    assert not any("classified" in caveat for caveat in plain.caveats)


def test_morphine_equivalents_are_added_up_over_all_opioids_taken(
    pathway: Pathway, read: Reader
) -> None:
    factors = {name: medicine.mme_factor for name, medicine in pathway.medicines.items()}
    rows = [
        {"agent": "tramadol", "dose_mg_per_day": 100},
        {"agent": "oxycodone", "dose_mg_per_day": Decimal("7.5")},
        {"agent": "morphine", "dose_mg_per_day": 60, "status": "stopped"},
        {"agent": "ibuprofen", "dose_mg_per_day": 1200},
    ]
    expected = 100 * factors["tramadol"] + Decimal("7.5") * factors["oxycodone"]  # type: ignore[operator]

    assert read(medications=rows).values["mme_per_day"] == expected > 0


@pytest.mark.parametrize(
    "row",
    [{"agent": "morphine"}, {"agent": "fentanyl-patch", "dose_mg_per_day": 1}],
    ids=["a dose nobody told", "a medicine without a factor"],
)
def test_one_dose_that_cannot_be_reckoned_leaves_the_sum_unknown(
    row: dict[str, Any], read: Reader
) -> None:
    rows = [{"agent": "tramadol", "dose_mg_per_day": 100}, row]

    assert "mme_per_day" not in read(medications=rows).values
    assert read({"mme_per_day": 30}, medications=rows).values["mme_per_day"] == 30


@pytest.mark.hazard("H-11")
@pytest.mark.parametrize(
    ("stated", "used", "conflict"),
    [(20, 40, True), (90, 90, True), (40, 40, False), (None, 40, False)],
    ids=["list says more", "statement says more", "both the same", "nothing stated"],
)
def test_of_two_opioid_doses_the_higher_is_used_and_the_difference_named(
    stated: int | None, used: int, conflict: bool, pathway: Pathway, read: Reader
) -> None:
    assert pathway.medicines["morphine"].mme_factor == 1
    facts = {} if stated is None else {"mme_per_day": stated}
    reading = read(facts, medications=[{"agent": "morphine", "dose_mg_per_day": 40}])

    assert reading.values["mme_per_day"] == used
    assert [item.code for item in reading.conflicts] == ["opioid-dose-differs"] * conflict


@pytest.mark.hazard("H-11")
def test_an_opioid_dose_stated_beside_an_empty_list_is_kept_and_the_difference_named(
    read: Reader,
) -> None:
    reading = read({"mme_per_day": 30}, medications=[])

    assert reading.values["mme_per_day"] == 30
    assert [item.code for item in reading.conflicts] == ["opioid-dose-differs"]


@pytest.mark.hazard("H-09")
@pytest.mark.parametrize(
    ("starts", "earliest", "latest"),
    [
        ([], str(NEVER.earliest), str(NEVER.latest)),
        (["2025-06"], "2025-06-01", "2025-06-30"),
        (["2025-06", "2024-11-02"], "2024-11-02", "2024-11-02"),
        (["2025-06", None], str(EARLIEST), "2025-06-30"),
        ([None], None, None),
    ],
    ids=["none taken", "one", "the first of two", "one of two undated", "undated"],
)
def test_the_present_opioid_began_with_the_first_one_and_an_undated_one_may_be_older(
    starts: list[str | None], earliest: str | None, latest: str | None, read: Reader
) -> None:
    agents = ("oxycodone", "tramadol")
    rows = [{"agent": a, "started": s} for a, s in zip(agents, starts, strict=False)]
    date = read(medications=rows).values.get("opioid_started")

    found = (None, None) if date is None else (str(date.earliest), str(date.latest))
    assert found == (earliest, latest)
