"""A condition that cannot be read says what is wrong, with a stable code, and how to put it right."""

from __future__ import annotations

import contextlib
import itertools
import time

import pytest

from pathways.condition_text import DEEPEST, LONGEST, ConditionError, parse_condition
from pathways.dictionary import TRIAL_FACTS
from pathways.vocabulary import OUTCOMES, Vocabulary
from schemas.condition import Condition, Is, Known, OneOf, Or, Ref, Within, walk
from tests.spec.tables import SETTINGS, vocabulary

SIX = "smoker, diabetes, pregnant, at_risk, cleared, points > 3"


def refusal(text: str, names: Vocabulary | None = None) -> ConditionError:
    with pytest.raises(ConditionError) as caught:
        parse_condition(text, names or vocabulary())
    return caught.value


@pytest.mark.hazard("H-35")
@pytest.mark.parametrize(
    ("text", "code", "message", "help"),
    [
        pytest.param(
            "smokr", "unknown-fact", "unknown fact `smokr`", "did you mean `smoker`?",
            id="a mistyped fact, with the nearest one",
        ),
        pytest.param(
            "at_rsk", "unknown-fact", "unknown fact `at_rsk`", "did you mean `at_risk`?",
            id="a mistyped finding, with the nearest one",
        ),
        pytest.param(
            "xyzzy > 3", "unknown-fact", "unknown fact `xyzzy`", "facts are listed in facts.yaml",
            id="a fact that is like no other",
        ),
        pytest.param(
            "known(operatoin)", "unknown-fact", "unknown fact `operatoin`", "did you mean `operation`?",
            id="a mistyped fact that is asked whether it is known",
        ),
        pytest.param(
            "points > limt", "unknown-setting", "unknown setting `limt`", "did you mean `limit`?",
            id="a mistyped setting, with the nearest one",
        ),
        pytest.param(
            "operation within xyzzy days", "unknown-setting", "unknown setting `xyzzy`",
            "settings are listed in settings.md", id="a span by a setting that is like no other",
        ),
        pytest.param(
            "points > ratio", "unknown-setting", "unknown setting `ratio`",
            "did you mean `ratio_limit`?", id="two facts are never compared with each other",
        ),
        pytest.param(
            "appetite is bad", "unknown-word", "`bad` is not a word of `appetite`",
            "its words are none, poor, good", id="a word the fact does not have",
        ),
        pytest.param(
            "weakness in (new, newer)", "unknown-word", "`newer` is not a word of `weakness`",
            "its words are none, new, worsening, stable, onset-unknown", id="a sign's words are fixed",
        ),
        pytest.param(
            "appetite is not 3", "unknown-word", "`3` is not a word of `appetite`",
            "its words are none, poor, good", id="a number is not a word",
        ),
        pytest.param(
            "smoker > 3", "wrong-kind", "`smoker` is not a number", "it is of kind boolean",
            id="a yes/no fact is not compared",
        ),
        pytest.param(
            "points is good", "wrong-kind", "`points` is not a chosen word", "it is of kind integer",
            id="a number has no words",
        ),
        pytest.param(
            "smoker is T", "wrong-kind", "`smoker` is not a chosen word", "it is of kind boolean",
            id="a yes/no fact has no words",
        ),
        pytest.param(
            "points", "wrong-kind", "`points` is not a yes/no fact", "it is of kind integer",
            id="a number alone says neither yes nor no",
        ),
        pytest.param(
            "operation", "wrong-kind", "`operation` is not a yes/no fact", "it is of kind date",
            id="a date alone says neither yes nor no",
        ),
        pytest.param(
            "weakness", "wrong-kind", "`weakness` is not a yes/no fact", "it is of kind sign",
            id="a sign alone says neither yes nor no",
        ),
        pytest.param(
            "points within 3 days", "wrong-kind", "`points` is not a date", "it is of kind integer",
            id="a number lies within no days",
        ),
        pytest.param(
            "operation < 3", "wrong-kind", "`operation` is not a number", "it is of kind date",
            id="a date is not compared with a number",
        ),
        pytest.param(
            "tried(masage) is failed", "unknown-name", "`tried(masage)` means nothing",
            "did you mean `massage`?", id="a mistyped treatment inside tried",
        ),
        pytest.param(
            "taking(herbs)", "unknown-name", "`taking(herbs)` means nothing", "did you mean `herb`?",
            id="a mistyped class of medicines",
        ),
        pytest.param(
            "blocked(masage)", "unknown-name", "`blocked(masage)` means nothing",
            "did you mean `massage`?", id="a mistyped treatment inside a conclusion",
        ),
        pytest.param(
            "passed(second)", "unknown-name", "`passed(second)` means nothing", "use one of first",
            id="a stage there is not",
        ),
        pytest.param(
            "red(U3)", "unknown-name", "`red(U3)` means nothing", "use one of U0, U1, U2, any",
            id="a routine red sign there is not",
        ),
        pytest.param(
            "talking(herb)", "unknown-name", "`talking(...)` is not known here", "did you mean `taking`?",
            id="a mistyped word before a bracket",
        ),
    ],
)  # fmt: skip
def test_a_name_that_means_nothing_is_refused_with_the_nearest_one(
    text: str, code: str, message: str, help: str
) -> None:
    error = refusal(text)

    assert (error.code, error.message, error.help) == (code, message, help)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "the condition ends too early", id="nothing at all"),
        pytest.param("smoker and", "the condition ends too early", id="nothing after and"),
        pytest.param("not", "the condition ends too early", id="nothing after not"),
        pytest.param("appetite is", "the condition ends too early", id="nothing after is"),
        pytest.param("appetite is not", "the condition ends too early", id="nothing after is not"),
        pytest.param("points >", "the condition ends too early", id="no number"),
        pytest.param("operation within 3", "the condition ends too early", id="no unit"),
        pytest.param("at", "`at` is not a name", id="at alone"),
        pytest.param("at least 2", "`of` is missing before `the end`", id="at least of nothing"),
        pytest.param("at least 2 of smoker", "`(` is missing before `smoker`", id="no brackets"),
        pytest.param("(smoker", "`)` is missing before `the end`", id="an open bracket"),
        pytest.param("smoker)", "`)` does not belong here", id="a bracket too many"),
        pytest.param("known(points", "`)` is missing before `the end`", id="known left open"),
        pytest.param("known points", "`(` is missing before `points`", id="known without brackets"),
        pytest.param("smoker smoker", "`smoker` does not belong here", id="no and between"),
        pytest.param("smoker or or smoker", "`or` is not a name", id="or twice"),
        pytest.param("and smoker", "`and` is not a name", id="and at the start"),
        pytest.param("()", "`)` is not a name", id="empty brackets"),
        pytest.param("3 < points", "`3` is not a name", id="the number first"),
        pytest.param("points < 3 < 4", "`<` does not belong here", id="two comparisons in a row"),
        pytest.param("appetite in poor", "`(` is missing before `poor`", id="in without brackets"),
        pytest.param("appetite in (poor good)", "`)` is missing before `good`", id="no comma"),
        pytest.param(
            "operation within 3 months", "a span is given in `days` or `weeks`", id="months vary"
        ),
        pytest.param("operation within 3 and", "a span is given in `days` or `weeks`", id="no unit, and"),
        pytest.param("blocked(massage", "`)` is missing before `the end`", id="conclusion left open"),
        pytest.param("within 3 days", "`within` is not a name", id="a span of nothing"),
    ],
)  # fmt: skip
def test_a_condition_that_is_not_written_as_one_says_where_it_goes_wrong(
    text: str, message: str
) -> None:
    error = refusal(text)

    assert (error.code, error.message) == ("condition-syntax", message)
    assert "pathways/README.md" in error.help


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("&", 1, id="at the start"),
        pytest.param("smoker&diabetes", 7, id="in the middle"),
        pytest.param("points>3;", 9, id="at the end"),
        pytest.param("smoker$", 7, id="a dollar sign"),
        pytest.param("points >\u0000", 9, id="a null character"),
        pytest.param("\u0430ge", 1, id="a Cyrillic letter that looks like ours"),
    ],
)
def test_a_sign_the_language_does_not_have_is_pointed_at(text: str, place: int) -> None:
    error = refusal(text)

    assert error.code == "condition-syntax"
    assert error.message == f"cannot read the condition at character {place}"


