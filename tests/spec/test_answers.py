"""The condition language about one answer, one table a construct: T true, F false, a blank cell is *not known*."""

from __future__ import annotations

import pytest

from tests.spec.tables import Row, agreed, both_say, rows

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


@pytest.mark.parametrize("row", rows(KNOWN))
def test_whether_something_is_known_is_itself_always_known(row: Row) -> None:
    assert both_say(row) == agreed(row)


@pytest.mark.hazard("H-21")
@pytest.mark.parametrize("row", rows(LISTS))
def test_a_list_nobody_gave_settles_nothing_and_only_a_real_failure_counts_as_one(row: Row) -> None:
    assert both_say(row) == agreed(row)
