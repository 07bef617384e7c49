"""Three-valued truth as two statements, *it is so* and *it is not so*, in whatever logic they are written.

Everything that is proved goes through this file twice: written in Z3, and written as sets of patients, where the tests
hold it against the plain Python functions over every combination of their inputs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

B = TypeVar("B")


class Logic(Protocol[B]):
    """What a two-valued logic must be able to say."""

    @property
    def yes(self) -> B: ...

    @property
    def no(self) -> B: ...

    def every(self, parts: Iterable[B]) -> B: ...

    def some(self, parts: Iterable[B]) -> B: ...

    def opposite(self, part: B) -> B: ...


@dataclass(frozen=True)
class Three(Generic[B]):
    """One truth: *so* and *not_so* never hold together; neither means unknown."""

    so: B
    not_so: B

    def negated(self) -> Three[B]:
        return Three(self.not_so, self.so)


class Z3Logic:
    """The logic of the solver. The solver is loaded here, so that whoever reads the tables otherwise does without."""

    def __init__(self) -> None:
        import z3

        self._z3: Any = z3
        self.yes: Any = z3.BoolVal(True)
        self.no: Any = z3.BoolVal(False)

    def every(self, parts: Iterable[Any]) -> Any:
        return self._z3.And(*parts)

    def some(self, parts: Iterable[Any]) -> Any:
        return self._z3.Or(*parts)

    def opposite(self, part: Any) -> Any:
        return self._z3.Not(part)


@dataclass(frozen=True)
class SetLogic:
    """The logic of sets of patients, a bit for each; *yes* is the set of all."""

    yes: int
    no: int = 0

    def every(self, parts: Iterable[int]) -> int:
        found = self.yes
        for part in parts:
            found &= part
        return found

    def some(self, parts: Iterable[int]) -> int:
        found = self.no
        for part in parts:
            found |= part
        return found

    def opposite(self, part: int) -> int:
        return self.yes & ~part


def every(logic: Logic[B], items: Iterable[Three[B]]) -> Three[B]:
    """Conjoin by Kleene: so when every part is so, not so when some part is not so."""
    items = tuple(items)
    return Three(logic.every(i.so for i in items), logic.some(i.not_so for i in items))


def some(logic: Logic[B], items: Iterable[Three[B]]) -> Three[B]:
    """Disjoin by Kleene: so when some part is so, not so when every part is not so."""
    items = tuple(items)
    return Three(logic.some(i.so for i in items), logic.every(i.not_so for i in items))


def unknown(logic: Logic[B], item: Three[B]) -> B:
    return logic.opposite(logic.some((item.so, item.not_so)))
