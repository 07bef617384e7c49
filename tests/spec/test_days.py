"""The condition language about days, past and ahead, whole or by month and year; a blank cell is *not known*."""

from __future__ import annotations

import pytest

from schemas.facts import parse_partial_date
from tests.spec.tables import Row, agreed, both_say, rows

PAST = """
condition                            | operation  | holds
operation within 10 days             | 2026-03-15 | T
operation within 10 days             | 2026-03-06 | T
operation within 10 days             | 2026-03-05 | T
operation within 10 days             | 2026-03-04 | F
operation within 10 days             | 2026-03-16 | F
operation within 10 days             |            |
operation within under 10 days       | 2026-03-06 | T
operation within under 10 days       | 2026-03-05 | F
operation within under 10 days       | 2026-03-04 | F
operation within under 10 days       |            |
operation within 2 weeks             | 2026-03-02 | T
operation within 2 weeks             | 2026-03-01 | T
operation within 2 weeks             | 2026-02-28 | F
operation within 2 weeks             |            |
operation within under 2 weeks       | 2026-03-02 | T
operation within under 2 weeks       | 2026-03-01 | F
operation within gap days            | 2026-03-05 | T
operation within gap days            | 2026-03-04 | F
operation within gap days            |            |
operation within pause weeks         | 2026-03-01 | T
operation within pause weeks         | 2026-02-28 | F
operation within under pause weeks   | 2026-03-01 | F
operation within under pause weeks   | 2026-03-02 | T
operation within 0 days              | 2026-03-15 | T
operation within 0 days              | 2026-03-14 | F
operation within 0 days              | 2026-03-16 | F
not operation within 10 days         | 2026-03-05 | F
not operation within 10 days         | 2026-03-04 | T
not operation within 10 days         | 2026-03-16 | T
not operation within 10 days         |            |
"""

FUTURE = """
condition                                 | appointment | holds
appointment within next 10 days           | 2026-03-15  | T
appointment within next 10 days           | 2026-03-24  | T
appointment within next 10 days           | 2026-03-25  | T
appointment within next 10 days           | 2026-03-26  | F
appointment within next 10 days           | 2026-03-14  | F
appointment within next 10 days           |             |
appointment within next under 10 days     | 2026-03-24  | T
appointment within next under 10 days     | 2026-03-25  | F
appointment within next 2 weeks           | 2026-03-29  | T
appointment within next 2 weeks           | 2026-03-30  | F
appointment within next gap days          | 2026-03-25  | T
appointment within next gap days          | 2026-03-26  | F
appointment within next gap days          |             |
not appointment within next 10 days       | 2026-03-26  | T
not appointment within next 10 days       |             |
"""

MONTHS_AND_YEARS = """
condition                            | operation  | holds
operation within 14 days             | 2026-02    | F
operation within 15 days             | 2026-02    |
operation within 41 days             | 2026-02    |
operation within 42 days             | 2026-02    | T
operation within under 42 days       | 2026-02    |
operation within under 43 days       | 2026-02    | T
operation within 13 days             | 2026-03    |
operation within 14 days             | 2026-03    | T
operation within 0 days              | 2026-03    |
operation within under 0 days        | 2026-03    | F
operation within 2 weeks             | 2026-03    | T
operation within under 2 weeks       | 2026-03    |
operation within 2000 days           | 2026-04    | F
operation within 72 days             | 2026       |
operation within 73 days             | 2026       | T
operation within 73 days             | 2025       | F
operation within 74 days             | 2025       |
operation within 437 days            | 2025       |
operation within 438 days            | 2025       | T
operation within 2000 days           | 2027       | F
not operation within 20 days         | 2026-02    |
not operation within 14 days         | 2026-02    | T
"""

MONTHS_AND_YEARS_AHEAD = """
condition                                | appointment | holds
appointment within next 15 days          | 2026-03     |
appointment within next 16 days          | 2026-03     | T
appointment within next under 16 days    | 2026-03     |
appointment within next under 0 days     | 2026-03     | F
appointment within next 16 days          | 2026-04     | F
appointment within next 17 days          | 2026-04     |
appointment within next 45 days          | 2026-04     |
appointment within next 46 days          | 2026-04     | T
appointment within next 2000 days        | 2026-02     | F
appointment within next 290 days         | 2026        |
appointment within next 291 days         | 2026        | T
appointment within next 291 days         | 2027        | F
appointment within next 292 days         | 2027        |
appointment within next 656 days         | 2027        | T
appointment within next 655 days         | 2027        |
"""

