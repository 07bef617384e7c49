"""How facts that are worked out from one list hang together, as far as a search needs to know.

The patients made up here have lists that are complete or absent; lists that may lack something are left to the proofs,
to the random patients and to the laws.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from rules.derive import NEVER
from rules.trials import TOGETHER
from rules.verification.backwards.arrange import Link
from schemas.pathway import Derivation, Pathway

Values = Mapping[str, tuple[Any, ...]]


def links_of(
    pathway: Pathway, values: Values, on: dt.date, usual: bool = False
) -> tuple[Link, ...]:
    """Return what certainly follows from what among the derived facts of *values*.

    *usual*: also what follows in anybody whose lists are not odd (a procedure without a session), which helps whoever
    makes patients up and proves nothing.
    """
    derived = {n: d for n, d in pathway.derivations.items() if n in values}
    found = [*_lists(derived, values), *_medicines(pathway, derived, values)]
    found += [*_trials(derived, values), *_surgeries(derived, values)]
    found += _sessions(derived, values, on, usual)
    found += [*_contradictions(values), *_doses(pathway, derived, values)]
    return tuple(found)


def _lists(derived: Mapping[str, Derivation], values: Values) -> Iterator[Link]:
    """A list that was not given leaves all its facts unknown."""
    for listed, derivation in derived.items():
        if derivation.rule != "listed":
            continue
        for fact, other in derived.items():
            if other.rule != "listed" and other.fact.from_list == derivation.of[0]:
                yield Link(listed, frozenset([None]), fact, frozenset([None]))
                if other.rule in ("taking", "count-taking"):
                    yield Link(fact, frozenset([None]), listed, frozenset([None]))


def _members(pathway: Pathway, derivation: Derivation) -> frozenset[str]:
    of = set(derivation.of)
    return frozenset(m.id for m in pathway.medicines.values() if m.id in of or of & set(m.classes))


def _medicines(
    pathway: Pathway, derived: Mapping[str, Derivation], values: Values
) -> Iterator[Link]:
    """Who takes a member of a class takes the wider class; who takes none has no dose, count or start of it."""
    members = {
        n: _members(pathway, d) for n, d in derived.items() if d.fact.from_list == "medications"
    }
    taking = {
        n: found for n, found in members.items() if n in derived and derived[n].rule == "taking"
    }
    yes, no = frozenset([True]), frozenset([False])
    for name, inside in taking.items():
        for other, wider in taking.items():
            if other != name and inside <= wider:
                yield Link(name, yes, other, yes)
        for fact, derivation in derived.items():
            if fact not in members or inside != members[fact]:
                continue
            nothing: Any = {"started": NEVER, "count-taking": 0, "mme": 0}.get(derivation.rule)
            if nothing is not None:
                yield Link(name, no, fact, frozenset([nothing]))
                yield Link(name, yes, fact, frozenset(values[fact]) - {nothing})


def _trials(derived: Mapping[str, Derivation], values: Values) -> Iterator[Link]:
    """What was never tried has no sessions and no date; what has sessions or a date was tried."""
    none = frozenset(["none"])
    for tried, derivation in derived.items():
        if derivation.rule != "tried":
            continue
        for fact, other in derived.items():
            if other.of[:1] != derivation.of[:1] or fact == tried:
                continue
            if other.rule == "sessions" and len(derivation.of) == 1:
                yield Link(tried, none, fact, frozenset([0]))
            elif other.rule == "procedure-date" and len(derivation.of) == 1:
                yield Link(tried, none, fact, frozenset([NEVER]))
                yield Link(fact, frozenset([NEVER]), tried, none)
            elif other.rule == "tried" and len(other.of) == 1:
                # What counts for some trials of a treatment counts for all, unless another weighs more.
                order = ("responder", None, *TOGETHER, "none")
                for at, word in enumerate(order):
                    yield Link(tried, frozenset([word]), fact, frozenset(order[: at + 1]))


def _sessions(
    derived: Mapping[str, Derivation], values: Values, on: dt.date, usual: bool
) -> Iterator[Link]:
    """A longer span holds no fewer sessions than a shorter one, and a session is no later than the last date."""
    counts = {n: d for n, d in derived.items() if d.rule == "sessions"}
    for name, derivation in counts.items():
        days = derivation.within_days or 0
        for other, longer in counts.items():
            if other != name and longer.of == derivation.of and (longer.within_days or 0) >= days:
                for count in values[name]:
                    if count is not None:
                        enough = (v for v in values[other] if v is None or v >= count)
                        yield Link(name, frozenset([count]), other, frozenset(enough))
        for fact, each in derived.items():
            if each.rule != "procedure-date" or each.of != derivation.of:
                continue
            some = frozenset(v for v in values[name] if v is not None and v > 0)
            inside = {v for v in values[fact] if v is None or (on - v.latest).days <= days}
            yield Link(name, some, fact, frozenset(inside))
            if usual:
                yield Link(name, frozenset([0]), fact, frozenset(values[fact]) - inside | {None})


def _contradictions(values: Values) -> Iterator[Link]:
    """Leave out what would be read otherwise because it contradicts itself (see rules/derive.py)."""
    for denied, word, detail, harmless in (
        ("leg_weakness", "none", "acute_foot_drop", (False, None)),
        ("leg_weakness", "none", "weakness_mrc", (5, None)),
        ("suicidal_thoughts", "none", "phq9_item9", (0, None)),
        ("pregnant", False, "gestation_weeks", (0, None)),
        ("stimulator_implanted", False, "stimulator_site_infection", (False, None)),
    ):
        if denied in values and detail in values:
            yield Link(denied, frozenset([word]), detail, frozenset(harmless))


def _surgeries(derived: Mapping[str, Derivation], values: Values) -> Iterator[Link]:
    """An operation of a special kind is an operation; without one there is no date and no result."""
    yes, no = frozenset([True]), frozenset([False])
    kinds = {d.of: n for n, d in derived.items() if d.rule == "surgery"}
    for of, name in kinds.items():
        for wider, other in kinds.items():
            if other != name and set(wider) < set(of):
                yield Link(name, yes, other, yes)
                yield Link(other, no, name, no)
        for fact, derivation in derived.items():
            wide = set(derivation.of) <= set(of)
            if derivation.rule == "surgery-date" and wide:
                yield Link(name, yes, fact, frozenset(values[fact]) - {NEVER})
            if derivation.rule == "surgery-date" and derivation.of == of:
                yield Link(name, no, fact, frozenset([NEVER]))
            if derivation.rule == "surgery-result" and derivation.of == of:
                yield Link(name, no, fact, frozenset([None]))
    yield from _dates(derived, values, kinds)
    if ("lumbar", "fusion") in kinds and ("lumbar", "for-pain") in kinds:
        # A fusion is in doubt only where the region is, and then so is everything lumbar.
        unknown, open_ = frozenset([None]), frozenset([False, None])
        yield Link(kinds[("lumbar", "fusion")], unknown, kinds[("lumbar", "for-pain")], open_)


def _dates(
    derived: Mapping[str, Derivation], values: Values, kinds: Mapping[tuple[str, ...], str]
) -> Iterator[Link]:
    """The last procedure on the spine is no earlier than the last operation or procedure of one kind."""
    last = next((n for n, d in derived.items() if d.of == ("spine",)), None)
    if last is None:
        return
    known = [value for value in values[last] if value is not None]
    if ("lumbar", "for-pain") in kinds:
        dated = frozenset(values[last]) - {NEVER}
        yield Link(kinds[("lumbar", "for-pain")], frozenset([True]), last, dated)
    for name, derivation in derived.items():
        if derivation.rule in ("surgery-date", "procedure-date") and name != last:
            for date in values[name]:
                if date is not None and date != NEVER:
                    later = frozenset(v for v in known if v.latest >= date.earliest)
                    yield Link(name, frozenset([date]), last, later | {None})


def _doses(pathway: Pathway, derived: Mapping[str, Derivation], values: Values) -> Iterator[Link]:
    """A stated opioid dose is never read as less than the medication list adds up to; no opioid adds up to none."""
    stated = "mme_per_day"
    added = {d.of for d in pathway.derivations.values() if d.rule == "mme"}
    for name, derivation in derived.items():
        if derivation.rule == "taking" and derivation.of in added and stated in values:
            yield Link(name, frozenset([False]), stated, frozenset(values[stated]) - {None})
    for name, derivation in derived.items():
        if derivation.rule == "mme" and stated in values:
            for dose in values[name]:
                if dose is not None:
                    enough = (v for v in values[stated] if v is not None and v >= dose)
                    yield Link(name, frozenset([dose]), stated, frozenset(enough))
