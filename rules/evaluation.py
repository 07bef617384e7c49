"""One evaluation: facts read, red signs screened, nodes worked out by two voices, and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from rules.derive import Reading, read_patient
from rules.engine import Engine
from rules.evaluator import Evaluator, Screen
from rules.network import Network
from rules.truth import UNKNOWN
from schemas.errors import EngineFault, Problem, SettingsError
from schemas.pathway import Pathway
from schemas.patient import Patient


@dataclass
class Evaluation:
    """What two voices say about one patient. With *faults*, only the red signs can be relied on."""

    patient: Patient
    settings: Mapping[str, Decimal]
    reading: Reading
    nodes: dict[str, int]
    """Truth of every node; when the evaluator failed, of the red signs only, all else unknown."""
    faults: list[str] = field(default_factory=list)


class Voices:
    """The two evaluators of one pathway: the rule engine, and the compiled witness per settings."""

    def __init__(self, pathway: Pathway, network: Network) -> None:
        self.pathway, self.network = pathway, network
        self.engine = Engine(network)
        self.disagreements = 0
        self._compiled: dict[tuple[tuple[str, Decimal], ...], tuple[Evaluator, Screen]] = {}

    def settings(
        self, profile: str, changed: Mapping[str, Decimal] | None = None
    ) -> dict[str, Decimal]:
        """Return the value of every setting under *profile*, or under *changed* (a site's own file).

        Raises SettingsError for a profile nobody here has.
        """
        values = {name: setting.value for name, setting in self.pathway.settings.items()}
        if changed is None:
            if profile not in self.pathway.profiles:
                raise SettingsError(
                    Problem(
                        code="unknown-profile",
                        message="there is no settings profile of that name",
                        help=f"profiles are {', '.join(sorted(self.pathway.profiles))}",
                        where="settings",
                    )
                )
            changed = self.pathway.profiles[profile]
        return values | dict(changed)

    def compiled(self, settings: Mapping[str, Decimal]) -> tuple[Evaluator, Screen]:
        key = tuple(sorted(settings.items()))
        if key not in self._compiled:
            self._compiled[key] = (
                Evaluator(self.network, settings),
                Screen(self.network, settings, self.pathway.signs),
            )
        return self._compiled[key]

    def evaluate(self, patient: Patient, settings: Mapping[str, Decimal]) -> Evaluation:
        """Evaluate *patient*: the red-sign screen first and apart, then everything, by both voices.

        Never raises for a fault inside an evaluation: the red signs are answered all the same, and
        `faults` says what could not be relied on.
        """
        evaluator, screen = self.compiled(settings)
        reading = read_patient(self.pathway, patient, settings)
        nodes = dict.fromkeys(self.network.index, UNKNOWN)
        red = screen(reading.values, patient.on)
        nodes.update(red)
        evaluation = Evaluation(patient, settings, reading, nodes)
        try:
            leaves = evaluator.leaves(reading.values, patient.on)
            truths = evaluator.nodes(leaves)
        except Exception:
            # Whatever broke, it may not take a red sign with it. What broke is not told: it may hold a value.
            evaluation.faults.append("evaluator")
            return evaluation
        worked_out = dict(zip(self.network.index, truths, strict=True))
        if any(worked_out[name] != truth for name, truth in red.items()):
            evaluation.faults.append("red-sign-screen")
            worked_out |= {name: max(worked_out[name], truth) for name, truth in red.items()}
        nodes.update(worked_out)
        try:
            fired = self.engine.run(leaves)
        except EngineFault:
            evaluation.faults.append("rule-engine")
            return evaluation
        different = self.engine.disagreements(fired, truths)
        if different:
            self.disagreements += 1
            evaluation.faults.append("voices-differ")
        return evaluation
