"""Which rows a person can add on the page, and what may be entered in them; choices come from the schemas."""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from schemas.patient import Medication, Override, Surgery, Trial

TRIALS, MEDICATIONS, SURGERIES, OVERRIDES = "trials", "medications", "surgeries", "overrides"


@dataclass(frozen=True)
class Column:
    """One thing that can be entered in a row."""

    name: str
    label: str
    kind: Literal["text", "number", "yes-no", "choice", "date", "long"]
    choices: tuple[str, ...] = ()
    hint: str = ""
    first: bool = False
    """Whether it stands in the first line; the others open on demand."""


@dataclass(frozen=True)
class RowList:
    """A list of rows: which one, what its rows are, and what its emptiness would mean."""

    name: str
    prefix: str
    title: str
    one: str
    ask: str
    none: str
    """What a person says by marking it as empty; nothing where emptiness needs no saying."""
    columns: tuple[Column, ...]


def _choices(model: type[BaseModel], field: str) -> tuple[str, ...]:
    return tuple(_words(model.model_fields[field].annotation))


def _words(annotation: Any) -> list[str]:
    """Return every word of the Literal types inside *annotation*, in order."""
    origin = get_origin(annotation)
    if origin is Literal:
        return [str(word) for word in get_args(annotation)]
    if origin in (Union, types.UnionType, Annotated):
        return [word for part in get_args(annotation) for word in _words(part)]
    return []


_DATE_HINT = "2025, 2025-11 or 2025-11-03"

ROW_LISTS: tuple[RowList, ...] = (
    RowList(
        SURGERIES, "g", "Operations on the spine", "operation",
        "Which operations, when, and with what result?", "No operation on the spine",
        (
            Column("procedure", "Operation", "choice", _choices(Surgery, "procedure"), first=True),
            Column("region", "Region", "choice", _choices(Surgery, "region"), first=True),
            Column("date", "When", "date", hint=_DATE_HINT, first=True),
            Column("for_pain", "Done for pain", "yes-no", first=True),
            Column("result", "Result", "choice", _choices(Surgery, "result"), first=True),
            Column("level", "Level", "text", hint="L5-S1"),
        ),
    ),
    RowList(
        TRIALS, "t", "Treatments tried", "treatment",
        "What was tried, how long, at what dose, with how much relief, and why did it stop?",
        "Nothing has been tried",
        (
            Column("treatment", "Treatment", "choice", _choices(Trial, "treatment"), first=True),
            Column("agent", "Medicine or kind", "text", hint="naproxen", first=True),
            Column("full_dose", "Full, regular dose", "yes-no", first=True),
            Column("weeks", "Weeks", "number", first=True),
            Column("sessions", "Sessions", "number", first=True),
            Column("relief_percent", "Relief, % (- worse)", "number", hint="0-100", first=True),
            Column("stopped_because", "Why it stopped", "choice",
                   _choices(Trial, "stopped_because"), first=True),
            Column("still_helping", "Still helping", "yes-no"),
            Column("odi_points_better", "ODI points better", "number"),
            Column("goal_met", "Agreed goal met", "yes-no"),
            Column("technique_sound", "Right level, under imaging", "yes-no"),
            Column("started", "Started", "date", hint=_DATE_HINT),
            Column("ended", "Ended", "date", hint=_DATE_HINT),
            Column("side", "Side", "choice", _choices(Trial, "side")),
            Column("level", "Level", "text", hint="L5"),
        ),
    ),
    RowList(
        MEDICATIONS, "m", "Medicines", "medicine",
        "Which medicines, over the counter included?", "No medicine at all",
        (
            Column("agent", "Medicine", "text", hint="pregabalin", first=True),
            Column("status", "Taken", "choice", _choices(Medication, "status"), first=True),
            Column("dose_mg_per_day", "mg a day", "number", first=True),
            Column("long_acting", "Long-acting", "yes-no"),
            Column("started", "Started", "date", hint=_DATE_HINT),
            Column("stopped", "Stopped", "date", hint=_DATE_HINT),
        ),
    ),
    RowList(
        OVERRIDES, "o", "Overrides", "override",
        "A recorded decision to go on where the pathway says not yet, or blocked unless justified.", "",
        (
            Column("treatment", "Treatment", "choice", _choices(Override, "treatment"), first=True),
            Column("lifts", "Lifts", "choice", _choices(Override, "lifts"), first=True),
            Column("who", "Who decides", "text", first=True),
            Column("when", "When", "date", hint=_DATE_HINT, first=True),
            Column("why", "Why (ten letters or more)", "long", first=True),
        ),
    ),
)  # fmt: skip

LIST_OF = {each.name: each for each in ROW_LISTS}
