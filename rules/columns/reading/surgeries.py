"""Facts worked out from operations, and from what clinicians have lifted: columns of one grouping each."""

from __future__ import annotations

from typing import cast

import ibis
import ibis.expr.types as ir

from rules.columns.reading.exact import among, first_day, last_day
from rules.columns.reading.tables import RawTables, completed
from rules.columns.reading.trials import interval
from schemas.pathway import Derivation, Pathway

RULES = ("surgery", "surgery-date", "surgery-result")
LIFTS = {"justified": "block-unless-justified", "early": "not-yet"}
_LUMBAR = ("lumbar", "lumbosacral")
_ANY = "any_surgery"


def _mine(pathway: Pathway) -> dict[str, Derivation]:
    return {n: d for n, d in pathway.derivations.items() if d.rule in RULES}


def grouped(raw: RawTables, pathway: Pathway) -> ir.Table:
    """Return one row per patient with an operation: what the columns of `derived` are made of."""
    derivations = _mine(pathway)
    rows = completed(raw.surgeries, "surgeries").drop("row").distinct()
    rows = rows.mutate(first=first_day(rows["date"]), last=last_day(rows["date"]))
    table = rows.group_by("patient").aggregate(**_aggregates(rows, derivations))
    for name, derivation in derivations.items():
        if derivation.rule == "surgery-result":
            later = _latest_result(rows, table, name, derivation)
            table = table.left_join(later, "patient").drop("patient_right")
    return table


def _aggregates(rows: ir.Table, derivations: dict[str, Derivation]) -> dict[str, ir.Scalar]:
    first, last = cast(ir.StringColumn, rows["first"]), cast(ir.StringColumn, rows["last"])
    found: dict[str, ir.Scalar] = {
        f"{_ANY}__all": rows.count(),
        f"{_ANY}__gaps": first.isnull().sum(),
        f"{_ANY}__first": first.max(),
        f"{_ANY}__last": last.max(),
    }
    for name, derivation in derivations.items():
        match = _matches(rows, derivation.of)
        mine, perhaps = match.fill_null(False), match.isnull()
        found[f"{name}__mine"] = mine.sum()
        found[f"{name}__perhaps"] = perhaps.sum()
        if derivation.rule == "surgery":
            continue
        mine_or_perhaps = match.fill_null(True)
        found[f"{name}__gaps"] = (mine_or_perhaps & first.isnull()).sum()
        found[f"{name}__first"] = first.max(where=mine)
        if derivation.rule == "surgery-date":
            found[f"{name}__last"] = last.max(where=mine_or_perhaps)
        else:
            result = cast(ir.StringColumn, rows["result"])
            found[f"{name}__least"] = result.min(where=mine)
            found[f"{name}__most"] = result.max(where=mine)
            found[f"{name}__known"] = (mine & result.notnull()).sum()
    return found


def _matches(rows: ir.Table, words: tuple[str, ...]) -> ir.BooleanColumn:
    """Tell whether an operation is of the kind asked for; null when what is recorded does not settle it."""
    answers: list[ir.Value] = []
    if "lumbar" in words:
        answers.append(among(rows["region"], _LUMBAR))
    if "for-pain" in words:
        answers.append(rows["for_pain"])
    if "fusion" in words:
        answers.append(rows["procedure"] == "fusion")
    found: ir.Value = rows["procedure"].notnull() if not answers else answers[0]
    for answer in answers[1:]:
        found = found & answer
    return cast(ir.BooleanColumn, found)


def _latest_result(rows: ir.Table, table: ir.Table, name: str, derivation: Derivation) -> ir.Table:
    """Return how many operations may be the last one, and what the last of them to begin has led to.

    The last is certain only when no other operation can lie on or after its first possible day.
    """
    border = table.select("patient", border=table[f"{name}__first"])
    mine = rows.filter(_matches(rows, derivation.of).fill_null(False))
    late = mine.inner_join(border, "patient")
    late = late.filter(late["last"] >= late["border"])
    return late.group_by("patient").aggregate(
        **{f"{name}__late": late.count(), f"{name}__result": late["result"].max()}
    )


