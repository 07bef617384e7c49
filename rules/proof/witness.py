"""From what the solver found back to a patient: an input that the checker accepts and anybody can decide again.

The solver speaks of derived facts; a client sends lists. Here the lists are built that give those facts: trials that
are judged so, medicines of those classes, operations with those dates. Nothing is believed: whoever asks for a witness
reads the patient back with the ordinary code and sees whether it is the patient that was meant.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Any

import z3

from rules.check import Checker
from rules.derive import read_patient
from rules.leaves import evaluate_leaf
from rules.proof.derived import LISTED
from rules.proof.meaning import ON, Input, Meaning, plain
from rules.proof.model import SymbolicDecision
from rules.proof.operation_rows import OperationWriter
from rules.proof.trial_rows import TrialRows, TrialWriter
from schemas.condition import Leaf
from schemas.facts import FactKind
from schemas.pathway import Pathway
from schemas.patient import Patient


class Witness(Meaning):
    """One patient the solver found, rebuilt as an input."""

    def __init__(
        self, pathway: Pathway, decision: SymbolicDecision, model: Any, rows: TrialRows
    ) -> None:
        super().__init__(pathway, decision, model)
        self.rows = rows

    def write(self) -> Input:
        """Return the input, in the form a client sends."""
        data: Input = {"facts": self._stated(), "on": self.on.isoformat()}
        trials, operations = TrialWriter(self, self.rows), OperationWriter(self)
        incomplete = []
        for key, whole, part in (
            ("medications", self._medications, self._medications),
            ("trials", trials.whole, trials.part),
            ("surgeries", operations.whole, operations.part),
        ):
            if self.value(LISTED[key]):
                data[key] = whole()
            elif rows := part():
                data[key] = rows
                incomplete.append(key)
        if incomplete:
            data["incomplete"] = incomplete
        overrides = self._overrides()
        if overrides:
            data["overrides"] = overrides
        return data

    def _stated(self) -> Input:
        found: Input = {}
        for name, definition in self.pathway.facts.items():
            value = self.value(name)
            if value is None:
                continue
            match definition.kind:
                case FactKind.DATE:
                    found[name] = self.date(value)
                case FactKind.INTEGER:
                    found[name] = int(value)
                case FactKind.DECIMAL:
                    found[name] = plain(value)
                case _:
                    found[name] = value
        dose = self.value("medication_mme_per_day")
        if "mme_per_day" in found and dose is not None and self.value("mme_per_day") == dose:
            del found["mme_per_day"]
        return found

    def _medications(self) -> list[Input]:
        rows: list[Input] = []
        started = {
            d.of: self.value(n) for n, d in self.pathway.derivations.items() if d.rule == "started"
        }
        dose_of = {
            d.of: self.value(n) for n, d in self.pathway.derivations.items() if d.rule == "mme"
        }
        for group, taken in self.decision.possible.taken.items():
            number = self.true(taken) if z3.is_bool(taken) else int(self.number(taken))
            for agent in group.medicines[:number]:
                row: Input = {"agent": agent}
                for of, date in started.items():
                    if group.words & set(of) and date is not None:
                        whole = self.value(LISTED["medications"])
                        row["started"] = self.date(date if whole else date[1:] * 2)
                for of, dose in dose_of.items():
                    if group.words & set(of) and dose is not None:
                        factor = self.pathway.medicines[agent].mme_factor or Decimal(1)
                        first = not any("dose_mg_per_day" in each for each in rows)
                        milligrams = dose / factor if first else Decimal(0)
                        row["dose_mg_per_day"] = plain(
                            milligrams.quantize(Decimal("0.001"), ROUND_CEILING)
                        )
                rows.append(row)
        return rows

    def _overrides(self) -> list[Input]:
        lifts = {"justified": "block-unless-justified", "early": "not-yet"}
        return [
            {
                "treatment": derivation.of[0],
                "lifts": lifts[derivation.rule],
                "who": "A clinician",
                "when": self.on.isoformat(),
                "why": "recorded for this example",
            }
            for name, derivation in self.pathway.derivations.items()
            if derivation.rule in lifts and self.value(name)
        ]


def check(checker: Checker, data: Input) -> Patient:
    """Return the patient as the checker understands it; raises InputError when it is refused."""
    return checker.check(data, ON)


def misread(witness: Witness, patient: Patient, leaves: tuple[Leaf, ...]) -> tuple[str, ...]:
    """Return the facts that the ordinary code reads otherwise than the solver meant them, as far as any
    comparison shows it.
    """
    settings, meant = witness.settings, witness.meant()
    read = read_patient(witness.pathway, patient, settings).values
    found: dict[str, None] = {}
    for leaf in leaves:
        truth = evaluate_leaf(leaf, meant, settings, witness.on)
        if evaluate_leaf(leaf, read, settings, patient.on) != truth:
            found[leaf.fact] = None
    return tuple(found)
