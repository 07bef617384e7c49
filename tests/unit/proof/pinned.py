"""A real patient put into the solver: every fact fixed to what was read, nothing else said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import z3

from rules.derive import EARLIEST
from rules.proof.model import SymbolicDecision
from rules.proof.patient import DateRange, SymbolicFacts
from schemas.facts import PartialDate


def pinned(facts: SymbolicFacts, values: Mapping[str, Any], on: dt.date) -> list[Any]:
    """Return that every fact is what *values* say on the date of the question, and unknown where they say nothing."""
    found = [facts.since_1900 == (on - EARLIEST).days]
    for name, known in facts.known.items():
        value = values.get(name)
        if value is None:
            found.append(z3.Not(known))
        else:
            found += [known, _is(facts, name, value, on)]
    return found


def _is(facts: SymbolicFacts, name: str, value: Any, on: dt.date) -> Any:
    if name in facts.words:
        return facts.words[name][str(value)]
    symbol = facts.value[name]
    if isinstance(symbol, DateRange):
        assert isinstance(value, PartialDate)
        first, last = ((day - on).days for day in (value.earliest, value.latest))
        return z3.And(symbol.earliest == first, symbol.latest == last)
    if isinstance(value, bool):
        return symbol == value
    return symbol == (value if isinstance(value, int) else str(Decimal(value)))


def truths(decision: SymbolicDecision, model: Any) -> dict[str, int]:
    """Return every conclusion as the solver has it: 0 false, 1 unknown, 2 true."""

    def so(formula: Any) -> bool:
        return bool(z3.is_true(model.eval(formula, model_completion=True)))

    return {name: 1 + so(node.so) - so(node.not_so) for name, node in decision.nodes.items()}


def verdicts_of(decision: SymbolicDecision, model: Any) -> dict[str, str]:
    """Return the verdict on every treatment as the solver has it."""
    return {
        name: next(
            verdict.value
            for verdict, holds in options.items()
            if z3.is_true(model.eval(holds, model_completion=True))
        )
        for name, options in decision.verdicts.items()
    }
