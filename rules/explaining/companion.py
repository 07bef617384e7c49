"""Everything that explains one decision, computed from the same evaluation as the decision itself."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from rules.decide import Decider
from rules.derive import read_patient
from rules.evaluation import Settled
from rules.explain import Explainer
from rules.explaining.counterfactual import Counterfactuals
from rules.explaining.influence import InfluenceFinder
from rules.explaining.questions import Asker
from rules.explaining.whatif import flip_points, what_if
from rules.explaining.why import Prover
from schemas.decision import Decision
from schemas.errors import NotFoundError, Problem
from schemas.explanation import Counterfactual, Explanation, Questions, WhatIf
from schemas.patient import Patient


class Companion:
    """Explains decisions of one decider under one set of settings; build it once, it remembers nothing of patients."""

    def __init__(self, decider: Decider, changed: Mapping[str, Decimal] | None = None) -> None:
        self.decider, self.changed = decider, changed
        self._finders: dict[str, tuple[InfluenceFinder, Asker]] = {}

    def explain(self, patient: Patient) -> Explanation:
        """Return the decision for *patient* with proofs, why-not matrix, questions and counterfactuals."""
        decision = self.decider.decide(patient, self.changed)
        explainer = self.explainer(patient)
        prover = Prover(self.decider.pathway, explainer)
        counterfactuals = self.counterfactuals(patient, explainer)
        return Explanation(
            decision=decision,
            verdicts=prover.verdicts(decision),
            matrix=prover.matrix(decision),
            questions=self.questions(patient, decision),
            counterfactuals=tuple(
                counterfactuals.find(name, decision) for name in self.decider.pathway.treatments
            ),
        )

    def questions(self, patient: Patient, decision: Decision) -> Questions:
        """Return the ranked questions for *patient*, whose decision is *decision*."""
        values = read_patient(self.decider.pathway, patient, self.settings(patient)).values
        return self.parts(patient)[1].ask(values, patient.on, decision)

    def counterfactual(self, patient: Patient, treatment: str) -> Counterfactual:
        """Return what would make *treatment* available; raise NotFoundError for a treatment nobody has."""
        if treatment not in self.decider.pathway.treatments:
            raise NotFoundError(
                Problem(
                    code="unknown-treatment",
                    message="there is no treatment of that name",
                    help=f"treatments are {', '.join(self.decider.pathway.treatments)}",
                    where="treatment",
                )
            )
        decision = self.decider.decide(patient, self.changed)
        return self.counterfactuals(patient, self.explainer(patient)).find(treatment, decision)

    def what_if(self, before: Patient, after: Patient) -> WhatIf:
        """Compare the answers for two inputs, with the flip points of the second."""
        finder, asker = self.parts(after)
        values = read_patient(self.decider.pathway, after, self.settings(after)).values
        return what_if(
            self.decider.decide(before, self.changed),
            self.decider.decide(after, self.changed),
            flip_points(self.decider.pathway, finder, asker, values, after.on),
        )

    def settings(self, patient: Patient) -> Settled:
        return self.decider.voices.settings(patient.settings, self.changed)

    def parts(self, patient: Patient) -> tuple[InfluenceFinder, Asker]:
        if patient.settings not in self._finders:
            settings = self.settings(patient)
            pathway, network = self.decider.pathway, self.decider.network
            evaluator, _ = self.decider.voices.compiled(settings)
            finder = InfluenceFinder(pathway, network, settings)
            asker = Asker(
                pathway, self.decider.outliner, evaluator, finder, self.decider.red_sign_facts
            )
            self._finders[patient.settings] = (finder, asker)
        return self._finders[patient.settings]

    def explainer(self, patient: Patient) -> Explainer:
        settings = self.settings(patient)
        pathway, network = self.decider.pathway, self.decider.network
        evaluator, _ = self.decider.voices.compiled(settings)
        values = read_patient(pathway, patient, settings).values
        nodes = evaluator.nodes(evaluator.leaves(values, patient.on))
        named = dict(zip(network.index, nodes, strict=True))
        return Explainer(pathway, network, settings, patient, values, named, self.decider.catalogue)

    def counterfactuals(self, patient: Patient, explainer: Explainer) -> Counterfactuals:
        finder, asker = self.parts(patient)
        return Counterfactuals(
            self.decider.pathway, explainer, self.decider.outliner, finder, asker
        )
