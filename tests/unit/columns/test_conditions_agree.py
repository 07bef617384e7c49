"""One comparison as a column says what the plain function says: on every border, for every partial date, for null."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from rules.columns.formulas import Sheet
from rules.columns.strata import lay_out
from rules.decide import Decider
from rules.evaluator import evaluate
from rules.leaves import Settings, bound_of, evaluate_leaf, span_of
from schemas.condition import And, Compare, Condition, Is, Leaf, Not, OneOf, Or, Within
from schemas.facts import FactKind, parse_partial_date
from schemas.pathway import Pathway
from tests.unit.columns.bedside import COLUMN_OF
from tests.unit.columns.engines import SPARK, engine_of, polars
from tests.unit.columns.readings import Patient, definitions, reading_table

DAY = dt.date(2024, 3, 1)
ENGINES = [
    pytest.param("polars", id="Polars"),
    pytest.param("duckdb", id="DuckDB"),
    SPARK,
]


def truths_of(
    engine: str,
    conditions: Sequence[Condition],
    patients: Sequence[Patient],
    pathway: Pathway,
    settings: Settings,
    numbers: pa.DataType | None = None,
) -> list[list[bool | None]]:
    """Return, for every patient, the truth of every condition as a column gives it."""
    sheet = Sheet()
    formulas = [sheet.condition(condition, {}) for condition in conditions]
    table = reading_table(pathway, patients, numbers)
    with engine_of(engine)({"reading": table}) as (given, run):
        columns = lay_out(given["reading"], formulas, ("patient",), pathway, settings)
        named = {f"c{at}": columns[formula] for at, formula in enumerate(formulas)}
        rows = run(columns.table.select(columns.table["patient"], **named))
    rows.sort(key=lambda row: int(row["patient"][1:]))
    return [[row[f"c{at}"] for at in range(len(conditions))] for row in rows]


def borders(leaf: Leaf, kind: FactKind, settings: Settings, on: dt.date) -> list[Any]:
    """Return values of a fact on and beside the border that *leaf* draws."""
    match leaf:
        case Compare():
            bound = bound_of(leaf, settings)
            if kind is FactKind.INTEGER:
                return [int(bound) + step for step in (-1, 0, 1)]
            return [
                bound + Decimal(step) for step in ("-1", "-0.0001", "0", "0.0001", "0.5", "37.8")
            ]
        case Within():
            sign = -1 if leaf.side == "past" else 1
            days = [span_of(leaf, settings) + step for step in (-32, -1, 0, 1, 40)] + [0, -1]
            texts = {(on + dt.timedelta(days=sign * each)).isoformat() for each in days}
            return [
                parse_partial_date(text[:size]) for text in sorted(texts) for size in (10, 7, 4)
            ]
        case _:
            return []


def fact_values(decider: Decider, settings: Settings, on: dt.date) -> dict[str, list[Any]]:
    """Return, for every fact, the values that tell its comparisons apart, and None."""
    leaves: dict[str, list[Leaf]] = {}
    for leaf in decider.network.leaves:
        leaves.setdefault(leaf.fact, []).append(leaf)
    found: dict[str, list[Any]] = {}
    for fact in definitions(decider.pathway):
        match fact.kind:
            case FactKind.BOOLEAN:
                values: list[Any] = [True, False]
            case FactKind.CHOICE | FactKind.SIGN:
                values = list(fact.choices)
            case _:
                values = [
                    value
                    for leaf in leaves.get(fact.name, ())
                    for value in borders(leaf, fact.kind, settings, on)
                ]
        found[fact.name] = [None, *dict.fromkeys(values)]
    return found


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "numbers",
    [pytest.param(None, id="doubles"), pytest.param(pa.decimal128(18, 4), id="decimals")],
)
def test_every_comparison_of_the_pathway_is_exact_on_its_borders(
    engine: str, numbers: pa.DataType | None, decider: Decider, pathway: Pathway
) -> None:
    settings, leaves = decider.voices.settings("payer"), decider.network.leaves
    values = fact_values(decider, settings, DAY)
    rows = max(len(each) for each in values.values())
    patients = [
        ({fact: each[at % len(each)] for fact, each in values.items()}, DAY) for at in range(rows)
    ]

    found = truths_of(engine, leaves, patients, pathway, settings, numbers)

    expected = [
        [COLUMN_OF[evaluate_leaf(leaf, values, settings, on)] for leaf in leaves]
        for values, on in patients
    ]
    wrong = {
        leaf.fact
        for mine, row in zip(expected, found, strict=True)
        for leaf, said, truth in zip(leaves, mine, row, strict=True)
        if said is not truth
    }
    assert wrong == set()
    assert {truth for row in found for truth in row} == {True, False, None}


@pytest.mark.parametrize("engine", ENGINES)
def test_and_or_and_not_are_those_of_kleene(
    engine: str, decider: Decider, pathway: Pathway
) -> None:
    facts = ["diabetes", "pregnant", "breastfeeding"]
    leaves = [Is(fact=fact) for fact in facts]
    rng = random.Random(1)
    conditions: list[Condition] = [_tree(leaves, rng, 4) for _ in range(120)]
    patients = [
        (dict(zip(facts, each, strict=True)), DAY)
        for each in itertools.product((True, False, None), repeat=3)
    ]

    found = truths_of(engine, conditions, patients, pathway, {})

    expected = [
        [COLUMN_OF[evaluate(each, values, {}, on)] for each in conditions]
        for values, on in patients
    ]
    assert found == expected


def _tree(leaves: Sequence[Leaf], rng: random.Random, depth: int) -> Condition:
    chance = rng.random()
    if depth == 0 or chance < 0.2:
        return rng.choice(leaves)
    if chance < 0.4:
        return Not(item=_tree(leaves, rng, depth - 1))
    items = tuple(_tree(leaves, rng, depth - 1) for _ in range(rng.choice([0, 1, 2, 2, 3])))
    return And(items=items) if chance < 0.7 else Or(items=items)


@pytest.mark.parametrize("numbers", [None, pa.decimal128(12, 1)], ids=["doubles", "one decimal"])
@pytest.mark.parametrize("engine", ["polars", "duckdb"], ids=["Polars", "DuckDB"])
def test_a_bound_the_column_cannot_hold_is_compared_exactly_all_the_same(
    engine: str, numbers: pa.DataType | None, decider: Decider, pathway: Pathway
) -> None:
    signs: Any = ("<", "<=", "=", "!=", ">=", ">")
    conditions = [
        Compare(fact=fact, operator=sign, bound=Decimal(bound))
        for fact, bound in (("age", "17.5"), ("temperature_c", "37.75"), ("temperature_c", "-0.05"))
        for sign in signs
    ]
    patients: list[Patient] = [
        ({"age": age, "temperature_c": degrees}, DAY)
        for age, degrees in zip(
            (17, 18, None, 0),
            (Decimal("37.7"), Decimal("37.8"), None, Decimal("-0.1")),
            strict=True,
        )
    ]

    found = truths_of(engine, conditions, patients, pathway, {}, numbers)

    assert found == [
        [COLUMN_OF[evaluate_leaf(each, values, {}, on)] for each in conditions]
        for values, on in patients
    ]


@pytest.mark.parametrize("engine", ["polars", "duckdb"], ids=["Polars", "DuckDB"])
def test_a_span_of_no_days_holds_for_nobody_whose_date_is_known(
    engine: str, decider: Decider, pathway: Pathway
) -> None:
    fact = next(leaf.fact for leaf in decider.network.leaves if isinstance(leaf, Within))
    condition = Within(fact=fact, amount=0, unit="days", under=True)
    patients: list[Patient] = [
        ({fact: value and parse_partial_date(value)}, DAY) for value in ("2024-03-01", "2024", None)
    ]

    assert truths_of(engine, [condition], patients, pathway, {}) == [[False], [False], [None]]


def test_a_reading_without_a_fact_that_is_needed_is_refused_and_the_fact_is_named(
    decider: Decider, pathway: Pathway
) -> None:
    table = reading_table(pathway, [({}, DAY)]).drop_columns(["diabetes"])
    formula = Sheet().condition(Is(fact="diabetes"), {})
    with polars({"reading": table}) as (given, _), pytest.raises(ValueError, match="diabetes"):
        lay_out(given["reading"], [formula], ("patient",), pathway, {})


def test_a_bound_with_more_digits_than_doubles_tell_apart_is_refused(pathway: Pathway) -> None:
    bound = Decimal("37.80000000000000001")
    condition = Compare(fact="temperature_c", operator="<", bound=bound)
    with pytest.raises(ValueError, match="digits"):
        truths_of("polars", [condition], [({}, DAY)], pathway, {})


def test_a_word_of_several_is_unknown_where_the_fact_is(pathway: Pathway) -> None:
    fact = "leg_weakness"
    conditions = [OneOf(fact=fact, words=("new", "worsening")), OneOf(fact=fact, words=("new",))]
    patients: list[Patient] = [({fact: word}, DAY) for word in ("new", "worsening", "none", None)]

    assert truths_of("polars", conditions, patients, pathway, {}) == [
        [True, True],
        [True, False],
        [False, False],
        [None, None],
    ]
