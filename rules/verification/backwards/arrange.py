"""Working backwards: which facts give a condition the truth one asks for.

The search is exact over the candidates of each fact (see candidates.py): when it finds nothing, nothing is there,
as far as facts are independent of each other. Facts worked out from one list are not quite; see links.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rules.leaves import Settings, evaluate_leaf
from rules.truth import FALSE, TRUE, UNKNOWN
from schemas.condition import And, Condition, Not, Or, Ref

IS_FALSE, IS_UNKNOWN, IS_TRUE = 1 << FALSE, 1 << UNKNOWN, 1 << TRUE
NOT_TRUE, NOT_FALSE, DECIDED = IS_FALSE | IS_UNKNOWN, IS_UNKNOWN | IS_TRUE, IS_FALSE | IS_TRUE
"""Sets of truths, one bit each: what a wish allows."""

Wish = tuple[Condition, int]
"""A condition and the truths it is allowed to have."""

MOST_STEPS = 200
"""Choices after which a search is given up."""


class GivenUp(Exception):
    """A search took more choices than it may; neither a find nor a proof that there is none."""


@dataclass(frozen=True)
class Link:
    """Two facts of one list: where *fact* certainly has one of *values*, *other* has one of *others*."""

    fact: str
    values: frozenset[Any]
    other: str
    others: frozenset[Any]


@dataclass
class State:
    """What is still allowed: for every fact a set of candidates, and truths of conditions already asked for."""

    masks: list[int]
    asked: dict[int, int] = field(default_factory=dict)
    open: list[tuple[int, int]] = field(default_factory=list)

    def copy(self) -> State:
        return State(self.masks.copy(), self.asked.copy(), self.open.copy())


@dataclass(frozen=True)
class _Term:
    """One condition, its parts by number; equal conditions are one term, so nothing is worked out twice."""

    kind: Literal["leaf", "not", "and", "or"]
    parts: tuple[int, ...] = ()
    fact: int = -1
    masks: tuple[int, int, int] = (0, 0, 0)
    """Of a comparison: the candidates of its fact that make it false, unknown, true."""


Choice = list[tuple[int, int]]
"""Terms and the truths they are allowed, all to be granted."""


class Arranger:
    """Finds facts for wishes about the conditions of one network."""

    def __init__(
        self,
        conditions: Mapping[str, Condition],
        values: Mapping[str, tuple[Any, ...]],
        settings: Settings,
        on: dt.date,
        links: Sequence[Link] = (),
    ) -> None:
        """*values*: the candidates of every fact any wish may be about, the preferred first."""
        self.conditions, self.values, self.on, self.settings = conditions, values, on, settings
        self.at = {fact: place for place, fact in enumerate(values)}
        self._terms: list[_Term] = []
        self._numbers: dict[Condition, int] = {}
        self._none = {fact: self._mask(fact, frozenset([None])) for fact in values}
        self._links: list[list[tuple[int, int, int]]] = [[] for _ in values]
        self._promises: list[tuple[int, int, int, int, int]] = []
        for link in links:
            self._link(link)
        self._steps = 0

    def start(self) -> State:
        """Return the state in which nothing is asked for yet."""
        return State([(1 << len(found)) - 1 for found in self.values.values()])

    def fix(self, state: State, fact: str, value: Any) -> bool:
        """Allow *fact* the one *value*; tell whether that is still possible."""
        return self._narrow(state, self.at[fact], self._mask(fact, frozenset([value])))

    def narrow(self, state: State, fact: str, values: Iterable[Any]) -> bool:
        """Allow *fact* only *values*; tell whether that is still possible."""
        return self._narrow(state, self.at[fact], self._mask(fact, frozenset(values)))

    def facts(self, state: State) -> dict[str, Any]:
        """Return the preferred of the values still allowed, for every fact."""
        return {
            fact: found[(mask & -mask).bit_length() - 1]
            for (fact, found), mask in zip(self.values.items(), state.masks, strict=True)
        }

    def asked_for(self, state: State) -> dict[str, Any]:
        """Return the facts that had to be narrowed down, with the preferred value left.

        A fact that only had to be known is free in what it is, and is not among them.
        """
        everything = self.facts(state)
        return {
            fact: everything[fact]
            for (fact, found), mask in zip(self.values.items(), state.masks, strict=True)
            if mask | self._none[fact] != (1 << len(found)) - 1
        }

    def solve(self, wishes: Sequence[Wish], state: State | None = None) -> Iterator[State]:
        """Yield ways to grant all *wishes*, nearest to the preferred values first.

        Raises GivenUp after too many choices.
        """
        self._steps = 0
        now = self.start() if state is None else state.copy()
        if all(self._ask(now, self._number(wish), allowed) for wish, allowed in wishes):
            yield from self._search(now)

    def possible(self, state: State, condition: Condition) -> int:
        """Return the truths *condition* can still have, as far as its parts are independent."""
        return self._possible(state, self._number(condition), {})

    # Terms

    def _number(self, condition: Condition) -> int:
        if condition not in self._numbers:
            if isinstance(condition, Ref):
                self._numbers[condition] = self._number(self.conditions[condition.name])
            else:
                term = self._term(condition)
                self._numbers[condition] = len(self._terms)
                self._terms.append(term)
        return self._numbers[condition]

    def _term(self, condition: Condition) -> _Term:
        match condition:
            case Not():
                return _Term("not", (self._number(condition.item),))
            case And():
                return _Term("and", tuple(self._number(item) for item in condition.items))
            case Or():
                return _Term("or", tuple(self._number(item) for item in condition.items))
            case Ref():
                raise ValueError(condition.name)
            case _:
                masks = [0, 0, 0]
                for bit, value in enumerate(self.values[condition.fact]):
                    known = {condition.fact: value}
                    masks[evaluate_leaf(condition, known, self.settings, self.on)] |= 1 << bit
                return _Term("leaf", (), self.at[condition.fact], (masks[0], masks[1], masks[2]))

    def _mask(self, fact: str, values: frozenset[Any]) -> int:
        return sum(1 << bit for bit, value in enumerate(self.values[fact]) if value in values)

    def _link(self, link: Link) -> None:
        here, there = self.at[link.fact], self.at[link.other]
        mine, other = self._mask(link.fact, link.values), self._mask(link.other, link.others)
        whole = (1 << len(self.values[link.fact])) - 1
        rest = (1 << len(self.values[link.other])) - 1
        self._links[here].append((mine, there, other))
        self._links[there].append((rest & ~other, here, whole & ~mine))
        # The same as a term: either this fact is elsewhere, or the other is where it should be.
        parts = ((here, mine, whole & ~mine), (there, rest & ~other, other))
        self._terms += [_Term("leaf", (), at, (no, 0, yes)) for at, no, yes in parts]
        number = len(self._terms)
        self._terms.append(_Term("or", (number - 2, number - 1)))
        self._promises.append((number, here, mine, there, other))

    # What can still be

    def _possible(self, state: State, number: int, memo: dict[int, int]) -> int:
        """Return the truths a term can have; *memo* holds what its parts alone allow, whatever was asked of it."""
        found = memo.get(number)
        if found is not None:
            return found & state.asked.get(number, 7)
        term = self._terms[number]
        if term.kind == "leaf":
            mask, (false, unknown, true) = state.masks[term.fact], term.masks
            found = bool(mask & false) | bool(mask & unknown) << 1 | bool(mask & true) << 2
        elif term.kind == "not":
            found = _flip(self._possible(state, term.parts[0], memo))
        else:
            conjunction = term.kind == "and"
            strong = found = IS_TRUE if conjunction else IS_FALSE
            weak = IS_FALSE if conjunction else IS_TRUE
            for part in term.parts:
                one = self._possible(state, part, memo)
                if one != strong:
                    found = _least(found, one) if conjunction else _greatest(found, one)
                    if found == weak:
                        break
        memo[number] = found
        return found & state.asked.get(number, 7)

    def _narrow(self, state: State, at: int, mask: int) -> bool:
        now = state.masks[at]
        if now & mask == now:
            return True
        state.masks[at] = now = now & mask
        if not now:
            return False
        return all(
            now & ~mine or self._narrow(state, there, other)
            for mine, there, other in self._links[at]
        )

    def _ask(self, state: State, number: int, allowed: int) -> bool:
        """Impose a wish as far as it leaves no choice; keep the rest for the search."""
        before = state.asked.get(number, 7)
        if before & allowed == before:
            return True
        term = self._terms[number]
        if term.kind == "leaf":
            mask = sum(term.masks[truth] for truth in range(3) if allowed & 1 << truth)
            return self._narrow(state, term.fact, mask)
        state.asked[number] = allowed = allowed & before
        if not allowed:
            return False
        if term.kind == "not":
            return self._ask(state, term.parts[0], _flip(allowed))
        strong = IS_TRUE if term.kind == "and" else IS_FALSE
        if allowed in (strong, strong | IS_UNKNOWN):
            return all(self._ask(state, part, allowed) for part in term.parts)
        state.open.append((number, allowed))
        return True

    def _asked(self, state: State, number: int, truths: int) -> bool:
        """Tell whether a wish has been imposed already, so that asking again would change nothing."""
        term = self._terms[number]
        if term.kind == "leaf":
            mask = sum(term.masks[truth] for truth in range(3) if truths & 1 << truth)
            return state.masks[term.fact] & ~mask == 0
        return state.asked.get(number, 7) & ~truths == 0

    # Choosing

    def _search(self, state: State) -> Iterator[State]:
        choices = self._settle(state)
        if choices is None:
            return
        if not choices:
            yield state
            return
        for choice in choices:
            self._steps += 1
            if self._steps > MOST_STEPS:
                raise GivenUp
            branch = state.copy()
            if all(self._ask(branch, part, truths) for part, truths in choice):
                yield from self._search(branch)

    def _settle(self, state: State) -> list[Choice] | None:
        """Grant what leaves one way only; return the ways of the narrowest wish left, none when all are granted.

        A wish that the preferred values grant is left alone, as long as they do. None: some wish cannot be granted.
        """
        while True:
            lean: dict[int, int] = {}
            violated = [
                (number, allowed)
                for number, allowed in state.open
                if not 1 << self._lean(state, number, lean) & allowed
            ]
            if not violated:
                violated = self._broken_links(state)
                if not violated:
                    return []
            memo: dict[int, int] = {}
            fewest: list[Choice] = []
            for number, allowed in violated:
                # What was asked of a term does not prove itself: look at what its parts alone allow.
                self._possible(state, number, memo)
                allowed &= memo[number]
                ways = [
                    choice
                    for choice in self._choices(number, allowed)
                    if all(self._possible(state, part, memo) & truths for part, truths in choice)
                ]
                if not ways:
                    return None
                if any(all(self._asked(state, part, t) for part, t in way) for way in ways):
                    # Rests on a part that is itself among the wishes.
                    continue
                if not fewest or len(ways) < len(fewest):
                    fewest = ways
                    if len(ways) == 1:
                        break
            if len(fewest) > 1:
                fewest.sort(
                    key=lambda way: any(
                        not 1 << self._lean(state, part, lean) & truths for part, truths in way
                    )
                )
                return fewest
            if not all(self._ask(state, part, truths) for part, truths in fewest[0]):
                return None

    def _broken_links(self, state: State) -> list[tuple[int, int]]:
        """Return links the preferred values do not respect, as wishes."""
        first = [mask & -mask for mask in state.masks]
        return [
            (number, IS_TRUE)
            for number, here, mine, there, other in self._promises
            if first[here] & mine and not first[there] & other
        ]

    def _choices(self, number: int, allowed: int) -> list[Choice]:
        """Return the ways to make a conjunction (disjunction) one of *allowed*."""
        term = self._terms[number]
        weak = IS_FALSE if term.kind == "and" else IS_TRUE
        strong = _flip(weak)
        if allowed in (strong, strong | IS_UNKNOWN):
            return [[(part, allowed) for part in term.parts]]
        if allowed == DECIDED:
            return [[(part, strong) for part in term.parts], *self._choices(number, weak)]
        rest: Choice = []
        if allowed == IS_UNKNOWN:
            rest = [(part, IS_UNKNOWN | strong) for part in term.parts]
        return [[(part, allowed), *rest] for part in term.parts]

    def _lean(self, state: State, number: int, memo: dict[int, int]) -> int:
        """Return the truth a term would have if every fact kept its preferred value."""
        found = memo.get(number)
        if found is not None:
            return found
        term = self._terms[number]
        if term.kind == "leaf":
            mask = state.masks[term.fact]
            first, (false, unknown, _) = mask & -mask, term.masks
            found = FALSE if first & false else UNKNOWN if first & unknown else TRUE
        elif term.kind == "not":
            found = TRUE - self._lean(state, term.parts[0], memo)
        elif term.kind == "and":
            found = TRUE
            for part in term.parts:
                found = min(found, self._lean(state, part, memo))
                if found == FALSE:
                    break
        else:
            found = FALSE
            for part in term.parts:
                found = max(found, self._lean(state, part, memo))
                if found == TRUE:
                    break
        memo[number] = found
        return found


def _flip(truths: int) -> int:
    return truths & IS_UNKNOWN | (truths & IS_FALSE) << 2 | (truths & IS_TRUE) >> 2


def _least(left: int, right: int) -> int:
    """Return the truths the lesser of two can have."""
    result = (left | right) & IS_FALSE
    if left & NOT_FALSE and right & NOT_FALSE:
        result |= (left | right) & IS_UNKNOWN | left & right & IS_TRUE
    return result


def _greatest(left: int, right: int) -> int:
    return _flip(_least(_flip(left), _flip(right)))