AWKWARD_DAYS = """
condition                            | operation  | on         | holds
operation within 1 days              | 2024-02-28 | 2024-02-29 | T
operation within 1 days              | 2024-02-28 | 2024-03-01 | F
operation within 2 days              | 2024-02-28 | 2024-03-01 | T
operation within 1 days              | 2025-02-28 | 2025-03-01 | T
operation within 1 days              | 2025-12-31 | 2026-01-01 | T
operation within 366 days            | 2024-02-29 | 2025-03-01 | T
operation within 365 days            | 2024-02-29 | 2025-03-01 | F
operation within 29 days             | 2024-02    | 2024-03-01 | T
operation within 28 days             | 2024-02    | 2024-03-01 |
operation within 28 days             | 2025-02    | 2025-03-01 | T
operation within 0 days              | 2026-03    | 2026-03-01 | T
operation within 30 days             | 2026-03    | 2026-03-31 | T
operation within 29 days             | 2026-03    | 2026-03-31 |
operation within 0 days              | 2026       | 2026-01-01 | T
"""


@pytest.mark.hazard("H-09")
@pytest.mark.parametrize("row", rows(PAST))
def test_a_day_of_the_past_is_within_a_span_up_to_its_last_day_unless_that_is_left_out(
    row: Row,
) -> None:
    assert both_say(row) == agreed(row)


@pytest.mark.hazard("H-09")
@pytest.mark.parametrize("row", rows(FUTURE))
def test_a_day_ahead_is_within_the_next_days_and_a_past_one_is_not(row: Row) -> None:
    assert both_say(row) == agreed(row)


@pytest.mark.hazard("H-09")
@pytest.mark.parametrize("row", rows(MONTHS_AND_YEARS))
def test_a_month_or_year_that_lies_on_both_sides_of_the_border_settles_nothing(row: Row) -> None:
    assert both_say(row) == agreed(row)


@pytest.mark.hazard("H-09")
@pytest.mark.parametrize("row", rows(MONTHS_AND_YEARS_AHEAD))
def test_a_month_or_year_ahead_is_read_from_the_date_of_the_question_on(row: Row) -> None:
    assert both_say(row) == agreed(row)


@pytest.mark.hazard("H-09")
@pytest.mark.parametrize("row", rows(AWKWARD_DAYS))
def test_a_span_counts_days_over_leap_days_and_the_turn_of_a_year(row: Row) -> None:
    assert both_say(row) == agreed(row)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        pytest.param("2026-03-15", "2026-03-15", "2026-03-15", id="a day is itself"),
        pytest.param("2026-03", "2026-03-01", "2026-03-31", id="a month of 31 days"),
        pytest.param("2026-04", "2026-04-01", "2026-04-30", id="a month of 30 days"),
        pytest.param("2026-02", "2026-02-01", "2026-02-28", id="February"),
        pytest.param("2024-02", "2024-02-01", "2024-02-29", id="February of a leap year"),
        pytest.param("2025-12", "2025-12-01", "2025-12-31", id="the last month of a year"),
        pytest.param("2025", "2025-01-01", "2025-12-31", id="a year"),
    ],
)
def test_a_partial_date_stands_for_all_its_days(text: str, earliest: str, latest: str) -> None:
    date = parse_partial_date(text)

    assert (str(date.earliest), str(date.latest)) == (earliest, latest)


@pytest.mark.hazard("H-09")
@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29", "2026-13", "2026-00", "2026-3-1", "26-03-01", "2026-03-15T00:00", "1899", "2200",
        "2026-03-", "", "-2026", "\u0662\u0660\u0662\u0666", "2026/03/15", "15.03.2026",
    ],
)  # fmt: skip
def test_a_date_that_is_none_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a date|day is out of range|month must be") as caught:
        parse_partial_date(text)
    assert not text or text not in str(caught.value)
