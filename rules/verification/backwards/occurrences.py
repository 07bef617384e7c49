"""Every place in a condition where a comparison or an earlier conclusion stands, and what makes it decide there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.verification.backwards.arrange import IS_FALSE, IS_TRUE, Wish
from schemas.condition import And, Condition, Leaf, Not, Or, Ref, walk


@dataclass(frozen=True)
class Occurrence:
    """One comparison, or one earlier conclusion, at its place in a condition."""

    node: str
    """The conclusion whose condition it stands in."""
    atom: Leaf | Ref
    sides: tuple[Wish, ...]
    """What must hold beside it so that it alone decides."""


def leaves_of(condition: Condition) -> Iterator[Leaf]:
    """Yield the comparisons of *condition*."""
    for part in walk(condition):
        if not isinstance(part, And | Or | Not | Ref):
            yield part


def occurrences(
    node: str, condition: Condition, sides: tuple[Wish, ...] = ()
) -> Iterator[Occurrence]:
    """Yield every comparison and earlier conclusion of *condition*, with what makes it decide."""
    match condition:
        case Not():
            yield from occurrences(node, condition.item, sides)
        case And() | Or():
            rest = IS_TRUE if isinstance(condition, And) else IS_FALSE
            for at, item in enumerate(condition.items):
                others = (*condition.items[:at], *condition.items[at + 1 :])
                yield from occurrences(node, item, (*sides, *((each, rest) for each in others)))
        case _:
            yield Occurrence(node, condition, sides)
