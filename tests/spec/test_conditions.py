"""The condition language, one table a construct: T true, F false, a blank cell is *not known*.

Every row is read from its text and put to both evaluators, the one that walks the tree and the compiled one.
"""

from __future__ import annotations

import itertools

import pytest

from pathways.condition_text import parse_condition
from rules.truth import UNKNOWN, WORDS
from schemas.condition import Known, walk
from schemas.facts import parse_partial_date
from tests.spec.tables import Row, agreed, both_say, conditions, rows, vocabulary

NUMBERS = """
condition              | points | holds
points < 10            | 9      | T
points < 10            | 10     | F
points < 10            | 11     | F
points < 10            |        |
points <= 10           | 9      | T
points <= 10           | 10     | T
points <= 10           | 11     | F
points <= 10           |        |
points = 10            | 9      | F
points = 10            | 10     | T
points = 10            | 11     | F
points = 10            |        |
points != 10           | 9      | T
points != 10           | 10     | F
points != 10           | 11     | T
points != 10           |        |
points >= 10           | 9      | F
points >= 10           | 10     | T
points >= 10           | 11     | T
points >= 10           |        |
points > 10            | 9      | F
points > 10            | 10     | F
points > 10            | 11     | T
points > 10            |        |
points < limit         | 9      | T
points < limit         | 10     | F
points < limit         |        |
points >= limit        | 9      | F
points >= limit        | 10     | T
points >= limit        | 11     | T
points >= limit        |        |
points > 0             | 0      | F
points > 0             | 1      | T
points < 0             | -1     | T
points < 0             | 0      | F
points >= -3           | -4     | F
points >= -3           | -3     | T
points = 0             | 0      | T
points = 0             |        |
"""

DECIMALS = """
condition              | ratio | holds
ratio < 1.5            | 1.4   | T
ratio < 1.5            | 1.49  | T
ratio < 1.5            | 1.5   | F
ratio < 1.5            | 1.50  | F
ratio < 1.5            | 1.51  | F
ratio < 1.5            |       |
ratio <= ratio_limit   | 1.49  | T
ratio <= ratio_limit   | 1.5   | T
ratio <= ratio_limit   | 1.51  | F
ratio <= ratio_limit   |       |
ratio = 0.3            | 0.29  | F
ratio = 0.3            | 0.3   | T
ratio = 0.3            | 0.31  | F
ratio != 0.3           | 0.30  | F
ratio > 2              | 1.99  | F
ratio > 2              | 2.0   | F
ratio > 2              | 2.01  | T
ratio >= 2.0           | 1.99  | F
ratio >= 2.0           | 2     | T
"""

YES_AND_NO = """
condition              | smoker | holds
smoker                 | T      | T
smoker                 | F      | F
smoker                 |        |
not smoker             | T      | F
not smoker             | F      | T
not smoker             |        |
not not smoker         | T      | T
not not smoker         | F      | F
not not smoker         |        |
"""

WORDS_CHOSEN = """
condition                         | appetite | holds
appetite is poor                  | none     | F
appetite is poor                  | poor     | T
appetite is poor                  | good     | F
appetite is poor                  |          |
appetite is not poor              | none     | T
appetite is not poor              | poor     | F
appetite is not poor              | good     | T
appetite is not poor              |          |
appetite in (poor, good)          | none     | F
appetite in (poor, good)          | poor     | T
appetite in (poor, good)          | good     | T
appetite in (poor, good)          |          |
appetite in (poor)                | poor     | T
appetite in (poor)                | good     | F
not appetite in (poor, good)      | none     | T
not appetite in (poor, good)      | good     | F
not appetite in (poor, good)      |          |
appetite in (none, poor, good)    | good     | T
appetite in (none, poor, good)    |          |
"""

