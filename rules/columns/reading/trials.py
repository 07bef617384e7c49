"""Tried treatments in columns: each trial judged by the table of the documents, then all of one treatment together."""

from __future__ import annotations

from typing import cast

import ibis
import ibis.expr.types as ir

from rules.columns.reading.conditions import truth_of
from rules.columns.reading.exact import (
    NEVER,
    among,
    date_of,
    day_before,
    first_day,
    last_day,
    nearest,
    units,
)
from rules.columns.reading.tables import RawTables, completed
from rules.columns.reading.vocabulary import classified, flag_of, vocabulary
from rules.derive import PROCEDURES
from rules.leaves import Settings
from rules.trials import TOGETHER
from schemas.pathway import Derivation, Pathway

RULES = ("tried", "sessions", "procedure-date")
_PLACES = 2
_HELPED, _UNJUDGED = 0, 1
_RANKS = {"responder": _HELPED} | {word: at for at, word in enumerate(TOGETHER, start=2)}
"""The lowest rank among the trials of a treatment is how they count together."""


def _mine(pathway: Pathway) -> dict[str, Derivation]:
    return {n: d for n, d in pathway.derivations.items() if d.rule in RULES}


def grouped(raw: RawTables, days: ir.Table, pathway: Pathway, settings: Settings) -> ir.Table:
    """Return one row per patient with a trial: what the columns of `derived` are made of.

    *days* has `patient`, `on` and, for every window of sessions, its first day as `since__<days>`.
    """
    derivations = _mine(pathway)
    rows = completed(raw.trials, "trials")
    # Equal rows are one row; 4 and 4.0 weeks are equal.
    numbers = {name: units(rows[name], _PLACES) for name in ("weeks", "relief_percent")}
    rows = rows.mutate(**numbers).drop("row").distinct()
    rows = rows.mutate(**{name: nearest(rows[name], _PLACES) for name in numbers})
    rows = rows.inner_join(days, "patient")
    classes = [d.of[1:] for d in derivations.values() if d.of[1:]]
    if classes:
        rows = classified(rows, vocabulary(pathway, classes))
    rows = rows.mutate(adequate=_adequate(rows, pathway, settings))
    date = ibis.coalesce(rows["ended"], rows["started"])
    rows = rows.mutate(
        rank=_rank(rows, pathway, settings), first=first_day(date), last=last_day(date)
    )
    return rows.group_by("patient").aggregate(**_aggregates(rows, derivations))


def windows(dates: ir.Table, pathway: Pathway) -> dict[str, ir.Value]:
    """Return the first day of every window in which sessions are counted."""
    spans = {d.within_days or 0 for d in pathway.derivations.values() if d.rule == "sessions"}
    return {_since(days): day_before(dates["on"], days) for days in sorted(spans)}


def _since(days: int) -> str:
    return f"since__{days}"


def _adequate(rows: ir.Table, pathway: Pathway, settings: Settings) -> ir.BooleanValue:
    """Tell whether each trial was long and strong enough, by what its treatment asks; null where none says."""
    columns = {name: rows[name] for name in pathway.trial_facts if name != "adequate"}
    cases = [
        (rows["treatment"] == name, truth_of(treatment.adequate, columns, settings))
        for name, treatment in pathway.treatments.items()
        if treatment.adequate is not None
    ]
    unsettled = ibis.null("boolean")
    return cast(ir.BooleanValue, ibis.cases(*cases, else_=unsettled) if cases else unsettled)


def _rank(rows: ir.Table, pathway: Pathway, settings: Settings) -> ir.IntegerValue:
    """Judge each trial; a row of the table that is unknown stops the reading.

    Raises NotImplementedError for an outcome nobody has given a rank.
    """
    columns = {name: rows[name] for name in pathway.trial_facts}
    cases = []
    for row in pathway.outcomes:
        if row.outcome not in _RANKS:
            raise NotImplementedError(f"the outcome `{row.outcome}` has no rank")
        truth = truth_of(row.when, columns, settings)
        cases += [(truth.isnull(), _UNJUDGED), (truth, _RANKS[row.outcome])]
    rank = ibis.cases(*cases, else_=_UNJUDGED) if cases else ibis.literal(_UNJUDGED)
    return cast(ir.IntegerValue, rank.cast("int64"))


