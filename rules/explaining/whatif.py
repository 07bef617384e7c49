"""Two answers side by side: what was gained, lost, changed, and where along a number the answer flips."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from rules.derive import canonical_value
from rules.explaining.influence import InfluenceFinder
from rules.explaining.questions import Asker
from rules.outline import Outline
from schemas.decision import OFFERS, Decision, Verdict
from schemas.explanation import FlipPoint, VerdictChange, WhatIf
from schemas.facts import FactKind
from schemas.pathway import Pathway


def what_if(before: Decision, after: Decision, flips: Iterable[FlipPoint] = ()) -> WhatIf:
    """Compare two decisions of one pathway; *flips* are the flip points of the second."""
    verdicts = tuple(
        VerdictChange(
            treatment=old.treatment,
            title=old.title,
            before=old.verdict.value,
            after=new.verdict.value,
            direction=_direction(old.verdict, new.verdict),
        )
        for old, new in zip(before.treatments, after.treatments, strict=True)
        if old.verdict is not new.verdict
    )
    old_signs = {sign.id for sign in before.red_signs}
    new_signs = {sign.id for sign in after.red_signs}
    old_asked = {item.fact: item.ask for item in before.missing}
    new_asked = {item.fact: item.ask for item in after.missing}
    found = WhatIf(
        facts_changed=tuple(_facts_changed(before.input, after.input)),
        urgency=(before.urgency.value, after.urgency.value),
        state=(before.state.value, after.state.value),
        red_signs_gained=tuple(sorted(new_signs - old_signs)),
        red_signs_lost=tuple(sorted(old_signs - new_signs)),
        verdicts=verdicts,
        questions_answered=tuple(f for f in old_asked if f not in new_asked),
        questions_new=tuple(f for f in new_asked if f not in old_asked),
        flip_points=tuple(flips),
        text=(),
    )
    return found.model_copy(
        update={"text": tuple(_say(found, {**old_asked, **new_asked})) or ("nothing differs",)}
    )


def _direction(old: Verdict, new: Verdict) -> Any:
    if new in OFFERS and old not in OFFERS:
        return "gained"
    return "lost" if old in OFFERS and new not in OFFERS else "changed"


def _facts_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[str]:
    old, new = before.get("facts", {}), after.get("facts", {})
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield name
    for name in ("trials", "medications", "surgeries", "incomplete", "overrides", "on", "settings"):
        if before.get(name) != after.get(name):
            yield name


def _say(found: WhatIf, questions: Mapping[str, str]) -> Iterable[str]:
    """Say what differs; *questions* has the question for each fact, in a clinician's words."""

    def named(facts: Iterable[str]) -> str:
        return " ".join(questions[fact] for fact in facts)

    if found.urgency[0] != found.urgency[1]:
        more = "more" if found.urgency[1] < found.urgency[0] else "less"
        yield f"{more} urgent: {found.urgency[0]} becomes {found.urgency[1]}"
    for sign in found.red_signs_gained:
        yield f"red sign opened: {sign}"
    for sign in found.red_signs_lost:
        yield f"red sign closed: {sign}"
    if found.state[0] != found.state[1]:
        yield f"stage: {found.state[0]} becomes {found.state[1]}"
    words = {"gained": "now available", "lost": "no longer available", "changed": "changed"}
    for change in found.verdicts:
        yield f"{words[change.direction]}: {change.title}, {change.before} becomes {change.after}"
    if found.questions_answered:
        yield f"no longer asked: {named(found.questions_answered)}"
    if found.questions_new:
        yield f"newly asked: {named(found.questions_new)}"


def flip_points(
    pathway: Pathway,
    finder: InfluenceFinder,
    asker: Asker,
    values: Mapping[str, Any],
    on: dt.date,
) -> tuple[FlipPoint, ...]:
    """Return where the answer changes along each recorded number, all else equal."""
    now = asker.outline(values, on)
    found = []
    for fact in finder.leaves:
        definition = pathway.definition(fact)
        if definition.kind not in (FactKind.INTEGER, FactKind.DECIMAL) or fact not in values:
            continue
        ways = sorted(way.value for way in finder.ways(fact, on) if way.value is not None)
        above = [value for value in ways if value > values[fact]]
        below = [value for value in reversed(ways) if value < values[fact]]
        for direction, points in (("up", above), ("down", below)):
            for value in points:
                says = _differs(now, asker.outline({**values, fact: value}, on), pathway)
                if says:
                    found.append(
                        FlipPoint(
                            fact=fact,
                            title=definition.title,
                            now=canonical_value(values[fact]),
                            at=canonical_value(value),
                            says=f"going {direction}, changes at {canonical_value(value)} "
                            f"{definition.unit}: {says}",
                        )
                    )
                    break
    return tuple(found)


def _differs(old: Outline, new: Outline, pathway: Pathway) -> str:
    parts = []
    if old.urgency is not new.urgency:
        parts.append(f"urgency {old.urgency.value} becomes {new.urgency.value}")
    for name, verdict in old.verdicts.items():
        if new.verdicts[name] is not verdict:
            title = pathway.treatments[name].title
            parts.append(f"{title}: {verdict.value} becomes {new.verdicts[name].value}")
    return "; ".join(parts)