SIGNS_AND_ONSET = """
condition                                       | weakness      | holds
weakness in (new, worsening, onset-unknown)     | none          | F
weakness in (new, worsening, onset-unknown)     | new           | T
weakness in (new, worsening, onset-unknown)     | worsening     | T
weakness in (new, worsening, onset-unknown)     | stable        | F
weakness in (new, worsening, onset-unknown)     | onset-unknown | T
weakness in (new, worsening, onset-unknown)     |               |
weakness is none                                | none          | T
weakness is none                                | stable        | F
weakness is none                                |               |
weakness is not none                            | onset-unknown | T
weakness is not none                            |               |
"""

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

KNOWN = """
condition               | points | smoker | appetite | weakness | operation | holds
known(points)           | 0      |        |          |          |           | T
known(points)           |        |        |          |          |           | F
known(smoker)           |        | T      |          |          |           | T
known(smoker)           |        | F      |          |          |           | T
known(smoker)           |        |        |          |          |           | F
known(appetite)         |        |        | none     |          |           | T
known(appetite)         |        |        |          |          |           | F
known(weakness)         |        |        |          | none     |           | T
known(weakness)         |        |        |          |          |           | F
known(operation)        |        |        |          |          | 2025      | T
known(operation)        |        |        |          |          |           | F
not known(points)       | 0      |        |          |          |           | F
not known(points)       |        |        |          |          |           | T
known(points) and points < 10  | 9  |     |          |          |           | T
known(points) and points < 10  | 10 |     |          |          |           | F
known(points) and points < 10  |    |     |          |          |           | F
points < 10 or not known(points) |  |     |          |          |           | T
"""

NESTED = """
condition                                | smoker | diabetes | pregnant | holds
smoker or diabetes and pregnant          | T      | F        | F        | T
smoker or diabetes and pregnant          | F      | T        | F        | F
smoker or diabetes and pregnant          | F      | T        |          |
smoker or diabetes and pregnant          | T      |          |          | T
(smoker or diabetes) and pregnant        | T      | F        | F        | F
(smoker or diabetes) and pregnant        | T      |          | T        | T
(smoker or diabetes) and pregnant        |        |          | F        | F
(smoker or diabetes) and pregnant        |        | F        | T        |
smoker and diabetes or pregnant          | F      | T        | T        | T
smoker and diabetes or pregnant          | T      |          | F        |
smoker and (diabetes or pregnant)        | F      | T        | T        | F
smoker and (diabetes or pregnant)        | T      |          | T        | T
not smoker and diabetes                  | F      | T        |          | T
not smoker and diabetes                  | F      | F        |          | F
not smoker and diabetes                  |        | F        |          | F
not smoker and diabetes                  |        | T        |          |
not (smoker and diabetes)                | F      |          |          | T
not (smoker and diabetes)                | T      |          |          |
not (smoker and diabetes)                | T      | T        |          | F
not (smoker or diabetes)                 | T      |          |          | F
not (smoker or diabetes)                 | F      |          |          |
not (smoker or diabetes)                 | F      | F        |          | T
not (smoker or not diabetes)             | F      | T        |          | T
not (smoker or not diabetes)             |        | F        |          | F
not (smoker or not diabetes)             | F      |          |          |
smoker and not smoker                    | T      |          |          | F
smoker and not smoker                    |        |          |          |
smoker or not smoker                     | F      |          |          | T
smoker or not smoker                     |        |          |          |
smoker and diabetes and pregnant         | T      | T        | T        | T
smoker and diabetes and pregnant         | T      | T        |          |
smoker and diabetes and pregnant         | T      |          | F        | F
smoker or diabetes or pregnant           | F      | F        | F        | F
smoker or diabetes or pregnant           | F      |          | F        |
smoker or diabetes or pregnant           |        |          | T        | T
((smoker))                               | T      |          |          | T
"""

