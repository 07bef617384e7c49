"""The rules of a pathway by what they do: worked out once, looked up for every patient."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from rules.derive import canonical_value
from schemas.decision import SettingUsed, SourceNote
from schemas.pathway import Effect, Pathway, Rule
from schemas.provenance import Citation


class Catalogue:
    """Looks rules up by effect, treatment and medicine, and sources by citation."""

    def __init__(self, pathway: Pathway) -> None:
        self.pathway = pathway
        self._by_effect: dict[Effect, list[Rule]] = defaultdict(list)
        self._on: dict[tuple[str, Effect], list[Rule]] = defaultdict(list)
        self._agent: dict[tuple[str, str], list[Rule]] = defaultdict(list)
        for rule in pathway.rules.values():
            self._by_effect[rule.effect].append(rule)
            for treatment in rule.on:
                self._on[treatment, rule.effect].append(rule)
                if rule.effect in (Effect.BLOCK, Effect.CAUTION):
                    for agent in rule.agents:
                        self._agent[treatment, agent].append(rule)
        self._notes: dict[Citation, SourceNote] = {}
        self._settings: dict[tuple[str, Decimal], SettingUsed] = {}
        self.sources = {
            name: tuple(self.note(citation) for citation in rule.sources)
            for name, rule in pathway.rules.items()
        }
        """What is shown of the sources of each rule."""
        self.labels = {
            name: tuple(self.note(citation) for citation in treatment.sources)
            for name, treatment in pathway.treatments.items()
        }

    def of(self, *effects: Effect) -> list[Rule]:
        """Return the rules of any of *effects*, effect by effect."""
        return [rule for effect in effects for rule in self._by_effect.get(effect, ())]

    def on(self, treatment: str, *effects: Effect) -> list[Rule]:
        """Return the rules of any of *effects* that act on *treatment*, effect by effect."""
        return [rule for effect in effects for rule in self._on.get((treatment, effect), ())]

    def agent(self, treatment: str, agent: str) -> list[Rule]:
        """Return the blocks and cautions limited to one medicine inside *treatment*."""
        return self._agent.get((treatment, agent), [])

    def setting(self, name: str, value: Decimal) -> SettingUsed:
        """Return what is shown of a setting that has *value* here."""
        found = self._settings.get((name, value))
        if found is None:
            setting = self.pathway.settings[name]
            found = self._settings[name, value] = SettingUsed(
                name=name,
                value=canonical_value(value),
                unit=setting.unit,
                says=setting.says,
                sources=tuple(self.note(citation) for citation in setting.sources),
                changed=value != setting.value,
                signed_off=setting.signed_off,
            )
        return found

    def note(self, citation: Citation) -> SourceNote:
        """Return what is shown of a source."""
        found = self._notes.get(citation)
        if found is None:
            if citation.tag == "SEED":
                says = self.pathway.statements.get(citation.key, "")
            else:
                register = self.pathway.sources.get(citation.key)
                says = register.title if register else ""
            found = SourceNote(tag=citation.tag, key=citation.key, label=citation.label, says=says)
            self._notes[citation] = found
        return found
