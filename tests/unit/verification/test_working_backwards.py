"""Facts for a wish: what is found makes it come true, and what is not found does not exist."""

from __future__ import annotations

import itertools
import random

import pytest

from rules.check import Checker
from rules.decide import Decider
from rules.derive import read_patient
from rules.evaluator import evaluate, evaluate_network
from rules.verification.backwards.arrange import (
    DECIDED,
    IS_FALSE,
    IS_TRUE,
    IS_UNKNOWN,
    NOT_FALSE,
    NOT_TRUE,
    Arranger,
    GivenUp,
)
from rules.verification.backwards.calm import fact_values, search_around_a_calm_patient, search_over
from rules.verification.backwards.candidates import border_values, places
from rules.verification.backwards.compose import Composer
from rules.verification.border import ON
from schemas.condition import And, Compare, Condition, Is, Known, Not, OneOf, Or, Ref, Within
from schemas.decision import OFFERS
from schemas.pathway import Pathway

YES_NO = (False, True, None)
WORDS = ("red", "green", "blue", None)
NUMBERS = (3, 4, 5, None)


def arranger(**conditions: Condition) -> Arranger:
    values = {"a": YES_NO, "b": YES_NO, "c": YES_NO, "word": WORDS, "number": NUMBERS}
    return Arranger(conditions, values, {}, ON)


def at_least_four(fact: str = "number") -> Compare:
    return Compare(fact=fact, operator=">=", bound=4)


@pytest.mark.parametrize(
    "condition",
    [
        And(items=(Is(fact="a"), Not(item=Is(fact="a")))),
        And(items=(at_least_four(), Compare(fact="number", operator="<", bound=4))),
        And(
            items=(OneOf(fact="word", words=("red",)), OneOf(fact="word", words=("blue", "green")))
        ),
        And(items=(Known(fact="a"), Not(item=Known(fact="a")))),
        Or(items=()),
    ],
    ids=["yes and no", "below and not below", "two words at once", "known and unknown", "nothing"],
)
def test_a_contradiction_is_found_to_be_impossible(condition: Condition) -> None:
    assert next(arranger().solve([(condition, IS_TRUE)]), None) is None


def test_a_wish_for_unknown_leaves_out_what_would_settle_it() -> None:
    condition = And(items=(Is(fact="a"), at_least_four()))
    search = arranger()

    facts = search.facts(next(search.solve([(condition, IS_UNKNOWN)])))

    assert evaluate(condition, facts, {}, ON) == 1


def test_the_preferred_values_are_kept_where_they_do() -> None:
    search = arranger()
    state = next(search.solve([(Or(items=(Is(fact="a"), Not(item=Is(fact="b")))), IS_TRUE)]))

    assert search.facts(state)["a"] is False
    assert search.facts(state)["b"] is False


def random_condition(dice: random.Random, depth: int) -> Condition:
    if depth == 0:
        return dice.choice(
            [
                Is(fact=dice.choice("abc")),
                at_least_four(),
                Compare(fact="number", operator="!=", bound=4),
                OneOf(fact="word", words=tuple(dice.sample(WORDS[:3], dice.randint(1, 2)))),
                Known(fact=dice.choice(["a", "number", "word"])),
            ]
        )
    items = tuple(random_condition(dice, depth - 1) for _ in range(dice.randint(2, 3)))
    return dice.choice([And(items=items), Or(items=items), Not(item=items[0])])


@pytest.mark.parametrize("seed", range(40))
def test_the_search_finds_facts_exactly_where_trying_everything_does(seed: int) -> None:
    dice = random.Random(seed)
    search = arranger()
    everything = [
        dict(zip(search.values, values, strict=True))
        for values in itertools.product(*search.values.values())
    ]
    wishes = [
        (
            random_condition(dice, 2),
            dice.choice([IS_TRUE, IS_FALSE, IS_UNKNOWN, NOT_TRUE, DECIDED, NOT_FALSE]),
        )
        for _ in range(4)
    ]

    def granted(facts: dict[str, object]) -> bool:
        return all(allowed & 1 << evaluate(c, facts, {}, ON) for c, allowed in wishes)

    try:
        state = next(search.solve(wishes), None)
    except GivenUp:
        pytest.fail("a search over five facts was given up")
    assert (state is not None) == any(granted(facts) for facts in everything)
    assert state is None or granted(search.facts(state))