@pytest.mark.parametrize(
    ("count", "items", "accepted"),
    [
        pytest.param("0", "smoker", False, id="at least none"),
        pytest.param("1", "smoker", True, id="one of one"),
        pytest.param("2", "smoker", False, id="two of one"),
        pytest.param("3", "smoker, diabetes, pregnant", True, id="all of three"),
        pytest.param("4", "smoker, diabetes, pregnant", False, id="four of three"),
        pytest.param("1", f"{SIX}, points > 4, points > 5", True, id="one of eight"),
        pytest.param("8", f"{SIX}, points > 4, points > 5", True, id="all of eight"),
        pytest.param("1", f"{SIX}, points > 4, points > 5, points > 6", False, id="one of nine"),
        pytest.param("-1", "smoker", False, id="a negative number"),
        pytest.param("1.5", "smoker, diabetes", False, id="half a condition"),
        pytest.param("limit", "smoker, diabetes", False, id="a setting"),
    ],
)
def test_at_least_counts_between_one_and_all_of_no_more_than_eight(
    count: str, items: str, accepted: bool
) -> None:
    text = f"at least {count} of ({items})"
    if accepted:
        parse_condition(text, vocabulary())
    else:
        assert refusal(text).message.startswith("`at least N of (...)` needs N between 1 and")


