"""What is missing: the unanswered questions that can still change the answer, the weightiest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rules.explain import Explainer
from rules.network import ASSESSED, IN_SCOPE
from rules.treatments import VERBS
from rules.truth import FALSE, TRUE, UNKNOWN
from schemas.condition import Ref
from schemas.decision import OFFERS, Missing, Verdict
from schemas.facts import Burden
from schemas.pathway import Effect, Pathway, Urgency

_BURDEN = {burden.value: at for at, burden in enumerate(Burden)}
_LISTS = {
    "trials": "trials_listed",
    "medications": "medications_listed",
    "surgeries": "surgeries_listed",
}


class Questions:
    """Collects, for every unanswered fact, what its answer can still decide."""

    def __init__(self, pathway: Pathway, explainer: Explainer) -> None:
        self.pathway, self.explainer = pathway, explainer
        self.decides: dict[str, dict[str, None]] = {}

    def ask(self, facts: Iterable[str], decides: str) -> None:
        for fact in facts:
            self.decides.setdefault(fact, {})[decides] = None

    def red_signs(self, screen: Iterable[str]) -> None:
        """Ask what leaves a sign open to doubt, and what could make an open sign more urgent."""
        nodes = self.explainer.nodes
        for name in screen:
            sign = name.removeprefix("sign:")
            if name.startswith("rule:"):
                sign = self.pathway.rules[name.removeprefix("rule:")].sign
            self.ask(self.explainer.undecided(Ref(name=name)), f"red sign {sign}")
        reached = next((u for u in Urgency if nodes.get(f"red({u})") == TRUE), Urgency.U3)
        for rule in self.explainer.catalogue.of(Effect.RED_SIGN):
            if rule.urgency is not None and rule.urgency < reached:
                node = Ref(name=f"rule:{rule.id}")
                self.ask(self.explainer.undecided(node), f"red sign {rule.sign}")

    def assessment(self) -> None:
        """Ask what keeps scope and minimum assessment open."""
        for node, what in ((IN_SCOPE, "scope"), (ASSESSED, "minimum assessment")):
            if self.explainer.nodes[node] != TRUE and not (
                node == IN_SCOPE and self.explainer.nodes[node] == FALSE
            ):
                self.ask(self.explainer.unanswered(Ref(name=node)), what)

    def treatment(self, treatment: str, verdict: Verdict, tried: str | None) -> None:
        """Ask what keeps the verdict on one treatment open, and which cautions an offer may still need."""
        nodes = self.explainer.nodes
        if verdict is Verdict.NEEDS_DATA:
            for verb in VERBS:
                name = f"{verb}({treatment})"
                if nodes.get(name, FALSE) == UNKNOWN:
                    self.ask(self.explainer.undecided(Ref(name=name)), treatment)
            if tried is None:
                self.ask([f"tried_{treatment.replace('-', '_')}"], treatment)
        if verdict in OFFERS:
            for rule in self.explainer.catalogue.on(treatment, Effect.CAUTION):
                if nodes[f"rule:{rule.id}"] == UNKNOWN:
                    node = Ref(name=f"rule:{rule.id}")
                    self.ask(self.explainer.undecided(node), f"a caution for {treatment}")

    def ranked(self, red_sign_facts: frozenset[str], why: Mapping[str, str]) -> tuple[Missing, ...]:
        """Return the questions: red signs first, then by how much they decide, then by burden."""
        items: dict[str, Missing] = {}
        for fact, decides in self.decides.items():
            definition = self.pathway.definition(fact)
            name, ask = fact, definition.ask
            if definition.from_list is not None:
                name = definition.from_list
                listed = self.pathway.derivations.get(_LISTS.get(name, ""))
                given = listed is not None and listed.fact.name in self.explainer.values
                ask = (
                    f"Please complete the list: {definition.title}"
                    if given or listed is None
                    else listed.fact.ask
                )
            before = items.get(name)
            items[name] = Missing(
                fact=name,
                ask=ask,
                where=definition.where,
                burden=definition.burden.value,
                red_sign=fact in red_sign_facts or (before is not None and before.red_sign),
                decides=tuple(dict.fromkeys([*(before.decides if before else ()), *decides])),
                why_unknown=why.get(fact, "not-asked"),
                section=definition.section if definition.from_list is None else "lists",
            )
        order = {name: at for at, name in enumerate([*self.pathway.facts, *_LISTS])}

        def rank(item: Missing) -> tuple[bool, bool, int, int, int]:
            firm = [what for what in item.decides if not what.startswith("a caution")]
            return (
                not item.red_sign,
                not firm,
                -len(firm),
                _BURDEN[item.burden],
                order.get(item.fact, len(order)),
            )

        return tuple(sorted(items.values(), key=rank))
