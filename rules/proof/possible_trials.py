"""How the trials of a patient can have gone: outcomes, sessions, dates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import z3

from rules.derive import PROCEDURES
from rules.proof.derived import Derived, Exclusion
from rules.trials import TOGETHER


def of_trials(one: Derived) -> Iterator[Exclusion]:
    p, listed = one.patient, one.listed("trials")
    tried = {d.of: name for name, d in one.derivations("tried")}
    for of, name in tried.items():
        possible = {"none", *one.outcomes.possible[of[0]]}
        never = [word for word in p.words[name] if word not in possible]
        if never:
            yield Exclusion(
                f"outcome:{name}", "no trial of this treatment can be judged so by the table of outcomes",
                z3.Not(p.word(name, *never)),
            )  # fmt: skip
        yield Exclusion(
            f"helped:{name}",
            "a trial that is not listed can have gone any way; only one that certainly helped outweighs it",
            z3.Implies(z3.And(p.known[name], z3.Not(listed)), p.word(name, "responder")),
        )
        whole = tried.get(of[:1])
        if len(of) > 1 and whole is not None:
            yield _part(one, name, whole)
    for treatment in dict.fromkeys(d.of[0] for _, d in one.derivations("sessions")):
        yield from _sessions(one, treatment, tried[(treatment,)], listed)


def _part(one: Derived, part: str, whole: str) -> Exclusion:
    """The trials of a class are among the trials of its treatment."""
    p = one.patient
    ranks = list(TOGETHER)
    order = [
        z3.Implies(
            z3.And(p.word(part, word), p.known[whole]),
            p.word(whole, "responder", *ranks[: ranks.index(word) + 1]),
        )
        for word in ranks
    ]
    return Exclusion(
        f"part:{part}",
        "trials of a class are trials of the treatment, which therefore counts at least as high in the order "
        "of outcomes",
        z3.And(
            z3.Implies(p.word(whole, "none"), p.word(part, "none")),
            z3.Implies(p.word(part, "responder"), p.word(whole, "responder")),
            z3.Implies(z3.And(p.known[whole], z3.Not(p.known[part])), p.word(whole, "responder")),
            *order,
        ),
    )


def _sessions(one: Derived, treatment: str, tried: str, listed: Any) -> Iterator[Exclusion]:
    p = one.patient
    none = p.word(tried, "none")
    counts = sorted(
        (d.within_days or 0, name)
        for name, d in one.derivations("sessions")
        if d.of[0] == treatment
    )
    dates = [n for n, d in one.derivations("procedure-date") if d.of == (treatment,)]
    spine = [n for n, d in one.derivations("procedure-date") if d.of == ("spine",)]
    for at, (days, name) in enumerate(counts):
        parts = [
            p.value[name] >= 0,
            z3.Implies(none, z3.And(p.known[name], p.value[name] == 0)),
        ]
        if TOGETHER[-1] in one.outcomes.without_session[treatment]:
            # The last word in the order is the outcome only when every trial is judged so.
            parts.append(z3.Implies(p.word(tried, TOGETHER[-1]), p.value[name] <= 0))
        if at:
            shorter = counts[at - 1][1]
            parts += [
                p.known[name] == p.known[shorter],
                z3.Implies(p.known[name], p.value[name] >= p.value[shorter]),
            ]
        for date in spine if treatment in PROCEDURES else ():
            happened = z3.And(p.known[name], z3.Not(none))
            latest = p.value[date].latest
            undated = z3.And(listed, z3.Not(p.known[name]))
            parts += [
                z3.Implies(z3.And(undated, p.known[date]), latest == 0),
                z3.Implies(happened, p.known[date]),
                z3.Implies(
                    z3.And(happened, p.value[name] > 0), z3.Or(latest >= -days, latest >= 0)
                ),
            ]
        for date in dates:
            latest = p.value[date].latest
            parts += [
                z3.Implies(z3.And(p.known[name], p.value[name] > 0), latest >= -days),
                z3.Implies(p.known[name], p.known[date]),
                z3.Implies(z3.And(listed, z3.Not(p.known[name]), p.known[date]), latest == 0),
            ]
        yield Exclusion(
            f"sessions:{name}",
            "no trial, no session; a longer window holds the sessions of a shorter; a session was no later "
            "than the "
            "last date; the count is unknown exactly when a trial has no date; where all trials are "
            "inadequate and an "
            "inadequate trial has no session, there is none",
            z3.And(*parts),
        )