def test_at_least_two_of_three_becomes_every_pair() -> None:
    condition = parse_condition("at least 2 of (smoker, diabetes, pregnant)", vocabulary())

    assert isinstance(condition, Or)
    pairs = [
        tuple(part.fact for part in walk(pair) if isinstance(part, Is)) for pair in condition.items
    ]
    assert pairs == [("smoker", "diabetes"), ("smoker", "pregnant"), ("diabetes", "pregnant")]


@pytest.mark.hazard("H-72")
def test_a_condition_is_refused_from_the_first_character_too_many() -> None:
    text = "smoker" + " " * (LONGEST - len("smoker"))

    assert parse_condition(text, vocabulary()) == Is(fact="smoker")
    assert refusal(text + " ").code == "condition-too-long"


@pytest.mark.hazard("H-72")
def test_a_condition_is_refused_from_the_first_bracket_too_deep() -> None:
    brackets = DEEPEST - 1  # the condition itself is the first level

    assert parse_condition("(" * brackets + "smoker" + ")" * brackets, vocabulary())
    error = refusal("(" * DEEPEST + "smoker" + ")" * DEEPEST)
    assert (error.code, error.help) == ("condition-too-deep", "split it into findings")


@pytest.mark.hazard("H-72")
def test_brackets_side_by_side_are_not_deep() -> None:
    assert parse_condition(" and ".join(["(smoker)"] * (DEEPEST * 2)), vocabulary())


