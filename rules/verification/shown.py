"""What an answer shows beyond its outline, for many patients at once: cautions, advice, causes, medicines, signs."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from rules.network import IN_SCOPE
from rules.outline import Outline
from rules.truth import FALSE, TRUE, UNKNOWN
from rules.verification.masks import Masks
from schemas.decision import OFFERS
from schemas.pathway import Effect, Pathway, Urgency

Key = tuple[str, ...]
"""A line of an answer: what kind it is, and the treatment, medicine, rule or sign it speaks of."""

_LISTED = (Effect.ADVISE, Effect.CAUSE, Effect.SUPPORT)
_REASONS = {
    Effect.BLOCK: TRUE,
    Effect.HOLD: TRUE,
    Effect.BLOCK_UNLESS_JUSTIFIED: TRUE,
    Effect.CAUTION: TRUE,
    Effect.RECOMMEND: TRUE,
    Effect.CONSIDER: TRUE,
    Effect.REQUIRE: FALSE,
}
"""The effects whose rules stand among the reasons of a treatment, and the truth with which they do."""


def offered_to(outlines: list[Outline]) -> dict[str, int]:
    """Return for each treatment the patients it is offered to."""
    found: dict[str, int] = {}
    for at, outline in enumerate(outlines):
        for treatment, verdict in outline.verdicts.items():
            found[treatment] = found.get(treatment, 0) | (verdict in OFFERS) << at
    return found


class Shown:
    """Reads the lines of answers off the conclusions of one pathway."""

    def __init__(self, pathway: Pathway) -> None:
        self.pathway = pathway
        self._reasons: dict[tuple[str, bool], list[tuple[str, int, str]]] = {}
        self._listed: list[tuple[Effect, str, str]] = []
        for rule in pathway.rules.values():
            name = f"rule:{rule.id}"
            if rule.effect in _LISTED:
                self._listed.append((rule.effect, rule.id, rule.topic))
            if rule.effect in _REASONS:
                for treatment in rule.on:
                    key = (treatment, bool(rule.agents))
                    reason = (name, _REASONS[rule.effect], rule.topic)
                    self._reasons.setdefault(key, []).append(reason)

    def lines(
        self, nodes: Mapping[str, Masks], offered: Mapping[str, int], everyone: int
    ) -> dict[Key, int]:
        """Return for each line that an answer may hold, in whose answer it stands.

        *offered*: the patients each treatment is offered to; a caution that is not settled is asked for there.
        """
        lines: dict[Key, int] = {
            ("scope", "in"): nodes[IN_SCOPE][0],
            ("scope", "out"): nodes[IN_SCOPE][1],
        }
        for rule in self.pathway.rules.values():
            true, false = nodes[f"rule:{rule.id}"]
            if rule.effect is Effect.CAUTION:
                open_ = everyone & ~true & ~false
                for on in rule.on:
                    for agent in rule.agents or ("",):
                        lines["caution", on, agent, rule.id] = true
                    lines["asks", on, rule.id] = open_ & offered.get(on, 0)
            elif rule.effect in _LISTED:
                due = rule.urgency or rule.within or Urgency.U3
                lines[rule.effect.value, rule.id, due.value] = true
            elif rule.effect is Effect.RED_SIGN:
                key = ("sign", rule.sign, (rule.urgency or Urgency.U3).value)
                lines[key] = lines.get(key, 0) | true
        for treatment in self.pathway.treatments.values():
            for agent in treatment.agents:
                true, false = nodes[f"agent:{treatment.id}/{agent}"]
                lines["agent", treatment.id, agent, "blocked"] = true
                lines["agent", treatment.id, agent, "open"] = false
        return {key: mask for key, mask in lines.items() if mask}

    def light(
        self, outline: Outline, truths: Mapping[str, int], tried: Mapping[str, str | None]
    ) -> Any:
        """Return as much of a decision as expectations are compared with, without its texts.

        Reasons are taken generously: a rule counts as shown where it could stand among the reasons. What is asked
        for is left out.
        """

        def topics(treatment: str, agents: bool) -> list[SimpleNamespace]:
            return [
                SimpleNamespace(topic=topic)
                for name, truth, topic in self._reasons.get((treatment, agents), ())
                if truths[name] == truth
            ]

        holding = [each for each in self._listed if truths[f"rule:{each[1]}"] == TRUE]
        scope = {TRUE: "in-scope", FALSE: "out-of-scope", UNKNOWN: "unknown"}[truths[IN_SCOPE]]
        return SimpleNamespace(
            urgency=outline.urgency,
            state=outline.state,
            screen_complete=outline.screen_complete,
            scope=SimpleNamespace(status=scope),
            red_signs=[SimpleNamespace(id=sign) for sign in outline.red_signs],
            treatments=[
                SimpleNamespace(
                    treatment=name,
                    verdict=verdict,
                    summary="",
                    reasons=topics(name, agents=False),
                    cautions=[],
                    agents=[SimpleNamespace(reasons=topics(name, agents=True))],
                    trial=tried[name] or "not-settled",
                )
                for name, verdict in outline.verdicts.items()
            ],
            advice=[
                SimpleNamespace(topic=topic)
                for effect, _, topic in holding
                if effect is Effect.ADVISE
            ],
            causes=[
                SimpleNamespace(rule=rule, reason=SimpleNamespace(topic=topic))
                for effect, rule, topic in holding
                if effect is Effect.CAUSE
            ],
            missing=[],
        )
