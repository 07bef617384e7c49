"""The smallest sets of changes that would make a condition come out as wanted.

A change gives a fact another answer. A fact that is unknown can be recorded; a known one can be changed only where the
dictionary says what a clinician can do about it. Whatever is proposed here is re-evaluated before it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from rules.explaining.answers import Answer
from rules.network import Network
from rules.truth import TRUE
from schemas.condition import And, Condition, Leaf, Not, Or, Ref

MOST_CHANGES = 16
MOST_WAYS = 24

Repair = Mapping[str, frozenset[int]]
"""By fact: the answers (their places among the ways to answer it) of which one is needed."""

NOTHING: Repair = {}
_HARMS = ("blocked(", "held(", "unjustified(")


class Repairer:
    """Finds repairs for one patient."""

    def __init__(
        self,
        network: Network,
        truth: Callable[[Condition], int],
        ways: Callable[[str], tuple[Answer, ...]],
        place: Mapping[Leaf, int],
        changeable: Callable[[str], bool],
    ) -> None:
        self.network, self.truth, self.ways = network, truth, ways
        self.place, self.changeable = place, changeable
        self._done: dict[tuple[str, int], list[Repair]] = {}

    def repair(self, condition: Condition, wanted: int) -> list[Repair]:
        """Return the smallest repairs after which *condition* is *wanted* (true or false); none: it cannot be."""
        if self.truth(condition) == wanted:
            return [NOTHING]
        match condition:
            case Ref() if condition.name.startswith(_HARMS) and wanted == TRUE:
                # Nobody should be advised to acquire a contraindication so that the next stage opens.
                return []
            case Ref():
                key = (condition.name, wanted)
                if key not in self._done:
                    self._done[key] = []  # the network has no circles
                    inner = self.network.conditions[condition.name]
                    self._done[key] = self.repair(inner, wanted)
                return self._done[key]
            case Not():
                return self.repair(condition.item, TRUE - wanted)
            case And() | Or():
                together = isinstance(condition, And) is (wanted == TRUE)
                parts = [self.repair(item, wanted) for item in condition.items]
                return self.all_of(parts) if together else smallest(r for p in parts for r in p)
            case _:
                return self.leaf(condition, wanted)

    def all_of(self, parts: Iterable[list[Repair]]) -> list[Repair]:
        """Return the repairs that satisfy every one of *parts*."""
        done: list[Repair] = [NOTHING]
        for part in sorted(parts, key=len):
            done = smallest(
                merged
                for left in done
                for right in part
                if (merged := merge(left, right)) is not None
            )
            if not done:
                return []
        return done

    def leaf(self, leaf: Leaf, wanted: int) -> list[Repair]:
        if not self.changeable(leaf.fact):
            return []
        at = self.place[leaf]
        fitting = frozenset(
            number
            for number, way in enumerate(self.ways(leaf.fact))
            if way.value is not None and way.truths[at] == wanted
        )
        return [{leaf.fact: fitting}] if fitting else []


def merge(left: Repair, right: Repair) -> Repair | None:
    """Return the repair that does both, or None when they need different answers to one question."""
    merged: dict[str, frozenset[int]] = dict(left)
    for fact, answers in right.items():
        both = merged.get(fact, answers) & answers
        if not both:
            return None
        merged[fact] = both
    return merged if len(merged) <= MOST_CHANGES else None


def smallest(repairs: Iterable[Repair]) -> list[Repair]:
    """Return the repairs of which no other changes only a part, the shortest first."""
    kept: list[Repair] = []
    for repair in sorted(repairs, key=len):
        if len(kept) >= MOST_WAYS:
            break
        if not any(_is_part(other, repair) for other in kept):
            kept.append(repair)
    return kept


def _is_part(small: Repair, large: Repair) -> bool:
    return all(fact in large and large[fact] <= answers for fact, answers in small.items())
