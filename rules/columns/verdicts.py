"""Urgency, state, verdicts and deciding rules of a patient as formulas.

The precedence is not written here: the tables of `rules/proof/tables.py` are read, which a test holds to the ordinary
code over every combination of their inputs. The order of deciding rules is that of `TreatmentWriter.reasons`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from rules.catalogue import Catalogue
from rules.columns.formulas import Formula, Plain, Sheet
from rules.network import ASSESSED, IN_SCOPE, Network
from rules.proof.logic import Three
from rules.proof.tables import Rows, Standing, decided, state_rows, urgency_rows, verdict_rows
from rules.treatments import REVISION
from schemas.condition import OneOf
from schemas.decision import State, Verdict
from schemas.pathway import Effect, Pathway, Rule, Treatment, Urgency

_BLOCKS = (Effect.BLOCK, Effect.HOLD, Effect.BLOCK_UNLESS_JUSTIFIED)
_INDICATIONS = (Effect.RECOMMEND, Effect.CONSIDER)
_RAISING = (Effect.RED_SIGN, Effect.ADVISE, Effect.CAUSE)

Candidates = list[tuple[Formula, str]]
"""Rules that may have decided, each with when it is the answer if none before it is."""


class Conclusions:
    """Everything the answer says about one patient, in the formulas of one sheet."""

    def __init__(self, pathway: Pathway, network: Network) -> None:
        self.pathway, self.network = pathway, network
        self.sheet = Sheet()
        self.logic = Plain(self.sheet)
        self.catalogue = Catalogue(pathway)
        self.nodes = self.sheet.network(network)
        known = [self.sheet.known(self.nodes[name]) for name in network.screen(pathway)]
        self.complete = self.sheet.every(known)
        self._decided: dict[str, dict[Verdict, Formula]] = {}

    def rule(self, rule: Rule) -> Formula:
        """Return the condition of *rule*."""
        return self.nodes[f"rule:{rule.id}"]

    def three(self, formula: Formula) -> Three[Formula]:
        return Three(formula, self.sheet.negated(formula))

    def _worst(self, *formulas: Formula) -> Three[Formula]:
        return self.three(self.sheet.some(formulas))

    def red_signs(self) -> dict[str, Formula]:
        """Return, for every red sign, whether it is open."""
        return {sign: self.nodes[f"sign:{sign}"] for sign in self.pathway.signs}

    def urgencies(self) -> Rows[Formula, Urgency]:
        """Return the table of urgencies."""
        raising = [r for r in self.pathway.rules.values() if r.effect in _RAISING]
        return urgency_rows(
            self.logic, [(r.urgency, self.rule(r)) for r in raising if r.urgency is not None]
        )

    def states(self) -> Rows[Formula, State]:
        """Return the table of states."""
        passed = {
            stage: self.three(self.nodes[f"passed({stage})"]) for stage in self.pathway.stages
        }
        red, scope, assessed = (
            self.three(self.nodes[name]) for name in ("red(any)", IN_SCOPE, ASSESSED)
        )
        return state_rows(self.logic, red, scope, assessed, self.complete, passed)

    def standing(self, treatment: Treatment) -> Standing[Formula]:
        """Return what the verdict on *treatment* rests on, as `Outliner.standing` does."""
        name, node = treatment.id, self.nodes
        exhaust = [self.rule(rule) for rule in self.catalogue.on(name, Effect.EXHAUST)]
        staged = f"ready({name})" in node
        return Standing(
            blocked=self._worst(node[f"blocked({name})"], node[f"held({name})"]),
            unjustified=self.three(node[f"unjustified({name})"]),
            indicated=self.three(node[f"indicated({name})"]),
            recommended=self.three(node[f"recommended({name})"]),
            ready=self.three(node[f"ready({name})"] if staged else self.sheet.yes),
            exhausted_by_trial=self._worst(*exhaust),
            has_exhaust_rule=bool(exhaust),
            # Revision belongs to no stage: an earlier revision is history, never a verdict.
            tried=self._tried(name) if staged else {"none": self.sheet.yes},
            red=self.three(node["red(any)"]),
            scope=self.three(node[IN_SCOPE]),
            assessed=self.sheet.every((self.sheet.so(node[ASSESSED]), self.complete)),
        )

    def _tried(self, treatment: str) -> dict[str, Formula]:
        fact = tried_fact(treatment)
        words = self.pathway.definition(fact).choices
        return {word: self.sheet.leaf(OneOf(fact=fact, words=(word,))) for word in words}

    def verdicts(self, treatment: Treatment) -> Rows[Formula, Verdict]:
        """Return the table of verdicts on *treatment*."""
        return verdict_rows(self.logic, self.standing(treatment))

    def verdict_is(self, treatment: str, verdict: Verdict) -> Formula:
        """Tell whether the verdict on *treatment* is *verdict*; never unknown."""
        if treatment not in self._decided:
            rows = self.verdicts(self.pathway.treatments[treatment])
            self._decided[treatment] = decided(self.logic, rows)
        return self.sheet.so(self._decided[treatment].get(verdict, self.sheet.no))

    @cached_property
    def assessable(self) -> Formula:
        """Whether no red sign is open and the patient is not outside the scope: questions of assessment make sense."""
        red, scope = self.nodes["red(any)"], self.nodes[IN_SCOPE]
        closed = (self.sheet.so(red), self.sheet.not_so(scope))
        return self.sheet.every(self.sheet.negated(each) for each in closed)

    def deciding(self, treatment: Treatment) -> Candidates:
        """Return the rules that may stand first among the reasons of *treatment*, the first that holds first."""
        every, so = self.sheet.every, self.sheet.so
        found: Candidates = [(self.rule(r), r.id) for r in self._whole(treatment, *_BLOCKS)]
        if treatment.agents:
            blocked = so(self.standing(treatment).blocked.so)
            limited = [r for r in self.catalogue.on(treatment.id, Effect.BLOCK) if r.agents]
            found += [(every((blocked, self.rule(r))), r.id) for r in limited]
        if treatment.id == REVISION:
            found += [(self.rule(r), r.id) for r in self.catalogue.of(Effect.RED_SIGN)]
        found += [
            (every((self.verdict_is(treatment.id, verdict), holds)), rule)
            for verdict, holds, rule in self._behind(treatment)
        ]
        return [(formula, rule) for formula, rule in found if formula is not self.sheet.no]

    def _whole(self, treatment: Treatment, *effects: Effect) -> list[Rule]:
        return [rule for rule in self.catalogue.on(treatment.id, *effects) if not rule.agents]

    def _behind(self, treatment: Treatment) -> Iterator[tuple[Verdict, Formula, str]]:
        """Yield the rules behind each verdict in the order of the reasons, with what they must be."""
        for verdict, effect in (
            (Verdict.RECOMMEND, Effect.RECOMMEND),
            (Verdict.CONSIDER, Effect.CONSIDER),
            (Verdict.TRIED_FAILED, Effect.EXHAUST),
        ):
            for rule in self._whole(treatment, effect):
                yield verdict, self.rule(rule), rule.id
        for rule in self.catalogue.on(treatment.id, *_INDICATIONS)[:1]:
            yield Verdict.NOT_INDICATED, self.sheet.yes, rule.id
        for rule in self._whole(treatment, Effect.REQUIRE):
            yield Verdict.NOT_YET, self.sheet.negated(self.rule(rule)), rule.id
        for rule in self._whole(treatment, *_INDICATIONS):
            yield Verdict.NOT_YET, self.rule(rule), rule.id
        for rule in self._whole(treatment, *_BLOCKS, Effect.REQUIRE, *_INDICATIONS):
            yield Verdict.NEEDS_DATA, self.sheet.unknown(self.rule(rule)), rule.id


def tried_fact(treatment: str) -> str:
    """Return the fact that says how the trials of *treatment* were judged together."""
    return f"tried_{treatment.replace('-', '_')}"
