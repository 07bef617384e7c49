"""Every comparison of every rule matters: it decides in one patient who has it and in one who has not.

An *atom* is one comparison, or one reference to an earlier conclusion, where it stands in the condition of a rule
or of a finding. It decides for a patient when turning it round, everything else left as it is, changes the truth of
the condition (modified condition/decision coverage, in its masking form). Most atoms are shown by the patients at
the borders; the solver finds patients for the others, and each of these is written down, read back and looked at
like the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import z3

from rules.derive import read_patient
from rules.proof.arguments import ONE_SIDED, REDUNDANT
from rules.proof.logic import Logic, SetLogic, Three, every, some
from rules.proof.model import LOGIC
from rules.proof.search import Search
from rules.proof.statement import Proof, Statement, argued
from rules.proof.witness import check
from rules.verification.border import border_patients
from rules.verification.masks import Crowd
from schemas.condition import And, Condition, Leaf, Not, Or, Ref
from schemas.errors import InputError
from schemas.patient import Patient

B = TypeVar("B")
Path = tuple[int, ...]


@dataclass(frozen=True)
class Atom:
    """One atom of the condition of a node, where it stands."""

    node: str
    condition: Leaf | Ref
    path: Path
    text: str


def atoms(node: str, condition: Condition) -> Iterator[Atom]:
    """Yield the atoms of a condition in reading order; one that is written twice is two atoms."""
    counted: dict[Condition, int] = {}

    def visit(part: Condition, path: Path) -> Iterator[Atom]:
        match part:
            case And() | Or():
                for at, item in enumerate(part.items):
                    yield from visit(item, (*path, at))
            case Not():
                yield from visit(part.item, (*path, 0))
            case _:
                counted[part] = counted.get(part, 0) + 1
                again = f" #{counted[part]}" if counted[part] > 1 else ""
                yield Atom(node, part, path, f"{_said(part)}{again}")

    yield from visit(condition, ())


def _said(part: Condition) -> str:
    fields = part.model_dump(exclude_none=True, exclude={"kind"}, exclude_defaults=True)
    return " ".join([part.kind, *(str(value) for value in fields.values())])


@dataclass(frozen=True)
class Reader(Generic[B]):
    """Conditions read in one logic: the solver's, or that of sets of patients."""

    logic: Logic[B]
    atom: Callable[[Leaf | Ref], Three[B]]
    """The truth of a comparison or of an earlier conclusion."""

    def truth(self, part: Condition) -> Three[B]:
        match part:
            case And():
                return every(self.logic, [self.truth(item) for item in part.items])
            case Or():
                return some(self.logic, [self.truth(item) for item in part.items])
            case Not():
                return self.truth(part.item).negated()
            case _:
                return self.atom(part)

    def turned(self, whole: Condition, path: Path, value: Three[B]) -> Three[B]:
        """Return the truth that *whole* would have if the atom at *path* were *value* and all else stayed."""
        if not path:
            return value
        match whole:
            case Not():
                return self.turned(whole.item, path[1:], value).negated()
            case And() | Or():
                items = [
                    self.turned(item, path[1:], value) if at == path[0] else self.truth(item)
                    for at, item in enumerate(whole.items)
                ]
                combined = every if isinstance(whole, And) else some
                return combined(self.logic, items)
            case _:
                raise ValueError(path)

    def goals(self, atom: Atom, whole: Condition) -> Goals[B]:
        logic, here = self.logic, self.atom(atom.condition)
        yes = self.turned(whole, atom.path, Three(logic.yes, logic.no))
        no = self.turned(whole, atom.path, Three(logic.no, logic.yes))
        fires, denies = self.differ(yes.so, no.so), self.differ(yes.not_so, no.not_so)
        changes, without = logic.some((fires, denies)), logic.opposite(here.so)
        return Goals(
            holds=logic.every((here.so, changes)),
            lacks=logic.every((without, changes)),
            fires=fires,
        )

    def differ(self, left: B, right: B) -> B:
        logic = self.logic
        return logic.some(
            (
                logic.every((left, logic.opposite(right))),
                logic.every((right, logic.opposite(left))),
            )
        )


