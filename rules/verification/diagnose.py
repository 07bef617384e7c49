"""What is wrong with documents that load: gaps, conflicts, overlaps, dead and hidden rules, things nobody uses.

Conditions are compared by what they mean, not by how they are written: a search over all facts looks for somebody in
whom they differ. What the loader refuses (unknown facts, uncited rules, circles) does not come this far.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Literal

from rules.evaluator import Evaluator
from rules.leaves import Settings
from rules.network import ASSESSED, IN_SCOPE, Network
from rules.notation import place_of
from rules.truth import TRUE
from rules.verification.backwards.arrange import IS_FALSE, IS_TRUE, NOT_TRUE, GivenUp, Wish
from rules.verification.backwards.calm import search_around_a_calm_patient
from rules.verification.backwards.candidates import ANY_DAY as ON
from rules.verification.backwards.compose import judged, trial_arranger
from rules.verification.unused import unused
from schemas.condition import OneOf, Ref
from schemas.decision import State
from schemas.pathway import Effect, Pathway, Rule
from schemas.verification import Diagnostic

_STRONGER: dict[Effect, tuple[Effect, ...]] = {
    Effect.CONSIDER: (Effect.RECOMMEND,),
    Effect.BLOCK_UNLESS_JUSTIFIED: (Effect.BLOCK, Effect.HOLD),
    Effect.HOLD: (Effect.BLOCK,),
    Effect.CAUTION: (Effect.BLOCK, Effect.HOLD),
}
"""Effects that take the place of another: where both hold, only the stronger decides. Nobody who may have a treatment
would ever read a caution that stands behind a block of it."""
_ACTING = (
    Effect.RECOMMEND, Effect.CONSIDER, Effect.BLOCK, Effect.HOLD, Effect.BLOCK_UNLESS_JUSTIFIED,
    Effect.EXHAUST, Effect.SKIP, Effect.RED_SIGN, Effect.SUPPORT,
)  # fmt: skip
"""Effects of which a second rule that holds whenever the first does adds nothing but its words."""
_TELLING = (Effect.CAUTION, Effect.ADVISE, Effect.CAUSE, Effect.REQUIRE)
"""Effects that an answer tells rule by rule: a second rule adds its words, unless they are the same."""
_OFFERING = (Effect.RECOMMEND, Effect.CONSIDER)
_STOPPING = (Effect.BLOCK, Effect.HOLD, Effect.BLOCK_UNLESS_JUSTIFIED)


def diagnose(pathway: Pathway, network: Network, settings: Settings) -> tuple[Diagnostic, ...]:
    """Return every diagnostic of *pathway* under *settings*, errors first, then in the order of the documents."""
    found = [*_Diagnosis(pathway, network, settings).all(), *unused(pathway, network)]
    order = sorted(found, key=lambda d: (d.severity, d.where.file, d.where.line, d.code))
    return tuple(dict.fromkeys(order))


class _Diagnosis:
    def __init__(self, pathway: Pathway, network: Network, settings: Settings) -> None:
        self.pathway, self.network, self.settings = pathway, network, settings
        self.search = search_around_a_calm_patient(pathway, network, settings, ON)
        self.evaluator = Evaluator(network, settings)

    def all(self) -> Iterator[Diagnostic]:
        yield from self.dead()
        yield from self.gaps()
        yield from self.undecided_outcomes()
        yield from self.conflicts()
        yield from self.alike()
        yield from self.hidden()
        yield from self.subsumed()

    def diagnostic(
        self,
        code: str,
        node: str,
        message: str,
        help: str,
        severity: Literal["error", "warning"] = "error",
    ) -> Diagnostic:
        place = place_of(self.pathway, node)
        return Diagnostic(
            code=code,
            severity=severity,
            message=message,
            help=help,
            where=place,
        )

    def can_be(self, *wishes: Wish) -> bool:
        """Tell whether anybody grants all *wishes*; when the search is given up, somebody might."""
        try:
            return next(self.search.solve(wishes), None) is not None
        except GivenUp:
            return True

    @cached_property
    def examples(self) -> dict[str, Sequence[int]]:
        """For each finding and rule that can hold, every conclusion for somebody in whom it does."""
        found: dict[str, Sequence[int]] = {}
        for name in self.named:
            try:
                state = next(self.search.solve([(Ref(name=name), IS_TRUE)]), None)
            except GivenUp:
                continue
            if state is not None:
                leaves = self.evaluator.leaves(self.search.facts(state), ON)
                found[name] = self.evaluator.nodes(leaves)
        return found

    @property
    def named(self) -> list[str]:
        return [*self.pathway.findings, *(f"rule:{rule}" for rule in self.pathway.rules)]

    def implies(self, name: str, other: str) -> bool:
        """Tell whether *other* holds in everybody in whom *name* does; a rule that never holds implies nothing."""
        example = self.examples.get(name)
        if example is None or example[self.network.index[other]] != TRUE:
            return False
        return not self.can_be((Ref(name=name), IS_TRUE), (Ref(name=other), NOT_TRUE))

    def same(self, name: str, other: str) -> bool:
        return self.implies(name, other) and self.implies(other, name)

    # Dead

    def dead(self) -> Iterator[Diagnostic]:
        """Yield findings and rules whose condition nobody can meet."""
        for name in self.named:
            if not self.can_be((Ref(name=name), IS_TRUE)):
                kind = "rule" if name.startswith("rule:") else "finding"
                yield self.diagnostic(
                    "dead", name, f"{kind} `{name.removeprefix('rule:')}` can never hold",
                    "its condition contradicts itself, or an exception always takes it away",
                )  # fmt: skip

    # Gaps

    def gaps(self) -> Iterator[Diagnostic]:
        """Yield treatments that are never offered, signs nothing raises, states nobody can be in."""
        for treatment in self.pathway.treatments.values():
            name = treatment.id
            if not treatment.stage:
                # Belongs to no stage: a flag, never an offer.
                continue
            wishes: list[Wish] = [
                (Ref(name=f"{verb}({name})"), IS_FALSE)
                for verb in ("blocked", "held", "unjustified")
            ]
            wishes += [(Ref(name=f"{verb}({name})"), IS_TRUE) for verb in ("indicated", "ready")]
            wishes += [(Ref(name=IN_SCOPE), IS_TRUE), (Ref(name="red(any)"), IS_FALSE)]
            untried = OneOf(fact=f"tried_{name.replace('-', '_')}", words=("none",))
            if not self.can_be((untried, IS_TRUE), *wishes):
                yield self.diagnostic(
                    "unreachable-treatment", f"indicated({name})", f"treatment `{name}` is never offered to anybody",
                    "give it an indication that can hold together with its prerequisites, or take it out",
                )  # fmt: skip
        for sign in self.pathway.signs:
            if not self.can_be((Ref(name=f"sign:{sign}"), IS_TRUE)):
                yield self.diagnostic(
                    "gap", f"sign:{sign}", f"no rule can raise the red sign {sign}",
                    "write a rule with the effect red-sign, or take the sign out",
                )  # fmt: skip
        for state, wishes in self.states():
            if not self.can_be(*wishes):
                node = f"passed({state})" if state.value in self.pathway.stages else IN_SCOPE
                yield self.diagnostic(
                    "gap", node, f"nobody can be in the state `{state.value}`",
                    "a stage that is passed at once, or can never be passed, hides another",
                )  # fmt: skip

    def states(self) -> Iterator[tuple[State, list[Wish]]]:
        """Yield every state with what must be so for somebody to be in it."""
        red, scope = Ref(name="red(any)"), Ref(name=IN_SCOPE)
        yield State.RED_SIGN, [(red, IS_TRUE)]
        yield State.OUT_OF_SCOPE, [(red, IS_FALSE), (scope, IS_FALSE)]
        yield State.NEEDS_ASSESSMENT, [(red, IS_FALSE), (Ref(name=ASSESSED), NOT_TRUE)]
        earlier: list[Wish] = [(red, IS_FALSE), (scope, IS_TRUE), (Ref(name=ASSESSED), IS_TRUE)]
        for stage in self.pathway.stages:
            passed = Ref(name=f"passed({stage})")
            yield State(stage), [*earlier, (passed, NOT_TRUE)]
            earlier.append((passed, IS_TRUE))
        yield State.SPECIALIST_REVIEW, earlier

    def undecided_outcomes(self) -> Iterator[Diagnostic]:
        """Yield treatments of which a trial can be judged by no row although everything about it is recorded."""
        for treatment in self.pathway.treatments.values():
            search = trial_arranger(self.pathway, treatment, self.settings, ON)
            state = search.start()
            known = all(
                search.narrow(state, fact, [value for value in values if value is not None])
                for fact, values in search.values.items()
            )
            rows = [judged(row.when, treatment) for row in self.pathway.outcomes]
            try:
                gap = known and next(search.solve([(r, NOT_TRUE) for r in rows], state), None)
            except GivenUp:
                continue
            if gap:
                fields = ", ".join(name for name in search.asked_for(gap))
                yield self.diagnostic(
                    "gap", f"outcome:{self.pathway.outcomes[-1].outcome}",
                    f"a trial of `{treatment.id}` can be fully recorded and yet be judged by no row ({fields})",
                    "let the last row take what the others leave",
                )  # fmt: skip
                return

    # Two rules

    def pairs(self) -> Iterator[tuple[Rule, Rule]]:
        """Yield every two rules that act on one treatment or one red sign, in both orders."""
        rules = list(self.pathway.rules.values())
        for rule in rules:
            for other in rules:
                meet = set(rule.on) & set(other.on) or (rule.sign and rule.sign == other.sign)
                if rule.id != other.id and (meet or not (rule.on or other.on)):
                    yield rule, other

    def conflicts(self) -> Iterator[Diagnostic]:
        """Yield indications that never hold without a block of the same treatment."""
        for rule, other in self.pairs():
            meet = rule.effect in _OFFERING and other.effect in _STOPPING and not other.agents
            if meet and self.implies(f"rule:{rule.id}", f"rule:{other.id}"):
                yield self.diagnostic(
                    "conflict", f"rule:{rule.id}",
                    f"rule `{rule.id}` offers only where rule `{other.id}` stops (at {other.place})",
                    "narrow one of the two conditions",
                )  # fmt: skip

    def alike(self) -> Iterator[Diagnostic]:
        """Yield rules and findings that say the same as an earlier one."""
        for rule, other in self.pairs():
            alike = _line(rule) < _line(other) and _consequence(rule) == _consequence(other)
            if alike and self.same(f"rule:{rule.id}", f"rule:{other.id}"):
                yield self.diagnostic(
                    "overlap", f"rule:{other.id}",
                    f"rule `{other.id}` holds exactly where rule `{rule.id}` does (at {rule.place}), "
                    "with the same effect",
                    "keep one of the two",
                )  # fmt: skip
        names = list(self.pathway.findings)
        for at, name in enumerate(names):
            for later in names[at + 1 :]:
                if self.same(name, later):
                    yield self.diagnostic(
                        "overlap", later,
                        f"finding `{later}` holds exactly where finding `{name}` does",
                        "keep one of the two", "warning",
                    )  # fmt: skip

    def hidden(self) -> Iterator[Diagnostic]:
        """Yield rules that another one covers whenever they hold."""
        for rule, other in self.pairs():
            names = f"rule:{rule.id}", f"rule:{other.id}"
            covers = rule.sign == other.sign and set(rule.on) <= set(other.on)
            if other.agents and not (rule.agents and set(rule.agents) <= set(other.agents)):
                continue
            if covers and other.effect in _STRONGER.get(rule.effect, ()) and self.implies(*names):
                yield self.diagnostic(
                    "hidden", names[0],
                    f"rule `{rule.id}` ({rule.effect}) is never seen: rule `{other.id}` ({other.effect}) "
                    "holds whenever it does",
                    "narrow the stronger rule, or take the weaker out",
                )  # fmt: skip

    def subsumed(self) -> Iterator[Diagnostic]:
        """Yield rules that say nothing new: another with the same effect has it whenever they do, and says as much."""
        for rule, other in self.pairs():
            if rule.effect is not other.effect or rule.topic != other.topic:
                continue
            covers = rule.sign == other.sign and set(rule.on) <= set(other.on)
            agents = not other.agents or bool(rule.agents and set(rule.agents) <= set(other.agents))
            weaker = rule.urgency is None or other.urgency is None or other.urgency <= rule.urgency
            told = rule.effect in _TELLING and _words(rule) == _words(other)
            if not (covers and agents and weaker and (told or rule.effect in _ACTING)):
                continue
            names = f"rule:{rule.id}", f"rule:{other.id}"
            # Of two prerequisites the one that holds more often is the one that asks for nothing new.
            first, second = names[::-1] if rule.effect is Effect.REQUIRE else names
            if self.implies(first, second) and not self.implies(second, first):
                yield self.diagnostic(
                    "subsumed", names[0],
                    f"rule `{rule.id}` says nothing new: rule `{other.id}` has the same effect whenever it has it "
                    f"(at {other.place})",
                    "take it out, or let its words say what is different", "warning",
                )  # fmt: skip


def _line(rule: Rule) -> tuple[str, int]:
    return rule.place.file, rule.place.line


def _words(rule: Rule) -> tuple[str, ...]:
    return tuple(" ".join(text.lower().split()) for text in (rule.says, rule.do))


def _consequence(rule: Rule) -> tuple[object, ...]:
    """Return what follows from *rule*, as far as a second rule with the same could be a slip."""
    says = rule.says if rule.effect in (Effect.CAUTION, Effect.ADVISE, Effect.CAUSE) else ""
    return rule.effect, rule.on, rule.agents, rule.sign, rule.urgency, rule.topic, says
