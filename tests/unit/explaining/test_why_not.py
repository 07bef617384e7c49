"""The one line that says why not: it names a comparison that is wanting, and not one that holds."""

from __future__ import annotations

import pytest

from api.companion import get_companion
from api.library import get_cases, get_vignettes
from rules.check import Checker
from schemas.explanation import WhyNot
from tests.conftest import ON

LOOKS = [
    pytest.param(look.input, id=f"{case.id}: {look.name}")
    for case in (*get_vignettes("fbss"), *get_cases("fbss"))
    for look in case.looks
]


def line(checker: Checker, case: str, look: int, treatment: str) -> WhyNot:
    found = next(each for each in get_cases("fbss") if each.id == case)
    patient = checker.check(found.looks[look].input, ON)
    (row,) = [
        row for row in get_companion("fbss").explain(patient).matrix if row.treatment == treatment
    ]
    return row


@pytest.mark.parametrize(
    ("case", "look", "treatment", "fact", "says"),
    [
        pytest.param("V10", 0, "radiofrequency-ablation", "mbb_blocks_done", "below 1", id="no block"),
        pytest.param("V11", 1, "radiofrequency-ablation", "mbb_blocks_done", "below 2", id="one block"),
        pytest.param("T05", 0, "epidural-steroid-injection", "antithrombotic_plan_agreed", ": no", id="no plan"),
        pytest.param("V07", 0, "epidural-steroid-injection", "tried_nsaid", "not failed", id="not tried"),
    ],
)  # fmt: skip
def test_a_requirement_with_an_exemption_is_told_by_what_is_wanting(
    case: str, look: int, treatment: str, fact: str, says: str, checker: Checker
) -> None:
    row = line(checker, case, look, treatment)
    assert row.verdict == "not-yet"
    assert row.fact == fact
    assert says in row.deciding


@pytest.mark.slow
def test_no_treatment_is_not_yet_because_of_a_requirement_that_is_met(checker: Checker) -> None:
    """Everything told under *not yet* is something that is not so; what is so would be no reason to wait."""
    companion = get_companion("fbss")
    told = 0
    for look in LOOKS:
        patient = checker.check(look.values[0], ON)
        explainer = companion.explainer(patient)
        for row in companion.explain(patient).matrix:
            if row.verdict == "not-yet" and row.rule and row.rule.startswith(("rfa-", "esi-")):
                condition = companion.decider.network.conditions[f"rule:{row.rule}"]
                told += explainer.truth(condition) == 0
                assert row.deciding not in _what_holds(explainer, condition)
    assert told > 3


def _what_holds(explainer: object, condition: object) -> set[str]:
    """Return the comparisons of *condition* that hold, in words."""
    from rules.explain import Explainer
    from rules.words import in_words
    from schemas.condition import And, Leaf, Not, Or, Ref

    assert isinstance(explainer, Explainer)
    found: set[str] = set()
    waiting = [condition]
    while waiting:
        each = waiting.pop()
        match each:
            case And() | Or():
                waiting += each.items
            case Not():
                waiting.append(each.item)
            case Ref():
                waiting.append(explainer.network.conditions[each.name])
            case _:
                assert isinstance(each, Leaf)
                if explainer.truth(each) == 2:
                    found.add(in_words(each, explainer.pathway, explainer.settings, True))
    return found
