"""Units: what a quantity is worth in the unit of a fact. A closed list, because a unit that is guessed can harm (H-03).

A units library would accept every unit that can be converted at all, and by the rules of UCUM it ignores what stands
in braces: to it an eGFR in mL/min, which is not normalised to body surface, is one in mL/min/{1.73_m2}. Here a unit
that nobody expects for a fact makes the quantity unknown. What lies between two units is exact (a fraction); where
the amount of a substance is turned into its mass, or one reference method into the other, the fact is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

UCUM = "http://unitsofmeasure.org"


@dataclass(frozen=True)
class Line:
    """`value * factor + offset`."""

    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)


SAME = Line()


def _like(*units: str) -> dict[str, Line]:
    return dict.fromkeys(units, SAME)


_SCORE = _like("{score}", "{points}", "{point}", "{count}", "{#}", "1", "points", "score")

UNITS: dict[str, dict[str, Line]] = {
    "mL": _like("mL", "ml") | {"L": Line(Fraction(1000)), "dL": Line(Fraction(100))},
    "degrees C": _like("Cel", "°C") | {"[degF]": Line(Fraction(5, 9), Fraction(-160, 9))},
    "per minute": _like(
        "/min", "1/min", "{beats}/min", "{breaths}/min", "{Beats}/min", "{Breaths}/min", "beats/min",
        "breaths/min", "bpm",
    ),
    "mmHg": _like("mm[Hg]", "mmHg") | {"kPa": Line(Fraction(760_000, 101_325))},
    "%": _like("%"),
    "mg/dL": _like("mg/dL", "mg/dl") | {"g/L": Line(Fraction(100))},
    "10^9/L": _like("10*9/L", "10*3/uL", "10*3/mm3", "10*3/µL", "10^9/L", "10^3/uL", "K/uL", "G/L")
    | dict.fromkeys(("/uL", "/mm3"), Line(Fraction(1, 1000))),
    "ratio": _like("{INR}", "{ratio}", "1", "INR"),
    "mL/min/1.73 m2": _like(
        "mL/min/{1.73_m2}", "mL/min/{1.73m2}", "mL/min/1.73.m2", "mL/min/1.73_m2", "mL/min/1.73m2",
        "mL/min/1.73 m2", "mL/min/1.73 m²", "ml/min/{1.73_m2}", "mL/min/(173.10*-2.m2)",
    ),
    "MME/day": _like("{MME}/d", "{MME}/day", "MME/d", "MME/day"),
    "weeks": _like("wk") | {"d": Line(Fraction(1, 7))},
    "months": _like("mo") | {"a": Line(Fraction(12))},
    "years": _like("a"),
}  # fmt: skip
"""By the unit of the dictionary, then by the UCUM code, or the same unit as laboratories print it."""

OF_FACT: dict[str, dict[str, Line]] = {
    # One mole of glucose weighs 180.156 g.
    "glucose_mg_dl": {"mmol/L": Line(Fraction(180_156, 10_000))},
    # The two reference methods of HbA1c (IFCC and NGSP) lie on a straight line by agreement.
    "hba1c_percent": {"mmol/mol": Line(Fraction(9_148, 100_000), Fraction(2_152, 1_000))},
}
"""Units that only make sense for one measured thing."""

WITHOUT_UNIT = frozenset({"ratio"})
"""Measured things that have no unit by nature, beside scores, which have none either."""


def worth(fact: str, unit: str, amount: Decimal, written: str) -> Fraction | None:
    """Return *amount* of the unit *written* in the *unit* of the *fact*; None when it cannot be told."""
    table = UNITS.get(unit, _SCORE)
    if not written:
        return Fraction(amount) if table is _SCORE or unit in WITHOUT_UNIT else None
    line = table.get(written) or OF_FACT.get(fact, {}).get(written)
    return None if line is None else Fraction(amount) * line.factor + line.offset


def dose_in_mg(amount: Decimal, written: str) -> Decimal | None:
    """Return a dose in milligrams; None for tablets, millilitres and whatever else has no mass of the medicine."""
    factor = {"mg": Decimal(1), "g": Decimal(1000), "ug": Decimal("0.001"), "mcg": Decimal("0.001")}
    return amount * factor[written] if written in factor else None
