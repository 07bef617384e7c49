"""What a record says about one fact, and which of several sayings stands."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import compress
from typing import Any

from pydantic import ValidationError

from api.fhir.reading.dates import Moment, newest
from api.fhir.reading.lexicon import Lexicon
from api.fhir.reading.shapes import number
from api.fhir.reading.tally import Tally
from rules.comparisons import Border
from rules.gravity import SECTION, gravity
from schemas.facts import FactDefinition, FactKind

ASKED = "asked-but-unknown"
UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Reading:
    """One saying about one fact: a value, or why there is none."""

    fact: str
    where: str
    """The type of the resource it stands in."""
    value: Any = None
    unknown: str | None = None
    moment: Moment | None = None
    verified: bool = True


def fact_value(lexicon: Lexicon, definition: FactDefinition, raw: Any) -> Any:
    """Return *raw* as a value the product takes for this fact; None when it is none (wrong kind, out of range)."""
    match definition.kind:
        case FactKind.INTEGER:
            raw = _whole(lexicon, definition, raw)
        case FactKind.DECIMAL:
            raw = _decimal(raw)
        case FactKind.BOOLEAN:
            raw = raw if isinstance(raw, bool) else None
        case _:
            raw = raw if isinstance(raw, str) else None
    if raw is None:
        return None
    try:
        lexicon.adapter(definition.name).validate_python(raw)
    except ValidationError:
        return None
    return _plain(raw)


def _whole(lexicon: Lexicon, definition: FactDefinition, raw: Any) -> int | None:
    """Return a whole number that stands on the same side of every border of the rules as *raw* does.

    Laboratories send fractions (an eGFR of 29.6) for facts the pathway holds as whole numbers. Rounded, that
    patient would have an eGFR of 30 and be offered what is blocked below 30. Of *less than* and *at least* a whole
    border no fraction is on another side than its whole part; of *more than* and *at most*, no fraction is on
    another side than the next number up. So the one or the other is taken, whichever no border speaks against:
    first for borders anywhere a site may put them, then for those of the profiles that are shipped. Where both
    are spoken against, no whole number is true to the measurement, and it stays unknown.
    """
    amount = _fraction(raw)
    low_end, high_end = definition.minimum, definition.maximum
    if amount is None or not (low_end is None or low_end <= amount):
        return None
    if not (high_end is None or amount <= high_end):
        return None
    if amount.denominator == 1:
        return int(amount)
    low = math.floor(amount)
    borders = lexicon.borders.get(definition.name, [])
    for anywhere in (True, False):
        if not any(b.operator not in ("<", ">=") and _lies(b, low, anywhere) for b in borders):
            return low
        if not any(b.operator not in (">", "<=") and _lies(b, low + 1, anywhere) for b in borders):
            return low + 1
    return None


def _lies(border: Border, at: int, anywhere: bool) -> bool:
    return border.minimum <= at <= border.maximum if anywhere else at in border.used


def _decimal(raw: Any) -> Decimal | None:
    amount = _fraction(raw)
    if amount is None:
        return None
    exact = Decimal(amount.numerator) / Decimal(amount.denominator)
    return exact.quantize(Decimal("0.0001"), ROUND_HALF_EVEN).normalize()


def _fraction(raw: Any) -> Fraction | None:
    if isinstance(raw, Fraction):
        return raw
    amount = number(raw)
    return None if amount is None else Fraction(amount)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def settle(
    readings: Iterable[Reading], lexicon: Lexicon, tally: Tally
) -> tuple[dict[str, dict[str, Any]], tuple[str, ...]]:
    """Return the fact entries that follow from *readings*, and the facts that rest on unverified codes.

    The latest saying stands. Where several are of one date, or their order cannot be told, and they differ,
    none is used and the question is asked again; of a red sign the graver one stands, because a sign
    that is open in one of two places must be looked at (H-11).
    """
    by_fact: dict[str, list[Reading]] = {}
    for reading in readings:
        by_fact.setdefault(reading.fact, []).append(reading)
    facts: dict[str, dict[str, Any]] = {}
    unverified = []
    for name in sorted(by_fact):
        definition = lexicon.pathway.facts[name]
        chosen = _choose(definition, by_fact[name], tally)
        if chosen is None:
            continue
        if chosen.value is None:
            facts[name] = {"unknown": chosen.unknown or UNAVAILABLE}
            continue
        entry: dict[str, Any] = {"value": chosen.value}
        if chosen.moment is not None:
            entry["date"] = chosen.moment.text
        entry["source"] = chosen.where + ("" if chosen.verified else ", by an unverified code")
        if not chosen.verified:
            unverified.append(name)
        facts[name] = entry
    return facts, tuple(unverified)


def _choose(definition: FactDefinition, found: list[Reading], tally: Tally) -> Reading | None:
    if len(found) == 1:
        return found[0]
    red = definition.section == SECTION
    told = [reading for reading in found if reading.value is not None]
    untold = [reading for reading in found if reading.value is None]
    if not told:
        return min(untold, key=lambda each: (each.unknown != ASKED, each.where))
    latest = list(compress(told, newest([each.moment for each in told])))
    # A calm answer of a red sign does not outlive a later "we do not know".
    if red and untold and all(_calm(definition, each) for each in latest):
        later = [each for each in untold if all(_older(mine, each) for mine in latest)]
        if later:
            return min(later, key=lambda each: (each.unknown != ASKED, each.where))
    if len({_key(each.value) for each in latest}) == 1:
        return max(latest, key=_preferred)
    where = " and ".join(sorted({each.where for each in latest}))
    place = where if " and " not in where else "Bundle"
    why = f"of one date that contradict each other ({definition.name})"
    if not red:
        tally.add(place, why, len(latest))
        return None
    tally.add(place, f"{why}; the graver answer is used", len(latest))
    gravest = max(gravity(definition, each.value) for each in latest)
    return max(
        (each for each in latest if gravity(definition, each.value) == gravest), key=_preferred
    )


def _older(one: Reading, other: Reading) -> bool:
    return one.moment is not None and other.moment is not None and one.moment.before(other.moment)


def _key(value: Any) -> tuple[str, str]:
    return type(value).__name__ if isinstance(value, bool) else "", str(value)


def _preferred(reading: Reading) -> tuple[Any, ...]:
    """Order equal sayings: dated before undated, later before earlier, by a verified code before others."""
    moment = reading.moment
    return (
        moment is not None,
        (moment.earliest, moment.latest) if moment else (),
        reading.verified,
        reading.where,
    )


def _calm(definition: FactDefinition, reading: Reading) -> bool:
    """Tell whether an answer leaves the sign closed; of a number nobody can say that without the rules."""
    return isinstance(reading.value, bool | str) and gravity(definition, reading.value) == 0.0
