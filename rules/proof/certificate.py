"""Proving every statement about one pathway, and the certificate that says which hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal

import z3

from rules.network import Network
from rules.proof import blocks, coverage, learning, opioids, pairs, red_signs, stages
from rules.proof.model import VerdictTable
from rules.proof.search import Budget, OutOfTime, Search
from rules.proof.statement import Proof, Statement
from rules.proof.tables import verdict_rows
from schemas.pathway import Pathway
from schemas.proof import Assumption, Certificate, ProvedStatement

STATEMENTS: tuple[Statement, ...] = (
    *red_signs.STATEMENTS,
    *stages.STATEMENTS,
    *blocks.STATEMENTS,
    *opioids.STATEMENTS,
    *learning.STATEMENTS,
    *coverage.STATEMENTS,
    *pairs.STATEMENTS,
)

Progress = Callable[[ProvedStatement], None]


def prove(
    pathway: Pathway,
    network: Network,
    settings: Mapping[str, Decimal] | None,
    budget_seconds: float,
    *,
    clock: Callable[[], float],
    program: str = "",
    progress: Progress | None = None,
    only: Collection[str] | None = None,
    table: VerdictTable = verdict_rows,
) -> Certificate:
    """Prove the statements about *pathway* and return the certificate.

    Without *settings* what never happens is proved for every allowed setting, and what exists is shown under the
    pathway's own; with *settings* both speak of these alone. *clock* returns seconds that only grow; what has not
    been looked at when *budget_seconds* have passed is left open. *progress* is told of each statement as it is
    done. *only* limits the run to these ids. *table* is the table of verdicts, which a test may replace by a wrong
    one. Never raises for a statement that does not hold.
    """
    begun = clock()
    search = Search(pathway, network, settings, Budget(clock, begun + budget_seconds), table)
    done: list[ProvedStatement] = []
    for statement in STATEMENTS:
        if statement.speaks_of(pathway) and (only is None or statement.id in only):
            done.append(_prove(statement, search, clock))
            if progress is not None:
                progress(done[-1])
    return Certificate(
        pathway=pathway.id,
        version=pathway.version,
        content_hash=pathway.content_hash,
        program=program,
        settings=None if settings is None else {n: float(v) for n, v in settings.items()},
        solver=f"z3 {z3.get_version_string()}",
        assumptions=_assumptions(search),
        statements=tuple(done),
        proved=sum(each.proved for each in done),
        queries=search.queries,
        seconds=round(clock() - begun, 3),
    )


def _prove(statement: Statement, search: Search, clock: Callable[[], float]) -> ProvedStatement:
    begun, asked = clock(), search.queries
    checked = True
    try:
        if search.budget.left() <= 0:
            raise OutOfTime
        proof = statement.prove(search)
    except OutOfTime:
        proof, checked = Proof(False, open=("the time was over",)), False
    universal = search.given is None and not statement.existence
    return ProvedStatement(
        id=statement.id,
        sentence=statement.sentence,
        settings="every allowed setting" if universal else "the settings given",
        proved=proof.proved,
        checked=checked,
        queries=search.queries - asked,
        covered=proof.covered,
        counter_example=proof.counter_example,
        exceptions=proof.exceptions,
        open=proof.open,
        seconds=round(clock() - begun, 3),
    )


def _assumptions(search: Search) -> tuple[Assumption, ...]:
    """Return what the proofs leave out because no patient can have it."""
    return tuple(
        Assumption(id=each.id, argument=each.argument)
        for each in {e.id: e for e in search.one.first.exclusions}.values()
    )
