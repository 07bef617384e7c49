"""What a statement about all patients is, and the few ways in which one is proved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import z3

from rules.proof.arguments import Argument
from rules.proof.search import Copies, Search
from schemas.pathway import Effect, Pathway, Rule
from schemas.proof import CounterExample, ProofException


@dataclass(frozen=True)
class Proof:
    """What came of one statement."""

    proved: bool
    counter_example: CounterExample | None = None
    exceptions: tuple[ProofException, ...] = ()
    open: tuple[str, ...] = ()
    covered: int | None = None


@dataclass(frozen=True)
class Statement:
    """One sentence about all patients of a pathway, and how it is proved.

    *needs* names treatments, findings and facts it speaks of; for a pathway without them it says nothing and is
    left out.
    """

    id: str
    sentence: str
    prove: Callable[[Search], Proof]
    needs: tuple[str, ...] = ()
    existence: bool = False
    """Whether it says that something exists, under the settings given, rather than that something never happens."""

    def speaks_of(self, pathway: Pathway) -> bool:
        names = {*pathway.facts, *pathway.derivations, *pathway.findings, *pathway.treatments}
        return names.issuperset(self.needs)


def never(search: Search, copies: Copies, cases: Mapping[str, Any], *given: Any) -> Proof:
    """Prove that under *given* none of *cases* is possible; what is wrong with the first that is, is its name."""
    wrong = which(search, copies, cases, *given)
    if not wrong:
        return Proof(True)
    case = cases[wrong[0]]
    return Proof(
        False,
        counter_example=search.example(copies, wrong[0], *given, case),
        open=tuple(wrong),
    )


def which(search: Search, copies: Copies, cases: Mapping[str, Any], *given: Any) -> list[str]:
    """Return those of *cases* that are possible under *given*; each answer of the solver usually shows several
    at once.
    """
    open_cases, found = dict(cases), set[str]()
    while open_cases:
        model = search.ask(copies, *given, z3.Or(*open_cases.values()))
        if model is None:
            break
        shown = [
            name
            for name, case in open_cases.items()
            if z3.is_true(model.eval(case, model_completion=True))
        ]
        found.update(shown)
        for name in shown:
            del open_cases[name]
    return [name for name in cases if name in found]


def argued(
    proof: Proof,
    found: Mapping[str, tuple[str, ...]],
    arguments: Mapping[str, Argument],
    search: Search,
) -> Proof:
    """Attach the exceptions *found*.

    One that nobody has argued for, or that does more than was argued, leaves the statement unproved.
    An argument for an exception that is none any more is named too: it would hide the next one.
    """
    exceptions, wrong = [], []
    for name, what in found.items():
        argument = arguments.get(name)
        more = [each for each in what if argument is None or each not in argument.does]
        if argument is None or more:
            wrong.append(f"{name}: {', '.join(more or what)}")
        else:
            exceptions.append(
                ProofException(name=name, what=", ".join(what), argument=argument.why)
            )
    if search.given is None:
        # Under settings that were given fewer exceptions may show; under all allowed ones each must.
        wrong += [
            f"{name}: argued for, but no exception: {each}"
            for name, argument in arguments.items()
            if _exists(name.split(" ")[0], search.pathway)
            for each in argument.does
            if each not in found.get(name, ())
        ]
    return replace(
        proof,
        proved=proof.proved and not wrong,
        exceptions=(*proof.exceptions, *exceptions),
        open=(*proof.open, *wrong),
    )


def _exists(name: str, pathway: Pathway) -> bool:
    return any(
        name in names
        for names in (
            pathway.facts, pathway.derivations, pathway.rules, pathway.signs, pathway.trial_facts,
            pathway.treatments,
        )
    )  # fmt: skip


def all_of(proofs: Iterable[Proof]) -> Proof:
    """Return the proof of several parts: proved when each is, with the first counter-example."""
    proofs = tuple(proofs)
    return Proof(
        proved=all(each.proved for each in proofs),
        counter_example=next((p.counter_example for p in proofs if p.counter_example), None),
        exceptions=tuple(each for proof in proofs for each in proof.exceptions),
        open=tuple(each for proof in proofs for each in proof.open),
    )


def rules_of(pathway: Pathway, treatment: str, *effects: Effect) -> list[Rule]:
    return [r for r in pathway.rules.values() if r.effect in effects and treatment in r.on]
