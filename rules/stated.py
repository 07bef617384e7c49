"""What was stated about a patient and still counts: every answer up to the end of its shelf life."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from rules.comparisons import borders_of
from rules.gravity import leaves_open
from schemas.decision import NotUsed, Stale
from schemas.pathway import Pathway
from schemas.patient import Patient


@dataclass
class Stated:
    values: dict[str, Any] = field(default_factory=dict)
    stale: list[Stale] = field(default_factory=list)
    not_used: list[NotUsed] = field(default_factory=list)


def read_stated(pathway: Pathway, patient: Patient) -> Stated:
    """Return the answers that count on the date of the question, and those that have become too old.

    An answer dated by its month or its year alone may be within its shelf life or past it. INVARIANT: it counts where
    it leaves a red sign open, because it may be of yesterday, and is past it otherwise, because a calm answer may be
    of long ago; so a vague date never closes a red sign and never reassures.
    """
    found, borders = Stated(), cache(lambda: borders_of(pathway))
    for name in sorted(patient.facts):
        entry, definition = patient.facts[name], pathway.facts[name]
        shelf, date = definition.shelf_days, entry.date
        if entry.value is None:
            continue
        if date is None or shelf is None or (patient.on - date.earliest).days <= shelf:
            found.values[name] = entry.value
        elif (patient.on - date.latest).days <= shelf and leaves_open(
            definition, entry.value, borders()
        ):
            found.values[name] = entry.value
            found.not_used.append(
                NotUsed(
                    where=f"the date of {name}",
                    why=f"a month or a year does not tell whether the answer is older than {shelf} days; "
                    "it may be of a red sign, so it counts",
                )
            )
        else:
            found.stale.append(Stale(fact=name, date=date.text, shelf_days=shelf))
    return found
