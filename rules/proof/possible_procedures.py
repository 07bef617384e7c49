"""When procedures can have been done, and what operations a patient can have had."""

from __future__ import annotations

from collections.abc import Iterator

import z3

from rules.proof.derived import Derived, Exclusion


def of_procedures(one: Derived) -> Iterator[Exclusion]:
    p = one.patient
    tried = {d.of: name for name, d in one.derivations("tried")}
    for name, derivation in one.derivations("procedure-date"):
        if derivation.of == ("spine",):
            yield from _spine(one, name)
            continue
        none = p.word(tried[derivation.of], "none")
        yield Exclusion(
            f"date:{name}",
            "what was never done has no date but `never`; what was done began on the day of the question or "
            "before; a later one may be missing where the list may lack something",
            z3.And(
                z3.Implies(none, one.never(name)),
                z3.Implies(z3.And(p.known[name], z3.Not(none)), one.happened(name)),
                z3.Implies(
                    z3.And(p.known[name], z3.Not(one.listed("trials"))), p.value[name].latest == 0
                ),
            ),
        )


def _spine(one: Derived, name: str) -> Iterator[Exclusion]:
    p, date = one.patient, one.patient.value[name]
    parts = [z3.Implies(p.known[name], date.earliest <= 0)]
    both = z3.And(one.listed("trials"), one.listed("surgeries"))
    parts.append(z3.Implies(z3.And(p.known[name], z3.Not(both)), date.latest == 0))
    others = [n for n, _ in one.derivations("procedure-date", "surgery-date") if n != name]
    for other in others:
        theirs = p.value[other]
        parts.append(
            z3.Implies(
                one.happened(other),
                z3.And(
                    p.known[name],
                    date.earliest >= theirs.earliest,
                    z3.Or(date.latest >= theirs.latest, date.latest >= 0),
                ),
            )
        )
    is_kind = {d.of: n for n, d in one.derivations("surgery")}
    for of, other in {d.of: n for n, d in one.derivations("surgery-date")}.items():
        if of in is_kind:
            undated = z3.And(p.yes(is_kind[of]), z3.Not(p.known[other]))
            parts.append(z3.Implies(z3.And(undated, p.known[name]), date.latest == 0))
    yield Exclusion(
        f"date:{name}",
        "the last procedure is no earlier than any that is dated; unless both lists are given and lack "
        "nothing, a later one may be missing",
        z3.And(*parts),
    )


def of_operations(one: Derived) -> Iterator[Exclusion]:
    p = one.patient
    is_kind = {d.of: n for n, d in one.derivations("surgery")}
    dates = {d.of: n for n, d in one.derivations("surgery-date")}
    listed = one.listed("surgeries")
    for name in is_kind.values():
        yield Exclusion(
            f"perhaps:{name}",
            "a list that may lack something says which operations were, not which were not",
            z3.Implies(p.no(name), listed),
        )
    for of, date in dates.items():
        yield Exclusion(
            f"date:{date}", "an operation was on the day of the question or before, or never",
            z3.Implies(p.known[date], z3.Or(p.never(date), one.happened(date))),
        )  # fmt: skip
        if of in is_kind:
            name = is_kind[of]
            yield Exclusion(
                f"perhaps-later:{name}",
                "where an operation may be missing, a later one may be; the date of one belongs to one that was",
                z3.Implies(
                    z3.And(z3.Not(listed), p.known[date]),
                    z3.And(p.yes(name), p.value[date].latest == 0),
                ),
            )
            yield Exclusion(
                f"operation:{name}",
                "no such operation, no date but `never`; an operation that may be such leaves the date open",
                z3.Implies(
                    listed,
                    z3.And(
                        z3.Implies(p.no(name), one.never(date)),
                        z3.Implies(p.yes(name), z3.Not(one.never(date))),
                        z3.Implies(z3.Not(p.known[name]), z3.Not(p.known[date])),
                    ),
                ),
            )  # fmt: skip
    yield from _parts_of_operations(one, is_kind, dates)


def _parts_of_operations(
    one: Derived, is_kind: dict[tuple[str, ...], str], dates: dict[tuple[str, ...], str]
) -> Iterator[Exclusion]:
    """A fusion of the lumbar spine is a lumbar operation, so what is known of it is known of the whole."""
    p = one.patient
    for of, name in is_kind.items():
        whole = is_kind.get(of[:1])
        if len(of) == 1 or whole is None:
            continue
        yield Exclusion(
            f"kind:{name}",
            "a lumbar operation of a certain kind is a lumbar operation; where there is none there is none "
            "of any kind",
            z3.And(z3.Implies(p.yes(name), p.yes(whole)), z3.Implies(p.no(whole), p.no(name))),
        )
    for of, date in dates.items():
        whole = dates.get(of[:1])
        if len(of) == 1 or whole is None or of not in is_kind:
            continue
        mine, theirs, happened = p.value[date], p.value[whole], p.yes(is_kind[of])
        yield Exclusion(
            f"last:{date}",
            "the last lumbar operation is no earlier than the last one of a kind; where one has no date the "
            "last may be later",
            z3.And(
                z3.Implies(
                    z3.And(happened, p.known[date]),
                    z3.And(
                        p.known[whole],
                        theirs.earliest >= mine.earliest,
                        z3.Or(theirs.latest >= mine.latest, theirs.latest >= 0),
                    ),
                ),
                z3.Implies(
                    z3.And(happened, z3.Not(p.known[date]), p.known[whole]),
                    theirs.latest == 0,
                ),
            ),
        )
    for name, derivation in one.derivations("surgery-result"):
        whole = is_kind.get(derivation.of)
        if whole is not None:
            yield Exclusion(
                f"result:{name}", "a result belongs to an operation that certainly was",
                z3.Implies(p.known[name], p.yes(whole)),
            )  # fmt: skip
        fusion = is_kind.get(("lumbar", "fusion"))
        if fusion is not None:
            doubtful = z3.And(one.listed("surgeries"), z3.Not(p.known[fusion]))
            yield Exclusion(
                f"doubtful:{name}",
                "a fusion of an unnamed region may be the last lumbar operation",
                z3.Implies(doubtful, z3.Not(p.known[name])),
            )
