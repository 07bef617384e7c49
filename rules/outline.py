"""A decision in outline: urgency, state, red signs and the ten verdicts, read off the nodes and nothing else.

The full decision is written around this outline, and everything that asks "what would be decided if" (questions,
counterfactuals, flip points, proofs) compares outlines: one place that knows how nodes become an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rules.network import ASSESSED, IN_SCOPE, Network
from rules.truth import FALSE, TRUE, UNKNOWN
from rules.verdict import Standing, verdict
from schemas.decision import State, Verdict
from schemas.pathway import Effect, Pathway, Urgency


@dataclass(frozen=True)
class Outline:
    """What is decided, without reasons."""

    urgency: Urgency
    state: State
    screen_complete: bool
    red_signs: tuple[str, ...]
    verdicts: Mapping[str, Verdict]
    """By treatment id, in the order of the catalogue."""


@dataclass(frozen=True)
class _Places:
    """Where the conclusions about one treatment stand among the nodes."""

    blocked: int
    held: int
    unjustified: int
    indicated: int
    recommended: int
    ready: int | None
    exhaust: tuple[int, ...]
    tried: str


class Outliner:
    """Reads outlines off the nodes of one network."""

    def __init__(self, pathway: Pathway, network: Network) -> None:
        at = network.index
        self._treatments = {
            name: _Places(
                at[f"blocked({name})"],
                at[f"held({name})"],
                at[f"unjustified({name})"],
                at[f"indicated({name})"],
                at[f"recommended({name})"],
                at.get(f"ready({name})"),
                tuple(
                    at[f"rule:{rule.id}"]
                    for rule in pathway.rules.values()
                    if rule.effect is Effect.EXHAUST and name in rule.on
                ),
                f"tried_{name.replace('-', '_')}",
            )
            for name in pathway.treatments
        }
        self._signs = [(sign, at[f"sign:{sign}"]) for sign in pathway.signs]
        self._stages = [(State(stage), at[f"passed({stage})"]) for stage in pathway.stages]
        self._red, self._scope, self._assessed = at["red(any)"], at[IN_SCOPE], at[ASSESSED]
        self._screen = [at[name] for name in network.screen(pathway)]
        self._urgent = [
            (rule.urgency, at[f"rule:{rule.id}"])
            for rule in pathway.rules.values()
            if rule.urgency is not None
            and rule.effect in (Effect.RED_SIGN, Effect.ADVISE, Effect.CAUSE)
        ]

    def complete(self, nodes: Sequence[int]) -> bool:
        """Tell whether every red sign and every amber prompt is decided."""
        return all(nodes[at] != UNKNOWN for at in self._screen)

    def urgency(self, nodes: Sequence[int]) -> Urgency:
        """Return the most urgent class of any red sign, or of advice that raises it."""
        raised = (urgency for urgency, at in self._urgent if nodes[at] == TRUE)
        return min(raised, default=Urgency.U3)

    def state(self, nodes: Sequence[int]) -> State:
        """Return where the patient stands: exactly one state, by construction."""
        if nodes[self._red] == TRUE:
            return State.RED_SIGN
        if nodes[self._scope] == FALSE:
            return State.OUT_OF_SCOPE
        if nodes[self._scope] == UNKNOWN or nodes[self._assessed] != TRUE:
            return State.NEEDS_ASSESSMENT
        if not self.complete(nodes):
            return State.NEEDS_ASSESSMENT
        for stage, at in self._stages:
            if nodes[at] != TRUE:
                return stage
        return State.SPECIALIST_REVIEW

    def standing(self, treatment: str, nodes: Sequence[int], values: Mapping[str, Any]) -> Standing:
        """Return what the verdict on *treatment* rests on."""
        at = self._treatments[treatment]
        return Standing(
            blocked=max(nodes[at.blocked], nodes[at.held]),
            unjustified=nodes[at.unjustified],
            indicated=nodes[at.indicated],
            recommended=nodes[at.recommended],
            ready=TRUE if at.ready is None else nodes[at.ready],
            exhausted_by_trial=max((nodes[each] for each in at.exhaust), default=FALSE),
            has_exhaust_rule=bool(at.exhaust),
            # Revision belongs to no stage: an earlier revision is history, never a verdict.
            tried="none" if at.ready is None else values.get(at.tried),
            red=nodes[self._red],
            scope=nodes[self._scope],
            assessed=nodes[self._assessed] == TRUE and self.complete(nodes),
        )

    def outline(self, nodes: Sequence[int], values: Mapping[str, Any]) -> Outline:
        """Return the outline of the decision that *nodes* make."""
        return Outline(
            urgency=self.urgency(nodes),
            state=self.state(nodes),
            screen_complete=self.complete(nodes),
            red_signs=tuple(sign for sign, at in self._signs if nodes[at] == TRUE),
            verdicts={
                name: verdict(self.standing(name, nodes, values)) for name in self._treatments
            },
        )
