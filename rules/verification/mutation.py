"""Mutation of the guideline: every small wrong change is made in memory, and the patients must notice it.

A mutant is killed when the answer for some patient differs from the answer without the change: urgency, state, red
signs, a verdict, a caution, a question for a caution, advice, a cause, a medicine inside a treatment, how a trial was
judged. Who notices by what a vignette states is counted apart, because a statement does not follow the pathway when
the pathway changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from rules.network import Network
from rules.verification.bench import Bench, lay_out
from rules.verification.equivalence import Equivalence
from rules.verification.mutants import Mutant, mutants
from schemas.condition import references_of, settings_of
from schemas.pathway import Effect, Pathway
from schemas.verification import MutationReport, Score, Survivor

PARTS = ("red-sign", "block", "opioid")
_BLOCKING = (Effect.BLOCK, Effect.HOLD, Effect.BLOCK_UNLESS_JUSTIFIED)
_EQUIVALENT = "no facts whatever give another answer: searched over all of them"
_OPEN = "some facts give another answer, but no patient has them"
_GIVEN_UP = "no patient notices, and the search for one was given up"


def mutation_score(
    benches: Sequence[Bench],
    chosen: Iterable[Mutant] | None = None,
    progress: Callable[[], None] = lambda: None,
) -> MutationReport:
    """Try every mutant, or those *chosen*, on the patients of *benches*.

    *benches*: one for each set of settings, the pathway's own first. *progress* is called after each mutant.
    """
    laid = benches[0].laid
    pathway, network = laid.pathway, laid.network
    parts = Parts(pathway, network)
    same = Equivalence(pathway, network, benches[0].settings, benches[0].patients[0].on)
    tallies: dict[str, list[int]] = {}
    survivors: list[Survivor] = []
    for mutant in mutants(pathway, network) if chosen is None else chosen:
        killed = stated = False
        changed = laid
        if mutant.pathway is not None:
            changed = lay_out(pathway.model_copy(update=dict(mutant.pathway)))
        for bench in benches:
            by_any, by_stated = bench.noticed(mutant, changed)
            killed, stated = killed or by_any, stated or by_stated
        verdict = True if killed else same.of(mutant)
        equivalent = not killed and verdict is True
        for name in ("total", f"kind {mutant.kind}", *(f"part {p}" for p in parts.of(mutant))):
            _count(tallies, name, killed, equivalent)
        _count(tallies, "vignettes", stated, equivalent)
        if not killed:
            why = {True: _EQUIVALENT, False: _OPEN, None: _GIVEN_UP}[verdict]
            survivors.append(
                Survivor(
                    kind=mutant.kind,
                    where=mutant.where,
                    subject=mutant.subject,
                    says=mutant.says,
                    equivalent=equivalent,
                    why=why,
                )
            )
        progress()
    return MutationReport(
        patients=sum(len(bench.patients) for bench in benches),
        looks=sum(len(bench.expectations) for bench in benches),
        total=_score(tallies, "total"),
        by_vignettes=_score(tallies, "vignettes"),
        parts={part: _score(tallies, f"part {part}") for part in PARTS},
        kinds={
            name.removeprefix("kind "): _score(tallies, name)
            for name in tallies
            if name.startswith("kind ")
        },
        survivors=tuple(survivors),
    )


def _count(tallies: dict[str, list[int]], name: str, killed: bool, equivalent: bool) -> None:
    tally = tallies.setdefault(name, [0, 0, 0])
    tally[0] += 1
    tally[1] += killed
    tally[2] += equivalent


def _score(tallies: Mapping[str, list[int]], name: str) -> Score:
    total, killed, equivalent = tallies.get(name, (0, 0, 0))
    return Score(mutants=total, killed=killed, equivalent=equivalent)


class Parts:
    """Tells which of the parts that must be watched most a mutant belongs to."""

    def __init__(self, pathway: Pathway, network: Network) -> None:
        self.pathway, self.network = pathway, network

    @cached_property
    def red(self) -> set[str]:
        """Conclusions the red signs rest on."""
        return self.network.upstream(["red(any)", *self.network.screen(self.pathway)])

    @cached_property
    def blocking(self) -> set[str]:
        """Rules that block, and the findings they rest on."""
        rules = [f"rule:{r.id}" for r in self.pathway.rules.values() if r.effect in _BLOCKING]
        return {*rules, *self._findings(rules)}

    @cached_property
    def opioid(self) -> set[str]:
        """Rules about opioids, and the findings they rest on."""
        rules = [
            f"rule:{rule.id}"
            for rule in self.pathway.rules.values()
            if "opioid" in rule.on or rule.place.file.endswith("/opioid.md")
        ]
        return {*rules, *self._findings(rules)}

    def _findings(self, rules: Iterable[str]) -> set[str]:
        """Return the findings *rules* refer to themselves."""
        direct = {n for rule in rules for n in references_of(self.network.conditions[rule])}
        return direct & self.pathway.findings.keys()

    def of(self, mutant: Mutant) -> list[str]:
        """Return the parts *mutant* belongs to."""
        names = {mutant.subject, f"rule:{mutant.subject}"}
        if mutant.setting is not None:
            names = self._readers(mutant.setting[0])
        found = zip(PARTS, (self.red, self.blocking, self.opioid), strict=True)
        return [part for part, members in found if not names.isdisjoint(members)]

    def _readers(self, setting: str) -> set[str]:
        return {node.name for node in self.network.nodes if setting in settings_of(node.condition)}
