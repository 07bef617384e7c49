"""A condition printed as CQL; that it also means the same is shown by an outside engine in tests/cql."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from rules.cql import library_name, print_condition, print_library, print_trials
from rules.decide import Decider
from rules.network import Network, Node
from schemas.condition import (
    And,
    Compare,
    Condition,
    Is,
    Known,
    Not,
    OneOf,
    Or,
    Ref,
    Within,
)

A, B, C = Is(fact="a"), Is(fact="b"), Is(fact="c")
OLD = Compare(fact="age", operator=">=", bound=Decimal(65))

PRINTED: dict[str, tuple[Condition, str]] = {
    "a yes or no": (A, '"a"'),
    "an earlier conclusion": (Ref(name="rule:x"), '"rule:x"'),
    "not": (Not(item=A), 'not "a"'),
    "not of a comparison": (Not(item=OLD), 'not ("age" >= 65)'),
    "all of": (And(items=(A, B, C)), '"a" and "b" and "c"'),
    "any of": (Or(items=(A, B)), '"a" or "b"'),
    "all of nothing": (And(items=()), "true"),
    "any of nothing": (Or(items=()), "false"),
    "brackets around what is mixed": (And(items=(A, Or(items=(B, C)))), '"a" and ("b" or "c")'),
    "brackets around a refusal": (Or(items=(A, Not(item=B))), '"a" or (not "b")'),
    "nothing inside something": (And(items=(A, Or(items=()))), '"a" and false'),
    "a number": (OLD, '"age" >= 65'),
    "a number with a point": (Compare(fact="t", operator="<", bound=Decimal("38.30")), '"t" < 38.3'),
    "unequal": (Compare(fact="n", operator="!=", bound=Decimal(0)), '"n" != 0'),
    "a setting": (Compare(fact="age", operator="<", setting="old"), '"age" < "old"'),
    "known": (Known(fact="egfr"), '"egfr" is not null'),
    "one word": (OneOf(fact="sex", words=("female",)), "\"sex\" = 'female'"),
    "several words": (OneOf(fact="s", words=("new", "worse")), "\"s\" = 'new' or \"s\" = 'worse'"),
    "no word at all": (OneOf(fact="s", words=()), "false"),
    "a word with its own stroke": (OneOf(fact="s", words=("it's",)), "\"s\" = 'it\\'s'"),
    "a date": (Within(fact="d", amount=30), '"d within 30 days"'),
    "a date ahead": (Within(fact="d", amount=2, unit="weeks", side="future"), '"d within next 2 weeks"'),
    "a span without its last day": (Within(fact="d", setting="far", under=True), '"d within under far days"'),
}  # fmt: skip


@pytest.mark.parametrize("name", PRINTED)
def test_a_condition_is_printed_as_one_expression(name: str) -> None:
    condition, text = PRINTED[name]

    assert print_condition(condition) == text


@pytest.fixture(scope="module")
def text(decider: Decider) -> str:
    return print_library(decider.pathway, decider.network)


def test_every_conclusion_of_the_network_is_defined_once_and_nothing_else(
    decider: Decider, text: str
) -> None:
    defined = re.findall(r'^define "([^"]+)":$', text, re.MULTILINE)
    spans = [name for name in defined if re.search(r"^\w+ within ", name)]

    assert len(defined) == len(set(defined))
    assert [name for name in defined if name not in spans] == [
        node.name for node in decider.network.nodes
    ]
    assert len(spans) == sum(isinstance(leaf, Within) for leaf in decider.network.leaves)


def test_every_fact_that_is_read_and_every_setting_is_a_parameter(
    decider: Decider, text: str
) -> None:
    parameters = dict(re.findall(r'^parameter "([^"]+)" (.*)$', text, re.MULTILINE))
    facts = {leaf.fact for leaf in decider.network.leaves}

    assert set(parameters) == {"on", *facts, *decider.pathway.settings}
    for name, setting in decider.pathway.settings.items():
        kind, _, value = parameters[name].partition(" default ")
        assert kind == "Decimal"
        assert Decimal(value) == setting.value
        assert "." in value
    # A fact with a default would be known of every patient nobody has asked.
    assert not any("default" in parameters[name] for name in facts)


def test_everything_an_expression_names_is_declared(text: str) -> None:
    code = "\n".join(line for line in text.splitlines() if not line.startswith("//"))
    declared = re.findall(r'^(?:parameter|define) "([^"]+)"', code, re.MULTILINE)

    assert set(re.findall(r'"([^"]+)"', code)) == set(declared)


def test_a_span_set_by_a_site_counts_whole_days(text: str) -> None:
    assert 'Truncate("early_postoperative_weeks" * 7)' in text
    assert re.search(r'<= Truncate\("\w+"\) - 1 then true', text)


def test_two_things_of_one_name_are_refused(decider: Decider) -> None:
    taken = next(iter(decider.pathway.settings))
    network = Network((Node(taken, Is(fact="diabetes")),), (Is(fact="diabetes"),))

    with pytest.raises(ValueError, match="stands for two things"):
        print_library(decider.pathway, network)


def test_the_library_is_called_by_a_name_cql_and_fhir_both_allow(decider: Decider) -> None:
    assert re.fullmatch(r"[A-Z][A-Za-z0-9_]{0,254}", library_name(decider.pathway))


def test_no_comment_of_the_library_runs_over_its_line(text: str) -> None:
    allowed = re.compile(r"^(//|library |parameter |define |  |$)")

    assert [line for line in text.splitlines() if not allowed.match(line)] == []


def test_an_unknown_row_of_the_table_of_trials_stops_the_reading_as_it_does_here(
    decider: Decider,
) -> None:
    trials = print_trials(decider.pathway)
    outcome = trials.partition('define "outcome":\n')[2].partition("  end")[0]
    lines = [line.strip() for line in outcome.splitlines()]

    expected = ["case"]
    for at, row in enumerate(decider.pathway.outcomes, 1):
        label = f'"row {at}: {row.outcome}"'
        expected += [f"when {label} then '{row.outcome}'", f"when {label} is null then null"]
    assert lines == [*expected, "else null"]
