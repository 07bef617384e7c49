"""Facts worked out from the medicines a patient takes: one grouping, then one column per fact."""

from __future__ import annotations

from typing import cast

import ibis
import ibis.expr.types as ir

from rules.columns.reading.exact import NEVER, date_of, first_day, last_day, nearest, units
from rules.columns.reading.tables import RawTables, completed
from rules.columns.reading.vocabulary import FACTOR_PLACES, classified, flag_of, vocabulary
from schemas.pathway import Derivation, Pathway

RULES = ("taking", "count-taking", "started", "mme")
_DOSE_PLACES = 3
_DOSE_UNITS = _DOSE_PLACES + FACTOR_PLACES


def _mine(pathway: Pathway) -> dict[str, Derivation]:
    return {n: d for n, d in pathway.derivations.items() if d.rule in RULES}


def grouped(raw: RawTables, days: ir.Table, pathway: Pathway) -> ir.Table:
    """Return one row per patient with a medicine: what the columns of `derived` are made of.

    *days* has `patient` and `today`.
    """
    derivations = _mine(pathway)
    names = vocabulary(pathway, [d.of for d in derivations.values()])
    rows = completed(raw.medications, "medications")
    # Equal rows are one row, also where one says `active` and the other leaves it to be understood.
    rows = rows.mutate(
        status=rows["status"].fill_null("active"), dose=units(rows["dose_mg_per_day"], _DOSE_PLACES)
    )
    rows = rows.drop("row", "dose_mg_per_day").distinct()
    rows = rows.inner_join(days, "patient")
    rows = classified(rows, names)
    rows = rows.mutate(begun=first_day(rows["started"]), active=_active(rows))
    rows = rows.filter(rows["active"])
    return rows.group_by("patient").aggregate(**_aggregates(rows, derivations))


def _active(rows: ir.Table) -> ir.BooleanValue:
    """Tell which medicines are taken today; a stop that may lie ahead does not end it."""
    today = rows["today"]
    ended = (last_day(rows["stopped"]) < today).fill_null(False)
    ahead = (first_day(rows["started"]) > today).fill_null(False)
    listed = rows["medicine"].notnull()
    return cast(ir.BooleanValue, listed & (rows["status"] == "active") & ~ended & ~ahead)


def _aggregates(rows: ir.Table, derivations: dict[str, Derivation]) -> dict[str, ir.Scalar]:
    dose = cast(ir.IntegerColumn, rows["dose"] * rows["factor"])
    found: dict[str, ir.Scalar] = {"least_dose": dose.sum()}
    for name, derivation in derivations.items():
        flag = cast(ir.BooleanColumn, rows[flag_of(derivation.of)])
        match derivation.rule:
            case "taking":
                found[name] = flag.max()
            case "count-taking":
                found[name] = rows["medicine"].nunique(where=flag)
            case "mme":
                found[name] = dose.sum(where=flag)
                found[f"{name}__gaps"] = (flag & dose.isnull()).sum()
            case _:
                packed = cast(ir.StringColumn, last_day(rows["started"]) + rows["begun"])
                found[name] = packed.min(where=flag)
                found[f"{name}__all"] = flag.sum()
                found[f"{name}__gaps"] = (flag & rows["started"].isnull()).sum()
    return found


def derived(joined: ir.Table, whole: ir.BooleanValue, pathway: Pathway) -> dict[str, ir.Value]:
    """Return the columns of every fact from medicines, and `least_dose`; *joined* holds those of `grouped`."""
    found: dict[str, ir.Value] = {
        "least_dose": nearest(joined["least_dose"].fill_null(0), _DOSE_UNITS)
    }
    for name, derivation in _mine(pathway).items():
        column = joined[name]
        match derivation.rule:
            case "taking":
                taken = cast(ir.BooleanValue, column).fill_null(False)
                found[name] = ibis.ifelse(
                    taken, True, ibis.ifelse(whole, False, ibis.null("boolean"))
                )
            case "count-taking":
                count = cast(ir.IntegerValue, column.fill_null(0).cast("int64"))
                found[name] = ibis.ifelse(whole, count, ibis.null("int64"))
            case "mme":
                settled = whole & (joined[f"{name}__gaps"].fill_null(0) == 0)
                dose = nearest(column.fill_null(0), _DOSE_UNITS)
                found[name] = ibis.ifelse(settled, dose, ibis.null("float64"))
            case _:
                found |= _started(joined, name, whole)
    return found


def _started(joined: ir.Table, name: str, whole: ir.BooleanValue) -> dict[str, ir.Value]:
    """Return the interval of the first start; an unknown one among them could lie anywhere before the known."""
    packed = cast(ir.StringValue, joined[name])
    none = (joined[f"{name}__all"].fill_null(0) == 0) & whole
    open_ended = ~whole | (joined[f"{name}__gaps"].fill_null(0) > 0)
    first = ibis.cases(
        (none, NEVER),
        (packed.isnull(), ibis.null("string")),
        (open_ended, NEVER),
        else_=packed.substr(10, 10),
    )
    return {
        f"{name}__from": date_of(first),
        f"{name}__to": date_of(ibis.ifelse(none, NEVER, packed.substr(0, 10))),
    }