@pytest.mark.hazard("H-45")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("(" * LONGEST, id="brackets only"),
        pytest.param("not " * (LONGEST // 4), id="not only"),
        pytest.param("a" * LONGEST, id="one long name"),
        pytest.param("9" * LONGEST, id="one long number"),
        pytest.param("points > -" + "9" * (LONGEST - 10), id="a comparison with a long number"),
        pytest.param(" " * LONGEST, id="blanks only"),
        pytest.param("smoker and " * 180 + "&", id="long and wrong at its end"),
    ],
)
def test_no_text_of_the_longest_length_keeps_the_reader_busy(text: str) -> None:
    began = time.process_time()
    with contextlib.suppress(ConditionError):
        parse_condition(text, vocabulary())
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        pytest.param("taking(herb)", Is(fact="taking_herb"), id="a class"),
        pytest.param("taking(sage)", Is(fact="taking_sage"), id="a medicine"),
        pytest.param("justified(massage)", Is(fact="justified_massage"), id="a justification"),
        pytest.param("early(massage)", Is(fact="early_massage"), id="an early step"),
        pytest.param(
            "tried(massage) in (failed, worse)",
            OneOf(fact="tried_massage", words=("failed", "worse")), id="trials",
        ),
        pytest.param("known(tried(massage))", Known(fact="tried_massage"), id="whether trials are known"),
        pytest.param("exhausted(massage)", Ref(name="exhausted(massage)"), id="a generated conclusion"),
        pytest.param("passed(first)", Ref(name="passed(first)"), id="a stage"),
        pytest.param("red(any)", Ref(name="red(any)"), id="any red sign"),
        pytest.param("at_risk", Ref(name="at_risk"), id="a finding"),
        pytest.param(
            "appointment within next under pause weeks",
            Within(fact="appointment", setting="pause", unit="weeks", side="future", under=True),
            id="a span ahead",
        ),
    ],
)  # fmt: skip
def test_names_of_lists_and_conclusions_are_read_as_written(
    text: str, condition: Condition
) -> None:
    assert parse_condition(text, vocabulary()) == condition


def test_a_fact_from_a_list_is_made_when_a_condition_first_asks_for_it() -> None:
    names = vocabulary()
    assert "tried_massage" not in names.derivations

    parse_condition("tried(massage) is none", names)

    assert names.derivations["tried_massage"].rule == "tried"
    assert names.derivations["tried_massage"].fact.words == OUTCOMES


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("smoker", "unknown-fact", id="a fact of the patient"),
        pytest.param("at_risk", "unknown-fact", id="a finding"),
        pytest.param("blocked(massage)", "condition-syntax", id="a conclusion"),
        pytest.param("taking(herb)", "unknown-name", id="a list"),
    ],
)
def test_a_trial_is_judged_by_its_own_facts_only(text: str, code: str) -> None:
    names = Vocabulary.of_one_trial(TRIAL_FACTS, set(SETTINGS))

    assert parse_condition("weeks >= limit and full_dose", names)
    assert refusal(text, names).code == code


@pytest.mark.hazard("H-19")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("operation within 2.5 days", id="half a day"),
        pytest.param("operation within 1.5 weeks", id="a week and a half"),
        pytest.param("operation within -3 days", id="fewer than no days"),
    ],
)
def test_a_span_is_a_whole_number_of_days_or_weeks(text: str) -> None:
    error = refusal(text)

    assert error.code == "condition-syntax"
    assert error.message == "a span is a whole number of days or weeks"


@pytest.mark.hazard("H-72")
def test_counting_inside_counting_is_refused_because_it_multiplies() -> None:
    inner = f"at least 4 of ({SIX}, points > 4, points > 5)"

    assert refusal(f"at least 4 of ({inner}, {SIX}, points > 4)").code == "condition-syntax"
    assert parse_condition(f"{inner} and {inner}", vocabulary())


@pytest.mark.hazard("H-72")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            f"at least 4 of ({', '.join(['(' + ' or '.join(['smoker'] * 22) + ')'] * 8)})",
            id="long conditions counted",
        ),
        pytest.param(
            " or ".join([f"at least 4 of ({', '.join(['smoker'] * 8)})"] * 24),
            id="many counts side by side",
        ),
    ],
)
def test_a_condition_of_the_longest_length_unfolds_into_a_few_thousand_parts_at_most(
    text: str,
) -> None:
    assert LONGEST * 0.8 < len(text) <= LONGEST

    parts = walk(parse_condition(text, vocabulary()))

    assert sum(1 for _ in itertools.islice(parts, 10_001)) <= 10_000


@pytest.mark.parametrize("text", ["known(at_risk)", "limit > 3"])
def test_the_way_out_is_never_the_word_that_was_written(text: str) -> None:
    error = refusal(text)

    assert error.message.split("`")[1] not in error.help
