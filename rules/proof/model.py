"""One symbolic patient with everything the pathway concludes of it, as definitions a solver can take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import z3

from rules.network import ASSESSED, IN_SCOPE, Network
from rules.proof.logic import Three, Z3Logic, unknown
from rules.proof.patient import SymbolicFacts, SymbolicSettings
from rules.proof.possible import Possible
from rules.proof.tables import Rows, Standing, decided, state_rows, urgency_rows, verdict_rows
from rules.proof.trial import TrialOutcomes, translate
from schemas.condition import Leaf
from schemas.decision import OFFERS, State, Verdict
from schemas.pathway import Effect, Pathway, Urgency

LOGIC = Z3Logic()
TRUTH: Three[Any] = Three(LOGIC.yes, LOGIC.no)

VerdictTable = Callable[..., Rows[Any, Verdict]]


class SymbolicDecision:
    """One arbitrary patient: facts, comparisons, nodes, verdicts, state, urgency; every one a named constant.

    `definitions` ties the constants to each other and has to be asserted; queries then are single literals.
    """

    def __init__(
        self,
        pathway: Pathway,
        network: Network,
        settings: SymbolicSettings,
        outcomes: TrialOutcomes,
        tag: str = "",
        table: VerdictTable = verdict_rows,
    ) -> None:
        self.pathway, self.network, self.tag, self.table = pathway, network, tag, table
        self.definitions: list[Any] = []
        self.facts = SymbolicFacts(pathway.definition, settings, tag)
        self.facts.add(dict.fromkeys(leaf.fact for leaf in network.leaves))
        self.possible = Possible(pathway, self.facts, outcomes)
        self.leaves: dict[Leaf, Three[Any]] = {
            leaf: self.named(f"leaf {at}", self.facts.leaf(leaf))
            for at, leaf in enumerate(network.leaves)
        }
        self.nodes: dict[str, Three[Any]] = {}
        for node in network.nodes:
            self.nodes[node.name] = self.named(
                node.name, translate(node.condition, self, self.nodes)
            )
        screen = [unknown(LOGIC, self.nodes[name]) for name in network.screen(pathway)]
        self.complete = self.define("screen complete", z3.Not(z3.Or(*screen)))
        self.verdicts = {name: self._verdicts(name) for name in pathway.treatments}
        self.offered = {
            name: self.define(f"offered {name}", z3.Or(*(each[v] for v in OFFERS if v in each)))
            for name, each in self.verdicts.items()
        }
        self.states: dict[State, Any] = self._decided("state", self._states())
        self.urgencies: dict[Urgency, Any] = self._decided("urgency", self._urgencies())
        self.definitions += self.facts.well_formed
        self.exclusions = tuple(self.possible.exclusions())
        self.definitions += [each.holds for each in self.exclusions]

    def leaf(self, leaf: Leaf) -> Three[Any]:
        """Return one comparison by its name; asked by `translate`."""
        return self.leaves[leaf]

    def define(self, name: str, formula: Any) -> Any:
        constant = z3.Bool(f"{self.tag}{name}")
        self.definitions.append(constant == formula)
        return constant

    def named(self, name: str, truth: Three[Any]) -> Three[Any]:
        return Three(
            self.define(f"{name} so", truth.so), self.define(f"{name} not so", truth.not_so)
        )

    def _decided(self, name: str, rows: Rows[Any, Any]) -> dict[Any, Any]:
        return {
            outcome: self.define(f"{name} {outcome}", when)
            for outcome, when in decided(LOGIC, rows).items()
        }

    def standing(self, treatment: str) -> Standing[Any]:
        """Return what the verdict rests on; the counterpart of `Outliner.standing`."""
        node = self.nodes
        exhaust = [
            node[f"rule:{rule.id}"]
            for rule in self.pathway.rules.values()
            if rule.effect is Effect.EXHAUST and treatment in rule.on
        ]
        tried = f"tried_{treatment.replace('-', '_')}"
        # Revision belongs to no stage: an earlier revision is history, never a verdict.
        staged = f"ready({treatment})" in node
        return Standing(
            blocked=_worst(node[f"blocked({treatment})"], node[f"held({treatment})"]),
            unjustified=node[f"unjustified({treatment})"],
            indicated=node[f"indicated({treatment})"],
            recommended=node[f"recommended({treatment})"],
            ready=node.get(f"ready({treatment})", TRUTH),
            exhausted_by_trial=_worst(*exhaust),
            has_exhaust_rule=bool(exhaust),
            tried={word: self.facts.word(tried, word) for word in self.facts.words[tried]}
            if staged
            else {"none": LOGIC.yes},
            red=node["red(any)"],
            scope=node[IN_SCOPE],
            assessed=z3.And(self.complete, node[ASSESSED].so),
        )

    def _verdicts(self, treatment: str) -> dict[Verdict, Any]:
        rows = self.table(LOGIC, self.standing(treatment))
        return self._decided(f"verdict {treatment}", rows)

    def _states(self) -> Rows[Any, State]:
        passed = {stage: self.nodes[f"passed({stage})"] for stage in self.pathway.stages}
        node = self.nodes
        return state_rows(
            LOGIC, node["red(any)"], node[IN_SCOPE], node[ASSESSED], self.complete, passed
        )

    def _urgencies(self) -> Rows[Any, Urgency]:
        effects = (Effect.RED_SIGN, Effect.ADVISE, Effect.CAUSE)
        return urgency_rows(
            LOGIC,
            (
                (rule.urgency, self.nodes[f"rule:{rule.id}"].so)
                for rule in self.pathway.rules.values()
                if rule.effect in effects and rule.urgency is not None
            ),
        )


def _worst(*items: Three[Any]) -> Three[Any]:
    """Return the greatest of several truths, as `max` does; of none it is false."""
    return Three(z3.Or(*(i.so for i in items)), z3.And(*(i.not_so for i in items)))
