"""Patients at the border: for every comparison of a pathway, people just below, at and just above it.

Each is arranged so that the comparison alone decides its conclusion, and the conclusion can be seen in the answer:
the rest of the condition is satisfied or out of the way, the treatment it concerns could be offered, no red sign is
open. All other facts are those of a calm patient, worked out from the pathway too: no clinical number is typed here.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rules.check import Checker
from rules.derive import read_patient
from rules.evaluator import Evaluator, evaluate
from rules.leaves import Settings
from rules.network import Network
from rules.notation import as_written
from rules.verification.backwards.arrange import IS_FALSE, IS_TRUE, IS_UNKNOWN, GivenUp, State, Wish
from rules.verification.backwards.calm import search_around_a_calm_patient
from rules.verification.backwards.candidates import ANY_DAY, places
from rules.verification.backwards.compose import Composer, Input
from rules.verification.backwards.occurrences import Occurrence, occurrences
from rules.verification.backwards.passing import only_held
from rules.verification.backwards.sight import in_sight, is_hidden
from rules.verification.backwards.trials import trial_patients
from schemas.condition import Leaf, Ref, references_of, settings_of
from schemas.errors import InputError
from schemas.facts import PartialDate
from schemas.pathway import Pathway
from schemas.verification import BorderPatient

ON = ANY_DAY

_TRUTHS = {"yes": IS_TRUE, "no": IS_FALSE, "unknown": IS_UNKNOWN}
_LONGEST_CHAIN, _CHAINS = 4, 6


def border_patients(
    pathway: Pathway, network: Network, checker: Checker
) -> tuple[BorderPatient, ...]:
    """Return every patient at a border of *pathway*, always the same ones in the same order.

    First under its own settings; then, under each other profile, those of the conditions the profile changes.
    """
    usual = {name: setting.value for name, setting in pathway.settings.items()}
    found: dict[str, BorderPatient] = {}
    for profile, changed in pathway.profiles.items():
        settings = {**usual, **changed}
        borders = Borders(pathway, network, settings, checker, profile)
        patients = list(borders.patients(_reading(network, changed) if changed else None))
        if not changed:
            patients += borders.held()
            patients += trial_patients(pathway, settings, borders.composer, borders.calm)
        for patient in patients:
            found.setdefault(json.dumps(patient.input, sort_keys=True), patient)
    return tuple(found.values())


def _reading(network: Network, settings: Mapping[str, Decimal]) -> set[str]:
    """Return the conclusions that read one of *settings*, and those that rest on these directly."""
    read = {
        n.name for n in network.nodes if not settings.keys().isdisjoint(settings_of(n.condition))
    }
    return read | {n.name for n in network.nodes if not read.isdisjoint(references_of(n.condition))}


def _weaker(truths: int) -> int:
    """Let unknown do as well."""
    return truths | IS_UNKNOWN


@dataclass(frozen=True)
class Plan:
    """What to ask for around one occurrence."""

    hard: list[Wish]
    soft: list[Wish]
    decides: bool
    doubt: bool
    """Whether what stands beside the comparison may be unknown."""
    base: State | None
    """An arrangement of these without the comparison itself, to start from."""


class _Lazy:
    """A sequence that is worked out as far as it is read, once."""

    def __init__(self, source: Iterator[Plan]) -> None:
        self.source, self.known = source, list[Plan]()

    def __iter__(self) -> Iterator[Plan]:
        yield from self.known
        for item in self.source:
            self.known.append(item)
            yield item


class Borders:
    """Generates the patients at the borders of one pathway under one set of settings."""

    def __init__(
        self,
        pathway: Pathway,
        network: Network,
        settings: Settings,
        checker: Checker,
        profile: str = "default",
    ) -> None:
        self.pathway, self.network, self.settings = pathway, network, settings
        self.checker = checker
        self.composer = Composer(pathway, settings, ON, profile)
        self.evaluator = Evaluator(network, settings)
        self.arranger = search_around_a_calm_patient(pathway, network, settings, ON, usual=True)
        self.calm = {fact: found[0] for fact, found in self.arranger.values.items()}
        self._read: dict[str, tuple[dict[str, Any], dict[str, int]] | None] = {}
        self.occurrences: list[Occurrence] = []
        self.consumers: dict[str, list[Occurrence]] = {}
        for node in network.nodes:
            for each in occurrences(node.name, node.condition):
                self.occurrences.append(each)
                if isinstance(each.atom, Ref):
                    self.consumers.setdefault(each.atom.name, []).append(each)

    def patients(self, only: Container[str] | None = None) -> Iterator[BorderPatient]:
        """Yield the patients around every occurrence, in the order of the network; *only*: in these conclusions."""
        for occurrence in self.occurrences:
            if only is None or occurrence.node in only:
                yield from self.around(occurrence)

    def around(self, occurrence: Occurrence) -> Iterator[BorderPatient]:
        """Yield the patients around one occurrence."""
        atom = occurrence.atom
        plans = _Lazy(self.plans(occurrence))
        if isinstance(atom, Ref):
            for where, truths in _TRUTHS.items():
                yield from self.at(occurrence, plans, where, (atom, truths), None)
        else:
            for where, value in self.places(atom):
                yield from self.at(occurrence, plans, where, None, (atom.fact, value))

    def at(
        self,
        occurrence: Occurrence,
        plans: Iterable[Plan],
        stands: str,
        wish: Wish | None,
        fixed: tuple[str, Any] | None,
    ) -> Iterator[BorderPatient]:
        """Yield the patients in whom the atom stands in one way: the best, and one for every way doubt is seen.

        Between false and unknown an answer often differs in one place only, so there each way up to an answer counts.
        """
        if stands not in _TRUTHS:
            patient = self.patient(occurrence, plans, stands, wish, fixed)
            if patient is not None:
                yield patient
            return
        firm = [plan for plan in plans if not plan.doubt]
        for group in (firm, *([plan] for plan in plans if plan.doubt)):
            patient = self.patient(occurrence, group, stands, wish, fixed)
            if patient is not None:
                yield patient

    def held(self) -> Iterator[BorderPatient]:
        """Yield the patients in whom a hold alone keeps a stage from being passed, seen in all that rests on it."""
        for rule, stage, hard in only_held(self.pathway):
            passed = Occurrence(f"passed({stage})", Ref(name=f"rule:{rule.id}"), tuple(hard))
            for consumer in self.consumers.get(passed.node, ()):
                for chain in itertools.islice(self.chains(consumer.node), 1):
                    end = chain[-1].node if chain else consumer.node
                    wishes = [*hard, *consumer.sides, *(w for each in chain for w in each.sides)]
                    soft = in_sight(self.pathway, end)
                    base = self.granted(wishes, soft, self.arranger.start())
                    plan = Plan(wishes, soft, True, False, base)
                    patient = self.patient(passed, [plan], "yes", None, None)
                    if patient is not None:
                        yield patient

    def places(self, leaf: Leaf) -> list[tuple[str, Any]]:
        allowed = self.arranger.values[leaf.fact]
        definition = self.pathway.definition(leaf.fact)
        return places(leaf, definition, allowed, self.settings, ON)

    def patient(
        self,
        occurrence: Occurrence,
        plans: Iterable[Plan],
        stands: str,
        wish: Wish | None,
        fixed: tuple[str, Any] | None,
    ) -> BorderPatient | None:
        own = [wish] if wish else []
        for plan in plans:
            for state in self.ways(plan, own, fixed):
                data = self.composer.compose(self.arranger.asked_for(state), self.calm)
                if self.comes_true(data, [*plan.hard, *own], fixed):
                    return BorderPatient(
                        node=occurrence.node,
                        comparison=as_written(occurrence.atom),
                        stands=stands,
                        decides=plan.decides,
                        input=data,
                    )
        return None

    def plans(self, occurrence: Occurrence) -> Iterator[Plan]:
        """Yield what to ask for, best first.

        The comparison decides and is seen; it decides between unknown and known and is seen; it decides; it
        merely stands there, and the rest is had as far as possible.
        """
        sides = list(occurrence.sides)
        chains = list(itertools.islice(self.chains(occurrence.node), _CHAINS))
        for weak in (False, True) if sides else (False,):
            near = [(wish, _weaker(truths)) for wish, truths in sides] if weak else sides
            for chain in chains:
                end = chain[-1].node if chain else occurrence.node
                hard = [*near, *(wish for each in chain for wish in each.sides)]
                soft = in_sight(self.pathway, end)
                base = self.granted(hard, soft, self.arranger.start())
                yield Plan(hard, soft, not weak, weak, base)
        yield Plan(sides, [], True, False, None)
        if sides:
            soft = [*sides, *in_sight(self.pathway, occurrence.node)]
            yield Plan([], soft, False, False, None)

    def granted(self, hard: list[Wish], soft: list[Wish], start: State) -> State | None:
        """Return an arrangement of *hard* with as much of *soft* as can be had; None when there is none."""
        with contextlib.suppress(GivenUp):
            found = next(self.arranger.solve([*hard, *soft], start), None)
            if found is not None:
                return found
        try:
            state = next(self.arranger.solve(hard, start))
        except (StopIteration, GivenUp):
            return None
        for wish in soft:
            with contextlib.suppress(GivenUp):
                state = next(self.arranger.solve([wish], state), state)
        return state

    def ways(self, plan: Plan, own: list[Wish], fixed: tuple[str, Any] | None) -> Iterator[State]:
        """Yield arrangements of *plan* in which the comparison (*fixed*) or conclusion (*own*) is as it should be.

        First a small change of what was arranged without it, then a search from the start.
        """
        if plan.base is not None:
            near = plan.base.copy()
            if fixed is None or self.arranger.fix(near, *fixed):
                with contextlib.suppress(GivenUp):
                    yield from itertools.islice(self.arranger.solve(own, near), 1)
        start = self.arranger.start()
        if fixed is None or self.arranger.fix(start, *fixed):
            state = self.granted([*plan.hard, *own], plan.soft, start)
            if state is not None:
                yield state

    def chains(self, node: str, depth: int = 0) -> Iterator[list[Occurrence]]:
        """Yield ways from *node* up to a conclusion that the answer shows."""
        if not is_hidden(self.pathway, node):
            yield []
        elif depth < _LONGEST_CHAIN:
            for consumer in self.consumers.get(node, ()):
                for chain in self.chains(consumer.node, depth + 1):
                    yield [consumer, *chain]

    @staticmethod
    def stands_there(value: Any, wanted: Any) -> bool:
        """Tell whether a fact came out as wanted; where unknown is wanted, an open span of dates will do."""
        if wanted is None and isinstance(value, PartialDate):
            return value.earliest != value.latest
        return bool(value == wanted)

    def comes_true(
        self, data: Input, wishes: Sequence[Wish], fixed: tuple[str, Any] | None
    ) -> bool:
        """Tell whether the patient read back from *data* is the one that was wished for."""
        key = json.dumps(data, sort_keys=True)
        if key not in self._read:
            self._read[key] = self.read(data)
        found = self._read[key]
        if found is None:
            return False
        values, nodes = found
        if fixed is not None and not self.stands_there(values.get(fixed[0]), fixed[1]):
            return False
        return all(
            allowed & 1 << evaluate(condition, values, self.settings, ON, nodes)
            for condition, allowed in wishes
        )

    def read(self, data: Input) -> tuple[dict[str, Any], dict[str, int]] | None:
        """Return the facts and conclusions of *data*, or None when no client could send it."""
        try:
            patient = self.checker.check(data, ON)
        except InputError:
            return None
        values = read_patient(self.pathway, patient, self.settings).values
        truths = self.evaluator.nodes(self.evaluator.leaves(values, ON))
        return values, dict(zip(self.network.index, truths, strict=True))
