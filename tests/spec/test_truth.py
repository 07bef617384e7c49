"""Three-valued truth as tables: T is true, F is false, a blank cell is *not known*."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from rules.truth import FALSE, TRUE, UNKNOWN, WORDS, both, either, negate, truth_of
from schemas.condition import And, Condition, Is, Not, Or
from tests.spec.tables import SIGNS, compiled_says, walker_says

AND = """
| and | T | F |   |
|-----|---|---|---|
|  T  | T | F |   |
|  F  | F | F | F |
|     |   | F |   |
"""

OR = """
| or  | T | F |   |
|-----|---|---|---|
|  T  | T | T | T |
|  F  | T | F |   |
|     | T |   |   |
"""

NOT = """
| not |   |
|-----|---|
|  T  | F |
|  F  | T |
|     |   |
"""

THREE = {word: sign for sign, word in (("T", TRUE), ("F", FALSE), ("", UNKNOWN))}


def cells(table: str) -> list[list[str]]:
    lines = table.strip().splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in (lines[0], *lines[2:])]


def squares(table: str) -> dict[tuple[int, int], int]:
    """Return what two truths make together, by the left and the upper one."""
    header, *body = cells(table)
    return {
        (SIGNS[line[0]], SIGNS[column]): SIGNS[cell]
        for line in body
        for column, cell in zip(header[1:], line[1:], strict=True)
    }


def cases(table: str) -> list[Any]:
    word = cells(table)[0][0]
    return [
        pytest.param(a, b, c, id=f"{WORDS[a]} {word} {WORDS[b]} is {WORDS[c]}")
        for (a, b), c in squares(table).items()
    ]


def known(*truths: int) -> dict[str, str]:
    """Return answers to yes/no questions that have these *truths*; an unknown one is left out."""
    named = zip(("smoker", "diabetes", "pregnant"), truths, strict=False)
    return {name: THREE[truth] for name, truth in named if truth != UNKNOWN}


def all_three_say(
    combine: Callable[[tuple[int, ...]], int], condition: Condition, truths: tuple[int, ...]
) -> tuple[int, int, int]:
    """Return what the function, the walker and the compiled evaluator make of *truths*."""
    answers = known(*truths)
    return (
        combine(truths),
        walker_says(condition, answers),
        compiled_says(condition, answers),
    )


def test_every_table_has_a_cell_for_every_pair_of_truths() -> None:
    assert len(squares(AND)) == len(squares(OR)) == 9
    assert len(cells(NOT)) == 4


@pytest.mark.hazard("H-02")
@pytest.mark.parametrize(("left", "right", "together"), cases(AND))
def test_both_conditions_hold_only_as_the_table_says(left: int, right: int, together: int) -> None:
    condition = And(items=(Is(fact="smoker"), Is(fact="diabetes")))

    assert all_three_say(both, condition, (left, right)) == (together,) * 3


@pytest.mark.hazard("H-02")
@pytest.mark.parametrize(("left", "right", "together"), cases(OR))
def test_one_of_two_conditions_is_enough_only_as_the_table_says(
    left: int, right: int, together: int
) -> None:
    condition = Or(items=(Is(fact="smoker"), Is(fact="diabetes")))

    assert all_three_say(either, condition, (left, right)) == (together,) * 3


@pytest.mark.hazard("H-01")
@pytest.mark.parametrize(
    ("given", "opposite"),
    [
        pytest.param(SIGNS[a], SIGNS[b], id=f"not {WORDS[SIGNS[a]]} is {WORDS[SIGNS[b]]}")
        for a, b in cells(NOT)[1:]
    ],
)
def test_the_opposite_of_unknown_is_unknown_and_never_yes(given: int, opposite: int) -> None:
    condition = Not(item=Is(fact="smoker"))

    assert all_three_say(lambda truths: negate(truths[0]), condition, (given,)) == (opposite,) * 3


@pytest.mark.parametrize(
    "truths",
    [
        pytest.param(truths, id=", ".join(WORDS[truth] for truth in truths))
        for truths in itertools.combinations_with_replacement((TRUE, FALSE, UNKNOWN), 3)
    ],
)
def test_three_conditions_are_combined_two_by_two_in_whatever_order(
    truths: tuple[int, int, int],
) -> None:
    pair_and, pair_or = squares(AND), squares(OR)
    items = (Is(fact="smoker"), Is(fact="diabetes"), Is(fact="pregnant"))
    for first, second, third in set(itertools.permutations(truths)):
        every = pair_and[pair_and[first, second], third]
        some = pair_or[pair_or[first, second], third]
        order = (first, second, third)

        assert all_three_say(both, And(items=items), order) == (every,) * 3
        assert all_three_say(either, Or(items=items), order) == (some,) * 3


def test_of_nothing_everything_holds_and_nothing_is_enough() -> None:
    assert all_three_say(both, And(items=()), ()) == (TRUE,) * 3
    assert all_three_say(either, Or(items=()), ()) == (FALSE,) * 3


@pytest.mark.parametrize(
    ("answer", "truth"),
    [
        pytest.param(True, TRUE, id="yes is true"),
        pytest.param(False, FALSE, id="no is false"),
        pytest.param(None, UNKNOWN, id="no answer is unknown"),
    ],
)
def test_an_answer_that_is_missing_is_unknown(answer: bool | None, truth: int) -> None:
    assert truth_of(answer) == truth
