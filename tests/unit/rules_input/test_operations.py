"""Operations and procedures: what happened, when last, and what an undated one leaves open."""

from __future__ import annotations

from typing import Any

import pytest

from rules.derive import NEVER
from tests.unit.rules_input.conftest import Reader

LONG_AGO = (str(NEVER.earliest), str(NEVER.latest))
"""What did not happen counts as long ago."""
LUMBAR = {"procedure": "discectomy", "region": "lumbar"}
PAIN = {**LUMBAR, "for_pain": True}


def span(date: Any) -> tuple[str, str] | None:
    return None if date is None else (str(date.earliest), str(date.latest))


@pytest.mark.hazard("H-01")
@pytest.mark.hazard("H-17")
@pytest.mark.parametrize(
    ("rows", "lumbar", "for_pain", "fusion"),
    [
        (None, None, None, None),
        ([], False, False, False),
        ([PAIN], True, True, False),
        ([LUMBAR], True, None, False),
        ([{**LUMBAR, "for_pain": False}], True, False, False),
        ([{**PAIN, "region": "lumbosacral", "procedure": "fusion"}], True, True, True),
        ([{**PAIN, "region": "cervical"}], False, False, False),
        ([{"procedure": "fusion", "for_pain": True}], None, None, None),
        ([{"procedure": "fusion", "for_pain": False}], None, False, None),
        ([{"procedure": "discectomy"}, PAIN], True, True, False),
        ([{**LUMBAR, "region": "cervical"}, LUMBAR], True, None, False),
    ],
    ids=[
        "not told", "none", "lumbar, for pain", "lumbar, reason not told", "lumbar, not for pain",
        "lumbosacral fusion", "cervical", "region not told", "region not told, not for pain",
        "region not told, and one lumbar", "cervical, and one lumbar",
    ],
)  # fmt: skip
def test_an_operation_counts_as_far_as_its_region_kind_and_reason_are_told(
    rows: list[dict[str, Any]] | None,
    lumbar: object,
    for_pain: object,
    fusion: object,
    read: Reader,
) -> None:
    values = read(surgeries=rows).values

    assert values.get("lumbar_surgery") is lumbar
    assert values.get("lumbar_surgery_for_pain") is for_pain
    assert values.get("lumbar_fusion") is fusion


@pytest.mark.hazard("H-09")
@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ([], LONG_AGO),
        (["2024-05-06"], ("2024-05-06", "2024-05-06")),
        (["2024-05"], ("2024-05-01", "2024-05-31")),
        (["2020", "2024-05"], ("2024-05-01", "2024-05-31")),
        (["2024", "2024-05-06"], ("2024-05-06", "2024-12-31")),
        (["2024-05", None], ("2024-05-01", "2026-03-01")),
        ([None], None),
    ],
    ids=["never", "a day", "a month", "the later of two", "a year that holds the other", "one undated", "undated"],
)  # fmt: skip
def test_the_last_operation_is_as_late_as_the_dates_allow(
    dates: list[str | None], expected: tuple[str, str] | None, read: Reader
) -> None:
    rows = [{**LUMBAR, "date": date, "level": f"L{at}"} for at, date in enumerate(dates)]

    assert span(read(surgeries=rows).values.get("last_lumbar_surgery")) == expected


def test_an_operation_whose_region_is_not_told_may_have_been_the_last_lumbar_one(
    read: Reader,
) -> None:
    rows = [{**LUMBAR, "date": "2020-01-01"}, {"procedure": "fusion", "date": "2025-01-01"}]

    assert span(read(surgeries=rows).values["last_lumbar_surgery"]) == ("2020-01-01", "2025-01-01")


