"""Why: the rules that decided, the facts they rest on, the sentence behind them; read off the trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.catalogue import Catalogue
from rules.derive import canonical_value
from rules.evaluator import Trace
from rules.leaves import Settings, evaluate_leaf
from rules.network import Network
from rules.truth import FALSE, TRUE, UNKNOWN, WORDS, both, either, negate
from rules.words import in_words
from schemas.condition import And, Compare, Condition, Known, Leaf, Not, Or, Ref, Within
from schemas.decision import Reason, SourceNote, UsedFact
from schemas.pathway import Pathway, Rule
from schemas.patient import Patient
from schemas.provenance import Citation

FactValues = Mapping[str, Any]


class Explainer:
    """Explains the conclusions of one evaluation."""

    def __init__(
        self,
        pathway: Pathway,
        network: Network,
        settings: Settings,
        patient: Patient,
        values: FactValues,
        nodes: Mapping[str, int],
        catalogue: Catalogue,
        trace: Trace | None = None,
        because: dict[str, str] | None = None,
    ) -> None:
        """*trace* spares judging parts of conditions again; *because* keeps the words of rules under *settings*."""
        self.pathway, self.network, self.settings = pathway, network, settings
        self.patient, self.values, self.nodes = patient, values, nodes
        self.catalogue = catalogue
        self.settings_read: set[str] = set()
        self._trace = trace
        self._because = {} if because is None else because
        # By identity, since comparing conditions costs more than judging them. Only conditions that live as long as
        # the pathway may stand here, so never a reference: those are made where they are asked about.
        self._truths: dict[int, int] = {}
        self._supports: dict[int, tuple[str, ...]] = {}
        self._used: dict[str, UsedFact] = {}
        self._reasons: dict[tuple[str, int], Reason] = {}

    def truth(self, condition: Condition) -> int:
        """Return the truth of a condition of the pathway, or of a reference to one."""
        if isinstance(condition, Ref):
            return self.nodes[condition.name]
        found = self._truths.get(id(condition))
        if found is None:
            found = None if self._trace is None else self._trace.of(condition)
            if found is None:
                found = self._truth(condition)
            self._truths[id(condition)] = found
        return found

    def _truth(self, condition: And | Or | Not | Leaf) -> int:
        match condition:
            case And():
                return both(self.truth(item) for item in condition.items)
            case Or():
                return either(self.truth(item) for item in condition.items)
            case Not():
                return negate(self.truth(condition.item))
            case _:
                return evaluate_leaf(condition, self.values, self.settings, self.patient.on)

    def support(self, condition: Condition) -> tuple[str, ...]:
        """Return facts that by themselves make *condition* what it is: for a true one, enough to make it true again.

        Of several sufficient grounds the first written is taken. For an unknown condition these are the
        facts that keep it undecided.
        """
        if isinstance(condition, Ref):
            return self.support(self.network.conditions[condition.name])
        found = self._supports.get(id(condition))
        if found is None:
            found = self._supports[id(condition)] = self._support(condition)
        return found

    def _support(self, condition: And | Or | Not | Leaf) -> tuple[str, ...]:
        truth = self.truth(condition)
        match condition:
            case Not():
                return self.support(condition.item)
            case And() | Or():
                enough = FALSE if isinstance(condition, And) else TRUE
                if truth == enough:
                    return self.support(
                        next(item for item in condition.items if self.truth(item) == enough)
                    )
                parts = (self.support(i) for i in condition.items if self.truth(i) == truth)
                return tuple(dict.fromkeys(fact for part in parts for fact in part))
            case _:
                if isinstance(condition, Compare | Within) and condition.setting:
                    self.settings_read.add(condition.setting)
                return (condition.fact,)

    def deciding(self, condition: Condition, limit: int = 4) -> str:
        """Say in words which comparisons make a decided *condition* what it is, each with the patient's value."""
        found: dict[str, bool] = {}
        self._deciding(condition, True, found)
        telling = [text for text, guard in found.items() if not guard] or list(found)
        return " and ".join(telling[:limit])

    def _deciding(self, condition: Condition, positive: bool, found: dict[str, bool]) -> None:
        truth = self.truth(condition)
        match condition:
            case Not():
                self._deciding(condition.item, not positive, found)
            case Ref():
                self._deciding(self.network.conditions[condition.name], positive, found)
            case And() | Or():
                enough = FALSE if isinstance(condition, And) else TRUE
                for item in condition.items:
                    if self.truth(item) == truth:
                        self._deciding(item, positive, found)
                        if truth == enough:
                            return
            case _:
                so = (truth == TRUE) if truth != UNKNOWN else positive
                text = in_words(condition, self.pathway, self.settings, so)
                value = self.values.get(condition.fact)
                if isinstance(condition, Compare | Within) and value is not None:
                    text += f" (is {canonical_value(value)})"
                found[text] = isinstance(condition, Known)

    def unanswered(self, condition: Condition) -> tuple[str, ...]:
        """Return the facts whose absence keeps *condition* from being true.

        A guard `known(x)` that is false counts: recording x may change the answer.
        """
        found: dict[str, None] = {}
        self._unanswered(condition, found)
        return tuple(found)

    def _unanswered(self, condition: Condition, found: dict[str, None]) -> None:
        truth = self.truth(condition)
        match condition:
            case Known():
                if truth == FALSE:
                    found[condition.fact] = None
            case Ref():
                if truth != TRUE:
                    self._unanswered(self.network.conditions[condition.name], found)
            case Not():
                if truth == UNKNOWN:
                    self._unanswered(condition.item, found)
            case And() | Or():
                for item in condition.items:
                    if self.truth(item) == UNKNOWN or (
                        truth == FALSE and self.truth(item) == FALSE
                    ):
                        self._unanswered(item, found)
            case _:
                if truth == UNKNOWN:
                    found[condition.fact] = None

    def undecided(self, condition: Condition) -> tuple[str, ...]:
        """Return the facts that keep an unknown *condition* unknown; nothing for a decided one."""
        if isinstance(condition, Ref) and condition.name not in self.nodes:
            return ()
        return self.support(condition) if self.truth(condition) == UNKNOWN else ()

    def reason(self, rule: Rule, truth: int | None = None) -> Reason:
        """Explain why *rule* holds, does not hold, or cannot be decided."""
        truth = self.nodes[f"rule:{rule.id}"] if truth is None else truth
        found = self._reasons.get((rule.id, truth))
        if found is None:
            found = self._reasons[rule.id, truth] = self._reason(rule, truth)
        return found

    def _reason(self, rule: Rule, truth: int) -> Reason:
        condition = self.network.conditions[f"rule:{rule.id}"]
        because = self._because.get(rule.id)
        if because is None:
            because = in_words(condition, self.pathway, self.settings)
            self._because[rule.id] = because
        facts = self.support(condition)
        return Reason(
            rule=rule.id,
            effect=rule.effect.value,
            holds=WORDS[truth],  # type: ignore[arg-type]
            says=rule.says,
            because=because,
            facts=tuple([self.used(name) for name in facts if name in self.values]),
            unknown=tuple([name for name in facts if name not in self.values]),
            sources=self.catalogue.sources[rule.id],
            extension=rule.is_extension,
            topic=rule.topic,
        )

    def used(self, name: str) -> UsedFact:
        """Return a fact as read; date and source only where the value is the one that was stated."""
        found = self._used.get(name)
        if found is None:
            found = self._used[name] = self._use(name)
        return found

    def _use(self, name: str) -> UsedFact:
        entry = self.patient.facts.get(name)
        if entry is not None and entry.value != self.values[name]:
            entry = None
        return UsedFact(
            fact=name,
            value=canonical_value(self.values[name]),
            date=entry.date.text if entry and entry.date else None,
            source=entry.source if entry else None,
        )

    def source(self, citation: Citation) -> SourceNote:
        return self.catalogue.note(citation)
