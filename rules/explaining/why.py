"""Why, and why not: a proof tree per verdict, and one line per treatment that names what decided it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.derive import canonical_value
from rules.explain import Explainer
from rules.network import ASSESSED, IN_SCOPE
from rules.truth import FALSE, TRUE, UNKNOWN, WORDS
from rules.words import in_words
from schemas.condition import And, Compare, Condition, Known, Leaf, Not, Or, Ref, Within
from schemas.decision import Decision, TreatmentDecision, Verdict
from schemas.explanation import ProofNode, VerdictProof, WhyNot
from schemas.pathway import Pathway

DEEPEST = 8


@dataclass(frozen=True)
class _Decisive:
    """One comparison, the innermost rule on the way to it, and whether an even number of denials lies between."""

    leaf: Leaf
    rule: str | None
    positive: bool


class Prover:
    """Reads proofs off the trace of one evaluation."""

    def __init__(self, pathway: Pathway, explainer: Explainer) -> None:
        self.pathway, self.explainer = pathway, explainer
        self.network, self.nodes = explainer.network, explainer.nodes

    def verdicts(self, decision: Decision) -> tuple[VerdictProof, ...]:
        """Return the proof of every verdict, with at most three short reasons each."""
        return tuple(
            VerdictProof(
                treatment=item.treatment,
                title=item.title,
                verdict=item.verdict.value,
                short=item.reasons[:3],
                proof=tuple(self.node(Ref(name=name), True, 0) for name in self.resting_on(item)),
            )
            for item in decision.treatments
        )

    def resting_on(self, item: TreatmentDecision) -> tuple[str, ...]:
        """Return the conclusions on which the verdict on one treatment rests."""
        name = item.treatment
        match item.verdict:
            case Verdict.BLOCK:
                found = [f"blocked({name})", f"held({name})"]
                return tuple(each for each in found if self.nodes[each] == TRUE)
            case Verdict.BLOCK_UNLESS_JUSTIFIED:
                return (f"unjustified({name})",)
            case Verdict.ON_HOLD:
                return ("red(any)",)
            case Verdict.TRIED_FAILED:
                return (f"exhausted({name})",)
            case Verdict.NOT_INDICATED:
                if self.nodes[IN_SCOPE] == FALSE:
                    return (IN_SCOPE,)
                return (f"indicated({name})",)
            case Verdict.NOT_YET:
                return (f"ready({name})",)
            case Verdict.NEEDS_DATA:
                if self.nodes[IN_SCOPE] != TRUE or self.nodes[ASSESSED] != TRUE:
                    return (IN_SCOPE, ASSESSED)
                verbs = ("blocked", "held", "unjustified", "indicated", "ready")
                names = [f"{verb}({name})" for verb in verbs]
                return tuple(each for each in names if self.nodes.get(each, FALSE) == UNKNOWN)
            case Verdict.TRIED_HELPED:
                return ()
            case _:
                return (f"indicated({name})", f"ready({name})")

    def node(self, condition: Condition, decides: bool, depth: int) -> ProofNode:
        """Return the proof of *condition*: parts that do not bear on its truth are left out."""
        truth = self.explainer.truth(condition)
        says = in_words(condition, self.pathway, self.explainer.settings)
        rule = None
        if isinstance(condition, Ref) and condition.name.startswith("rule:"):
            rule = self.pathway.rules[condition.name.removeprefix("rule:")]
        parts = () if depth >= DEEPEST else self._parts(condition, truth)
        fact = getattr(condition, "fact", None)
        entry = self.explainer.patient.facts.get(fact) if fact else None
        value = self.explainer.values.get(fact) if fact else None
        return ProofNode(
            says=says,
            truth=WORDS[truth],  # type: ignore[arg-type]
            decides=decides,
            rule=rule.id if rule else None,
            fact=fact,
            value=canonical_value(value),
            date=entry.date.text if entry and entry.date else None,
            source=entry.source if entry else None,
            sources=tuple(self.explainer.source(c) for c in rule.sources) if rule else (),
            because=tuple(self.node(part, True, depth + 1) for part in parts),
        )

    def _parts(self, condition: Condition, truth: int) -> tuple[Condition, ...]:
        match condition:
            case Ref():
                inner = self.network.conditions[condition.name]
                # A name for a single comparison or conjunction is one step, not two.
                return self._parts(inner, truth) if isinstance(inner, And | Or) else (inner,)
            case Not():
                return (condition.item,)
            case And() | Or():
                enough = FALSE if isinstance(condition, And) else TRUE
                bearing = [i for i in condition.items if self.explainer.truth(i) == truth]
                return tuple(bearing[:1] if truth == enough else bearing)
            case _:
                return ()

    def matrix(self, decision: Decision) -> tuple[WhyNot, ...]:
        """Return one line per treatment: verdict, deciding condition, value, date, statement."""
        return tuple(self._line(item) for item in decision.treatments)

    def _line(self, item: TreatmentDecision) -> WhyNot:
        roots = self.resting_on(item)
        found = self._decisive(Ref(name=roots[0])) if roots else None
        leaf = self.node(found.leaf, True, 0) if found else None
        rule = found.rule if found else None
        if rule is None and item.reasons:
            rule = item.reasons[0].rule
        sources = self.pathway.rules[rule].sources if rule else ()
        notes = [self.explainer.source(citation) for citation in sources]
        deciding = self._told(found) if found else ""
        if deciding and item.verdict is Verdict.NEEDS_DATA:
            deciding = f"not known: {deciding}"
        statement = "; ".join(f"{n.tag} {n.key}: {n.says}".strip(": ") for n in notes[:2])
        return WhyNot(
            treatment=item.treatment,
            title=item.title,
            verdict=item.verdict.value,
            deciding=deciding or item.summary,
            fact=leaf.fact if leaf else None,
            value=leaf.value if leaf else None,
            date=leaf.date if leaf else None,
            statement=statement,
            rule=rule,
        )

    def _told(self, found: _Decisive) -> str:
        """Say one comparison in words as it came out, with the patient's value."""
        truth = self.explainer.truth(found.leaf)
        so = truth == TRUE if truth != UNKNOWN else found.positive
        text = in_words(found.leaf, self.pathway, self.explainer.settings, so)
        value = self.explainer.values.get(found.leaf.fact)
        if isinstance(found.leaf, Compare | Within) and value is not None:
            text += f" (is {canonical_value(value)})"
        return text

    def _decisive(self, condition: Condition) -> _Decisive | None:
        """Return the comparison that best tells why *condition* is what it is; None where none bears on it.

        A guard `known(x)` is taken only where there is nothing else.
        """
        found = list(self._bearing(condition, None, True))
        telling = [each for each in found if not isinstance(each.leaf, Known)] or found
        return telling[0] if telling else None

    def _bearing(
        self, condition: Condition, rule: str | None, positive: bool
    ) -> Iterator[_Decisive]:
        """Yield the comparisons that make *condition* what it is, as written; of parts that each suffice, the first."""
        match condition:
            case Ref():
                inner = condition.name.removeprefix("rule:")
                within = inner if inner != condition.name else rule
                yield from self._bearing(self.network.conditions[condition.name], within, positive)
            case Not():
                yield from self._bearing(condition.item, rule, not positive)
            case And() | Or():
                truth = self.explainer.truth(condition)
                parts = [i for i in condition.items if self.explainer.truth(i) == truth]
                enough = FALSE if isinstance(condition, And) else TRUE
                if truth == FALSE and any(isinstance(part, Not) for part in parts):
                    parts.sort(key=_exempts)
                for part in parts[:1] if truth == enough else parts:
                    yield from self._bearing(part, rule, positive)
            case _:
                yield _Decisive(condition, rule, positive)


def _exempts(part: Condition) -> int:
    """Return how much a false part reads as an exemption rather than as what is wanting.

    Of "not facet pain, or a block was done" both halves are false. That the pain is facet pain holds, and naming it
    tells nobody what to do; what is wanting is the block. So a comparison goes before a finding, and a denial last.
    """
    return 2 if isinstance(part, Not) else 1 if isinstance(part, Ref) else 0
