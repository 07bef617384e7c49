"""Three-valued truth: what may be concluded when a fact is not known.

The numbers are chosen so that Kleene's *and* is the least, *or* the greatest and *not* is two minus: the
evaluator and every compiled reader use the same three integers.
"""

from __future__ import annotations

from collections.abc import Iterable

FALSE, UNKNOWN, TRUE = 0, 1, 2

WORDS = ("false", "unknown", "true")


def both(items: Iterable[int]) -> int:
    """Combine conditions that must all hold; false wins over unknown, unknown over true.

    A patient known to be allergic is excluded even when the rest cannot be evaluated, and nothing is
    offered on half of its condition.

    >>> both((FALSE, UNKNOWN)) == FALSE
    True
    """
    return min(items, default=TRUE)


def either(items: Iterable[int]) -> int:
    """Combine conditions of which one is enough; true wins over unknown, unknown over false.

    >>> either((FALSE, UNKNOWN)) == UNKNOWN
    True
    """
    return max(items, default=FALSE)


def negate(value: int) -> int:
    """Return the opposite; the opposite of unknown is unknown."""
    return TRUE - value


def truth_of(value: bool | None) -> int:
    """Return the truth of a yes/no value that may be missing."""
    return UNKNOWN if value is None else TRUE if value else FALSE