def _aggregates(rows: ir.Table, derivations: dict[str, Derivation]) -> dict[str, ir.Scalar]:
    found: dict[str, ir.Scalar] = {}
    rank = cast(ir.IntegerColumn, rows["rank"])
    first, last = cast(ir.StringColumn, rows["first"]), cast(ir.StringColumn, rows["last"])
    for name, derivation in derivations.items():
        of = PROCEDURES if derivation.of == ("spine",) else derivation.of
        if derivation.rule == "procedure-date":
            mine = cast(ir.BooleanColumn, among(rows["treatment"], of))
            found[f"{name}__all"] = mine.sum()
            found[f"{name}__gaps"] = (mine & first.isnull()).sum()
            found[f"{name}__first"] = first.max(where=mine)
            found[f"{name}__last"] = last.max(where=mine)
            continue
        mine = cast(ir.BooleanColumn, rows["treatment"] == of[0])
        if of[1:]:
            mine = cast(ir.BooleanColumn, mine & rows[flag_of(of[1:])].fill_null(False))
        if derivation.rule == "tried":
            found[name] = rank.min(where=mine)
            continue
        since = cast(ir.StringValue, rows[_since(derivation.within_days or 0)])
        counted = mine & (last >= since).fill_null(False)
        found[name] = rows["sessions"].fill_null(1).sum(where=counted)
        found[f"{name}__gaps"] = (mine & first.isnull()).sum()
    return found


def derived(joined: ir.Table, whole: ir.BooleanValue, pathway: Pathway) -> dict[str, ir.Value]:
    """Return the columns of every fact from trials; a date of `spine` is left to who knows the operations too."""
    found: dict[str, ir.Value] = {}
    for name, derivation in _mine(pathway).items():
        match derivation.rule:
            case "tried":
                found[name] = _together(cast(ir.IntegerValue, joined[name]), whole)
            case "sessions":
                settled = whole & (joined[f"{name}__gaps"].fill_null(0) == 0)
                count = joined[name].fill_null(0).cast("int64")
                found[name] = ibis.ifelse(settled, count, ibis.null("int64"))
            case _ if derivation.of != ("spine",):
                found |= last_of(joined, name, whole)
    return found


def _together(rank: ir.IntegerValue, whole: ir.BooleanValue) -> ir.StringValue:
    """Return how all trials of a treatment count; one that is not listed can have gone any way."""
    words: list[tuple[ir.Value, ir.Value]] = [(rank == _HELPED, ibis.literal("responder"))]
    words += [
        (whole & (rank == at), ibis.literal(word)) for word, at in _RANKS.items() if at > _UNJUDGED
    ]
    words.append((whole & rank.isnull(), ibis.literal("none")))
    return cast(ir.StringValue, ibis.cases(*words, else_=ibis.null("string")))


def last_of(joined: ir.Table, name: str, whole: ir.BooleanValue) -> dict[str, ir.Value]:
    """Return the interval of the last of some dates, from their number, gaps, and last first and last days.

    An unknown date could lie anywhere between the known ones and the date of the question.
    """
    return interval(
        count=cast(ir.IntegerValue, joined[f"{name}__all"].fill_null(0)),
        first=cast(ir.StringValue, joined[f"{name}__first"]),
        last=cast(ir.StringValue, joined[f"{name}__last"]),
        open_ended=~whole | (joined[f"{name}__gaps"].fill_null(0) > 0),
        today=cast(ir.StringValue, joined["today"]),
        name=name,
    )


def interval(
    *,
    count: ir.IntegerValue,
    first: ir.StringValue,
    last: ir.StringValue,
    open_ended: ir.BooleanValue,
    today: ir.StringValue,
    name: str,
) -> dict[str, ir.Value]:
    """Return the interval in which the last of *count* dates lies; long ago when there is none and none is open."""
    none = (count == 0) & ~open_ended
    reach = ibis.ifelse(first > today, first, today)
    to = ibis.cases(
        (none, NEVER),
        (first.isnull(), ibis.null("string")),
        (open_ended, reach),
        else_=last,
    )
    return {
        f"{name}__from": date_of(ibis.ifelse(none, NEVER, first)),
        f"{name}__to": date_of(to),
    }
