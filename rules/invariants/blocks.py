"""Laws of blocks and cautions: never both offered and blocked, never a contraindication ignored (INV-C1 to C9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rules.invariants.case import Case, Change, Invariant, Relation, Violations
from rules.invariants.changes import answers, medicine_of, value_of, with_fact, with_row
from rules.truth import TRUE, UNKNOWN
from schemas.condition import facts_of
from schemas.decision import AgentAdvice, Verdict
from schemas.pathway import Effect, Rule, Urgency

AGAINST = (Effect.BLOCK, Effect.HOLD, Effect.BLOCK_UNLESS_JUSTIFIED)
NEEDLES = ("epidural-steroid-injection", "trigger-point-injection", "radiofrequency-ablation",
           "spinal-cord-stimulation")  # fmt: skip
BLEEDING = ("epidural-steroid-injection", "spinal-cord-stimulation")
"""Procedures of intermediate and high bleeding risk; for the others no routine interruption is asked."""

ALLERGIES = {
    "nsaid_allergy": ("nsaid",),
    "injectate_allergy": ("epidural-steroid-injection", "trigger-point-injection"),
}
KINDS = ("nsaid", "muscle-relaxant", "opioid", "gabapentinoid", "snri", "tca")
"""Classes of which never two are taken."""

DEAD = (Verdict.BLOCK, Verdict.BLOCK_UNLESS_JUSTIFIED)


def against(case: Case, treatment: str) -> list[Rule]:
    """Return the rules that speak against the whole of *treatment*."""
    return [rule for rule in case.rules(*AGAINST, on=treatment) if not rule.agents]


def justified(case: Case, treatment: str) -> bool:
    return case.is_true(f"justified_{treatment.replace('-', '_')}")


def offered_is_not_blocked(case: Case) -> Violations:
    shown = [item.treatment for item in case.decision.treatments]
    if len(shown) != len(set(shown)) or set(shown) != set(case.pathway.treatments):
        yield "not every treatment has exactly one verdict"
    for name in case.offers:
        for rule in against(case, name):
            lifted = rule.effect is Effect.BLOCK_UNLESS_JUSTIFIED and justified(case, name)
            if case.holds(rule) and not lifted:
                yield f"`{name}` is offered and `{rule.id}` blocks it"
        agents = case.treatments[name].agents
        if agents and all(agent.standing == "block" for agent in agents):
            yield f"`{name}` is offered and every medicine in it is blocked"
        if case.truths[f"held({name})"] == TRUE:
            yield f"`{name}` is offered and held"


def what_is_offered_is_a_step(case: Case) -> Violations:
    steps = {step.treatment for step in case.decision.next_steps if step.kind == "offer"}
    if steps != case.offers:
        yield "the steps offered are not the treatments offered"
    for each in case.decision.combinations:
        if not case.offers.issuperset(each.treatments):
            yield "a combination holds a treatment that is not offered"


def a_block_is_shown(case: Case) -> Violations:
    if case.decision.incomplete:
        return
    for treatment in case.pathway.treatments:
        for rule in against(case, treatment):
            if case.holds(rule) and rule.effect is not Effect.BLOCK_UNLESS_JUSTIFIED:
                item = case.treatments[treatment]
                if item.verdict is not Verdict.BLOCK:
                    yield f"`{rule.id}` holds and `{treatment}` is `{item.verdict}`"
                if rule.id not in {reason.rule for reason in item.reasons}:
                    yield f"`{rule.id}` holds and is no reason shown for `{treatment}`"


def unknown_contraindication_waits(case: Case) -> Violations:
    for name in case.offers:
        for rule in against(case, name):
            lifted = rule.effect is Effect.BLOCK_UNLESS_JUSTIFIED and justified(case, name)
            if case.truths[f"rule:{rule.id}"] == UNKNOWN and not lifted:
                yield f"`{name}` is offered while `{rule.id}` is unknown"


def what_waits_says_for_what(case: Case) -> Violations:
    for name in case.offers:
        for agent in case.treatments[name].agents:
            limited = [r for r in case.rules(Effect.BLOCK, on=name) if agent.agent in r.agents]
            truths = [case.truths[f"rule:{rule.id}"] for rule in limited]
            wanted = "block" if TRUE in truths else "needs-data" if UNKNOWN in truths else ""
            if wanted and agent.standing != wanted:
                yield f"`{agent.agent}` stands as {agent.standing}, not {wanted}"
    for name, item in case.treatments.items():
        waiting = item.verdict is Verdict.NEEDS_DATA and not case.decision.incomplete
        assessed = case.truths["assessed"] == TRUE and case.decision.screen_complete
        if waiting and assessed and not case.red and not item.missing:
            yield f"`{name}` needs data and names none"


def an_allergy_blocks_the_class(case: Case) -> Violations:
    for fact, treatments in ALLERGIES.items():
        if case.is_true(fact):
            for name in treatments:
                if case.verdict(name) is not Verdict.BLOCK and not case.decision.incomplete:
                    yield f"`{name}` is `{case.verdict(name)}` in spite of `{fact}`"
    if case.is_true("neuropathic_agent_allergy"):
        for agent in case.treatments["neuropathic-agent"].agents:
            of_class = "gabapentinoid" in case.pathway.medicines[agent.agent].classes
            if of_class and agent.standing != "block" and not case.decision.incomplete:
                yield f"`{agent.agent}` stands as {agent.standing} in spite of an allergy"


def no_second_medicine_of_a_class(case: Case) -> Violations:
    """A medicine of a class already taken is shown only with the warning against a second one."""
    for name in case.offers:
        treatment, item = case.pathway.treatments[name], case.treatments[name]
        kind = treatment.medicine_class
        if kind and case.is_true(f"taking_{kind.replace('-', '_')}"):
            rules = {reason.rule for reason in item.cautions}
            if not _reads_taking(case, rules, kind):
                yield f"`{name}` is offered without a word about the one already taken"
        for agent in item.agents:
            if not kind and agent.standing in ("open", "caution"):
                yield from _second_agent(case, agent)


def _second_agent(case: Case, agent: AgentAdvice) -> Violations:
    for kind in case.pathway.medicines[agent.agent].classes:
        if kind in KINDS and case.is_true(f"taking_{kind}"):
            rules = {reason.rule for reason in agent.reasons}
            if not _reads_taking(case, rules, kind):
                yield f"`{agent.agent}` is open without a word about the {kind} already taken"


def _reads_taking(case: Case, rules: set[str], kind: str) -> bool:
    fact = f"taking_{kind.replace('-', '_')}"
    whens = [
        case.pathway.rules[rule].when
        for rule in rules
        if "already" in case.pathway.rules[rule].says
    ]
    return any(fact in facts_of(when) for when in whens)


def antithrombotics_need_a_plan(case: Case) -> Violations:
    taken = case.is_true("taking_anticoagulant") or case.is_true("taking_antiplatelet")
    unknown = "taking_anticoagulant" not in case.facts or "taking_antiplatelet" not in case.facts
    for name in BLEEDING:
        if name not in case.offers:
            continue
        if unknown:
            yield f"`{name}` is offered although it is unknown what thins the blood"
        if taken and not case.is_true("antithrombotic_plan_agreed"):
            yield f"`{name}` is offered without an agreed antithrombotic plan"


def antithrombotics_are_warned_of(case: Case) -> Violations:
    taken = case.is_true("taking_anticoagulant") or case.is_true("taking_antiplatelet")
    for name in case.offers.intersection(BLEEDING):
        topics = {reason.topic for reason in case.treatments[name].cautions}
        if taken and "X17" not in topics:
            yield f"`{name}` is offered without the warning on antithrombotics"


def no_needle_in_infection(case: Case) -> Violations:
    if case.decision.incomplete:
        return
    suspected = case.truths["infection_suspected"] == TRUE
    # Where it is read that no stimulator is in place, an infection at one is no infection; a stated
    # contradiction is read as a stimulator in place before any rule sees it.
    device = case.is_true("stimulator_site_infection") and (
        case.facts.get("stimulator_implanted") is not False
    )
    near = case.is_true("infection_at_site") or device
    for name in NEEDLES:
        if name in case.offers and (suspected or near or case.is_true("active_infection")):
            yield f"`{name}` is offered in infection"
        if suspected and case.verdict(name) is not Verdict.BLOCK:
            yield f"`{name}` is `{case.verdict(name)}` while a spinal infection is suspected"


def overrides_name_who_when_why(case: Case) -> Violations:
    emergency = Urgency.U0 in case.red.values()
    for note in case.decision.overrides:
        if not (note.who.strip() and note.when.strip() and len(note.why.strip()) >= 10):
            yield "an override without who, when or why"
        verdict = case.verdict(note.treatment)
        if note.applied and (emergency or case.red or verdict in DEAD):
            yield f"an override is called applied while `{note.treatment}` is `{verdict}`"
        lifts = {"not-yet": "early", "block-unless-justified": "justified"}[note.lifts]
        name = f"{lifts}_{note.treatment.replace('-', '_')}"
        if name not in case.facts:
            yield "an override is shown that no rule has read"


def contraindications(case: Case) -> Iterator[Change]:
    """For every rule against a treatment: each single answer that could make it hold, medicines included."""
    for name in case.pathway.treatments:
        for rule in against(case, name):
            if case.holds(rule):
                continue
            for fact in sorted(case.network.facts([f"rule:{rule.id}"])):
                yield from _other_answers(case, name, fact)


def _other_answers(case: Case, treatment: str, fact: str) -> Iterator[Change]:
    if fact in case.pathway.facts:
        for value in answers(case, fact):
            if value != value_of(case.data, fact):
                changed = with_fact(case.data, fact, value)
                yield Change(f"another answer to `{fact}`", treatment, changed)
        return
    derivation = case.pathway.derivations[fact]
    if derivation.rule in ("taking", "count-taking") and case.data.get("medications") is not None:
        medicine = medicine_of(case.pathway, derivation.of[0])
        if medicine is not None:
            changed = with_row(case.data, "medications", {"agent": medicine})
            yield Change(f"{medicine} is taken too", treatment, changed)


def newly_contraindicated(before: Case, after: Case, treatment: str) -> bool:
    """Tell whether *after* has a contraindication of *treatment* more than *before*, and none less."""
    rules = against(before, treatment)
    had = {rule.id for rule in rules if before.holds(rule)}
    has = {rule.id for rule in rules if after.holds(rule)}
    return had < has


def never_added_never_less_cautious(before: Case, after: Case, change: Change) -> Violations:
    name = change.about
    if not newly_contraindicated(before, after, name):
        return
    if name in after.offers and not justified(after, name):
        yield f"`{name}` is offered with the contraindication"
    for rule in _cautions(before, name) - _cautions(after, name):
        # A caution may give way only where its own facts were changed: the graver one takes its place.
        if not _reads_changed(before, after, rule):
            yield f"the caution `{rule}` on `{name}` is gone"


def _cautions(case: Case, treatment: str) -> set[str]:
    return {reason.rule for reason in case.treatments[treatment].cautions}


def _reads_changed(before: Case, after: Case, rule: str) -> bool:
    facts = before.network.facts([f"rule:{rule}"])
    return any(before.facts.get(fact) != after.facts.get(fact) for fact in facts)


def never_less_urgent(before: Case, after: Case, change: Change) -> Violations:
    if not newly_contraindicated(before, after, change.about) or not _only_adds(before, after):
        return
    if after.decision.urgency > before.decision.urgency:
        yield f"urgency falls from {before.decision.urgency} to {after.decision.urgency}"


def _only_adds(before: Case, after: Case) -> bool:
    """Tell whether the change takes no red-sign answer away (another answer to one is INV-R5's matter)."""
    read = before.network.facts(f"sign:{sign}" for sign in before.pathway.signs)
    return all(before.facts.get(fact) == after.facts.get(fact) for fact in read)


def one_override_more(case: Case) -> Iterator[Change]:
    for name in case.pathway.treatments:
        for lifts in ("not-yet", "block-unless-justified"):
            row: dict[str, Any] = {
                "treatment": name, "lifts": lifts, "who": "a clinician",
                "when": case.patient.on.isoformat(), "why": "written down by the clinician",
            }  # fmt: skip
            yield Change(f"an override for {name}", name, with_row(case.data, "overrides", row))


def an_override_lifts_no_firm_block(before: Case, after: Case, change: Change) -> Violations:
    name = change.about
    if before.verdict(name) is Verdict.BLOCK and after.verdict(name) is not Verdict.BLOCK:
        yield f"the block on `{name}` is lifted"
    if before.red and after.offers:
        yield "an override opens a step under a red sign"
    if before.decision.urgency != after.decision.urgency:
        yield "an override changes the urgency"
    firm = {n for n, item in before.treatments.items() if item.verdict is Verdict.BLOCK}
    if firm & after.offers:
        yield "an override of one treatment lifts the block on another"


INVARIANTS = (
    Invariant("INV-C1", "nothing is both offered and blocked", offered_is_not_blocked, outline=True),
    Invariant("INV-C1b", "what blocks is shown as a block, with its reason", a_block_is_shown),
    Invariant("INV-C1c", "what is offered is a next step, and nothing else is", what_is_offered_is_a_step),
    Invariant("INV-C4", "an unknown contraindication waits for data", unknown_contraindication_waits, outline=True),
    Invariant("INV-C4b", "what waits for data names it, down to each medicine", what_waits_says_for_what),
    Invariant("INV-C5", "an allergy blocks the whole class", an_allergy_blocks_the_class, outline=True),
    Invariant("INV-C6", "never a second medicine of a class without the warning against it",
              no_second_medicine_of_a_class),
    Invariant("INV-C7", "no epidural injection or stimulation on an antithrombotic without a plan",
              antithrombotics_need_a_plan, outline=True),
    Invariant("INV-C7b", "a needle near the cord on an antithrombotic carries the warning",
              antithrombotics_are_warned_of),
    Invariant("INV-C8", "no needle, steroid or implant in infection", no_needle_in_infection, outline=True),
    Invariant("INV-C9", "an override names who, when and why, and never lifts a hold",
              overrides_name_who_when_why),
)  # fmt: skip

RELATIONS = (
    Relation("INV-C2", "a contraindication more never adds the treatment nor removes a caution",
             contraindications, never_added_never_less_cautious),
    Relation("INV-C3", "a contraindication more never lowers urgency",
             contraindications, never_less_urgent),
    Relation("INV-C9b", "an override lifts no firm block, no red sign and no urgency",
             one_override_more, an_override_lifts_no_firm_block),
)  # fmt: skip