def test_every_rule_and_finding_is_made_to_hold_by_the_facts_found_for_it(decider: Decider) -> None:
    settings = decider.voices.settings("default")
    values = fact_values(decider.pathway, decider.network.leaves, settings, ON)
    search = search_over(decider.pathway, decider.network.conditions, values, settings, ON)
    names = [*decider.pathway.findings, *(f"rule:{rule}" for rule in decider.pathway.rules)]

    failed = []
    for name in names:
        state = next(search.solve([(Ref(name=name), IS_TRUE)]))
        truths = evaluate_network(decider.network, search.facts(state), settings, ON)
        if truths[decider.network.index[name]] != 2:
            failed.append(name)

    assert failed == []


def test_the_calm_patient_is_in_scope_without_a_red_sign_and_is_offered_something(
    decider: Decider, checker: Checker
) -> None:
    settings = decider.voices.settings("default")
    search = search_around_a_calm_patient(decider.pathway, decider.network, settings, ON)
    calm = search.facts(search.start())
    data = Composer(decider.pathway, settings, ON).compose({}, calm)

    decision = decider.decide(checker.check(data, ON))

    assert decision.scope.status == "in-scope"
    assert decision.urgency.value == "U3"
    assert decision.screen_complete
    assert any(item.verdict in OFFERS for item in decision.treatments)
    assert decision.conflicts == ()


def test_whatever_a_list_can_yield_a_list_is_composed_for(
    decider: Decider, checker: Checker, pathway: Pathway
) -> None:
    settings = decider.voices.settings("default")
    search = search_around_a_calm_patient(pathway, decider.network, settings, ON)
    calm = search.facts(search.start())
    composer = Composer(pathway, settings, ON)

    wrong = []
    for name in pathway.derivations.keys() & search.values.keys():
        for value in search.values[name]:
            state = search.start()
            if not search.fix(state, name, value):
                continue
            state = next(search.solve([], state))
            data = composer.compose(search.asked_for(state), calm)
            read = read_patient(pathway, checker.check(data, ON), settings).values.get(name)
            open_span = value is None and getattr(read, "earliest", 0) != getattr(read, "latest", 0)
            # An earlier operation may bound a month from below: the same month, a later first day.
            if read != value and str(read) != str(value) and not open_span:
                wrong.append((name, str(value), str(read)))

    # A trial of an opioid is adequate from no weeks on, so none is inadequate.
    assert [each for each in wrong if each[:2] != ("tried_opioid", "inadequate")] == []


def test_a_border_has_a_step_below_and_a_step_above_inside_the_range(pathway: Pathway) -> None:
    settings = {name: setting.value for name, setting in pathway.settings.items()}
    age = Compare(fact="age", operator=">=", setting="age_older")
    border = settings["age_older"]
    temperature = Compare(fact="temperature_c", operator=">=", bound=44)
    span = Within(fact="lumbar_imaging", amount=10)

    assert border_values(age, pathway.facts["age"], settings, ON) == (
        border - 1,
        border,
        border + 1,
    )
    assert [
        str(v) for v in border_values(temperature, pathway.facts["temperature_c"], settings, ON)
    ] == ["43.9", "44"]
    days = [
        (ON - d.earliest).days
        for d in border_values(span, pathway.facts["lumbar_imaging"], settings, ON)
    ]
    assert days == [9, 10, 11]
    stands = [
        where for where, _ in places(age, pathway.facts["age"], (64, 65, 66, None), settings, ON)
    ]
    assert stands == ["below", "at", "above", "unknown"]
