"""The pathway as a diagram, by itself or with the position of one patient, and as text for other tools.

The order is the pathway's own: red signs first, then who it is for, what must be known, the stages with their
treatments, specialist review. Only a red sign leads out of it, to the flag for surgical assessment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rules.drawing.export import to_dot, to_mermaid, to_text
from rules.drawing.nodes import ASSESSMENT, RED_SIGNS, REVIEW, SCOPE, Parts, sign_text
from rules.drawing.svg import to_svg
from schemas.decision import Decision
from schemas.diagram import Diagram, DiagramEdge, DiagramNode, Note
from schemas.errors import InputError, Problem
from schemas.pathway import URGENCY_WORDS, Pathway, Stage

__all__ = ["diagram", "to_dot", "to_mermaid", "to_svg", "to_text"]


def diagram(pathway: Pathway, decision: Decision | None = None) -> Diagram:
    """Return the diagram of *pathway*, with the position of the patient of *decision*.

    Raises InputError for a decision of another pathway or version: its position would be drawn into the wrong picture.
    """
    if decision is not None and decision.content_hash != pathway.content_hash:
        raise InputError(
            Problem(
                code="other-version",
                message="the decision was made with other documents than the ones to be drawn",
                help="decide again, or draw it with the version of the pathway named in its receipt",
                where="decision",
            )
        )
    draw = _Drawing(pathway, decision)
    nodes = tuple(draw.parts.nodes())
    return Diagram(
        pathway=pathway.id,
        title=pathway.title,
        subtitle=draw.subtitle(),
        summary=draw.summary(nodes),
        alarm=decision is not None and bool(decision.red_signs or decision.incomplete),
        nodes=nodes,
        edges=tuple(draw.edges()),
        notes=tuple(draw.notes()),
        footer=draw.footer(),
    )


class _Drawing:
    """Writes what stands around the nodes of one diagram, and what leads from one to the next."""

    def __init__(self, pathway: Pathway, decision: Decision | None) -> None:
        self.pathway, self.decision = pathway, decision
        self.parts = Parts(pathway, decision)

    def subtitle(self) -> str:
        head = f"Version {self.pathway.version} · {self.pathway.status}"
        if self.decision is None:
            return head
        profile = self.decision.settings.profile
        return f"{head} · date of the question {self.decision.on} · settings {profile}"

    def footer(self) -> str:
        documents = f"Documents {self.pathway.content_hash[:16]}"
        if self.decision is None:
            return f"{documents} · next review {self.pathway.review_due or 'not provided'}"
        receipt = self.decision.receipt.decision[:16]
        return f"Receipt {receipt} · {documents} · program {self.decision.engines.program}"

    def notes(self) -> Iterable[Note]:
        """Yield what no picture may leave out: what is still to be asked, and every caveat."""
        if self.decision is None:
            lines = tuple(f"{urgency} {words}" for urgency, words in URGENCY_WORDS.items())
            yield Note(title="Urgency of red signs", lines=lines)
            yield Note(title="Please note", lines=self.pathway.caveats)
            return
        missing = self.decision.missing
        if missing:
            asked = "; ".join(_question(self.pathway, item.fact) for item in missing)
            yield Note(title=f"Still to be asked ({len(missing)})", lines=(asked,))
        yield Note(title="Please note", lines=self.decision.caveats)

    def summary(self, nodes: Sequence[DiagramNode]) -> tuple[str, ...]:
        decision = self.decision
        if decision is None:
            return ()
        lines = []
        if decision.incomplete:
            lines.append("Incomplete: part of the evaluation failed. Rely on the red signs only.")
        lines += [sign_text(sign) for sign in decision.red_signs]
        lines.append(f"Urgency: {decision.urgency_text}")
        lines += [f"You are here: {node.title}" for node in nodes if node.here]
        return tuple(lines)

    def edges(self) -> Iterable[DiagramEdge]:
        red = self.decision is not None and bool(self.decision.red_signs)
        for flag in self.parts.flags:
            yield DiagramEdge(
                source=RED_SIGNS, target=f"treatment-{flag.id}", label="red sign", kind="exit",
                taken=red,
            )  # fmt: skip
        first = [stage for stage in self.parts.stages if not stage.after]
        yield self.flow(RED_SIGNS, SCOPE, "no red sign")
        yield self.flow(SCOPE, ASSESSMENT, "in scope")
        for stage in first:
            yield self.flow(ASSESSMENT, f"stage-{stage.id}", "recorded")
        for stage in self.parts.stages:
            for before in _closest(stage, self.pathway.stages):
                yield self.flow(f"stage-{before}", f"stage-{stage.id}", _passes(before))
        awaited = {name for stage in self.parts.stages for name in stage.after}
        for stage in self.parts.stages:
            if stage.id not in awaited:
                yield self.flow(f"stage-{stage.id}", REVIEW, _passes(stage.id))
            for treatment in self.pathway.treatments.values():
                if treatment.stage == stage.id:
                    yield DiagramEdge(
                        source=f"stage-{stage.id}", target=f"treatment-{treatment.id}", kind="member"
                    )  # fmt: skip

    def flow(self, source: str, target: str, label: str) -> DiagramEdge:
        gone = self.gone()
        taken = source in gone and (target in gone or target == self.parts.here)
        return DiagramEdge(source=source, target=target, label=label, kind="flow", taken=taken)

    def gone(self) -> set[str]:
        """Return the parts the patient has left behind."""
        decision = self.decision
        if decision is None or self.parts.here is None:
            return set()
        order = [RED_SIGNS, SCOPE, ASSESSMENT]
        if self.parts.here in order:
            return set(order[: order.index(self.parts.here)])
        return {*order, *(f"stage-{stage}" for stage in self.parts.passed)}


def _closest(stage: Stage, stages: dict[str, Stage]) -> list[str]:
    """Return the stages right before *stage*: those that no other one of them already waits for."""
    earlier = {name for before in stage.after for name in _before(before, stages)}
    return [name for name in stage.after if name not in earlier]


def _before(name: str, stages: dict[str, Stage]) -> set[str]:
    found: set[str] = set()
    waiting = list(stages[name].after)
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting.extend(stages[each].after)
    return found


def _passes(stage: str) -> str:
    return f"{stage} passed: what is indicated in it has had its chance"


def _question(pathway: Pathway, fact: str) -> str:
    if fact in ("trials", "medications", "surgeries"):
        return f"the list of {fact}"
    return pathway.definition(fact).title
