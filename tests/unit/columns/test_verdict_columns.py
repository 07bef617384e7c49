"""The table of verdicts read as columns: every standing there is, unknown as null."""

from __future__ import annotations

import itertools
from typing import Any

import pyarrow as pa
import pytest

from rules.columns.answer import cases_of
from rules.columns.formulas import Formula, Plain, Sheet
from rules.columns.labels import first_of, names_of, with_texts
from rules.columns.strata import lay_out
from rules.proof.logic import Three
from rules.proof.tables import Standing, verdict_rows
from rules.truth import FALSE, TRUE, UNKNOWN
from rules.verdict import FAILED, HELPED, verdict
from rules.verdict import Standing as PlainStanding
from schemas.condition import Is, OneOf
from schemas.facts import FactKind
from schemas.pathway import Pathway
from tests.unit.columns.bedside import COLUMN_OF
from tests.unit.columns.engines import polars

FIELDS = (
    "blocked", "unjustified", "indicated", "recommended", "ready", "exhausted_by_trial", "red", "scope",
)  # fmt: skip
TRIED = "tried_nsaid"
WORDS = (None, "none", *FAILED, *HELPED, "worn-off", "running", "inadequate")


@pytest.mark.parametrize("has_rule", [True, False], ids=["exhaust rules", "no exhaust rule"])
def test_every_standing_has_the_same_verdict_in_columns(has_rule: bool, pathway: Pathway) -> None:
    facts = [name for name, f in pathway.facts.items() if f.kind is FactKind.BOOLEAN]
    carriers, assessed = facts[: len(FIELDS)], facts[len(FIELDS)]
    exhausted = (FALSE, UNKNOWN, TRUE) if has_rule else (FALSE,)
    truths = [exhausted if f == "exhausted_by_trial" else (FALSE, UNKNOWN, TRUE) for f in FIELDS]
    rows = list(itertools.product((True, False), WORDS, *truths))[:: 11 if has_rule else 7]
    table = pa.table(
        {
            "patient": pa.array([str(at) for at in range(len(rows))]),
            "on": pa.nulls(len(rows), pa.date32()),
            assessed: pa.array([row[0] for row in rows]),
            TRIED: pa.array([row[1] for row in rows]),
        }
        | {
            fact: pa.array([COLUMN_OF[row[at + 2]] for row in rows], pa.bool_())
            for at, fact in enumerate(carriers)
        }
    )
    sheet = Sheet()

    def leaf(fact: str) -> Formula:
        return sheet.leaf(Is(fact=fact))

    def three(fact: str) -> Three[Formula]:
        return Three(leaf(fact), sheet.negated(leaf(fact)))

    fields: dict[str, Any] = {f: three(c) for f, c in zip(FIELDS, carriers, strict=True)}
    tried = {word: sheet.leaf(OneOf(fact=TRIED, words=(word,))) for word in WORDS if word}
    standing = Standing(
        **fields, has_exhaust_rule=has_rule, tried=tried, assessed=sheet.so(leaf(assessed))
    )
    cases, last = cases_of(verdict_rows(Plain(sheet), standing))

    with polars({"reading": table}) as (given, run):
        wanted = [formula for formula, _ in cases]
        columns = lay_out(given["reading"], wanted, ("patient",), pathway, {})
        said = first_of([(columns[formula], label) for formula, label in cases], last)
        patient = {"patient": columns.table["patient"]}
        found = run(with_texts(columns.table, patient, {"said": said}, {}))

    found.sort(key=lambda row: int(row["patient"]))
    wrong = [
        row
        for row, answer in zip(rows, found, strict=True)
        if answer["said"] != verdict(_plain(row, has_rule)).value
    ]
    assert wrong == []
    assert len({answer["said"] for answer in found}) == 10


def _plain(row: tuple[Any, ...], has_rule: bool) -> PlainStanding:
    assessed, tried, *truths = row
    fields: dict[str, Any] = dict(zip(FIELDS, truths, strict=True))
    return PlainStanding(**fields, has_exhaust_rule=has_rule, tried=tried, assessed=assessed)


def test_the_names_of_all_that_hold_stand_in_their_order_and_nothing_else() -> None:
    names = [f"n{at}" for at in range(7)]
    rows = list(itertools.product((True, False), repeat=7))
    table = pa.table({name: [row[at] for row in rows] for at, name in enumerate(names)})

    with polars({"flags": table}) as (given, run):
        flags = given["flags"]
        said = {"said": names_of([(flags[name], name) for name in names])}
        found = run(with_texts(flags, {}, {}, said))

    assert [row["said"] for row in found] == [
        ";".join(name for name, holds in zip(names, row, strict=True) if holds) for row in rows
    ]


def test_the_first_that_holds_is_named_and_unknown_does_not_hold() -> None:
    table = pa.table({"a": [None, True, False, None], "b": [True, True, False, None]})

    with polars({"cases": table}) as (given, run):
        cases = [(given["cases"]["a"], "first"), (given["cases"]["b"], "second")]
        said = {"x": first_of(cases, "neither"), "y": first_of(cases, None)}
        found = run(with_texts(given["cases"], {}, said, {}))

    assert [row["x"] for row in found] == ["second", "first", "neither", "neither"]
    assert [row["y"] for row in found] == ["second", "first", None, None]
