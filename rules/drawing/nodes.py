"""The parts of a diagram: gates, flags, stages, treatments and review, each with how it stands for one patient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rules.network import ASSESSED, IN_SCOPE
from rules.steps import REVIEW_TEXT
from schemas.condition import facts_of
from schemas.decision import OFFERS, Decision, RedSign, State, TreatmentDecision, Verdict
from schemas.diagram import HERE, DiagramNode, Position
from schemas.pathway import Effect, Pathway, Sign, Stage, Treatment

RED_SIGNS, SCOPE, ASSESSMENT, REVIEW = "red-signs", "scope", "assessment", "specialist-review"

VERDICT_WORDS: dict[Verdict, tuple[Position, str]] = {
    Verdict.RECOMMEND: (Position.OPEN, "open: recommend"),
    Verdict.CONSIDER: (Position.OPEN, "open: consider"),
    Verdict.NOT_YET: (Position.NOT_YET, "not yet"),
    Verdict.NEEDS_DATA: (Position.NEEDS_DATA, "needs data"),
    Verdict.NOT_INDICATED: (Position.NOT_INDICATED, "not indicated"),
    Verdict.BLOCK: (Position.BLOCKED, "blocked"),
    Verdict.BLOCK_UNLESS_JUSTIFIED: (Position.BLOCKED, "blocked unless justified"),
    Verdict.TRIED_FAILED: (Position.TRIED, "tried: failed"),
    Verdict.TRIED_HELPED: (Position.TRIED, "tried: helped"),
    Verdict.ON_HOLD: (Position.ON_HOLD, "on hold"),
}
CAUTIONS_NAMED = 3
_FLAG_RAISED = (Position.RED_SIGN, "flag raised: on hold")
_AGAINST = (Effect.BLOCK, Effect.HOLD, Effect.BLOCK_UNLESS_JUSTIFIED)
_FLAG_DETAIL = "Never an offer. Only a red sign raises this flag; the surgeon decides."


class Parts:
    """Writes the nodes of one diagram, and knows where the patient stands."""

    def __init__(self, pathway: Pathway, decision: Decision | None) -> None:
        self.pathway, self.decision = pathway, decision
        self.stages = list(pathway.stages.values())
        self.flags = [t for t in pathway.treatments.values() if not t.stage]
        self.verdicts = {item.treatment: item for item in decision.treatments} if decision else {}
        self.here = _stands_at(decision) if decision else None
        self.passed = _passed(self.stages, decision)

    def nodes(self) -> Iterable[DiagramNode]:
        """Yield every part, in the order in which it is gone through."""
        yield self.red_signs()
        yield from (self.treatment(flag) for flag in self.flags)
        yield self.scope()
        yield self.assessment()
        for stage in self.stages:
            yield self.stage(stage)
            for treatment in self.pathway.treatments.values():
                if treatment.stage == stage.id:
                    yield self.treatment(treatment)
        yield self.review()

    def place(self, id: str, position: Position, word: str = "") -> dict[str, object]:
        """Return how a gate, a stage or the review stands."""
        here = id == self.here
        said = word or position.value.replace("-", " ")
        return {
            "id": id,
            "here": here,
            "position": position,
            "word": f"{HERE}: {said}" if here else said,
        }

    def red_signs(self) -> DiagramNode:
        decision = self.decision
        node = DiagramNode(id=RED_SIGNS, kind="gate", title="Red-sign screen")
        if decision is None:
            signs = tuple(map(self.sign, self.pathway.signs.values()))
            return node.model_copy(
                update={"detail": "Looked for first, every time", "lines": signs}
            )
        if decision.red_signs:
            signs = tuple(sign_text(sign) for sign in decision.red_signs)
            detail = (
                "" if decision.screen_complete else "The screen is not complete: there may be more."
            )
            placed = self.place(RED_SIGNS, Position.RED_SIGN, "red sign open")
            return node.model_copy(update={**placed, "detail": detail, "lines": signs})
        if decision.incomplete:
            placed = self.place(RED_SIGNS, *self.behind())
            return node.model_copy(update={**placed, "detail": "Red signs are not excluded"})
        if not decision.screen_complete:
            placed = self.place(RED_SIGNS, Position.NEEDS_DATA)
            return node.model_copy(
                update={**placed, "detail": "Red signs are not excluded: questions are unanswered"}
            )
        placed = self.place(RED_SIGNS, Position.VISITED, "visited: no red sign")
        return node.model_copy(update={**placed, "detail": "Every red-sign question is answered"})

    def sign(self, sign: Sign) -> str:
        """Name one red sign with the urgencies it can have."""
        reached = sorted(
            {
                rule.urgency
                for rule in self.pathway.rules.values()
                if rule.effect is Effect.RED_SIGN and rule.sign == sign.id and rule.urgency
            }
        )
        ends = dict.fromkeys((*reached[:1], *reached[-1:]))
        return f"{sign.id} {sign.title}" + (f" ({' to '.join(ends)})" if ends else "")

    def scope(self) -> DiagramNode:
        decision = self.decision
        says = _sentence(self.pathway.findings[IN_SCOPE].says)
        node = DiagramNode(id=SCOPE, kind="gate", title="Who it is for", detail=says)
        if decision is None:
            return node
        if decision.incomplete:
            return node.model_copy(update=self.place(SCOPE, *self.behind()))
        match decision.scope.status:
            case "in-scope":
                placed = self.place(SCOPE, Position.VISITED, "visited: in scope")
            case "out-of-scope":
                placed = self.place(SCOPE, Position.NOT_INDICATED, "outside the scope")
            case _:
                placed = self.place(SCOPE, Position.NEEDS_DATA)
        return node.model_copy(update=placed)

    def assessment(self) -> DiagramNode:
        asked = facts_of(self.pathway.findings[ASSESSED].when)
        says = "; ".join(self.pathway.definition(fact).title for fact in asked)
        node = DiagramNode(id=ASSESSMENT, kind="gate", title="Minimum assessment", detail=says)
        if self.decision is None:
            return node
        if self.decision.incomplete:
            return node.model_copy(update=self.place(ASSESSMENT, *self.behind()))
        match self.decision.state:
            case State.S1 | State.S2 | State.S3 | State.SPECIALIST_REVIEW:
                placed = self.place(ASSESSMENT, Position.VISITED)
            case State.NEEDS_ASSESSMENT if self.here == ASSESSMENT:
                placed = self.place(ASSESSMENT, Position.NEEDS_DATA)
            case _:
                placed = self.place(ASSESSMENT, *self.behind())
        return node.model_copy(update=placed)

    def behind(self) -> tuple[Position, str]:
        """Return how everything stands that the patient has not reached."""
        assert self.decision is not None
        if self.decision.incomplete:
            return Position.UNSETTLED, "could not be worked out"
        if self.decision.state is State.RED_SIGN:
            return Position.ON_HOLD, ""
        if self.decision.state is State.OUT_OF_SCOPE:
            return Position.NOT_INDICATED, "outside the scope"
        return Position.NOT_YET, ""

    def stage(self, stage: Stage) -> DiagramNode:
        id = f"stage-{stage.id}"
        node = DiagramNode(id=id, kind="stage", title=f"{stage.id} {stage.title}")
        if self.decision is None:
            return node
        if id == self.here:
            placed = self.place(id, Position.OPEN)
        elif stage.id in self.passed:
            placed = self.place(id, Position.VISITED, self.passing(stage))
        else:
            placed = self.place(id, *self.behind())
        return node.model_copy(update=placed)

    def passing(self, stage: Stage) -> str:
        """Say how a stage was passed: a stage in which nothing is indicated was not gone through."""
        verdicts = {
            self.verdicts[t.id].verdict
            for t in self.pathway.treatments.values()
            if t.stage == stage.id and t.gate
        }
        idle = verdicts == {Verdict.NOT_INDICATED}
        return "visited: nothing indicated" if idle else "visited: passed"

    def review(self) -> DiagramNode:
        title, _, detail = REVIEW_TEXT.partition(": ")
        node = DiagramNode(id=REVIEW, kind="review", title=title, detail=_sentence(detail))
        if self.decision is None:
            return node
        if self.here == REVIEW:
            return node.model_copy(update=self.place(REVIEW, Position.OPEN))
        return node.model_copy(update=self.place(REVIEW, *self.behind()))

    def treatment(self, treatment: Treatment) -> DiagramNode:
        node = DiagramNode(
            id=f"treatment-{treatment.id}",
            kind="treatment" if treatment.stage else "flag",
            title=treatment.title,
            parent=f"stage-{treatment.stage}" if treatment.stage else None,
            detail=self.indication(treatment) if treatment.stage else _FLAG_DETAIL,
            lines=self.conditions(treatment) if treatment.stage else (),
        )
        item = self.verdicts.get(treatment.id)
        if item is None:
            return node
        position, word = VERDICT_WORDS[item.verdict]
        if not treatment.stage and item.verdict is Verdict.ON_HOLD:
            position, word = _FLAG_RAISED
        return node.model_copy(
            update={
                "position": position,
                "word": word,
                "detail": _sentence(item.summary),
                "lines": _seen_with(item),
            }
        )

    def indication(self, treatment: Treatment) -> str:
        says = [
            rule.says
            for rule in self.pathway.rules.values()
            if rule.effect in (Effect.RECOMMEND, Effect.CONSIDER) and treatment.id in rule.on
        ]
        return "; or ".join(_sentence(text) if at == 0 else text for at, text in enumerate(says))

    def conditions(self, treatment: Treatment) -> tuple[str, ...]:
        """Count what must be in place before *treatment*, and what stands against it."""
        mine = [r.effect for r in self.pathway.rules.values() if treatment.id in r.on]
        first = mine.count(Effect.REQUIRE)
        against = sum(effect in _AGAINST for effect in mine)
        lines = [f"{first} to have in place first"] * bool(first)
        lines += [f"{against} reason{'' if against == 1 else 's'} against"] * bool(against)
        return tuple(lines)


def _stands_at(decision: Decision) -> str | None:
    """Return the one part at which the patient stands; none when the evaluation failed without a red sign.

    A patient whose assessment is wanting stands at the first gate that is not settled.
    """
    if decision.red_signs:
        return RED_SIGNS
    if decision.incomplete:
        return None
    match decision.state:
        case State.RED_SIGN:
            return RED_SIGNS
        case State.OUT_OF_SCOPE:
            return SCOPE
        case State.NEEDS_ASSESSMENT:
            if not decision.screen_complete:
                return RED_SIGNS
            return SCOPE if decision.scope.status == "unknown" else ASSESSMENT
        case State.SPECIALIST_REVIEW:
            return REVIEW
        case stage:
            return f"stage-{stage.value}"


def _passed(stages: Sequence[Stage], decision: Decision | None) -> set[str]:
    """Return the stages that lie behind the patient: those before the present one, in the pathway's order."""
    if decision is None or decision.incomplete:
        return set()
    names = [stage.id for stage in stages]
    if decision.state is State.SPECIALIST_REVIEW:
        return set(names)
    return (
        set(names[: names.index(decision.state.value)]) if decision.state.value in names else set()
    )


def sign_text(sign: RedSign) -> str:
    return f"{sign.urgency} {sign.id} {sign.title} (onset: {sign.onset})"


def _seen_with(item: TreatmentDecision) -> tuple[str, ...]:
    """Return what must be seen with a verdict: what a hold has put aside, cautions, medicines that are ruled out.

    An offer names its first cautions and counts the rest; where nothing is offered their number is enough.
    """
    lines = []
    if item.otherwise is not None and item.stage:
        lines.append(f"without the hold: {VERDICT_WORDS[item.otherwise][1]}")
    named = item.cautions[:CAUTIONS_NAMED] if item.verdict in OFFERS else ()
    lines += [f"caution: {caution.says}" for caution in named]
    count = len(item.cautions) - len(named)
    if count:
        more = "more " if named else ""
        lines.append(f"{count} {more}caution{'' if count == 1 else 's'}")
    for standing, word in (("block", "blocked"), ("needs-data", "needs data")):
        count = sum(agent.standing == standing for agent in item.agents)
        if count:
            lines.append(f"{count} of {len(item.agents)} medicines: {word}")
    return tuple(lines)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
