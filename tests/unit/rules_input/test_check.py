"""What a checked patient looks like: one meaning for each way of saying it, and problems that point the way out."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from rules.check import MOST_PROBLEMS, Checker
from schemas.decision import Decision
from schemas.errors import InputError, Problem
from schemas.facts import FactKind, PartialDate
from schemas.pathway import Pathway
from tests.conftest import ON

Decide = Callable[[dict[str, Any]], Decision]


def problems(checker: Checker, data: object) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        checker.check(data, ON)
    return caught.value.problems


def test_the_date_of_the_question_is_today_when_it_is_left_out(checker: Checker) -> None:
    assert checker.check({"facts": {}}, ON).on == ON
    assert checker.check({"facts": {}, "on": None}, ON).on == ON
    assert checker.check({"facts": {}, "on": "2024-02-29"}, ON).on.isoformat() == "2024-02-29"


def test_numbers_keep_their_kind_and_dates_become_intervals(checker: Checker) -> None:
    facts = {"age": 50, "pain_duration_months": Decimal("7.5"), "lumbar_imaging": "2025-11"}
    found = checker.check({"facts": facts}, ON).facts

    assert (found["age"].value, type(found["age"].value)) == (50, int)
    assert found["pain_duration_months"].value == Decimal("7.5")
    date = found["lumbar_imaging"].value
    assert isinstance(date, PartialDate)
    assert (date.earliest.isoformat(), date.latest.isoformat()) == ("2025-11-01", "2025-11-30")


def test_a_fact_of_each_kind_takes_its_limits_and_nothing_beyond(
    checker: Checker, pathway: Pathway
) -> None:
    ranged = [d for d in pathway.facts.values() if d.minimum is not None and d.maximum is not None]
    assert len(ranged) > 30
    for definition in ranged:
        step = 1 if definition.kind is FactKind.INTEGER else Decimal("0.01")
        low, high = definition.minimum, definition.maximum
        if definition.kind is FactKind.INTEGER:
            low, high = int(low or 0), int(high or 0)  # type: ignore[assignment]
        for good in (low, high):
            checker.check({"facts": {definition.name: good}}, ON)
        for bad in (low - step, high + step):  # type: ignore[operator]
            (problem,) = problems(checker, {"facts": {definition.name: bad}})
            assert problem.code == "out-of-range"
            assert str(definition.maximum) in problem.help


@pytest.mark.hazard("H-01")
@pytest.mark.parametrize(
    "unsaid",
    [{}, {"bladder_disturbance": None}, {"bladder_disturbance": {}}, {"bladder_disturbance": {"value": None}}],
    ids=["left out", "null", "an entry without a value", "an entry with null"],
)  # fmt: skip
def test_leaving_out_null_and_an_empty_entry_are_one_and_the_same_unknown(
    unsaid: dict[str, Any], decide: Decide
) -> None:
    said_nothing = decide({"facts": {"age": 50}})

    assert decide({"facts": {"age": 50, **unsaid}}).model_dump() == said_nothing.model_dump()


def test_a_bare_value_and_an_entry_with_nothing_but_a_value_are_the_same(decide: Decide) -> None:
    bare, entry = ({"facts": {"age": value}} for value in (50, {"value": 50}))

    assert decide(bare).model_dump() == decide(entry).model_dump()


def test_a_reason_for_not_knowing_is_kept_and_shown(decide: Decide) -> None:
    decision = decide({"facts": {"bladder_disturbance": {"unknown": "asked-but-unknown"}}})
    asked = {item.fact: item.why_unknown for item in decision.missing}

    assert asked["bladder_disturbance"] == "asked-but-unknown"
    assert asked["bowel_disturbance"] == "not-asked"


@pytest.mark.hazard("H-10")
@pytest.mark.parametrize(
    ("name", "row", "again"),
    [
        (
            "trials",
            {"treatment": "nsaid", "weeks": 4},
            {"weeks": Decimal("4.00"), "treatment": "nsaid"},
        ),
        (
            "medications",
            {"agent": "oxycodone", "dose_mg_per_day": 20},
            {"agent": "oxycodone", "dose_mg_per_day": Decimal("20.0"), "status": "active"},
        ),
        (
            "surgeries",
            {"procedure": "fusion", "date": "2020"},
            {"date": "2020", "procedure": "fusion", "level": None},
        ),
    ],
    ids=["a trial", "a medicine", "an operation"],
)
def test_a_row_sent_twice_counts_once_however_it_is_written(
    name: str, row: dict[str, Any], again: dict[str, Any], checker: Checker, decide: Decide
) -> None:
    once, twice = ({"facts": {}, name: rows} for rows in ([row], [row, again, row]))

    assert len(getattr(checker.check(twice, ON), name)) == 1
    assert decide(twice).model_dump() == decide(once).model_dump()


def test_two_operations_that_differ_in_their_level_count_twice(checker: Checker) -> None:
    rows = [{"procedure": "fusion", "level": level} for level in ("L4", "L5")]

    assert len(checker.check({"facts": {}, "surgeries": rows}, ON).surgeries or ()) == 2


def test_a_misspelled_fact_is_answered_with_the_nearest_of_our_own_names(checker: Checker) -> None:
    (near,) = problems(checker, {"facts": {"pain_bck_nrs": 5}})
    (far,) = problems(checker, {"facts": {"shoe_size": 5}})

    assert (near.where, near.help) == ("facts.[key 1]", "did you mean `pain_back_nrs`?")
    assert "did you mean" not in far.help


def test_several_problems_are_told_together_and_never_more_than_twenty(checker: Checker) -> None:
    two = problems(checker, {"facts": {"age": 500, "sex": "?"}})
    many = problems(checker, {"facts": {f"x{at}": 1 for at in range(30)}})

    assert [problem.where for problem in two] == ["facts.age", "facts.sex"]
    assert [problem.where for problem in many] == [
        f"facts.[key {at}]" for at in range(1, MOST_PROBLEMS + 1)
    ]


@pytest.mark.parametrize(
    ("facts", "accepted"),
    [
        ({"age": {"value": 50, "date": "2026-03-01"}}, True),
        ({"age": {"value": 50, "date": "2026-03"}}, True),
        ({"age": {"value": 50, "date": "2026"}}, True),
        ({"age": {"value": 50, "date": "2026-03-02"}}, False),
        ({"age": {"value": 50, "date": "2026-04"}}, False),
        ({"age": 20, "pain_duration_months": 252}, True),
        ({"age": 20, "pain_duration_months": 253}, False),
        ({"pain_duration_months": 253}, True),
    ],
    ids=["on the day", "in the running month", "in the running year", "tomorrow", "next month",
         "pain since birth", "pain before birth", "pain at no known age"],
)  # fmt: skip
def test_what_cannot_have_happened_is_refused_and_what_may_have_is_not(
    facts: dict[str, Any], accepted: bool, checker: Checker
) -> None:
    data = {"facts": facts}

    if accepted:
        assert checker.check(data, ON).facts
    else:
        assert problems(checker, data)[0].code in ("in-the-future", "contradiction")


@pytest.mark.parametrize(
    ("name", "row", "accepted"),
    [
        ("surgeries", {"procedure": "fusion", "date": "2026-03-01"}, True),
        ("surgeries", {"procedure": "fusion", "date": "2026"}, True),
        ("surgeries", {"procedure": "fusion", "date": "2026-03-02"}, False),
        ("trials", {"treatment": "nsaid", "started": "2025-06", "ended": "2025"}, True),
        ("trials", {"treatment": "nsaid", "started": "2025-06", "ended": "2025-06-01"}, True),
        ("trials", {"treatment": "nsaid", "started": "2025-06", "ended": "2025-05-31"}, False),
        ("medications", {"agent": "x", "started": "2026-05", "status": "planned"}, True),
        ("medications", {"agent": "x", "stopped": "2026-05"}, True),
        ("medications", {"agent": "x", "started": "2026-02", "stopped": "2026-01"}, False),
    ],
    ids=["operated today", "operated this year", "operated tomorrow", "ended some time that year",
         "ended in its first month", "ended before it started", "planned for later", "to be stopped later",
         "stopped before it was started"],
)  # fmt: skip
def test_dates_in_lists_are_refused_only_when_every_day_they_may_mean_is_wrong(
    name: str, row: dict[str, Any], accepted: bool, checker: Checker
) -> None:
    data = {"facts": {}, name: [row]}

    if accepted:
        assert len(getattr(checker.check(data, ON), name)) == 1
    else:
        (problem,) = problems(checker, data)
        assert problem.where.startswith(f"{name}[0].")
