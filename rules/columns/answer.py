"""One row of the answer for every patient: where it stands, verdicts, deciding rules, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import ibis.expr.types as ir

from rules.columns.conditions import ON
from rules.columns.formulas import Formula, Sheet
from rules.columns.labels import first_of, names_of, with_texts
from rules.columns.missing import asked
from rules.columns.strata import Columns, lay_out
from rules.columns.verdicts import Conclusions
from rules.leaves import Settings
from rules.network import IN_SCOPE, Network
from rules.proof.tables import Rows
from schemas.pathway import Effect, Pathway

PATIENT = "patient"
TRUTHS = "node:"
"""What the columns of `truths` begin with, before the name of the node."""

_FIRST = ("scope", "urgency", "state", "screen_complete", "red_signs")
_Cases = Sequence[tuple[Formula, str]]


def decide(
    reading: ir.Table,
    pathway: Pathway,
    network: Network,
    settings: Settings,
    bundled: bool = False,
) -> ir.Table:
    """Return the answer for every patient of *reading*, one row each.

    *reading* has the columns `patient`, `on` and one for each fact, as `rules/columns/reading` writes them; null is
    unknown. *settings* holds a value for every setting. *bundled*: for databases, which pass a struct on more cheaply
    than its columns. Raises ValueError when a column is lacking.
    """
    answer = _Answer(Conclusions(pathway, network))
    columns = lay_out(reading, answer.formulas(), (PATIENT, ON), pathway, settings, bundled)
    return answer.table(columns)


def truths(
    reading: ir.Table,
    pathway: Pathway,
    network: Network,
    settings: Settings,
    names: Iterable[str] | None = None,
    bundled: bool = False,
) -> ir.Table:
    """Return `patient` and the truth of the nodes *names* (else every one) in columns `node:NAME`; null is unknown."""
    nodes = Sheet().network(network)
    wanted = {name: nodes[name] for name in (nodes if names is None else names)}
    columns = lay_out(reading, wanted.values(), (PATIENT, ON), pathway, settings, bundled)
    found = {f"{TRUTHS}{name}": columns[formula] for name, formula in wanted.items()}
    return columns.table.select(columns.table[PATIENT], **found)


class _Answer:
    """The columns of the answer, as tables of formulas."""

    def __init__(self, conclusions: Conclusions) -> None:
        sheet, scope = conclusions.sheet, conclusions.nodes[IN_SCOPE]
        raising = (rule.id for rule in conclusions.catalogue.of(Effect.RED_SIGN))
        facts = frozenset(conclusions.network.facts(f"rule:{rule}" for rule in raising))
        self.flags = {"screen_complete": conclusions.complete}
        self.firsts: dict[str, tuple[_Cases, str | None]] = {
            "scope": (((scope, "in"), (sheet.negated(scope), "out")), "unknown"),
            "urgency": cases_of(conclusions.urgencies()),
            "state": cases_of(conclusions.states()),
        }
        for treatment in conclusions.pathway.treatments.values():
            name = treatment.id.replace("-", "_")
            self.firsts[f"verdict_{name}"] = cases_of(conclusions.verdicts(treatment))
            self.firsts[f"rule_{name}"] = (conclusions.deciding(treatment), None)
        open_signs = conclusions.red_signs().items()
        self.names: dict[str, _Cases] = {
            "red_signs": [(sheet.so(formula), sign) for sign, formula in open_signs],
            "missing": [(formula, name) for name, formula in asked(conclusions, facts).items()],
        }

    def formulas(self) -> list[Formula]:
        """Return every formula some column is made of."""
        lists = [cases for cases, _ in self.firsts.values()] + list(self.names.values())
        return [*self.flags.values(), *(formula for cases in lists for formula, _ in cases)]

    def table(self, columns: Columns) -> ir.Table:
        """Return the answer table, its columns in order."""

        def written(cases: _Cases) -> list[tuple[Any, str]]:
            return [(columns[formula], label) for formula, label in cases]

        plain = {name: columns.table[name] for name in (PATIENT, ON)}
        flags = {name: columns[formula] for name, formula in self.flags.items()}
        firsts = {
            name: first_of(written(cases), last) for name, (cases, last) in self.firsts.items()
        }
        names = {name: names_of(written(cases)) for name, cases in self.names.items()}
        found = with_texts(columns.table, {**plain, **flags}, firsts, names)
        order = (*plain, *_FIRST, *(n for n in (*firsts, *names) if n not in _FIRST))
        return found.select(*order)


def cases_of(rows: Rows[Formula, Any]) -> tuple[_Cases, str]:
    """Return the rows as cases and what is left; the last row of a table always holds."""
    *cases, (_, last) = rows
    return [(formula, str(outcome)) for formula, outcome in cases if formula.kind != "no"], str(
        last
    )