MIXED = """
condition                                                       | points | ratio | appetite | smoker | holds
points >= limit and appetite in (none, poor)                    | 10     |       | poor     |        | T
points >= limit and appetite in (none, poor)                    | 9      |       |          |        | F
points >= limit and appetite in (none, poor)                    | 10     |       |          |        |
points >= limit or ratio > ratio_limit                          | 9      | 1.6   |          |        | T
points >= limit or ratio > ratio_limit                          | 9      |       |          |        |
points >= limit or ratio > ratio_limit                          | 9      | 1.5   |          |        | F
points > 3 and points < 6                                       | 3      |       |          |        | F
points > 3 and points < 6                                       | 4      |       |          |        | T
points > 3 and points < 6                                       | 6      |       |          |        | F
points > 3 and points < 6                                       |        |       |          |        |
not (points < 10 or appetite is good) and smoker                | 10     |       | none     | T      | T
not (points < 10 or appetite is good) and smoker                | 10     |       | good     |        | F
not (points < 10 or appetite is good) and smoker                | 10     |       |          | T      |
"""

CONCLUSIONS = """
condition                    | at_risk | cleared | smoker | holds
at_risk                      | T       |         |        | T
at_risk                      | F       |         |        | F
at_risk                      |         |         |        |
not at_risk                  | T       |         |        | F
not at_risk                  | F       |         |        | T
not at_risk                  |         |         |        |
at_risk and not cleared      | T       | F       |        | T
at_risk and not cleared      | T       | T       |        | F
at_risk and not cleared      | T       |         |        |
at_risk and not cleared      |         | T       |        | F
at_risk or smoker            |         |         | T      | T
at_risk or smoker            |         |         | F      |
"""

LISTS = """
condition                                | taking_herb | tried_massage | justified_massage | holds
taking(herb)                             | T           |               |                   | T
taking(herb)                             | F           |               |                   | F
taking(herb)                             |             |               |                   |
tried(massage) in (failed, worse)        |             | failed        |                   | T
tried(massage) in (failed, worse)        |             | worse         |                   | T
tried(massage) in (failed, worse)        |             | inadequate    |                   | F
tried(massage) in (failed, worse)        |             | running       |                   | F
tried(massage) in (failed, worse)        |             | none          |                   | F
tried(massage) in (failed, worse)        |             |               |                   |
tried(massage) is not none               |             | none          |                   | F
tried(massage) is not none               |             |               |                   |
taking(herb) and not justified(massage)  | T           |               | F                 | T
taking(herb) and not justified(massage)  | T           |               | T                 | F
taking(herb) and not justified(massage)  | T           |               |                   |
taking(herb) and not justified(massage)  | F           |               |                   | F
"""

AT_LEAST = """
how many of three answers | at least 1 | at least 2 | at least 3
T T T                     | T          | T          | T
T T F                     | T          | T          | F
T T .                     | T          | T          |
T F F                     | T          | F          | F
T F .                     | T          |            | F
T . .                     | T          |            |
F F F                     | F          | F          | F
F F .                     |            | F          | F
F . .                     |            |            | F
. . .                     |            |            |
"""

TABLES = (
    NUMBERS, DECIMALS, YES_AND_NO, WORDS_CHOSEN, SIGNS_AND_ONSET, PAST, FUTURE, MONTHS_AND_YEARS,
    MONTHS_AND_YEARS_AHEAD, AWKWARD_DAYS, KNOWN, NESTED, MIXED, CONCLUSIONS, LISTS,
)  # fmt: skip


@pytest.mark.hazard("H-19")
@pytest.mark.parametrize("row", rows(NUMBERS))
def test_a_number_is_on_the_right_side_of_its_border_and_on_the_border_itself(row: Row) -> None:
    assert both_say(row) == agreed(row)


@pytest.mark.hazard("H-19")
@pytest.mark.parametrize("row", rows(DECIMALS))
def test_a_decimal_number_is_compared_exactly_however_many_zeros_it_has(row: Row) -> None:
    assert both_say(row) == agreed(row)


@pytest.mark.hazard("H-01")
@pytest.mark.parametrize("row", rows(YES_AND_NO))
def test_a_question_nobody_answered_is_neither_yes_nor_no(row: Row) -> None:
    assert both_say(row) == agreed(row)


