"""The condition language put together, one table a construct: T true, F false, a blank cell is *not known*.

Every row is read from its text and put to both evaluators, the one that walks the tree and the compiled one.
"""

from __future__ import annotations

import itertools

import pytest

from pathways.condition_text import parse_condition
from rules.truth import UNKNOWN, WORDS
from schemas.condition import Known, walk
from tests.spec.tables import Row, agreed, both_say, conditions, rows, vocabulary
from tests.spec.test_answers import (
    DECIMALS,
    KNOWN,
    LISTS,
    NUMBERS,
    SIGNS_AND_ONSET,
    WORDS_CHOSEN,
    YES_AND_NO,
)
from tests.spec.test_days import (
    AWKWARD_DAYS,
    FUTURE,
    MONTHS_AND_YEARS,
    MONTHS_AND_YEARS_AHEAD,
    PAST,
)

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
