"""Which conclusion rests on which fact: the network's own answer, and what is read beside the network."""

from __future__ import annotations

from collections.abc import Iterable

from rules.network import ASSESSED, IN_SCOPE, Network
from rules.personal import Personal
from schemas.condition import Condition, facts_of
from schemas.facts import FactDefinition
from schemas.pathway import Pathway, Treatment
from schemas.transparency import AttributeUse, InputFact, SourceAttribute, UnreadFact

_VERDICT = (
    "blocked", "held", "unjustified", "indicated", "recommended", "ready", "exhausted",
)  # fmt: skip
"""The conclusions about one treatment that its verdict is read off."""


class Flow:
    """Follows every fact of one pathway to the rules and verdicts that rest on it."""

    def __init__(self, pathway: Pathway, network: Network) -> None:
        self.pathway, self.network = pathway, network
        self.rules: dict[str, list[str]] = {}
        for rule in pathway.rules:
            for fact in network.facts([f"rule:{rule}"]):
                self.rules.setdefault(fact, []).append(rule)
        self.readers: dict[str, list[str]] = {}
        for node in network.nodes:
            self._read(node.name, facts_of(node.condition))
        self.verdicts = {t.id: self._verdict(t) for t in pathway.treatments.values()}
        self.judging = self._judging()
        # A fact of one trial reaches the rules through what became of the treatment.
        through = [n for n, d in pathway.derivations.items() if d.rule == "tried"]
        rules = {rule for name in through for rule in self.rules.get(name, ())}
        for fact in self.judging:
            self.rules[fact] = [rule for rule in pathway.rules if rule in rules]

    def _read(self, reader: str, facts: Iterable[str]) -> None:
        for fact in facts:
            self.readers.setdefault(fact, []).append(reader)

    def _verdict(self, treatment: Treatment) -> set[str]:
        """Return every fact the verdict on *treatment* rests on, the gates before it included."""
        own = (f"{verb}({treatment.id})" for verb in _VERDICT)
        gates = (IN_SCOPE, ASSESSED, "red(any)", *self.network.screen(self.pathway))
        facts = self.network.facts(n for n in (*own, *gates) if n in self.network.index)
        tried = f"tried_{treatment.id.replace('-', '_')}"
        # The verdict looks at this one itself, whether or not a rule does.
        self._read(f"verdict({treatment.id})", (tried,))
        return facts | {tried}

    def _judging(self) -> set[str]:
        """Return the facts of one trial by which it is judged."""
        conditions: dict[str, Condition] = {
            f"outcome:{row.outcome}": row.when for row in self.pathway.outcomes
        }
        for treatment in self.pathway.treatments.values():
            if treatment.adequate is not None:
                conditions[f"adequate({treatment.id})"] = treatment.adequate
        found: set[str] = set()
        for name, condition in conditions.items():
            facts = [f for f in facts_of(condition) if f != "adequate"]
            self._read(name, facts)
            found.update(facts)
        return found

    def definitions(self) -> dict[str, FactDefinition]:
        """Return everything that may be stated or worked out, facts of one trial included."""
        derived = {name: d.fact for name, d in self.pathway.derivations.items()}
        trial = {n: f for n, f in self.pathway.trial_facts.items() if n != "adequate"}
        return {**self.pathway.facts, **derived, **trial}

    def inputs(self) -> tuple[InputFact, ...]:
        return tuple(
            InputFact(
                fact=name,
                title=fact.title,
                kind=fact.kind.value,
                unit=fact.unit,
                section=fact.section,
                comes_from="trials" if name in self.judging else fact.from_list or "stated",
                shelf_days=fact.shelf_days,
                read_by=tuple(self.readers[name]),
                rules=len(self.rules.get(name, ())),
            )
            for name, fact in self.definitions().items()
            if name in self.readers
        )

    def unread(self) -> tuple[UnreadFact, ...]:
        """Return what a client may state and nothing rests on."""
        return tuple(
            UnreadFact(fact=name, title=fact.title)
            for name, fact in self.pathway.facts.items()
            if name not in self.readers
        )

    def attribute(self, row: Personal) -> SourceAttribute:
        """Answer for one personal attribute, by following the data."""
        uses = tuple(
            AttributeUse(
                fact=name,
                title=fact.title,
                argument=argument,
                read=name in self.readers,
                rules=tuple(self.rules.get(name, ())),
                bears_on=self.bears_on(name),
            )
            for name, fact in self.definitions().items()
            if (argument := row.argument(fact)) is not None
        )
        read = [use for use in uses if use.read]
        answer = "used" if read else "accepted, but nothing rests on it" if uses else "not used"
        return SourceAttribute(
            number=row.number,
            attribute=row.attribute,
            answer=answer,
            derived_from=tuple(
                f"{use.fact}: {use.argument}; {len(use.rules)} of {len(self.pathway.rules)} rules "
                "rest on it"
                for use in uses
            )
            or (f"none of the {len(self.definitions())} facts of the dictionary counts as it",),
            uses=uses,
        )

    def bears_on(self, fact: str) -> tuple[str, ...]:
        if fact in self.judging:
            return tuple(self.verdicts)
        return tuple(name for name, facts in self.verdicts.items() if fact in facts)