@dataclass(frozen=True)
class Goals(Generic[B]):
    """What shows that an atom matters: each for one patient, or for the set of all who show it."""

    holds: B
    """The atom is so, and turning it round changes the truth of the condition."""
    lacks: B
    """The atom is not so, or unknown, and turning it round changes the truth of the condition."""
    fires: B
    """Turning it round makes the condition hold or no longer hold, and not only a question of it."""

    def __iter__(self) -> Iterator[B]:
        return iter((self.holds, self.lacks, self.fires))


def crowd_reader(crowd: Crowd) -> Reader[int]:
    def atom(part: Leaf | Ref) -> Three[int]:
        return Three(*(crowd.nodes[part.name] if isinstance(part, Ref) else crowd.leaves[part]))

    return Reader(SetLogic(crowd.everyone), atom)


class Pairs:
    """Looks for the patients of one pathway who show that an atom matters."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.settings = search.own if search.given is None else search.given
        generated = border_patients(search.pathway, search.network, search.checker)
        self.crowd = crowd_reader(
            self.read([check(search.checker, each.input) for each in generated])
        )
        decision = search.given_one.first

        def symbolic(part: Leaf | Ref) -> Three[Any]:
            return decision.nodes[part.name] if isinstance(part, Ref) else decision.leaves[part]

        self.solver: Reader[Any] = Reader(LOGIC, symbolic)

    def read(self, patients: list[Patient]) -> Crowd:
        values = [
            read_patient(self.search.pathway, patient, self.settings).values for patient in patients
        ]
        return Crowd(self.search.network, self.settings, values, [each.on for each in patients])

    def shown(self, atom: Atom, whole: Condition) -> tuple[bool, bool, bool]:
        """Tell which of the goals of *atom* somebody shows."""
        seen = self.crowd.goals(atom, whole)
        wanted = self.solver.goals(atom, whole)
        first, second, third = (
            bool(mask) or self.found(atom, whole, at, formula)
            for at, (mask, formula) in enumerate(zip(seen, wanted, strict=True))
        )
        return first, second, third

    def found(self, atom: Atom, whole: Condition, at: int, formula: Any) -> bool:
        """Ask the solver for somebody, write them down, read them back and look whether they show it."""
        if z3.is_false(z3.simplify(formula)):
            return False
        patient = self.search.find(self.search.given_one, formula)
        if patient is None:
            return False
        try:
            known = check(self.search.checker, patient.witnesses()[0].write())
        except InputError:
            return False
        return bool(tuple(crowd_reader(self.read([known])).goals(atom, whole))[at])


def every_atom_matters(search: Search) -> Proof:
    looking = Pairs(search)
    names = [f"rule:{rule}" for rule in search.pathway.rules] + list(search.pathway.findings)
    decides = 0
    one_sided: dict[str, tuple[str, ...]] = {}
    dead: dict[str, tuple[str, ...]] = {}
    for name in names:
        whole = search.network.conditions[name]
        for atom in atoms(name, whole):
            holds, lacks, fires = looking.shown(atom, whole)
            if holds and lacks and fires:
                decides += 1
                continue
            group = one_sided if holds or lacks else dead
            key = name.removeprefix("rule:")
            group[key] = (*group.get(key, ()), atom.text)
    proof = argued(Proof(True, covered=decides), one_sided, ONE_SIDED, search)
    return argued(proof, dead, REDUNDANT, search)


STATEMENTS = (
    Statement(
        "MCDC",
        "for every comparison of every rule and finding there are two patients, one with it and one without, in "
        "whom it decides whether the "
        "condition holds",
        every_atom_matters,
        existence=True,
    ),
)
