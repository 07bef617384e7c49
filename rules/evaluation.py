"""One evaluation: facts read, red signs screened, nodes worked out by two voices, and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from rules.canonical import sha256
from rules.derive import Reading, canonical_value, read_patient, stated_only
from rules.engine import Engine
from rules.evaluator import Evaluator, Screen, Trace, evaluate
from rules.network import Network
from rules.truth import UNKNOWN
from schemas.errors import EngineFault, Problem, SettingsError
from schemas.pathway import Pathway
from schemas.patient import Patient


class Settled(dict[str, Decimal]):
    """The value of every setting, not changed any more, and a name for them all together."""

    @cached_property
    def key(self) -> str:
        """The sha256 of the canonical JSON: the same for the same values, whatever their order."""
        return sha256({name: canonical_value(value) for name, value in self.items()})


@dataclass
class Evaluation:
    """What two voices say about one patient. With *faults*, only the red signs can be relied on."""

    patient: Patient
    settings: Settled
    reading: Reading
    nodes: dict[str, int]
    """Truth of every node; when the evaluator failed, of the red signs only, all else unknown."""
    faults: list[str] = field(default_factory=list)
    trace: Trace | None = None
    """The parts of the conditions as the evaluator judged them; None where a fault makes them unreliable."""


class Voices:
    """The two evaluators of one pathway: the rule engine, and the compiled witness per settings."""

    def __init__(self, pathway: Pathway, network: Network) -> None:
        self.pathway, self.network = pathway, network
        self.engine = Engine(network)
        self.disagreements = 0
        self._defaults = {name: setting.value for name, setting in pathway.settings.items()}
        self._profiles: dict[str, Settled] = {}
        self._compiled: dict[str, tuple[Evaluator, Screen]] = {}

    def settings(self, profile: str, changed: Mapping[str, Decimal] | None = None) -> Settled:
        """Return the value of every setting under *profile*, or under *changed* (a site's own file).

        Raises SettingsError for a profile nobody here has.
        """
        if changed is None:
            if profile in self._profiles:
                return self._profiles[profile]
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
            return self._profiles.setdefault(profile, Settled({**self._defaults, **changed}))
        return Settled({**self._defaults, **changed})

    def compiled(self, settings: Settled) -> tuple[Evaluator, Screen]:
        if settings.key not in self._compiled:
            self._compiled[settings.key] = (
                Evaluator(self.network, settings),
                Screen(self.network, settings, self.pathway.signs),
            )
        return self._compiled[settings.key]

    def walk_red_signs(
        self, reading: Reading, settings: Mapping[str, Decimal], patient: Patient
    ) -> dict[str, int]:
        """Work the red signs out by the plain walker; nothing when that fails too."""
        wanted = self.network.upstream([*self.network.screen(self.pathway), "red(any)"])
        found: dict[str, int] = {}
        try:
            for node in self.network.nodes:
                if node.name in wanted:
                    found[node.name] = evaluate(
                        node.condition, reading.values, settings, patient.on, found
                    )
        except Exception:
            return {}
        return found

    def evaluate(self, patient: Patient, settings: Settled) -> Evaluation:
        """Evaluate *patient*: the red-sign screen first and apart, then everything, by both voices.

        Never raises for a fault inside an evaluation: the red signs are answered all the same, and
        `faults` says what could not be relied on.
        """
        evaluator, screen = self.compiled(settings)
        faults: list[str] = []
        try:
            reading = read_patient(self.pathway, patient, settings)
        except Exception:
            # Lists that cannot be read may not take a red sign with them: what was stated still speaks.
            reading = stated_only(self.pathway, patient)
            faults.append("reading")
        nodes = dict.fromkeys(self.network.index, UNKNOWN)
        evaluation = Evaluation(patient, settings, reading, nodes, faults)
        red: dict[str, int] = {}
        try:
            red = screen(reading.values, patient.on)
            nodes.update(red)
        except Exception:
            # The plain walker shares no code with the compiled screen.
            evaluation.faults.append("red-sign-screen")
            red = self.walk_red_signs(reading, settings, patient)
            nodes.update(red)
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
            self.engine.renew()
            evaluation.faults.append("voices-differ")
        if not evaluation.faults:
            evaluation.trace = evaluator.trace(leaves)
        return evaluation