@pytest.mark.parametrize(
    ("rows", "result"),
    [
        ([], None),
        ([{**LUMBAR, "result": "worse"}], "worse"),
        ([{**LUMBAR, "date": "2020", "result": "worse"}, {**LUMBAR, "date": "2021", "result": "partial"}], "partial"),
        ([{**LUMBAR, "date": "2021", "result": "partial"}, {**LUMBAR, "date": "2020", "result": "worse"}], "partial"),
        ([{**LUMBAR, "date": "2020", "result": "worse"}, {**LUMBAR, "result": "partial"}], None),
        ([{**LUMBAR, "result": "worse"}, {"procedure": "fusion", "date": "2020"}], None),
        ([{**LUMBAR, "result": "worse"}, {**LUMBAR, "region": "cervical", "result": "partial"}], "worse"),
    ],
    ids=["none", "one", "the last of two", "the last of two, told first", "one undated",
         "one of a region not told", "one cervical"],
)  # fmt: skip
def test_the_result_is_that_of_the_last_lumbar_operation_or_not_settled(
    rows: list[dict[str, Any]], result: str | None, read: Reader
) -> None:
    assert read(surgeries=rows).values.get("last_surgery_result") == result


ESI = {"treatment": "epidural-steroid-injection"}


@pytest.mark.hazard("H-09")
@pytest.mark.parametrize(
    ("trials", "surgeries", "expected"),
    [
        (None, None, None),
        ([], [], LONG_AGO),
        ([{**ESI, "ended": "2025-11"}], [], ("2025-11-01", "2025-11-30")),
        ([{**ESI, "started": "2025-11-05"}], [], ("2025-11-05", "2025-11-05")),
        ([{**ESI, "ended": "2025-11-05"}], None, ("2025-11-05", "2026-03-01")),
        (None, [{**LUMBAR, "date": "2025-12-05"}], ("2025-12-05", "2026-03-01")),
        ([{**ESI, "ended": "2025-11-05"}], [{**LUMBAR, "date": "2025-12-05"}], ("2025-12-05", "2025-12-05")),
        ([ESI], [], None),
        ([{"treatment": "nsaid", "ended": "2026-02"}], [], LONG_AGO),
    ],
    ids=["nothing told", "none", "an injection", "an injection that goes on", "operations not told", "trials not told",
         "operation after injection", "undated", "a medicine is no procedure"],
)  # fmt: skip
def test_the_last_spine_procedure_is_found_among_injections_implants_and_operations(
    trials: Any, surgeries: Any, expected: tuple[str, str] | None, read: Reader
) -> None:
    values = read(trials=trials, surgeries=surgeries).values

    assert span(values.get("last_spine_procedure")) == expected


@pytest.mark.hazard("H-19")
@pytest.mark.parametrize(
    ("trials", "year", "half"),
    [
        (None, None, None),
        ([], 0, 0),
        ([{**ESI, "ended": "2025-03-01", "sessions": 2}], 2, 0),
        ([{**ESI, "ended": "2025-02-28", "sessions": 2}], 0, 0),
        ([{**ESI, "ended": "2025-02", "sessions": 2}], 0, 0),
        ([{**ESI, "ended": "2025", "sessions": 2}], 2, 2),
        ([{**ESI, "ended": "2025-08-30"}], 1, 1),
        ([{**ESI, "ended": "2025-08-29"}], 1, 0),
        ([{**ESI, "ended": "2026-01", "sessions": 1}, {**ESI, "ended": "2025-06", "sessions": 3}], 4, 1),
        ([{**ESI, "sessions": 1}], None, None),
        ([{"treatment": "trigger-point-injection", "ended": "2026-01", "sessions": 3}], 0, 0),
    ],
    ids=["not told", "none", "365 days ago", "366 days ago", "a month that ended before", "a year that may be recent",
         "183 days ago, number not told", "184 days ago", "two courses", "undated", "another injection"],
)  # fmt: skip
def test_sessions_are_counted_to_the_day_and_a_partial_date_counts_as_recent_as_it_may_be(
    trials: Any, year: int | None, half: int | None, read: Reader
) -> None:
    values = read(trials=trials).values

    assert values.get("epidural_sessions_12_months") == year
    assert values.get("epidural_sessions_6_months") == half
