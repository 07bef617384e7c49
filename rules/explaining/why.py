"""Why, and why not: a proof tree per verdict, and one line per treatment that names what decided it."""

from __future__ import annotations

from rules.derive import canonical_value
from rules.explain import Explainer
from rules.network import ASSESSED, IN_SCOPE
from rules.truth import FALSE, TRUE, UNKNOWN, WORDS
from rules.words import in_words
from schemas.condition import And, Condition, Not, Or, Ref
from schemas.decision import Decision, TreatmentDecision, Verdict
from schemas.explanation import ProofNode, VerdictProof, WhyNot
from schemas.pathway import Pathway

DEEPEST = 8


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
        node = self.node(Ref(name=roots[0]), True, 0) if roots else None
        leaf, rule = self._first_leaf(node) if node else (None, None)
        if rule is None and item.reasons:
            rule = item.reasons[0].rule
        sources = self.pathway.rules[rule].sources if rule else ()
        notes = [self.explainer.source(citation) for citation in sources]
        deciding = self.explainer.deciding(Ref(name=roots[0]), 1) if roots else ""
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

    def _first_leaf(self, node: ProofNode) -> tuple[ProofNode | None, str | None]:
        """Return the first comparison below *node*, and the innermost rule on the way to it."""
        rule = node.rule
        while node.because:
            node = node.because[0]
            rule = node.rule or rule
        return (node if node.fact else None), rule
