"""The adapter to durable-rules: integers only, stratum by stratum, one lock, one constant sid.

The native engine underneath has sharp edges; every choice here answers one of them.

- The engine is handed a plain ruleset and flat facts: atoms with the value 1 and a group number. No `$or`, no
  `none`, no comparison of facts, no text, nothing that came from a client. (Other forms give silently wrong
  answers or crash.)
- The native engine is driven directly, by the calls the library's own host makes, one after the other. That host
  would start timer threads that also enter the engine, swallow exceptions of actions, and decode every matched
  fact from JSON at each firing, which is most of the time. One lock around a whole evaluation: two threads inside
  one state crash the process.
- One constant `sid`, deleted after every evaluation: more than 1,024 live sids crash, a forgotten one joins two
  patients.
- A canary rule must have fired exactly once, or the run did not complete and its silence would look like "no red
  sign". `delete_state` is only called after a run whose canary fired: without a completed action it crashes.
  Hence the warm-up.
- At most 56 alternatives a group: more than 64 matches of one fact lose the whole fact. At most 190 atoms a fact.
- Names are checked at build time for equal 32-bit hashes: the engine takes equal hashes for equal names.
- Messages of the engine hold the whole fact. They are never logged, never chained into our errors.

The first exception builds the engine anew before the next evaluation. Of the old one whatever can be freed is freed;
a ruleset in which an evaluation broke off cannot, so a fault that stays would take all memory: a ruleset of one rule
is tried before the large ones are built, and there is an end to how much is left behind.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from itertools import compress
from operator import itemgetter
from typing import Any

import durable_rules_engine as core

from rules.evaluator import Truths
from rules.network import Network
from rules.plan import Conclusion, Literal, plan
from rules.truth import FALSE, TRUE
from schemas.errors import EngineFault

SID = "s"
CANARY = "canary"
MOST_IN_GROUP = 56
MOST_ATOMS = 190
MOST_RULES = 4_000
MOST_FIRST_CONDITIONS = 400
MOST_RULES_LEFT = 20_000
"""Rules in rulesets that could not be freed; each takes 20 to 30 KiB."""
VERSION = metadata.version("durable_rules")


@dataclass
class _Group:
    """Alternatives that are matched against one fact, and the atoms that fact may carry."""

    number: int
    rules: list[tuple[int, frozenset[Literal]]] = field(default_factory=list)
    atoms: set[Literal] = field(default_factory=set)


def _grouped(conclusions: Iterable[tuple[int, Conclusion]]) -> list[_Group]:
    groups = [_Group(0)]
    for at, conclusion in conclusions:
        for alternative in conclusion.alternatives:
            group = groups[-1]
            full = len(group.rules) >= MOST_IN_GROUP
            if full or len(group.atoms | alternative) > MOST_ATOMS:
                group = _Group(len(groups))
                groups.append(group)
            group.rules.append((at, alternative))
            group.atoms |= alternative
    return groups


class _Stratum:
    """One ruleset: the conclusions of one level, with earlier conclusions as atoms.

    *slots* says where in the board of atoms each literal stands; the board is a list of 0 and 1.
    """

    def __init__(
        self,
        name: str,
        conclusions: list[tuple[int, Conclusion]],
        slots: Mapping[Literal, int],
    ) -> None:
        self.groups = _grouped(conclusions)
        self.breaks_off = False
        """Whether an evaluation has begun and not ended."""
        names: dict[Literal, str] = {}
        rules: dict[str, Any] = {}
        self.concluded: dict[str, int] = {}
        for group in self.groups:
            for atom in sorted(group.atoms, key=str):
                names.setdefault(atom, f"a{len(names)}")
            for number, (at, alternative) in enumerate(group.rules):
                rule = f"r{group.number}x{number}"
                atoms = [{names[atom]: 1} for atom in sorted(alternative, key=str)]
                rules[rule] = {
                    "all": [{"p": {"$and": [{"g": group.number}, *atoms]}}],
                    "pri": 1,
                }
                self.concluded[rule] = at
        rules[CANARY] = {"all": [{"m": {"$ex": {"end": 1}}}], "pri": 3}
        self.size = len(rules)
        _check_limits(rules, [*names.values(), "g", "end", "id", "sid"], len(self.groups))
        self.handle = core.create_ruleset(name, json.dumps(rules))
        self.facts = [
            (f'{{"sid":"{SID}","id":"f{group.number}","g":{group.number}',
             *_reader([(slots[atom], f',"{names[atom]}":1') for atom in sorted(group.atoms, key=str)]))
            for group in self.groups
        ]  # fmt: skip

    def run(self, board: list[int], fired: list[int]) -> None:
        """Assert one fact a group, then the end; append the index of every conclusion at every firing to *fired*.

        Raises EngineFault unless every fact was taken, every firing was one of ours and the canary fired once, last.
        """
        handle, assert_fact = self.handle, core.assert_fact
        self.breaks_off = True
        for head, chosen, texts in self.facts:
            fact = f"{head}{''.join(compress(texts, chosen(board)))}}}"
            if assert_fact(handle, fact)[0] not in (0, 1):
                raise EngineFault("the engine refused a fact")
        code, state = assert_fact(handle, f'{{"sid":"{SID}","id":"end","end":1}}')
        begun = core.start_action_for_state(handle, state) if code == 0 else None
        message = begun[1] if begun else None
        ended, concluded, following = 0, self.concluded, core.complete_and_start_action
        while message:
            # The message is {"rule":{...matched facts...}}; only the name of the rule is read.
            rule = message[2 : message.index('"', 2)]
            if rule == CANARY:
                ended += 1
            else:
                fired.append(concluded[rule])
            message = following(handle, state)
        if ended != 1:
            raise EngineFault("the engine did not complete an evaluation")
        core.delete_state(handle, SID)
        self.breaks_off = False

    def free(self) -> bool:
        """Free the ruleset; tell whether that could be done.

        Not after an evaluation that broke off: deleting a state in which no action completed crashes the process.
        """
        if self.breaks_off:
            return False
        try:
            core.delete_ruleset(self.handle)
        except Exception:
            return False
        return True

    def has_state(self) -> bool:
        """Tell whether a state is left over; there is none between evaluations."""
        try:
            return core.get_state(self.handle, SID) is not None
        except Exception:
            # "Could not get state, error code: 309": there is none.
            return False


class Engine:
    """One durable-rules engine for one network; safe to call from many threads, one at a time inside."""

    def __init__(self, network: Network) -> None:
        self.conclusions = plan(network).conclusions
        index = network.index
        self.checked = [
            (at, index[c.name], TRUE if c.so else FALSE)
            for at, c in enumerate(self.conclusions)
            if c.name in index
        ]
        self._slots: dict[Literal, int] = {
            ("leaf", at, so): 2 * at + (not so)
            for at in range(len(network.leaves))
            for so in (True, False)
        }
        for each in self.conclusions:
            self._slots["node", each.name, each.so] = len(self._slots)
        self._size = len(self._slots)
        self._places = [self._slots["node", c.name, c.so] for c in self.conclusions]
        self._lock = threading.Lock()
        self._strata: list[_Stratum] = []
        self.builds = self.rules_left = 0
        self._build()

    def _build(self) -> None:
        if self.rules_left > MOST_RULES_LEFT:
            raise EngineFault("the engine has failed too often")
        self.builds += 1
        self._probe()
        levels: dict[int, list[tuple[int, Conclusion]]] = {}
        for at, conclusion in enumerate(self.conclusions):
            levels.setdefault(conclusion.stratum, []).append((at, conclusion))
        for level in sorted(levels):
            name = f"pathway{self.builds}s{level}"
            self._strata.append(_Stratum(name, levels[level], self._slots))
        self._run(())

    def _probe(self) -> None:
        """Build, run and free a ruleset in which one rule fires, and the canary after it."""
        first = next((each for each in self.conclusions if each.alternatives), None)
        if first is None:
            return  # nothing can ever be concluded
        probe = replace(first, alternatives=tuple(first.alternatives[:1]))
        self._strata.append(_Stratum(f"probe{self.builds}", [(0, probe)], self._slots))
        fired: list[int] = []
        self._strata[0].run([1] * self._size, fired)
        if fired != [0]:
            raise EngineFault("the engine does not fire")
        self._let_go()

    def _let_go(self) -> None:
        """Free what was built."""
        while self._strata:
            stratum = self._strata.pop()
            if not stratum.free():
                self.rules_left += stratum.size

    def run(self, leaves: Truths) -> set[int]:
        """Return the indexes of the conclusions that fired for these comparisons.

        Raises EngineFault when an evaluation did not complete; the engine is then built anew.
        """
        with self._lock:
            fired = self._attempt(leaves)
        if fired is None:
            raise EngineFault("the rule engine failed")
        return fired

    def renew(self) -> None:
        """Build the engine anew before the next evaluation: it has given an answer that cannot be trusted."""
        with self._lock:
            self._let_go()

    def _attempt(self, leaves: Truths) -> set[int] | None:
        """Run once, on an engine built anew after a fault; return None for any failure.

        The exception is dropped here, with its context: its message may hold the whole fact.
        """
        try:
            if not self._strata:
                self._build()
            return self._run(leaves)
        except Exception:
            self._let_go()
            return None

    def _run(self, leaves: Truths) -> set[int]:
        board = [0] * self._size
        # Two places for each comparison: it is so, it is not so; neither: unknown.
        board[: 2 * len(leaves) : 2] = [truth == TRUE for truth in leaves]
        board[1 : 2 * len(leaves) : 2] = [truth == FALSE for truth in leaves]
        fired: list[int] = []
        for stratum in self._strata:
            found: list[int] = []
            stratum.run(board, found)
            for at in found:
                board[self._places[at]] = 1
            fired += found
        return set(fired)

    def disagreements(self, fired: set[int], nodes: Truths) -> list[str]:
        """Return the names of the nodes on which the engine and the evaluator differ."""
        return [
            self.conclusions[at].name
            for at, node, truth in self.checked
            if (at in fired) != (nodes[node] == truth)
        ]

    def live_states(self) -> int:
        """Return how many rulesets still hold a state; 0 between evaluations."""
        with self._lock:
            return sum(stratum.has_state() for stratum in self._strata)


def _reader(
    atoms: list[tuple[int, str]],
) -> tuple[Callable[[list[int]], tuple[int, ...]], tuple[str, ...]]:
    """Return what reads the places of *atoms* off a board, and the text of each."""
    places = [place for place, _ in atoms]
    # A getter of one place returns no tuple, and there is none of no place: of the last a second reading makes one.
    read = itemgetter(*places, places[-1]) if places else _nothing
    return read, tuple(text for _, text in atoms)


def _nothing(board: list[int]) -> tuple[int, ...]:
    return ()


def _fnv1a(text: str) -> int:
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def _fnv1(text: str) -> int:
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value * 0x01000193) & 0xFFFFFFFF) ^ byte
    return value


def _check_limits(rules: dict[str, Any], names: list[str], groups: int) -> None:
    """Refuse a ruleset beyond what the engine has been shown to bear."""
    if len(rules) > MOST_RULES or groups > MOST_FIRST_CONDITIONS:
        raise EngineFault("the pathway has more rules than one ruleset bears")
    for hash_of in (_fnv1a, _fnv1):
        if len({hash_of(name) for name in names}) != len(set(names)):
            raise EngineFault("two names have the same hash in the engine")
