"""Mutation of the guideline: every small wrong change is made in memory, and the patients must notice it.

A mutant is killed when the answer for some patient differs from the answer without the change: urgency, state, red
signs, a verdict, a caution, a question for a caution, advice, a cause, a medicine inside a treatment, how a trial was
judged. Who notices by what a vignette states is counted apart, because a statement does not follow the pathway when
the pathway changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rules.network import Network
from rules.verification.backwards.calm import search_around_a_calm_patient
from rules.verification.bench import Bench, lay_out
from rules.verification.equivalence import Equivalence, Found
from rules.verification.mutants import Mutant, mutants
from schemas.condition import references_of, settings_of
from schemas.pathway import Effect, Pathway
from schemas.verification import MutationReport, Score, Survivor

PARTS = ("red-sign", "block", "opioid")
WHOLE = 95.0
"""Percent of all mutants that must be noticed; of those in PARTS, every one."""
_BLOCKING = (Effect.BLOCK, Effect.HOLD, Effect.BLOCK_UNLESS_JUSTIFIED)


def sample_of(every: Sequence[Mutant], percent: float) -> list[Mutant]:
    """Return *percent* of the mutants, spread evenly and always the same ones."""
    wanted = max(1, round(len(every) * min(percent, 100) / 100))
    return [every[at * len(every) // wanted] for at in range(wanted)]


def targets_hold(report: MutationReport) -> bool:
    """Tell whether enough is noticed: everything in PARTS, and WHOLE percent of all."""
    parts = all(report.parts[part].survived == 0 for part in PARTS)
    return parts and report.total.percent >= WHOLE


@dataclass
class _Trial:
    """What became of one mutant."""

    mutant: Mutant
    killed: bool
    stated: bool
    """Whether what a vignette states would no longer be so."""
    found: Found | None = None

    @property
    def equivalent(self) -> bool:
        return self.found is not None and self.found.equivalent is True


def mutation_score(
    benches: Sequence[Bench],
    chosen: Iterable[Mutant] | None = None,
    progress: Callable[[], None] = lambda: None,
) -> MutationReport:
    """Try every mutant, or those *chosen*, on the patients of *benches*.

    *benches*: one for each set of settings, the pathway's own first. *progress* is called after each mutant. What
    nobody notices is compared with the pathway over all facts, under the pathway's own settings.
    """
    pathway, network = benches[0].laid.pathway, benches[0].laid.network
    trials = []
    for mutant in mutants(pathway, network) if chosen is None else chosen:
        trials.append(_tried(mutant, benches))
        progress()
    survivors = [each for each in trials if not each.killed]
    if survivors:
        same = _equivalence(benches[0], [each.mutant for each in survivors])
        for each in survivors:
            each.found = same.of(each.mutant)
    parts = Parts(pathway, network)
    tallies: dict[str, list[int]] = {}
    for each in trials:
        names = ("total", f"kind {each.mutant.kind}")
        mine = parts.of(each.mutant)
        for name in (*names, *(f"part {part}" for part in mine or ("other",))):
            _count(tallies, name, each.killed, each.equivalent)
        _count(tallies, "vignettes", each.stated, each.equivalent)
    return MutationReport(
        patients=sum(len(bench.patients) for bench in benches),
        looks=sum(len(bench.expectations) for bench in benches),
        total=_score(tallies, "total"),
        by_vignettes=_score(tallies, "vignettes"),
        parts={part: _score(tallies, f"part {part}") for part in (*PARTS, "other")},
        kinds={
            name.removeprefix("kind "): _score(tallies, name)
            for name in tallies
            if name.startswith("kind ")
        },
        survivors=tuple(_survivor(each) for each in survivors),
    )


def _tried(mutant: Mutant, benches: Sequence[Bench]) -> _Trial:
    changed = benches[0].laid
    if mutant.pathway is not None:
        changed = lay_out(changed.pathway.model_copy(update=dict(mutant.pathway)))
    seen = [bench.noticed(mutant, changed) for bench in benches]
    return _Trial(mutant, any(by_any for by_any, _ in seen), any(stated for _, stated in seen))


def _equivalence(bench: Bench, among: Sequence[Mutant]) -> Equivalence:
    pathway, network, on = bench.laid.pathway, bench.laid.network, bench.patients[0].on
    search = search_around_a_calm_patient(pathway, network, bench.settings, on)
    calm = {fact: values[0] for fact, values in search.values.items()}
    return Equivalence(pathway, network, bench.settings, on, among, calm)


def _survivor(trial: _Trial) -> Survivor:
    assert trial.found is not None
    return Survivor(
        kind=trial.mutant.kind,
        where=trial.mutant.where,
        subject=trial.mutant.subject,
        says=trial.mutant.says,
        equivalent=trial.equivalent,
        why=trial.found.why,
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
