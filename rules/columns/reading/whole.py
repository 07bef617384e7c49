"""All facts of every patient in one table: what was stated, what the lists say, contradictions read the safer way."""

from __future__ import annotations

from typing import Any, cast

import ibis
import ibis.expr.types as ir

from rules.columns.reading import medications, surgeries, trials
from rules.columns.reading.exact import day_of
from rules.columns.reading.stated import TYPES, columns_of, stated, with_borders
from rules.columns.reading.tables import LIST_NAMES, WHOLE, RawTables
from rules.leaves import Settings
from schemas.pathway import Pathway

HANDLED = {
    "listed", *medications.RULES, *trials.RULES, *surgeries.RULES, *surgeries.LIFTS,
}  # fmt: skip
"""Every way of working a fact out that is known here."""


def read(raw: RawTables, pathway: Pathway, settings: Settings) -> ir.Table:
    """Return one row per patient: `patient`, `on`, and every stated and derived fact, null where unknown.

    The rows must be valid in the sense of `check.problems`. Raises NotImplementedError for a derivation not known here.
    """
    strange = {d.rule for d in pathway.derivations.values()} - HANDLED
    if strange:
        raise NotImplementedError(f"no column is worked out by {', '.join(sorted(strange))}")
    patients = raw.patients
    days = patients.select(
        "patient", "on", today=day_of(patients["on"]), **trials.windows(patients, pathway)
    )
    wide = with_borders(patients, pathway).mutate(today=day_of(patients["on"]), **_wholes(patients))
    facts = wide.select(
        "patient", "on", "today", *(_whole(n) for n in LIST_NAMES), **stated(wide, pathway)
    )
    for part in (
        medications.grouped(raw, days.select("patient", "today"), pathway),
        trials.grouped(raw, days.drop("today"), pathway, settings),
        surgeries.grouped(raw, pathway),
        surgeries.lifted(raw, pathway),
    ):
        facts = facts.left_join(part, "patient").drop("patient_right")
    derived = _derived(facts, pathway)
    names = [c for f in pathway.facts.values() for c in columns_of(f)]
    table = facts.select("patient", "on", *names, **derived)
    changed = _dose(table, pathway) | _contradictions(table)
    names = [c for f in _definitions(pathway) for c in columns_of(f)]
    return table.mutate(**changed).select("patient", "on", *names)


def columns(pathway: Pathway) -> dict[str, str]:
    """Return the columns of the reading table in order, each with its type."""
    found = {"patient": "string", "on": "date"}
    for definition in _definitions(pathway):
        found |= dict.fromkeys(columns_of(definition), TYPES[definition.kind])
    return found


def _definitions(pathway: Pathway) -> list[Any]:
    return [*pathway.facts.values(), *(d.fact for d in pathway.derivations.values())]


def _whole(name: str) -> str:
    return f"{name}__whole"


def _wholes(patients: ir.Table) -> dict[str, ir.Value]:
    """Tell which lists are given and lack nothing; only then does their silence say no."""
    return {
        _whole(name): (patients[f"{name}__list"] == WHOLE).fill_null(False)
        if f"{name}__list" in patients.columns
        else ibis.literal(False)
        for name in LIST_NAMES
    }


def _derived(facts: ir.Table, pathway: Pathway) -> dict[str, ir.Value]:
    whole = {name: cast(ir.BooleanValue, facts[_whole(name)]) for name in LIST_NAMES}
    found: dict[str, ir.Value] = {
        name: ibis.ifelse(whole[derivation.of[0]], True, ibis.null("boolean"))
        for name, derivation in pathway.derivations.items()
        if derivation.rule == "listed"
    }
    found |= medications.derived(facts, whole["medications"], pathway)
    found |= trials.derived(facts, whole["trials"], pathway)
    found |= surgeries.derived(facts, whole["surgeries"], pathway)
    found |= surgeries.spine_dates(facts, whole["trials"] & whole["surgeries"], pathway)
    found |= surgeries.overridden(facts, pathway)
    return found


def _dose(table: ir.Table, pathway: Pathway) -> dict[str, ir.Value]:
    """Take the opioid dose from the list where none is stated; where both are, the higher.

    Where the list does not settle the dose, what it adds up to at least contradicts a lower stated one.
    """
    if "mme_per_day" not in pathway.facts or "medication_mme_per_day" not in table.columns:
        return {}
    stated_dose = cast(ir.FloatingValue, table["mme_per_day"])
    listed = cast(ir.FloatingValue, table["medication_mme_per_day"])
    least = cast(ir.FloatingValue, table["least_dose"])
    most = pathway.facts["mme_per_day"].maximum
    if most is not None:
        least = cast(ir.FloatingValue, ibis.ifelse(least > float(most), float(most), least))
    settled = ibis.ifelse(stated_dose >= listed, stated_dose, listed)
    open_dose = ibis.ifelse(stated_dose >= least, stated_dose, least)
    return {
        "mme_per_day": ibis.cases(
            (listed.isnull() & stated_dose.isnull(), ibis.null("float64")),
            (listed.isnull(), open_dose),
            (stated_dose.isnull(), listed),
            else_=settled,
        )
    }


def _contradictions(table: ir.Table) -> dict[str, ir.Value]:
    """Read the safer of two statements that contradict each other (INV-D10)."""
    found: dict[str, ir.Value] = {}

    def column(name: str) -> ir.Value:
        return table[name] if name in table.columns else ibis.null("boolean")

    def safer(name: str, contradicted: ir.Value, word: str | bool) -> None:
        if name in table.columns:
            yes = cast(ir.BooleanValue, contradicted).fill_null(False)
            found[name] = ibis.ifelse(yes, word, table[name])

    weak = column("acute_foot_drop").fill_null(False) | _beyond(table, "weakness_mrc", below=5)
    safer("leg_weakness", _says(table, "leg_weakness", "none") & weak, "onset-unknown")
    denied = ~cast(ir.BooleanValue, column("stimulator_implanted"))
    safer("stimulator_implanted", denied & column("stimulator_site_infection"), True)
    thoughts = _beyond(table, "phq9_item9", above=0)
    safer("suicidal_thoughts", _says(table, "suicidal_thoughts", "none") & thoughts, "thoughts")
    denied = ~cast(ir.BooleanValue, column("pregnant"))
    safer("pregnant", denied & _beyond(table, "gestation_weeks", above=0), True)
    return found


def _says(table: ir.Table, name: str, word: str) -> ir.BooleanValue:
    if name not in table.columns:
        return ibis.literal(False)
    return cast(ir.BooleanValue, (table[name] == word).fill_null(False))


def _beyond(
    table: ir.Table, name: str, *, above: int | None = None, below: int | None = None
) -> ir.BooleanValue:
    """Tell whether a number is known and beyond a border."""
    if name not in table.columns:
        return ibis.literal(False)
    number = cast(ir.IntegerValue, table[name])
    beyond = number > above if above is not None else number < below
    return cast(ir.BooleanValue, beyond.fill_null(False))