@pytest.mark.parametrize("row", rows(WORDS_CHOSEN))
def test_a_chosen_word_is_one_of_those_named(row: Row) -> None:
    assert both_say(row) == agreed(row)


@pytest.mark.hazard("H-07")
@pytest.mark.parametrize("row", rows(SIGNS_AND_ONSET))
def test_a_sign_of_unknown_onset_is_not_an_old_one(row: Row) -> None:
    assert both_say(row) == agreed(row)


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


@pytest.mark.parametrize("row", rows(KNOWN))
def test_whether_something_is_known_is_itself_always_known(row: Row) -> None:
    assert both_say(row) == agreed(row)


@pytest.mark.hazard("H-02")
@pytest.mark.parametrize("row", rows(NESTED))
def test_not_binds_before_and_and_and_before_or(row: Row) -> None:
    assert both_say(row) == agreed(row)


@pytest.mark.parametrize("row", rows(MIXED))
def test_comparisons_of_several_kinds_stand_in_one_condition(row: Row) -> None:
    assert both_say(row) == agreed(row)


@pytest.mark.parametrize("row", rows(CONCLUSIONS))
def test_an_earlier_conclusion_is_used_like_an_answer(row: Row) -> None:
    assert both_say(row) == agreed(row)


@pytest.mark.hazard("H-21")
@pytest.mark.parametrize("row", rows(LISTS))
def test_a_list_nobody_gave_settles_nothing_and_only_a_real_failure_counts_as_one(row: Row) -> None:
    assert both_say(row) == agreed(row)


def counts() -> list[object]:
    header, *lines = [line.split("|") for line in AT_LEAST.strip().splitlines()]
    return [
        pytest.param(
            column.strip(),
            [answer.replace(".", "") for answer in line[0].split()],
            cell.strip(),
            id=f"{column.strip()} of {line[0].strip()}: {cell.strip() or 'unknown'}",
        )
        for line in lines
        for column, cell in zip(header[1:], line[1:], strict=True)
    ]


@pytest.mark.parametrize(("words", "answers", "cell"), counts())
def test_at_least_so_many_hold_whichever_they_are(
    words: str, answers: list[str], cell: str
) -> None:
    for order in set(itertools.permutations(answers)):
        known = dict(zip(("smoker", "diabetes", "pregnant"), order, strict=True))
        row = Row(
            f"{words} of (smoker, diabetes, pregnant)",
            {name: answer for name, answer in known.items() if answer},
            {"T": 2, "F": 0, "": UNKNOWN}[cell],
        )

        assert both_say(row) == agreed(row)


@pytest.mark.parametrize(
    "row",
    rows(
        """
condition                                                            | smoker | points | appetite | holds
at least 2 of (smoker, points > 3 and points < 6, appetite is poor)  | F      | 4      | poor     | T
at least 2 of (smoker, points > 3 and points < 6, appetite is poor)  | F      | 6      | poor     | F
at least 2 of (smoker, points > 3 and points < 6, appetite is poor)  |        | 4      |          |
not at least 2 of (smoker, points > 3, appetite is poor)             | T      | 4      |          | F
not at least 2 of (smoker, points > 3, appetite is poor)             | F      | 3      |          | T
at least 1 of (smoker)                                               | T      |        |          | T
at least 1 of (smoker)                                               |        |        |          |
"""
    ),
)
def test_conditions_of_any_kind_can_be_counted(row: Row) -> None:
    assert both_say(row) == agreed(row)


@pytest.mark.hazard("H-01")
@pytest.mark.parametrize("text", conditions(TABLES))
def test_where_nothing_is_known_nothing_is_concluded_unless_it_asks_what_is_known(
    text: str,
) -> None:
    condition = parse_condition(text, vocabulary())
    asks = any(isinstance(part, Known) for part in walk(condition))
    said = both_say(Row(text, {}, UNKNOWN))

    assert said[0] == said[1]
    assert asks or said[0] == WORDS[UNKNOWN]


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
