"""Comparing a decision with what a vignette expects."""

from __future__ import annotations

from schemas.decision import Decision
from schemas.vignette import Expectation


def differences(decision: Decision, expect: Expectation) -> tuple[str, ...]:
    """Return every point on which *decision* is not as expected, in words; nothing when all is well."""
    found: list[str] = []

    def compare(what: str, wanted: object, got: object) -> None:
        if wanted is not None and wanted != got:
            found.append(f"{what}: expected {wanted}, got {got}")

    compare("urgency", expect.urgency, decision.urgency.value)
    compare("scope", expect.scope, decision.scope.status)
    compare("state", expect.state, decision.state.value)
    compare("screen complete", expect.screen_complete, decision.screen_complete)
    if expect.red_signs is not None:
        signs = sorted(sign.id for sign in decision.red_signs)
        compare("red signs", sorted(expect.red_signs), signs)
    treatments = {item.treatment: item for item in decision.treatments}
    for name, allowed in expect.verdicts.items():
        got = treatments[name].verdict.value
        if got not in allowed:
            found.append(
                f"{name}: expected {' or '.join(allowed)}, got {got} ({treatments[name].summary})"
            )
    for name, topics in expect.warns.items():
        item = treatments[name]
        shown = {reason.topic for reason in (*item.reasons, *item.cautions)}
        shown |= {reason.topic for agent in item.agents for reason in agent.reasons}
        found += [f"{name}: no warning on {topic}" for topic in topics if topic not in shown]
    advised = {item.topic for item in decision.advice}
    advised |= {item.reason.topic for item in decision.causes}
    advised |= {cause.rule for cause in decision.causes}
    found += [f"no advice on {topic}" for topic in expect.advises if topic not in advised]
    asked = {item.fact for item in decision.missing}
    found += [f"{fact} is not asked for" for fact in expect.missing if fact not in asked]
    for name, outcome in expect.trials.items():
        compare(f"trial of {name}", outcome, treatments[name].trial)
    return tuple(found)
