"""The laws every decision obeys, each a small pure function; called by tests, proofs and the self-test alike.

`INVARIANTS` and `RELATIONS` map an id to a law of one decision or of two; `ELSEWHERE` names the ids of the
safety page that are not among them, and why. `check` is the one call for a decision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rules.invariants import blocks, data, explanation, opioids, red_signs, stages
from rules.invariants.case import Ask, Case, Change, Invariant, Relation, asking
from rules.invariants.sketch import sketch

INVARIANTS: dict[str, Invariant] = {
    law.id: law
    for laws in (
        red_signs.INVARIANTS, stages.INVARIANTS, blocks.INVARIANTS, opioids.INVARIANTS,
        data.INVARIANTS, explanation.INVARIANTS,
    )
    for law in laws
}  # fmt: skip
RELATIONS: dict[str, Relation] = {
    law.id: law
    for laws in (
        red_signs.RELATIONS, stages.RELATIONS, blocks.RELATIONS, data.RELATIONS,
        explanation.RELATIONS,
    )
    for law in laws
}  # fmt: skip

ELSEWHERE = {
    "INV-R11": "speaks of cards; asked of every card answer at that door",
    "INV-R12": "speaks of records with a status or another subject; asked where FHIR records are read",
    "INV-P6": "speaks of all patients together; counted over a whole run and proved by `verify`",
    "INV-D7": "facts reach us in one unit each; asked where FHIR records are read",
    "INV-D9": "speaks of bundles with two subjects; asked where FHIR records are read",
    "INV-E3": "speaks of a decision after others; checked over a whole run",
    "INV-E6": "speaks of stored requests; asked of the decision log",
}
"""Invariants of decisions that no function here can check, with the reason."""


OUTLINE_LAWS: tuple[Invariant, ...] = tuple(law for law in INVARIANTS.values() if law.outline)
"""The laws that an outline of a decision is enough for; see sketch.py."""


def check(case: Case) -> list[str]:
    """Return every violation of every law of one decision, in words; nothing when all is well."""
    return [text for law in INVARIANTS.values() for text in law.check(case)]


def compare(
    case: Case, ask: Ask, choose: Callable[[Sequence[Change]], Sequence[Change]] = tuple
) -> list[str]:
    """Return every violation of every law between two decisions, over the changes that *choose* picks."""
    return [text for law in RELATIONS.values() for text in law.check(case, ask, choose)]


__all__ = [
    "ELSEWHERE", "INVARIANTS", "OUTLINE_LAWS", "RELATIONS", "Ask", "Case", "Change", "Invariant", "Relation",
    "asking", "check", "compare", "sketch",
]  # fmt: skip