def derived(joined: ir.Table, whole: ir.BooleanValue, pathway: Pathway) -> dict[str, ir.Value]:
    """Return the columns of every fact from operations; *joined* holds those of `grouped`."""
    found: dict[str, ir.Value] = {}
    for name, derivation in _mine(pathway).items():
        mine, perhaps = _count(joined, f"{name}__mine"), _count(joined, f"{name}__perhaps")
        match derivation.rule:
            case "surgery":
                silent = whole & (perhaps == 0)
                no = ibis.ifelse(silent, False, ibis.null("boolean"))
                found[name] = ibis.ifelse(mine > 0, True, no)
            case "surgery-date":
                found |= interval(
                    count=mine + perhaps,
                    first=cast(ir.StringValue, joined[f"{name}__first"]),
                    last=cast(ir.StringValue, joined[f"{name}__last"]),
                    open_ended=~whole | (_count(joined, f"{name}__gaps") > 0),
                    today=cast(ir.StringValue, joined["today"]),
                    name=name,
                )
            case _:
                found[name] = _last_result(joined, name, whole & (perhaps == 0))
    return found


def _last_result(joined: ir.Table, name: str, certain: ir.BooleanValue) -> ir.StringValue:
    """Return the result of the last operation; null where the dates do not tell which one that is."""
    mine, known = _count(joined, f"{name}__mine"), _count(joined, f"{name}__known")
    same = (mine == known) & (joined[f"{name}__least"] == joined[f"{name}__most"])
    dated = _count(joined, f"{name}__gaps") == 0
    alone = _count(joined, f"{name}__late") == 1
    return cast(
        ir.StringValue,
        ibis.cases(
            (~certain | (mine == 0), ibis.null("string")),
            (same, joined[f"{name}__least"]),
            (dated & alone, joined[f"{name}__result"]),
            else_=ibis.null("string"),
        ),
    )


def _count(joined: ir.Table, column: str) -> ir.IntegerValue:
    return cast(ir.IntegerValue, joined[column].fill_null(0))


def spine_dates(joined: ir.Table, whole: ir.BooleanValue, pathway: Pathway) -> dict[str, ir.Value]:
    """Return the last of all operations and procedures on the spine; *whole*: both lists lack nothing."""
    found: dict[str, ir.Value] = {}
    for name, derivation in pathway.derivations.items():
        if derivation.rule != "procedure-date" or derivation.of != ("spine",):
            continue
        found |= interval(
            count=_count(joined, f"{name}__all") + _count(joined, f"{_ANY}__all"),
            first=_later(joined, f"{name}__first", f"{_ANY}__first"),
            last=_later(joined, f"{name}__last", f"{_ANY}__last"),
            open_ended=~whole
            | (_count(joined, f"{name}__gaps") + _count(joined, f"{_ANY}__gaps") > 0),
            today=cast(ir.StringValue, joined["today"]),
            name=name,
        )
    return found


def _later(joined: ir.Table, one: str, other: str) -> ir.StringValue:
    """Return the later of two days, either of which may be null."""
    left, right = cast(ir.StringValue, joined[one]), cast(ir.StringValue, joined[other])
    later = ibis.cases((left.isnull(), right), (right > left, right), else_=left)
    return cast(ir.StringValue, later)


def lifted(raw: RawTables, pathway: Pathway) -> ir.Table:
    """Return one row per patient with an override, and a flag for every fact that tells of one."""
    rows = completed(raw.overrides, "overrides")
    flags = {
        name: ((rows["treatment"] == d.of[0]) & (rows["lifts"] == LIFTS[d.rule])).max()
        for name, d in pathway.derivations.items()
        if d.rule in LIFTS
    }
    return rows.group_by("patient").aggregate(**flags)


def overridden(joined: ir.Table, pathway: Pathway) -> dict[str, ir.Value]:
    """Return the columns of `justified` and `early`: no override means no, never unknown."""
    return {
        name: cast(ir.BooleanValue, joined[name]).fill_null(False)
        for name, derivation in pathway.derivations.items()
        if derivation.rule in LIFTS
    }
